"""The small models that draw, from drawings to the files that ship; goes on where it stood when run again.

python recipes/drawing/make.py --work FOLDER --pictures FOLDER [--only decoder|vqgan|prior] [--steps N] [--begin]

`--pictures` is the folder of recipes/pictures/make.py, whose drawings are learned from. README.md says how it is made.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import ship
import stock
import tasks
import torch
from safetensors.torch import load_file

from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.models.train.loop import Settings, Task, seed_weights, train

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "src" / "ateneo" / "small" / "drawing"
TOWER = OUT / "tower.safetensors"  # the one that the weights there belong to
COMMON = Settings(lr=1e-3, warmup=100, weight_decay=0.02, betas=(0.9, 0.99), precision="bf16", ema=0.995)
RUNS = {
    "decoder": (tasks.DecoderTask, stock.Drawings,
                replace(COMMON, steps=1350, batch=64, ema=0.99, save_every=50, test_every=500, show_every=250)),
    "vqgan": (tasks.VqganTask, stock.Drawings,
              replace(COMMON, steps=500, batch=64, ema=0.99, save_every=100, test_every=250, show_every=250)),
    "prior": (tasks.PriorTask, stock.Pairs,
              replace(COMMON, steps=2000, batch=256, precision="fp32", save_every=250, test_every=500)),
}  # fmt: skip


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    tower = ship.tower(options.tower)
    material = stock.make(options.work, options.pictures, tower=tower, encoder=SentenceVectors())
    for name in [options.only] if options.only else [] if options.ship else RUNS:
        learn(name, material, options)
    if not options.only:
        ship.write(options.work, options.out, tower=options.tower, stock=material)


def learn(name: str, material: stock.Stock, options: argparse.Namespace) -> Path:
    """Trains one of the models, or goes on; the folder of it."""
    kind, pictures, settings = RUNS[name]
    settings = replace(settings, steps=options.steps or settings.steps, lr=options.lr or settings.lr)
    seed_weights(settings.seed)
    task: Task = kind(material)
    if options.begin:
        said = load_file(options.out / f"{name}.safetensors")
        task.model.load_state_dict({key: value.float() for key, value in said.items()})
        if isinstance(task, tasks.VqganTask):
            task.laid.fill_(1)
    out = options.work / "runs" / name
    return train(task, pictures(material), pictures(material, held=True), out=out, settings=settings, report=_say)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="where the stock and checkpoints are kept")
    parser.add_argument("--pictures", type=Path, required=True, help="the folder of recipes/pictures/make.py")
    parser.add_argument("--tower", type=Path, default=TOWER, help="weights of the image tower whose vectors are drawn")
    parser.add_argument("--out", type=Path, default=OUT, help="where the models and their card go")
    parser.add_argument("--only", choices=list(RUNS), help="learn this one and stop")
    parser.add_argument("--steps", type=int, default=0, help="of each run, in place of its own number")
    parser.add_argument("--lr", type=float, default=0.0, help="the highest learning rate, in place of its own")
    parser.add_argument("--ship", action="store_true", help="only write the files of the runs as they stand")
    parser.add_argument("--begin", action="store_true", help="a new run starts from the weights that ship")
    return parser.parse_args()


def _say(record: dict[str, float]) -> None:
    print(" ".join(f"{name} {value:.4g}" for name, value in record.items()), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
