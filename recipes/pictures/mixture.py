"""What one step learns from: drawings of named things and slides, each varied by chance.

Drawings are laid on grounds of every kind, moved, turned, tinted, and at times redrawn (flat colours, dark outlines,
grey), so that a style never seen is not a surprise. What is drawn hangs on the seed and the number of the step alone.
"""

import math
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count

import cv2
import numpy as np
import torch
from drawings import MONOCHROME, Drawings
from facts import bits
from generated import Slides
from names import Concept
from numpy.typing import NDArray
from texts import NOTHING
from torch.utils.data import DataLoader, Dataset

from ateneo.models.train.data import Batch, Pictures
from ateneo.models.train.items import Item

Pixels = NDArray[np.uint8]
AHEAD = 3  # batches made before they are asked for, by each that makes them
LAST = 10**9  # step, more than any run has
BLACK = 0.4  # how often a drawing in black is shown, beside one in colours
EVEN = 0.4  # from 0, each drawing as often, to 1, each concept as often
DRAWING = bits({"drawing"})


class _Nowhere:
    def read(self) -> bytes:
        """These pictures are made, not read."""
        raise KeyError("a picture of the mixture has no file")


NOWHERE = _Nowhere()


@dataclass(frozen=True, slots=True)
class Shown(Item):
    """What is true of a picture: the place of its concept, or NOTHING, and its facts as bits."""

    concept: int = NOTHING
    facts: int = 0


@dataclass(frozen=True, slots=True)
class Small:
    """The first `steps` learn from smaller pictures ("progressive resizing": most of what tells one thing from another
    is seen at half of the pixels, for half of the price), or all that are made in the first `seconds`."""

    size: int
    steps: int
    seconds: float = math.inf


class _Steps(Dataset[Batch]):
    """The batch of each step, which hangs on the seed, the step and the rank alone."""

    def __init__(self, mixture: "Mixture", batch: int, *, seed: int, rank: int) -> None:
        self.mixture, self.batch, self.seed, self.rank = mixture, batch, seed, rank
        self.began = time.monotonic()

    def __getitem__(self, step: int) -> Batch:
        cv2.setNumThreads(1)
        small = self.mixture.small
        early = step < small.steps and time.monotonic() - self.began < small.seconds
        size = small.size if early else self.mixture.size
        return self.mixture.made(self.batch, seed=(self.seed, step, self.rank), size=size)


def _as_it_is(batch: Batch) -> Batch:
    return batch


