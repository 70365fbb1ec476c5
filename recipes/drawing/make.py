"""The small models that draw, from drawings to the files that ship; goes on where it stood when run again.

python recipes/drawing/make.py --work FOLDER --pictures FOLDER [--device cuda --batch 512 --seconds 240 --together]

`--pictures` is the folder of recipes/pictures/make.py, whose drawings are learned from. README.md says how it is made.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import judge
import ship
import stock
import tasks
import through_noise
import torch
from safetensors.torch import load_file

from ateneo.models.loading import load
from ateneo.models.train.data import Pictures
from ateneo.models.train.distributed import Group, join
from ateneo.models.train.loop import Settings, Task, seed_weights, train
from ateneo.models.unclip import Decoder

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "src" / "ateneo" / "small" / "drawing"
TOWER = OUT / "tower.safetensors"  # the one that the weights there belong to
COMMON = Settings(batch=64, lr=1e-3, warmup=100, weight_decay=0.02, betas=(0.9, 0.99), precision="bf16", ema=0.99)
NEVER = 10**9


@dataclass(frozen=True)
class Run:
    """One of the models: what it learns, from what, for how long on a processor, and its part of `--seconds`."""

    task: Callable[..., Task]
    pictures: Callable[..., Pictures]
    settings: Settings
    share: float = 1.0


RUNS = {
    "decoder": Run(tasks.DecoderTask, stock.Drawings,
                   replace(COMMON, steps=1350, save_every=50, test_every=500, show_every=250)),
    "vqgan": Run(tasks.VqganTask, stock.Drawings,
                 replace(COMMON, steps=500, save_every=100, test_every=250, show_every=250), share=0.25),
    "prior": Run(tasks.PriorTask, stock.Pairs,
                 replace(COMMON, steps=2000, batch=256, ema=0.995, weight_decay=0.1, precision="fp32", save_every=250,
                         test_every=500), share=0.125),
    "judge": Run(judge.JudgeTask, judge.Judged,
                 replace(COMMON, steps=1500, lr=4e-3, weight_decay=0.1, optimizer="muon", seed=1, save_every=250,
                         test_every=500), share=0.25),
    "tower": Run(through_noise.TowerTask, stock.Drawings,
                 replace(COMMON, steps=5500, lr=1.5e-3, warmup=300, ema=0.999, save_every=200, test_every=400),
                 share=2.0),
}  # fmt: skip
LAST = "tower"  # what learns from the decoder


def main() -> None:
    options = arguments()
    group = join(options.device)
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("high")
    options.work.mkdir(parents=True, exist_ok=True)
    names = [options.only] if options.only else [] if options.ship else list(RUNS)
    if options.prepare or options.together:
        for name in ("decoder", "judge"):
            material(name, options)  # before the processes, so that it is made once
    if options.together and not options.prepare:
        seen(material("decoder", options), options, group)
        together([name for name in names if name != LAST])
        together([name for name in names if name == LAST])
    elif not options.prepare:
        for name in names:
            learn(name, options, group)
    if not (options.only or options.prepare):
        batches = {name: settings_of(run, options).batch for name, run in RUNS.items()}
        ship.write(options.work, options.out, stock=material("decoder", options), batches=batches, begun=options.begin)
        if (options.work / "runs" / "judge" / "model").is_dir():
            ship.judge(options.work)


def material(name: str, options: argparse.Namespace) -> stock.Stock:
    """What a model learns from, without vectors of pictures."""
    if name == "judge":
        return stock.make(
            options.work / "judge", options.pictures, styles=judge.STYLES, others=0, processes=options.processes
        )
    return stock.make(options.work, options.pictures, processes=options.processes)


def seen(made: stock.Stock, options: argparse.Namespace, group: Group) -> stock.Stock:
    """The stock on the device, with what the tower sees."""
    return stock.seen(made, options.work, ship.tower(options.tower), group.device)


def learn(name: str, options: argparse.Namespace, group: Group) -> Path:
    """Trains one of the models, or goes on; the folder of it."""
    run, made = RUNS[name], material(name, options)
    made = made.to(group.device) if name == "judge" else seen(made, options, group)
    settings = settings_of(run, options)
    seed_weights(settings.seed)
    task = run.task(made, decoder(options)) if name == LAST else run.task(made)
    if options.begin and name in ship.MODELS:
        said = load_file(options.out / f"{name}.safetensors")
        task.model.load_state_dict({key: value.float() for key, value in said.items()})
        if isinstance(task, tasks.VqganTask):
            task.laid.fill_(1)
    if options.compile:
        task.model.compile()
    out = options.work / "runs" / name
    return train(
        task, run.pictures(made), run.pictures(made, held=True), out=out, settings=settings, group=group, report=_say
    )


def decoder(options: argparse.Namespace) -> Decoder:
    """The decoder that was learned, or the one that ships."""
    found = options.work / "runs" / "decoder" / "model"
    read = load(found if found.is_dir() else options.out / "decoder.safetensors", dtype=torch.float32)
    assert isinstance(read, Decoder)
    return read


def settings_of(run: Run, options: argparse.Namespace) -> Settings:
    """A run's settings as the command line changes them. With seconds there is no end of steps, and on an accelerator
    what is not learning is rare."""
    settings = run.settings
    if options.seconds:
        settings = replace(settings, steps=NEVER, seconds=options.seconds * run.share)
    if options.seconds and options.device == "cuda":
        settings = replace(
            settings, warmup=200, ema=0.999, log_every=100, save_every=2000, test_every=2000, show_every=4000
        )
    if options.precision:
        settings = replace(settings, precision=options.precision)
    batch = settings.batch * options.batch // COMMON.batch if options.batch else settings.batch
    return replace(settings, steps=options.steps or settings.steps, lr=options.lr or settings.lr, batch=max(1, batch))


def together(names: list[str]) -> None:
    """Learns each of these models in a process of its own, all at once; ends this one where one of them fails."""
    given = [word for word in sys.argv[1:] if word != "--together"]
    running = [subprocess.Popen([sys.executable, __file__, *given, "--only", name]) for name in names]
    ends = [process.wait() for process in running]
    if any(ends):
        sys.exit(f"a model of {', '.join(names)} was not learned; its lines are above")


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, or these words in its place."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="where the stock and checkpoints are kept")
    parser.add_argument("--pictures", type=Path, required=True, help="the folder of recipes/pictures/make.py")
    parser.add_argument(
        "--tower", type=Path, default=TOWER, help="weights of the image tower whose vectors are learned"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="where the models and their card go")
    parser.add_argument("--only", choices=list(RUNS), help="learn this one and stop")
    parser.add_argument("--prepare", action="store_true", help="make what is learned from, and stop")
    parser.add_argument("--together", action="store_true", help="learn all models at once, each in a process")
    parser.add_argument("--processes", type=int, default=1, help="that give texts their vectors")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--precision", default="", help="fp32 where a processor is slow in bf16, as many are")
    parser.add_argument("--compile", action="store_true", help="compile the networks, which takes a minute first")
    parser.add_argument("--batch", type=int, default=0, help="pictures of a step; the prior takes four times as many")
    parser.add_argument("--seconds", type=float, default=0.0, help="that the decoder learns; the others a part of it")
    parser.add_argument("--steps", type=int, default=0, help="of each run, in place of its own number")
    parser.add_argument("--lr", type=float, default=0.0, help="the highest learning rate, in place of its own")
    parser.add_argument("--ship", action="store_true", help="only write the files of the runs as they stand")
    parser.add_argument("--begin", action="store_true", help="a new run starts from the weights that ship")
    return parser.parse_args(words)


def _say(record: dict[str, float]) -> None:
    print(" ".join(f"{name} {value:.4g}" for name, value in record.items()), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
