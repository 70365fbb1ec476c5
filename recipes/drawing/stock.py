"""What drawing is learned from: drawings of named things on white, each with the vector that the image tower gives it,
and the vectors of what they are called. Made once, from what recipes/pictures fetches and draws.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pictures"))

import drawings
import facts
import names

from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.models.tower import Tower
from ateneo.models.train.data import Batch, Pictures
from ateneo.models.train.items import Item

STYLES = ("noto", "twemoji", "fluent-emoji-flat")  # alike enough to learn from little
SIZE, INNER = 64, 58  # pixels of a picture, and of the drawing in its middle
HELD = 100  # concepts that nothing is learned from
SHIFT = 2  # pixels that a drawing is moved by chance
WORDINGS = 3  # of a name in one language; one more is kept apart
Array = NDArray[np.float32]


class Nowhere:
    """These pictures are made, not read."""

    def read(self) -> bytes:
        """Never asked."""
        raise KeyError("a drawing of the stock has no file")


NOWHERE = Nowhere()


@dataclass(frozen=True, slots=True)
class Drawn(Item):
    """A drawing: its place in the stock, and the vectors of its picture and of what is said of it."""

    place: int = 0
    vector: Tensor | None = None
    text: Tensor | None = None


@dataclass(frozen=True)
class Stock:
    """pixels (n, 3, 64, 64) bytes; vectors (n, 2, E), the second of the mirrored picture; concept and style of each;
    texts: vectors of what the concepts are called, and the concept of each."""

    pixels: NDArray[np.uint8]
    vectors: Array
    concept: NDArray[np.int64]
    style: NDArray[np.int64]
    names: tuple[dict[str, str], ...]
    texts: Array
    of: NDArray[np.int64]
    held_texts: tuple[tuple[str, int, str], ...]  # wordings kept apart: text, concept, language
    held: frozenset[int]


def make(work: Path, pictures: Path, *, tower: Tower, encoder: SentenceVectors) -> Stock:
    """The stock, kept in work/stock.npz. `pictures` is the folder of recipes/pictures/make.py."""
    path = work / "stock.npz"
    if not path.exists():
        known = {concept.key: concept for concept in drawings.make(pictures, STYLES)}
        keys = sorted(key for key, concept in known.items() if not concept.directed)
        _write(path, pictures, [known[key] for key in keys], tower=tower, encoder=encoder)
    found = np.load(path, allow_pickle=False)
    said = json.loads(str(found["said"]))
    return Stock(
        found["pixels"], found["vectors"], found["concept"], found["style"], tuple(said["names"]), found["texts"],
        found["of"], tuple((t, c, n) for t, c, n in said["held texts"]), frozenset(said["held"]),
    )  # fmt: skip


def _write(
    path: Path, pictures: Path, concepts: Sequence[names.Concept], *, tower: Tower, encoder: SentenceVectors
) -> None:
    places = {concept.key: n for n, concept in enumerate(concepts)}
    drawn = drawings.load(pictures, STYLES)
    rows = [
        (on_white(pixels[n]), places[key], style)
        for style, (pixels, keys) in enumerate(zip(drawn.pixels, drawn.concepts, strict=True))
        for n, key in enumerate(keys)
        if key in places
    ]
    pixels = np.stack([row[0] for row in rows])
    learned, apart = wordings(concepts)
    order = np.random.default_rng(0).permutation(len(concepts))
    said = {
        "names": [concept.names for concept in concepts],
        "held texts": apart,
        "held": sorted(int(n) for n in order[:HELD]),
    }
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial, pixels=pixels, vectors=vectors(pixels, tower),
        concept=np.array([row[1] for row in rows]), style=np.array([row[2] for row in rows]),
        texts=encoder.embed([text for text, _, _ in learned]), of=np.array([concept for _, concept, _ in learned]),
        said=json.dumps(said, ensure_ascii=False),
    )  # fmt: skip
    partial.replace(path)


def wordings(concepts: Sequence[names.Concept]) -> tuple[list[tuple[str, int, str]], list[tuple[str, int, str]]]:
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
def vectors(pixels: NDArray[np.uint8], tower: Tower) -> Array:
    """What the tower sees in pictures (n, 3, S, S), and in each of them mirrored: (n, 2, E)."""
    size, found = tower.config.image_size, []
    for part in torch.from_numpy(pixels).split(64):
        x = interpolate(part.float() / 127.5 - 1, size=(size, size), mode="bilinear")
        found.append(torch.stack([tower(x), tower(x.flip(3))], dim=1))
    return torch.cat(found).numpy()


class Drawings(Pictures):
    """Drawings of the stock, moved and mirrored by chance, with the vector of what is then seen."""

    def __init__(self, stock: Stock, *, held: bool = False) -> None:
        rows = [n for n, concept in enumerate(stock.concept.tolist()) if (concept in stock.held) == held]
        super().__init__([Drawn(key=str(n), picture=NOWHERE, place=n) for n in rows], SIZE)  # type: ignore[arg-type]
        self.stock = stock

    def batch(self, indices: Iterable[int]) -> Batch:
        """Pictures as they come while learning; the chance hangs on the places asked for."""
        places = list(indices)
        chance = torch.Generator().manual_seed(sum(n * 31**i for i, n in enumerate(places[:8])) % 2**31)
        moves = torch.randint(-SHIFT, SHIFT + 1, (len(places), 2), generator=chance).tolist()
        turned = (torch.rand(len(places), generator=chance) < 0.5).tolist()
        return self._batch(places, moves, turned)

    def in_order(self, batch: int) -> Iterator[Batch]:
        """All as they stand."""
        for first in range(0, len(self), batch):
            places = list(range(first, min(first + batch, len(self))))
            yield self._batch(places, [[0, 0]] * len(places), [False] * len(places))

    def _batch(self, places: list[int], moves: list[list[int]], turned: list[bool]) -> Batch:
        pictures, items = [], []
        for place, move, mirror in zip(places, moves, turned, strict=True):
            row = self.items[place].place  # type: ignore[attr-defined]
            picture = torch.from_numpy(self.stock.pixels[row])
            picture = picture.flip(2) if mirror else picture
            pictures.append(picture.roll(tuple(move), (1, 2)))  # the edge is white
            vector = torch.from_numpy(self.stock.vectors[row, int(mirror)])
            items.append(Drawn(key=str(row), picture=NOWHERE, place=row, vector=vector))
        return Batch(torch.stack(pictures), items)


class Pairs(Pictures):
    """Vectors of pictures with those of what is said of them, in place of pixels: for the prior."""

    def __init__(self, stock: Stock, *, held: bool = False) -> None:
        rows = [n for n, concept in enumerate(stock.of.tolist()) if (concept in stock.held) == held]
        super().__init__([Drawn(key=str(n), picture=NOWHERE, place=n) for n in rows], SIZE)  # type: ignore[arg-type]
        self.stock = stock
        self.drawn: dict[int, list[int]] = {}
        for n, concept in enumerate(stock.concept.tolist()):
            self.drawn.setdefault(concept, []).append(n)

    def batch(self, indices: Iterable[int]) -> Batch:
        """A text each, with one of the drawings of its concept."""
        places = list(indices)
        chance = np.random.default_rng(places)
        vectors, items = [], []
        for place in places:
            text = self.items[place].place  # type: ignore[attr-defined]
            choices = self.drawn[int(self.stock.of[text])]
            row = choices[int(chance.integers(len(choices)))]
            vectors.append(torch.from_numpy(self.stock.vectors[row, int(chance.integers(2))]))
            items.append(Drawn(key=str(text), picture=NOWHERE, text=torch.from_numpy(self.stock.texts[text])))
        return Batch(torch.stack(vectors), items)

    def in_order(self, batch: int) -> Iterator[Batch]:
        """All texts, once."""
        for first in range(0, len(self), batch):
            yield self.batch(range(first, min(first + batch, len(self))))