class Mixture(Pictures):
    """Drawings and slides, without end. `styles` are those to take drawings from."""

    def __init__(
        self,
        drawings: Drawings,
        slides: Slides,
        concepts: Sequence[Concept],
        *,
        size: int,
        slides_share: float = 0.5,
        only: range | None = None,
        small: Small | None = None,
        workers: int = 0,
    ) -> None:
        super().__init__([], size)
        self.drawings, self.slides, self.share = drawings, slides, slides_share
        self.places = {concept.key: n for n, concept in enumerate(concepts)}
        self.directed = {concept.key for concept in concepts if concept.directed}
        self.pages = only or range(len(slides))
        self.small = small or Small(size, steps=0)
        self.through, self.workers = _through(drawings), workers

    def __len__(self) -> int:
        return len(self.drawings) + len(self.pages)

    def shuffled(self, batch: int, *, seed: int, start: int = 0, rank: int = 0, ranks: int = 1) -> Iterator[Batch]:
        """Batches without end from step `start` on, made by `workers` processes, or by a thread where these are 0."""
        del ranks  # each rank draws for itself, from its own numbers
        steps = _Steps(self, batch, seed=seed, rank=rank)
        if self.workers:
            yield from DataLoader(
                steps, batch_size=None, sampler=range(start, LAST), num_workers=self.workers, prefetch_factor=AHEAD,
                collate_fn=_as_it_is, multiprocessing_context="spawn",  # a fork may keep a lock
            )  # fmt: skip
            return
        with ThreadPoolExecutor(1) as pool:
            waiting: deque[Future[Batch]] = deque()
            for step in count(start):
                waiting.append(pool.submit(steps.__getitem__, step))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()

    def in_order(self, batch: int) -> Iterator[Batch]:
        """The slides of this mixture, once, as they stand."""
        for first in range(0, len(self.pages), batch):
            rows = [self._slide(n) for n in self.pages[first : first + batch]]
            yield _batch([(_fitted(pixels, self.size), shown) for pixels, shown in rows])

    def gallery(self) -> tuple[torch.Tensor, torch.Tensor]:
        """One drawing of each concept on white (n, 3, size, size), and the places of the concepts (n,)."""
        first: dict[str, int] = {}
        for n, key in enumerate(key for keys in self.drawings.concepts for key in keys):
            if key in self.places:
                first.setdefault(key, n)
        pixels = [on_white(self.drawings.at(n)[0], self.size) for n in first.values()]
        if not pixels:
            return torch.zeros(0, 3, self.size, self.size, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64)
        places = torch.tensor([self.places[key] for key in first])
        return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2), places

    def made(self, batch: int, *, seed: tuple[int, ...], size: int = 0) -> Batch:
        """One batch; pictures of the usual size where none is given."""
        rng, size = np.random.default_rng(seed), size or self.size
        rows = []
        for n in range(batch):
            if n < round(batch * self.share):
                pixels, shown = self._slide(self.pages[int(rng.integers(len(self.pages)))])
                rows.append((varied_slide(pixels, rng, size=size), shown))
            else:
                picture, style, key = self.drawings.at(int(np.searchsorted(self.through, rng.random())))
                pixels = varied_drawing(
                    picture, rng, size=size, tint=style in MONOCHROME, mirror=key not in self.directed
                )
                rows.append((pixels, Shown(f"{style}/{key}", NOWHERE, concept=self.places[key], facts=DRAWING)))
        return _batch(rows)

    def _slide(self, n: int) -> tuple[Pixels, Shown]:
        concept = str(self.slides.concepts[n])
        facts, place = int(self.slides.facts[n]), self.places.get(concept, NOTHING)
        return self.slides.at(n), Shown(f"slide {n}", NOWHERE, concept=place, facts=facts)


def _through(drawings: Drawings) -> NDArray[np.float64]:
    """(n,) the part of all chances that the drawings up to each have, the last 1: less for one in black only, and for
    one of a concept that has many."""
    times = Counter(key for keys in drawings.concepts for key in keys)
    chances = [
        (BLACK if style in MONOCHROME else 1.0) / times[key] ** EVEN
        for style, keys in zip(drawings.styles, drawings.concepts, strict=True)
        for key in keys
    ]
    through = np.cumsum(chances)
    return through / through[-1] if chances else through


def _batch(rows: Sequence[tuple[Pixels, Shown]]) -> Batch:
    pixels = torch.from_numpy(np.stack([pixels for pixels, _ in rows])).permute(0, 3, 1, 2)
    return Batch(pixels, [shown for _, shown in rows])


