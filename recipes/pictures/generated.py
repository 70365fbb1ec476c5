"""Pictures of slides with the facts to be seen on them: generated from a seed, kept in shards, quick to make.

A picture is SIDE pixels square: pages of 16 : 9 and 4 : 3 are squeezed, as they are when a frame is searched. Picture
n hangs on the seed and n alone, so that shards can be made anywhere in any order.
"""

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import facts
import looks
import numpy as np
import pages
import people
import scenery
import survey
import titles
import written
from drawings import MONOCHROME, Drawings, mapped, told
from looks import Look
from numpy.typing import NDArray
from photographs import Scenes
from PIL import Image, ImageDraw

SIDE = 144  # pixels: more than the tower reads, so that learning can cut
SHARD = 1000  # pictures
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Stock:
    """What pages are made of beside what is drawn here: fonts, landscapes, drawings of named things."""

    fonts: tuple[Path, ...] = ()
    scenes: Scenes | None = None
    drawings: Drawings | None = None

    def scene(self, rng: np.random.Generator, *, land: float = 0.45) -> tuple[Image.Image, set[str]]:
        """A photograph, a landscape as often as `land` says; a landscape drawn on the spot where none is kept."""
        return scenery.scene(rng) if self.scenes is None else self.scenes.some(rng, land=land)


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture (SIDE, SIDE, 3), its facts as bits, and the concept drawn on it, or ""."""

    pixels: Pixels
    facts: int
    concept: str


def draw(stock: Stock, *, seed: int, number: int) -> Shown:
    """Picture `number`: a slide, a chart, photograph or code alone, or a person in a room."""
    rng = np.random.default_rng([seed, number])
    look = looks.look(rng, stock.fonts)
    kind, concept = rng.random(), ""
    if kind < 0.63:
        page, seen, concept = slide(stock, look)
        if kind < 0.14:
            page, more = people.room(rng, page)
            seen = (seen | more) - {"words"}
        elif kind < 0.22:
            page, more = framed(rng, page)
            seen = (seen | more) - ({"words"} if more else set())
    elif kind < 0.79:
        page, seen = _alone(look)
    elif kind < 0.97:
        page, seen = photograph(stock, rng)
    else:
        page, seen = people.room(rng, None)
        seen |= {"photo", "room"}
    return Shown(camera(page, rng), facts.bits(facts.implied(seen)), concept)


def photograph(stock: Stock, rng: np.random.Generator) -> tuple[Image.Image, set[str]]:
    """A photograph that fills the picture, of any shape; sometimes a few side by side."""
    picture, seen = stock.scene(rng, land=0.2)
    if rng.random() < 0.06:
        page = Image.new("RGB", picture.size, tuple(int(c) for c in rng.integers(0, 256, 3)))
        edge, places = int(rng.integers(0, 5)), ((0, 0), (1, 0), (0, 1), (1, 1))
        half = (picture.width // 2 - edge, picture.height // 2 - edge)
        for i, j in places:
            other, more = (picture, seen) if (i, j) == (0, 0) else stock.scene(rng, land=0.2)
            page.paste(other.resize(half), (i * (half[0] + edge), j * (half[1] + edge)))
            seen = seen | more
        return page, seen
    w, h = picture.size
    wide, high = (int(side * rng.uniform(0.7, 1)) for side in (w, h))
    if rng.random() < 0.3:  # upright
        wide = int(wide * rng.uniform(0.55, 0.8))
    x, y = int(rng.integers(0, w - wide + 1)), int(rng.integers(0, h - high + 1))
    return picture.crop((x, y, x + wide, y + high)), seen


def framed(rng: np.random.Generator, page: Image.Image) -> tuple[Image.Image, set[str]]:
    """A page as a recording shows it: between black bars, or with whoever speaks in a corner or at a side."""
    w, h = page.size
    if rng.random() < 0.5:
        across, share = rng.random() < 0.6, rng.uniform(1.08, 1.4)
        made = Image.new("RGB", (int(w * share), h) if across else (w, int(h * share)), (int(rng.integers(0, 24)),) * 3)
        made.paste(page, ((made.width - w) // 2, (made.height - h) // 2))
        return made, set()
    face, side = people.portrait(rng), rng.uniform(0.16, 0.3)
    if rng.random() < 0.4:
        made = Image.new("RGB", (int(w * 1.3), h), tuple(int(c) for c in rng.integers(0, 60, 3)))
        made.paste(page, (0, 0))
        made.paste(face.resize((int(w * 0.26), int(h * 0.45))), (int(w * 1.02), int(h * rng.uniform(0.02, 0.5))))
        return made, {"person"}
    made, size = page.copy(), (int(w * side), int(h * side * 1.2))
    corner = (w - size[0] if rng.random() < 0.7 else 0, h - size[1] if rng.random() < 0.6 else 0)
    made.paste(face.resize(size), corner)
    return made, {"person"}


def slide(stock: Stock, look: Look) -> tuple[Image.Image, set[str], str]:
    """A page of chance, its facts and the concept on it."""
    made, kind = looks.page(look), look.rng.random()
    ground = {"slide", "dark" if look.dark else "light"}
    if look.chance(0.06):
        made = _veiled(look, stock)
    if kind < 0.19:
        draw = titles.title if kind < 0.08 else titles.section if kind < 0.15 else titles.centred
        return made, ground | draw(made, look, stock.scene), ""
    top = looks.heading(made, look)
    w, h = look.size
    box = (w * 0.07, top, w * 0.93, h * 0.9)
    if kind < 0.36:
        seen, concept = _with_picture(made, look, stock, box)
        return made, ground | seen, concept
    seen = _body(made, look, box, headed=top > h * 0.1)
    if "words" in seen and stock.drawings is not None and look.chance(0.15):
        _emblem(made, look, stock.drawings)
        seen -= {"words"}
    if kind < 0.43 and seen & {"plot", "diagram", "bars", "lines", "pie", "map", "table"}:
        looks.write(ImageDraw.Draw(made), look, (box[0], h * 0.84, box[2], h * 0.95), size=h * 0.05)
    return made, ground | seen, ""


def _veiled(look: Look, stock: Stock) -> Image.Image:
    """A page over a photograph that its ground nearly covers."""
    picture, _ = stock.scene(look.rng)
    soft = cv2.GaussianBlur(np.asarray(picture.convert("RGB").resize(look.size)), (0, 0), look.between(0.5, 4))
    return Image.blend(Image.fromarray(soft), Image.new("RGB", look.size, look.ground), look.between(0.7, 0.92))


def _emblem(made: Image.Image, look: Look, drawings: Drawings) -> None:
    """A small drawing at the edge of a page of words."""
    pixels, style, _ = drawings.at(int(look.rng.integers(len(drawings))))
    w, h = look.size
    side = int(look.between(0.1, 0.22) * h)
    picture = Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR)
    if style in MONOCHROME:
        picture = Image.merge("RGBA", (*Image.new("RGB", picture.size, look.ink).split(), picture.getchannel("A")))
    corner = (w - side - 8, 6 if look.chance(0.4) else h - side - 8) if look.chance(0.75) else (8, h - side - 8)
    made.paste(picture, corner, picture)


def _body(made: Image.Image, look: Look, box: pages.Box, *, headed: bool = True) -> set[str]:
    """What a page holds; a big sentence without a head above it is a title and no text."""
    weights = np.array([weight for _, weight in pages.BODIES])
    draw, _ = pages.BODIES[int(look.rng.choice(len(weights), p=weights / weights.sum()))]
    seen = draw(made, look, box)
    return {"heading", "title"} if draw is written.statement and not headed else seen


def _with_picture(made: Image.Image, look: Look, stock: Stock, box: pages.Box) -> tuple[set[str], str]:
    """A photograph or a drawing in a frame: filling the body, or beside a list, a plot, a diagram."""
    left, top, right, bottom = box
    beside = look.chance(0.5)
    frame, seen = box, set()
    if beside:
        middle = left + (right - left) * look.between(0.42, 0.58)
        frame, other = ((middle + 6, top, right, bottom), (left, top, middle - 6, bottom))[
            :: 1 if look.chance(0.7) else -1
        ]
        seen = _words(made, look, other) - {"words"} if look.chance(0.75) else _body(made, look, other)
    if stock.drawings is not None and look.chance(0.45):
        return _drawn(made, look, stock.drawings, frame, seen)
    picture, shown = stock.scene(look.rng)
    if look.chance(0.12):
        close = look.chance(0.5)
        picture = people.portrait(look.rng) if close else people.room(look.rng, None)[0]
        shown = {"photo", "person", "portrait"} if close else {"photo", "person"}
    pages.paste(made, look, picture, frame)
    return seen | shown, ""


def _words(made: Image.Image, look: Look, box: pages.Box) -> set[str]:
    """A list beside a picture; less often something else that is written."""
    draw = written.bullets if look.chance(0.6) else written.WRITTEN[int(look.rng.integers(len(written.WRITTEN)))][0]
    return draw(made, look, box)


def _drawn(made: Image.Image, look: Look, drawings: Drawings, frame: pages.Box, seen: set[str]) -> tuple[set[str], str]:
    """A drawing of a named thing; sometimes the same twice."""
    pixels, style, concept = drawings.at(int(look.rng.integers(len(drawings))))
    left, top, right, bottom = frame
    side = int(min(right - left, bottom - top) * look.between(0.6, 1.0))
    picture = Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR)
    if style in MONOCHROME:
        picture = Image.merge("RGBA", (*Image.new("RGB", picture.size, look.ink).split(), picture.getchannel("A")))
    made.paste(picture, (int((left + right - side) / 2), int((top + bottom - side) / 2)), picture)
    return seen | {"drawing"}, concept


def _alone(look: Look) -> tuple[Image.Image, set[str]]:
    """A chart, table, diagram, listing or map as a picture of its own, with little around it."""
    if look.chance(0.5):
        made, seen = survey.survey(look)
        return made, seen | {"slide"}
    w, h = look.size
    made, edge = Image.new("RGB", look.size, look.ground), look.between(0.03, 0.08)
    top = h * edge
    headed = look.chance(0.5)
    if headed:
        text = look.words(3, 9)
        face = look.face(h * look.between(0.05, 0.08), head=True)
        for line in looks.wrapped(text, face, w * 0.9)[:2]:
            ImageDraw.Draw(made).text((w * edge, top), line, font=face, fill=look.ink)
            top += face.size * 1.25
    box = (w * edge, top + h * 0.02, w * (1 - edge), h * (0.96 if look.chance(0.6) else 0.86))
    seen = pages.plot(made, look, box) if look.chance(0.55) else _body(made, look, box, headed=headed)
    if box[3] < h * 0.9:
        ImageDraw.Draw(made).text((w * edge, h * 0.92), look.words(4, 8), font=look.face(h * 0.045), fill=look.muted)
    return made, seen | {"slide"}  # shown alone, it may as well be a slide


def camera(page: Image.Image, rng: np.random.Generator) -> Pixels:
    """What a camera or a codec makes of a page, SIDE pixels square: perspective, light, blur, noise, blocks."""
    pixels = np.asarray(page.convert("RGB"))
    h, w = pixels.shape[:2]
    if rng.random() < 0.3:
        corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
        moved = corners + rng.uniform(-0.07, 0.07, (4, 2)).astype(np.float32) * (w, h)
        border = tuple(int(c) for c in rng.integers(0, 256, 3))
        pixels = cv2.warpPerspective(
            pixels, cv2.getPerspectiveTransform(corners, moved.astype(np.float32)), (w, h), borderValue=border
        )
    pixels = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.3:
        pixels = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.3, 1.3))
    values = pixels.astype(np.float32)
    if rng.random() < 0.4:
        slope = np.linspace(rng.uniform(0.65, 1), rng.uniform(0.8, 1.15), SIDE, dtype=np.float32)
        values *= slope[None, :, None] if rng.random() < 0.5 else slope[:, None, None]
        values = values * rng.uniform(0.8, 1.1) + rng.uniform(-12, 18)
    if rng.random() < 0.3:
        values += rng.normal(0, rng.uniform(1, 9), values.shape).astype(np.float32)
    pixels = np.clip(values, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])[1]
        pixels = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(pixels)


def make(folder: Path, stock: Stock, *, count: int, seed: int = 0, part: tuple[int, int] = (0, 1)) -> None:
    """Makes the shards that are missing of `count` pictures; `part` (n, of) is this process's share of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for shard in range(part[0], -(-count // SHARD), part[1]):
        path = folder / f"{shard:04}.npz"
        if path.exists():
            continue
        began, size = time.process_time(), min(SHARD, count - shard * SHARD)
        shown = [draw(stock, seed=seed, number=shard * SHARD + n) for n in range(size)]
        said = {
            "facts": np.array([s.facts for s in shown], np.uint64),
            "concepts": np.array([s.concept for s in shown]),
        }
        np.save(path.with_suffix(".npy"), np.stack([s.pixels for s in shown]))
        np.savez(path.with_suffix(".partial.npz"), **said)  # type: ignore[arg-type]
        path.with_suffix(".partial.npz").replace(path)
        rate = size / max(time.process_time() - began, 1e-9)
        print(f"slides: shard {shard}, {rate:.0f} pictures a second of one core", file=sys.stderr)


