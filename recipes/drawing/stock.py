"""What drawing is learned from: drawings of named things on white, as they are and in other colours, each with the
vector that the image tower gives it, and the vectors of what they are called. Made once, from what recipes/pictures
fetches and draws.
"""

import hashlib
import json
import sys
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from colours import COLOURS, coloured, said_of
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

sys.path.append(str(Path(__file__).resolve().parents[1] / "pictures"))

import drawings
import facts
import names

from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.models.noisy_tower import NoisyTower
from ateneo.models.tower import Tower
from ateneo.models.train.data import Batch, Pictures

STYLES = ("noto", "twemoji", "fluent-emoji-flat")  # alike enough to learn from little
SIZE, INNER = 64, 58  # pixels of a picture, and of the drawing in its middle
HELD = 100  # concepts that nothing is learned from
SHIFT = 2  # pixels that a drawing is moved by chance
WORDINGS = 3  # of a name in one language; one more is kept apart
TONED = 0.3  # of the pictures, those whose vector is of the drawing in any of its colours
COLOURINGS = 2  # of a drawing, beside its own
PART = 512  # pictures that the tower sees at once
Array = NDArray[np.float32]
Wording = tuple[str, int, str]  # text, concept, language


@dataclass(frozen=True, slots=True)
class Drawn(Batch):
    """Pictures as bytes (B, 3, 64, 64), with the vectors of what is seen (B, E), and of what is said (B, E), and with
    the concept and colour of each (B,)."""

    vectors: Tensor | None = None
    texts: Tensor | None = None
    concept: Tensor | None = None
    colour: Tensor | None = None


@dataclass(frozen=True)
class Stock:
    """pixels (n, 3, 64, 64) bytes; vectors (n, 2, E), the second of the mirrored picture; concept, style and colour of
    each, -1 for its own; texts: vectors of what is said, the concept of each, and the colour where it names one, else
    -1."""

    pixels: Tensor
    concept: NDArray[np.int64]
    style: NDArray[np.int64]
    colour: NDArray[np.int64]
    names: tuple[dict[str, str], ...]
    texts: Tensor
    of: NDArray[np.int64]
    of_colour: NDArray[np.int64]
    held_texts: tuple[Wording, ...]  # wordings kept apart
    held: frozenset[int]
    vectors: Tensor

    def to(self, device: torch.device) -> "Stock":
        """The same, its tensors on the device."""
        moved = {name: getattr(self, name).to(device) for name in ("pixels", "texts", "vectors")}
        return replace(self, **moved)

    @property
    def own(self) -> int:
        """How many pictures have the colours that they were drawn in; they are the first."""
        return int((self.colour < 0).sum())


def make(
    work: Path, pictures: Path, *, styles: Sequence[str] = STYLES, others: int = COLOURINGS, processes: int = 1
) -> Stock:
    """The stock without the vectors of its pictures, kept in work/stock.npz. `pictures` is the folder of
    recipes/pictures/make.py; `others` how many other colours each drawing is shown in."""
    path = work / "stock.npz"
    if not path.exists():
        known = {concept.key: concept for concept in drawings.make(pictures, styles)}
        keys = sorted(key for key, concept in known.items() if not concept.directed)
        _write(path, pictures, [known[key] for key in keys], styles, others=others, processes=processes)
    return _read(path)


def _read(path: Path) -> Stock:
    found = np.load(path, allow_pickle=False)
    said = json.loads(str(found["said"]))
    own, colour = torch.from_numpy(found["pixels"]), found["colour"]
    others = [coloured(own[row][None], int(to)) for row, to in zip(found["row"], colour, strict=True)]
    return Stock(
        torch.cat([own, *others]),
        np.concatenate([found["concept"], found["concept"][found["row"]]]),
        np.concatenate([found["style"], found["style"][found["row"]]]),
        np.concatenate([np.full(len(own), -1), colour]),
        tuple(said["names"]), torch.from_numpy(found["texts"]).float(), found["of"], found["of_colour"],
        tuple((t, c, n) for t, c, n in said["held texts"]), frozenset(said["held"]), torch.zeros(0),
    )  # fmt: skip