def _fitted(pixels: Pixels, size: int) -> Pixels:
    return np.asarray(cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def on_white(picture: Pixels, size: int) -> Pixels:
    """A drawing (s, s, 4) on a white square (size, size, 3), a little away from its edges."""
    inner = round(size * 0.86)
    alpha = picture[..., 3:].astype(np.float32) / 255
    flat = (picture[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    edge, rest = (size - inner) // 2, size - inner - (size - inner) // 2
    return np.pad(_fitted(flat, inner), ((edge, rest), (edge, rest), (0, 0)), constant_values=255)


def varied_slide(pixels: Pixels, rng: np.random.Generator, *, size: int) -> Pixels:
    """Cut a little and its colours changed; never mirrored: pages are read from left to right."""
    side = len(pixels)
    w, h = (int(side * rng.uniform(0.86, 1)) for _ in range(2))
    x, y = int(rng.integers(0, side - w + 1)), int(rng.integers(0, side - h + 1))
    return _tinted(_fitted(pixels[y : y + h, x : x + w], size), rng)


def varied_drawing(picture: Pixels, rng: np.random.Generator, *, size: int, tint: bool, mirror: bool) -> Pixels:
    """(s, s, 4) → (size, size, 3): moved, turned and laid on a ground, sometimes redrawn in another style."""
    side, scale = len(picture), size / len(picture) * rng.uniform(0.66, 1.06)
    if mirror and rng.random() < 0.5:
        picture = picture[:, ::-1]
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.normal(0, 7), scale)
    turn[:, 2] += size / 2 - side / 2 + rng.normal(0, 0.04 * size, 2)
    turn[:2, :2] @= np.array([[1, rng.normal(0, 0.05)], [0, rng.uniform(0.88, 1.12)]])
    alpha = picture[..., 3:].astype(np.float32) / 255
    whole = np.concatenate([picture[..., :3] * alpha, alpha], -1).astype(
        np.float32
    )  # multiplied by alpha: no dark edges
    laid = cv2.warpAffine(np.ascontiguousarray(whole), turn, (size, size), flags=cv2.INTER_LINEAR)
    colour, alpha = laid[..., :3] / np.maximum(laid[..., 3:], 1e-3), laid[..., 3:]
    ground = _ground(rng, size)
    if tint:
        dark = ground.mean() < 110
        colour = np.broadcast_to(rng.uniform(150, 255, 3) if dark else rng.uniform(0, 110, 3), colour.shape)
    elif rng.random() < 0.2:
        colour, alpha = _redrawn(colour, alpha, rng)
    pixels = np.clip(ground * (1 - alpha) + colour * alpha, 0, 255).astype(np.uint8)
    if rng.random() < 0.08:
        pixels = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.4, 1.6))
    return _tinted(pixels, rng)


def _redrawn(
    colour: NDArray[np.float32], alpha: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Flat colours within dark outlines, as a pen would draw it."""
    shape = (alpha[..., 0] > 0.5).astype(np.uint8)
    flat = cv2.medianBlur(np.clip(colour, 0, 255).astype(np.uint8), 5)
    if rng.random() < 0.6:
        steps = int(rng.integers(40, 90))
        flat = (flat // steps * steps + steps // 2).astype(np.uint8)
    grey = cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY)
    thick = np.ones((int(rng.integers(2, 4)),) * 2, np.uint8)
    edges = cv2.dilate(cv2.Canny(grey, 60, 140), thick) > 0
    outline = cv2.morphologyEx(shape, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    pen = (edges & (shape > 0)) | outline
    made = flat.astype(np.float32)
    if rng.random() < 0.25:
        made[:] = 255
    made[pen] = rng.uniform(0, 40, 3)
    return made, np.maximum(alpha, outline[..., None].astype(np.float32))


def _ground(rng: np.random.Generator, size: int) -> NDArray[np.float32]:
    """What a drawing lies on: white, a tint, a colour, a slope, something uneven."""
    kind = rng.random()
    if kind < 0.55:
        return np.full((size, size, 3), 255, np.float32)
    one, other = rng.uniform(0, 255, (2, 3)) if kind > 0.7 else rng.uniform(200, 255, (2, 3))
    if kind < 0.85:
        return np.broadcast_to(one.astype(np.float32), (size, size, 3))
    grid = rng.random((int(rng.integers(2, 9)),) * 2).astype(np.float32)
    share = cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)[..., None]
    return (one + (other - one) * share).astype(np.float32)


def _tinted(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Light, contrast and colour changed by chance; at times grey."""
    values = pixels.astype(np.float32)
    grey = values.mean(-1, keepdims=True)
    keep = 0.0 if rng.random() < 0.08 else rng.uniform(0.6, 1.35)
    values = (grey + (values - grey) * keep - 128) * rng.uniform(0.75, 1.2) + 128 + rng.uniform(-22, 22)
    values += rng.normal(0, 5, 3).astype(np.float32)
    return np.clip(values, 0, 255).astype(np.uint8)
