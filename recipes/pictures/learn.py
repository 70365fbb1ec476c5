"""From sources to a trained tower, in steps that are each kept: what is there is not made again."""

import math
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import drawings
import generated
import photographs
import sources
import task
import texts
import torch
from mixture import Mixture, Small
from names import Concept
from safetensors.torch import load_file

from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.models.tower import TowerConfig
from ateneo.models.train.distributed import Group
from ateneo.models.train.loop import Report, Settings, seed_weights, train

HELD_STYLE = "fxemoji"  # learned from never: what is decided is decided on it, OpenMoji is left to the last measurement
STYLES = tuple(name for name in sources.DRAWINGS if name != HELD_STYLE)
HELD_PAGES = 1000  # generated slides kept apart: the last ones
MEASURED_STYLE = "openmoji"
READS = 96  # pixels of the pictures that the tower reads where it serves
TOWER = TowerConfig(image_size=READS, widths=(32, 64, 128, 288), blocks=(1, 2, 3, 2), head=640)
PHOTOGRAPHS = photographs.Counts()


@dataclass(frozen=True)
class Plan:
    """What is made and how long it is learned from."""

    slides: int = 40_000
    counts: photographs.Counts = PHOTOGRAPHS
    config: TowerConfig = TOWER
    drawn: float = 0.8  # of the pictures of a step: drawings, which take longer to learn than kinds of slides
    small: int = 64  # pixels of the pictures of the first part of the steps ...
    early: float = 0.765  # ... or seconds, which is this


def gather(work: Path, plan: Plan, *, processes: int = 1) -> None:
    """Fetches, draws and generates everything that is learned from, below `work`."""
    sources.fetch(work)
    drawings.make(work, (*STYLES, HELD_STYLE, MEASURED_STYLE), processes=processes)
    shares = [(n, processes) for n in range(processes)]
    if processes == 1:
        _photograph(work, plan.counts, shares[0])
        _generate(work, plan.slides, shares[0])
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        list(pool.map(_photograph, [work] * processes, [plan.counts] * processes, shares))
        list(pool.map(_generate, [work] * processes, [plan.slides] * processes, shares))


def stock(work: Path) -> generated.Stock:
    """What slides are made of."""
    return generated.Stock(
        fonts=tuple(sources.font_files(work)), scenes=photographs.load(work / "photographs"),
        drawings=drawings.load(work, STYLES),
    )  # fmt: skip


def _photograph(work: Path, counts: photographs.Counts, part: tuple[int, int]) -> None:
    given = partial(photographs.props, work / "root", drawings.load(work, STYLES))
    photographs.make(work / "photographs", given, counts, part=part)


def _generate(work: Path, count: int, part: tuple[int, int]) -> None:
    generated.make(work / "pages", stock(work), count=count, part=part)


@cache
def known(work: Path) -> list[Concept]:
    """All concepts of the drawings learned from and of the style kept apart; their places are those of the texts."""
    return drawings.make(work, (*STYLES, HELD_STYLE))


def mixtures(
    work: Path, plan: Plan, *, steps: int = 0, seconds: float = 0.0, workers: int = 0
) -> tuple[Mixture, Mixture]:
    """What is learned from in so many steps or seconds, made by so many processes beside this one, and what is kept
    apart."""
    concepts = known(work)
    pages, held = generated.load(work / "pages", count=plan.slides), min(HELD_PAGES, plan.slides // 10)
    size = plan.config.image_size
    return (
        Mixture(
            drawings.load(work, STYLES),
            pages,
            concepts,
            size=size,
            slides_share=1 - plan.drawn,
            only=range(len(pages) - held),
            small=Small(plan.small, steps=round(steps * plan.early), seconds=seconds * plan.early or math.inf),
            workers=workers,
        ),
        Mixture(
            drawings.load(work, [HELD_STYLE]), pages, concepts, size=size, only=range(len(pages) - held, len(pages))
        ),
    )


def bank(work: Path, encoder: SentenceVectors) -> texts.Bank:
    """All texts with their vectors."""
    return texts.embed(texts.gather(known(work)), encoder, folder=work / "texts")


def folder(work: Path, encoder: SentenceVectors) -> Path:
    """Where the run is kept of the tower that meets this encoder."""
    return work / "runs" / encoder.space


def learn(
    work: Path,
    plan: Plan,
    encoder: SentenceVectors,
    *,
    settings: Settings,
    group: Group,
    report: Report,
    begin: Path | None = None,
    workers: int = 0,
) -> Path:
    """Trains, or goes on; the folder of the model. A new run starts from the weights of the file `begin`, where one is
    given."""
    said = bank(work, encoder)
    learned, held = mixtures(work, plan, steps=settings.steps, seconds=settings.seconds, workers=workers)
    rarity = task.rarities(said, learned.slides.facts)
    run = folder(work, encoder)
    run.mkdir(parents=True, exist_ok=True)
    seed_weights(settings.seed)
    locked = task.LockedTask(plan.config, said, rarity=rarity)
    if begin:
        locked.model.load_state_dict({name: value.float() for name, value in load_file(begin).items()})
        torch.nn.init.constant_(locked.t, math.log(task.ENDED))
    return train(locked, learned, held, out=run, settings=settings, group=group, report=report)