def seen(stock: Stock, work: Path, tower: Tower | NoisyTower, device: torch.device) -> Stock:
    """The stock on the device with the vectors of its pictures, kept in work under the name of the tower's weights."""
    digest = hashlib.sha256(b"".join(p.detach().cpu().numpy().tobytes() for p in tower.parameters())).hexdigest()[:10]
    path, moved = work / f"vectors-{digest}.npy", stock.to(device)
    if not path.exists():
        np.save(path.with_suffix(".partial.npy"), vectors(moved.pixels, tower.to(device)).cpu().numpy())
        path.with_suffix(".partial.npy").replace(path)
    return replace(moved, vectors=torch.from_numpy(np.load(path)).to(device))


def _write(
    path: Path, pictures: Path, concepts: Sequence[names.Concept], styles: Sequence[str], *, others: int,
    processes: int,
) -> None:  # fmt: skip
    places = {concept.key: n for n, concept in enumerate(concepts)}
    drawn = drawings.load(pictures, styles)
    rows = [
        (on_white(pixels[n]), places[key], style)
        for style, (pixels, keys) in enumerate(zip(drawn.pixels, drawn.concepts, strict=True))
        for n, key in enumerate(keys)
        if key in places
    ]
    concept = np.array([row[1] for row in rows])
    row, colour = colourings(concepts, concept, others)
    learned, apart = wordings(concepts)
    pairs = sorted(set(zip(concept[row].tolist(), colour.tolist(), strict=True)))
    learned_colours = [(text, n, to) for n, to in pairs for text in said_of(concepts[n].names, to)]
    texts = [text for text, _, _ in learned] + [text for text, _, _ in learned_colours]
    order = np.random.default_rng(0).permutation(len(concepts))
    said = {
        "names": [one.names for one in concepts], "held texts": apart,
        "held": sorted(int(n) for n in order[:HELD]),
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(
        partial, pixels=np.stack([one[0] for one in rows]), concept=concept, style=np.array([one[2] for one in rows]),
        row=row, colour=colour, texts=embedded(texts, processes=processes).astype(np.float16),
        of=np.array([n for _, n, _ in [*learned, *learned_colours]]),
        of_colour=np.array([-1] * len(learned) + [to for _, _, to in learned_colours]),
        said=json.dumps(said, ensure_ascii=False),
    )  # fmt: skip
    partial.replace(path)


def embedded(texts: Sequence[str], *, processes: int = 1) -> Array:
    """The vectors that the sentence encoder that ships gives texts, (n, E)."""
    if processes == 1:
        return SentenceVectors().embed(texts)
    parts = [texts[first : first + PART] for first in range(0, len(texts), PART)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return np.concatenate(list(pool.map(_embedded, parts)))


def _embedded(texts: Sequence[str]) -> Array:
    return SentenceVectors().embed(texts)


def colourings(
    concepts: Sequence[names.Concept], concept: NDArray[np.int64], others: int = COLOURINGS
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which drawings are also shown in which colours: a few by chance of each, none of a thing that is named with a
    colour."""
    chance = np.random.default_rng(2)
    free = {n for n, one in enumerate(concepts) if not any(c.named_in(one.names) for c in COLOURS)}
    found = [
        (row, int(to))
        for row, n in enumerate(concept.tolist())
        if n in free
        for to in chance.permutation(len(COLOURS))[:others]
    ]
    return np.array([row for row, _ in found], np.int64), np.array([to for _, to in found], np.int64)


def wordings(concepts: Sequence[names.Concept]) -> tuple[list[Wording], list[Wording]]:
    """What is said of each concept, with its place and language: what is learned from, and what is kept apart (one
    wording of each name)."""
    learned, apart = [], []
    for n, concept in enumerate(concepts):
        for place, language in enumerate(("es", "en")):
            name, frames = concept.names[language], facts.NAMED[place]
            apart.append((frames[1 + n % (len(frames) - 1)].format(name), n, language))
            rest = [f for i, f in enumerate(frames) if i != 1 + n % (len(frames) - 1)]
            learned += [(frame.format(name), n, language) for frame in rest[: WORDINGS + 1]]
            learned += [(keyword, n, language) for keyword in concept.keywords[language][:2]]
    return learned, apart


def on_white(drawing: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A drawing (S, S, 4) in the middle of a white picture: (3, SIZE, SIZE)."""
    small = Image.fromarray(drawing).convert("RGBa").resize((INNER, INNER), Image.Resampling.LANCZOS).convert("RGBA")
    page = Image.new("RGBA", (SIZE, SIZE), "white")
    edge = (SIZE - INNER) // 2
    page.alpha_composite(small, (edge, edge))
    return np.asarray(page.convert("RGB")).transpose(2, 0, 1).copy()


@torch.no_grad()
def vectors(pixels: Tensor, tower: Tower | NoisyTower) -> Tensor:
    """What the tower sees in pictures (n, 3, S, S), and in each of them mirrored: (n, 2, E)."""
    size, found = tower.config.image_size, []
    for part in pixels.split(PART):
        x = interpolate(part.float() / 127.5 - 1, size=(size, size), mode="bilinear")
        found.append(torch.stack([tower(x), tower(x.flip(3))], dim=1))
    return torch.cat(found)


class Rows(Pictures, ABC):
    """Rows of the stock, which lies on a device: batches are cut there, so that data is never waited for."""

    def __init__(self, stock: Stock, rows: Sequence[int]) -> None:
        super().__init__([], SIZE)
        self.stock = stock
        self.rows = torch.tensor(rows, device=stock.pixels.device)

    def __len__(self) -> int:
        return len(self.rows)

    def shuffled(self, batch: int, *, seed: int, start: int = 0, rank: int = 0, ranks: int = 1) -> Iterator[Batch]:
        """Batches without end from step `start` on; rows and what is done to them hang on seed and step alone."""
        for step in count(start):
            chance = torch.Generator(self.rows.device).manual_seed(zlib.crc32(f"{seed} {step} {rank}".encode()))
            yield self.cut(self.rows[self._any(len(self), batch, chance)], chance)

    def batch(self, indices: Iterable[int]) -> Drawn:
        """The rows at these places; the chance hangs on them."""
        places = list(indices)
        chance = torch.Generator(self.rows.device).manual_seed(zlib.crc32(repr(places).encode()))
        return self.cut(self.rows[places], chance)

    def in_order(self, batch: int) -> Iterator[Batch]:
        """All rows, once."""
        for first in range(0, len(self), batch):
            yield self.batch(range(first, min(first + batch, len(self))))

    @abstractmethod
    def cut(self, rows: Tensor, chance: torch.Generator) -> Drawn:
        """What is learned from at these rows of the stock (B,)."""

    @staticmethod
    def _any(below: int, n: int, chance: torch.Generator) -> Tensor:
        return torch.randint(below, (n,), generator=chance, device=chance.device)


class Said:
    """What is said of each picture of the stock: texts that name its thing, in its colour where it has another."""

    def __init__(self, stock: Stock) -> None:
        by: dict[tuple[int, int], list[int]] = {}
        for n, key in enumerate(zip(stock.of.tolist(), stock.of_colour.tolist(), strict=True)):
            by.setdefault(key, []).append(n)
        true = [by[key] for key in zip(stock.concept.tolist(), stock.colour.tolist(), strict=True)]
        self.stock, device = stock, stock.pixels.device
        self.first = torch.tensor(np.cumsum([0, *map(len, true)])[:-1], device=device)
        self.counts = torch.tensor([len(one) for one in true], device=device)
        self.said = torch.tensor([n for one in true for n in one], device=device)

    def texts(self, rows: Tensor, chance: torch.Generator) -> Tensor:
        """The vector (B, E) of one of the texts of each row (B,)."""
        nth = (torch.rand(len(rows), generator=chance, device=rows.device) * self.counts[rows]).long()
        return self.stock.texts[self.said[self.first[rows] + nth]]


class Names:
    """What each concept is called, in no colour."""

    def __init__(self, stock: Stock) -> None:
        plain = np.flatnonzero(stock.of_colour < 0)
        order, device = plain[stock.of[plain].argsort(kind="stable")], stock.texts.device
        counts = np.bincount(stock.of[plain], minlength=len(stock.names))
        self.texts = stock.texts[torch.from_numpy(order).to(device)]  # those of each concept stand together
        self.first = torch.from_numpy(counts.cumsum() - counts).to(device)
        self.counts = torch.from_numpy(counts).to(device)

    def usual(self) -> Tensor:
        """The vector (C, E) of the first text of each concept, which is in Spanish."""
        return self.texts[self.first]

    def any(self) -> Tensor:
        """The vector (C, E) of one of the texts of each concept, by chance."""
        nth = (torch.rand(len(self.counts), device=self.counts.device) * self.counts).long()
        return self.texts[self.first + nth]


class Drawings(Rows):
    """Drawings of the stock, moved and mirrored by chance, with the vector of what is then seen; those kept apart as
    they stand."""

    def __init__(self, stock: Stock, *, held: bool = False) -> None:
        super().__init__(stock, [n for n in self.kept(stock, held=held) if n < stock.own or not held])
        self.held, self.said, self.tones = held, Said(stock), tones(stock)
        self.concept = torch.from_numpy(stock.concept).to(self.rows.device)
        self.colour = torch.from_numpy(stock.colour).to(self.rows.device)

    @staticmethod
    def kept(stock: Stock, *, held: bool = False) -> list[int]:
        """The rows of the stock that are learned from, or those kept apart."""
        return [n for n, of in enumerate(stock.concept.tolist()) if (of in stock.held) == held]

    def cut(self, rows: Tensor, chance: torch.Generator) -> Drawn:
        """The pictures of rows (B,), their vectors and texts. Some vectors are those of the same drawing in another
        colour, so that colours are believed of the text."""
        told = {
            "texts": self.said.texts(rows, chance), "concept": self.concept[rows], "colour": self.colour[rows],
        }  # fmt: skip
        if self.held:
            return Drawn(self.stock.pixels[rows], (), vectors=self.stock.vectors[rows, 0], **told)
        B, device = len(rows), rows.device
        turned = torch.rand(B, generator=chance, device=device) < 0.5
        move = torch.randint(-SHIFT, SHIFT + 1, (2, B, 1), generator=chance, device=device)
        along = torch.arange(SIZE, device=device)
        y, x = (along - move).clamp(0, SIZE - 1)  # each (B, S); the edge is white
        x = torch.where(turned[:, None], SIZE - 1 - x, x)
        channel = torch.arange(3, device=device)[None, :, None, None]
        pixels = self.stock.pixels[rows[:, None, None, None], channel, y[:, None, :, None], x[:, None, None, :]]
        toned = torch.rand(B, generator=chance, device=device) < TONED
        nth = self._any(self.tones.shape[1], B, chance)
        seen = torch.where(toned, self.tones[rows, nth], rows)
        return Drawn(pixels, (), vectors=self.stock.vectors[seen, turned.long()], **told)


def tones(stock: Stock) -> Tensor:
    """For each picture of the stock itself and the same drawing in its other colours, (n, colours): places."""
    by: dict[tuple[int, int], list[int]] = {}
    keys = list(zip(stock.concept.tolist(), stock.style.tolist(), strict=True))
    for n, key in enumerate(keys):
        by.setdefault(key, []).append(n)
    most = max(map(len, by.values()))
    return torch.tensor([(by[key] * most)[:most] for key in keys], device=stock.pixels.device)


class Pairs(Rows):
    """Vectors of what is said with those of drawings that it is true of, for the prior; pixels are left empty."""

    def __init__(self, stock: Stock, *, held: bool = False) -> None:
        by: dict[tuple[int, int], list[int]] = {}
        for n, key in enumerate(zip(stock.concept.tolist(), stock.colour.tolist(), strict=True)):
            by.setdefault(key, []).append(n)
        said = list(zip(stock.of.tolist(), stock.of_colour.tolist(), strict=True))
        super().__init__(stock, [n for n, key in enumerate(said) if (key[0] in stock.held) == held and key in by])
        true = [by.get(key, [0]) for key in said]
        self.first = torch.tensor(np.cumsum([0, *map(len, true)])[:-1], device=self.rows.device)
        self.counts = torch.tensor([len(one) for one in true], device=self.rows.device)
        self.drawn = torch.tensor([n for one in true for n in one], device=self.rows.device)

    def cut(self, rows: Tensor, chance: torch.Generator) -> Drawn:
        """Texts at rows (B,), each with the vector of one drawing, as it stands or mirrored."""
        B, device = len(rows), rows.device
        nth = (torch.rand(B, generator=chance, device=device) * self.counts[rows]).long()
        found = self.drawn[self.first[rows] + nth]
        vectors = self.stock.vectors[found, self._any(2, B, chance)]
        return Drawn(self.stock.pixels[:0], (), vectors=vectors, texts=self.stock.texts[rows])
