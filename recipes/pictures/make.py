"""The image tower, from nothing to the files that ship; goes on where it stood when run again.

python recipes/pictures/make.py --work FOLDER [--steps N] [--out FOLDER]

Needs npm, apt-get and dpkg-deb, the extra `ateneo[models]`, opencv-python-headless and resvg-py. README.md says how it
is made and how long it takes.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import learn
import measure
import shipped
import torch

from ateneo.engines.sentence_vectors import SHIPPED, SentenceVectors
from ateneo.models.train.checkpoints import Metrics
from ateneo.models.train.distributed import join, leave
from ateneo.models.train.loop import Settings

SMALL = Path(__file__).resolve().parents[2] / "src" / "ateneo" / "small" / "pictures"
NEVER = 10**9
HALF = Path(__file__).resolve().parent / "tower.safetensors"


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    group = join(options.device)
    plan = replace(learn.Plan(), slides=options.slides, drawn=options.drawn, early=options.early)
    encoder = SentenceVectors(options.encoder, threads=options.threads)
    if options.ship:
        ship(learn.folder(options.work, encoder) / "model", encoder, options=options)
        return
    if group.first:
        options.work.mkdir(parents=True, exist_ok=True)
        learn.gather(options.work, plan, processes=options.processes)
        learn.bank(options.work, encoder)
    group.wait()
    if options.prepare:
        return
    model = learn.learn(
        options.work, plan, encoder, settings=settings_of(options), group=group, report=_say, begin=options.begin,
        workers=options.workers,
    )  # fmt: skip
    if group.first and not options.learn:
        ship(model, encoder, options=options)
    leave()


def settings_of(options: argparse.Namespace) -> Settings:
    """How long it learns and how. With seconds there is no end of steps, and what is not learning is rare."""
    settings = Settings(
        steps=options.steps, batch=options.batch, lr=options.lr, warmup=50, weight_decay=0.1, betas=(0.9, 0.98),
        ema=0.99, optimizer="muon", precision=options.precision, save_every=100, test_every=250, show_every=1000,
    )  # fmt: skip
    if not options.seconds:
        return settings
    return replace(
        settings, steps=NEVER, seconds=options.seconds, warmup=100, ema=0.997, save_every=1500, test_every=750,
        show_every=NEVER,
    )  # fmt: skip


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="where downloads, pictures and checkpoints are kept")
    parser.add_argument("--out", type=Path, default=SMALL, help="where the model and its card go")
    parser.add_argument("--half", type=Path, default=HALF, help="where the weights go in half precision")
    parser.add_argument("--encoder", type=Path, default=SHIPPED, help="folder of the sentence encoder to meet")
    parser.add_argument("--begin", type=Path, help="weights of a tower (safetensors) that a new run starts from")
    parser.add_argument("--keep", type=float, default=0.0, help="part of the weights of --begin in those that ship")
    parser.add_argument("--steps", type=int, default=2680)
    parser.add_argument("--seconds", type=float, default=0.0, help="that it learns, in place of steps")
    parser.add_argument("--batch", type=int, default=160)
    parser.add_argument("--lr", type=float, default=8e-3)
    parser.add_argument("--slides", type=int, default=learn.Plan.slides, help="generated pictures of slides")
    parser.add_argument("--drawn", type=float, default=learn.Plan.drawn, help="part of a step that is drawings")
    parser.add_argument("--early", type=float, default=learn.Plan.early, help="part of the run that sees few pixels")
    parser.add_argument("--precision", default="bf16", help="bf16, or fp32 where the processor has no bf16")
    parser.add_argument("--device", default="", help="cpu or cuda; else what there is")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1, help="that generate slides")
    parser.add_argument("--workers", type=int, default=0, help="processes that make the pictures of the steps to come")
    parser.add_argument("--prepare", action="store_true", help="make everything that is learned from, and stop")
    parser.add_argument("--learn", action="store_true", help="train, and stop before anything is measured or shipped")
    parser.add_argument("--ship", action="store_true", help="only measure and ship the run as it stands")
    parser.add_argument("--whole", action="store_true", help="float32 in place of 8 bits, to measure what these cost")
    return parser.parse_args()


def ship(model: Path, encoder: SentenceVectors, *, options: argparse.Namespace) -> None:
    """Writes the files that ship, measures them, and writes the card."""
    tower = shipped.read(model)
    if options.begin and options.keep:
        shipped.between(tower, options.begin, share=options.keep)
    cosine = shipped.write(tower, options.out, space=encoder.space, size=learn.READS, small=not options.whole)
    shipped.halve(tower, options.half)
    figures = measure.everything(options.out, encoder, work=options.work) | {"least cosine with torch": cosine}
    config = tower.config
    learned = Metrics(learn.folder(options.work, encoder) / "metrics.jsonl").read()[-1]
    about = {
        "space": encoder.space, "parameters": sum(p.numel() for p in tower.parameters()), "widths": config.widths,
        "image size": learn.READS, "embed": config.embed, "steps": int(learned["step"]), "batch": options.batch,
        "held style": learn.HELD_STYLE, "begun": bool(options.begin), "keep": options.keep,
    }  # fmt: skip
    shipped.card(options.out, figures=figures, about=about)
    (options.work / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(f"wrote {options.out}")


def _say(record: dict[str, float]) -> None:
    print(" ".join(f"{name} {value:.4g}" for name, value in record.items()), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