@dataclass(frozen=True)
class Slides:
    """The pictures of all shards: memory-mapped, with facts (n,) and concepts (n,)."""

    pixels: tuple[Pixels, ...]
    facts: NDArray[np.uint64]
    concepts: NDArray[np.str_]

    def __reduce__(self) -> tuple[Callable[..., "Slides"], tuple[object, ...]]:
        return _opened, (told(self.pixels), self.facts, self.concepts)

    def __len__(self) -> int:
        return len(self.facts)

    def at(self, index: int) -> Pixels:
        """A picture (SIDE, SIDE, 3)."""
        return np.asarray(self.pixels[index // SHARD][index % SHARD])


def _opened(pixels: Iterable[Pixels | Path], facts: NDArray[np.uint64], concepts: NDArray[np.str_]) -> Slides:
    return Slides(mapped(pixels), facts, concepts)


def load(folder: Path, *, count: int) -> Slides:
    """The first `count` pictures of the shards."""
    paths = [folder / f"{shard:04}.npz" for shard in range(-(-count // SHARD))]
    said = [np.load(path) for path in paths]
    pixels = tuple(np.load(path.with_suffix(".npy"), mmap_mode="r") for path in paths)
    return Slides(
        pixels,
        np.concatenate([s["facts"] for s in said])[:count],
        np.concatenate([s["concepts"] for s in said])[:count],
    )
