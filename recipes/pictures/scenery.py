"""Landscapes drawn by chance: mountains, villages, coast, city, forest, evening.

Villages stand in the relief of recipes/sample/terrain.py, each at another place with other houses and light than the
one picture of the sample archive, which is never learned from.
"""

import sys
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

sys.path.append(str(Path(__file__).resolve().parent.parent / "sample"))

from buildings import house, tower
from terrain import Array, Ground, View, conifer, fractal, landscape, sample, sky, smooth

SIZE = (192, 128)  # pixels
FIELDS = 24  # small noise maps that all landscapes share
LARGE = 6  # of the large ones, 8 MB each
Pixels = NDArray[np.uint8]
WALLS = ((0.88, 0.84, 0.76), (0.78, 0.70, 0.59), (0.92, 0.90, 0.86), (0.72, 0.64, 0.54), (0.85, 0.70, 0.55))
ROOFS = ((0.40, 0.36, 0.37), (0.60, 0.32, 0.22), (0.34, 0.32, 0.35), (0.50, 0.26, 0.18))


def scene(rng: np.random.Generator) -> tuple[Image.Image, set[str]]:
    """A landscape of chance, and what is to be seen in it."""
    kind = rng.random()
    if kind < 0.55:
        return relief(rng)
    return flat_land(rng) if kind < 0.75 else city(rng) if kind < 0.88 else coast(rng)


def _field(rng: np.random.Generator, slope: float) -> Array:
    return fractal(100 + int(rng.integers(FIELDS)), size=256, slope=slope)


def relief(rng: np.random.Generator) -> tuple[Image.Image, set[str]]:
    """Mountains in perspective, with or without a village, snow, trees."""
    w, h = SIZE
    village, facts = rng.random() < 0.6, {"photo", "landscape", "mountains"}
    high, snow = rng.uniform(45, 100), float(rng.choice([26, 36, 900]))
    evening = rng.random() < 0.25
    haze = (0.95, 0.75, 0.60) if evening else tuple(rng.uniform(0.7, 0.92, 3))
    view = View(w, h, rng.uniform(4.5, 9), rng.uniform(0.42, 0.58), haze=haze, far=rng.uniform(180, 420))  # type: ignore[arg-type]
    broad, fine, near = _field(rng, 3.4), _field(rng, 2.8), _field(rng, 3.6)
    shift, start = rng.random(2), rng.uniform(45, 90)

    def ground(x: Array, z: Array) -> Array:
        crests = 1.15 - 0.62 * np.abs(sample(broad, x / 1300 + shift[0], z / 1300 + shift[1]))
        gullies = np.abs(sample(fine, x / 520 + shift[1], z / 520))
        peaks = smooth(z, start, start + 240) * high * np.clip(crests - 0.2 * gullies, 0.1, None)
        sides: Array = (
            peaks + 18 * smooth(np.abs(x) - 0.12 * z, 9, 80) * smooth(z, 26, 80) + 0.5 * sample(near, x / 90, z / 90)
        )
        return sides

    seed = 100 + int(rng.integers(LARGE))
    above = sky(
        view, zenith=tuple(rng.uniform((0.1, 0.3, 0.6), (0.4, 0.55, 0.85))), clouds=rng.uniform(0, 0.9), seed=seed
    )
    page = landscape(view, ground, Ground(snow=snow, forest=rng.uniform(0.3, 1)), above=above, seed=seed)
    facts |= {"sunset"} if evening else set()
    facts |= {"snow"} if snow < 100 else set()
    pen = ImageDraw.Draw(page)
    if village:
        facts |= {"village", "mountain village"}
    _stand(rng, pen, view, ground, village=village)
    return page, facts


def _stand(rng: np.random.Generator, pen: ImageDraw.ImageDraw, view: View, ground: object, *, village: bool) -> None:
    """Houses, a church tower and firs, the farthest first."""
    things = []
    centre = rng.uniform(-3, 3)
    for n in range(int(rng.integers(9, 22)) if village else 0):
        z = float(rng.uniform(17, 32))
        size = (rng.uniform(1.2, 1.9), rng.uniform(1.5, 2.3), rng.uniform(1.0, 1.7))
        look = partial(house, wall=WALLS[n % 5], roof=ROOFS[int(rng.integers(4))], lit=rng.random() < 0.15)
        things.append(
            (centre + float(rng.uniform(-0.26, 0.26) * z), z, partial(look, size=size, turn=rng.uniform(-0.8, 0.8)))
        )
    if village and rng.random() < 0.75:
        size = (1.2, 1.2, rng.uniform(3.6, 5.2))
        things.append(
            (centre, 24.0, partial(tower, size=size, turn=rng.uniform(-0.6, 0.6), wall=WALLS[0], roof=ROOFS[1]))
        )
    for _ in range(int(rng.integers(10, 50))):
        z = float(rng.uniform(12, 55))
        x = float(rng.choice([-1, 1]) * rng.uniform(0.2, 0.5) * z)
        things.append((x, z, partial(conifer, tall=rng.uniform(1.2, 2.4), seed=int(rng.integers(1 << 30)))))
    for x, z, draw in sorted(things, key=lambda thing: -thing[1]):
        level = float(ground(np.array(x), np.array(z)))  # type: ignore[operator]
        draw(pen, view, foot=(x, level, z))  # type: ignore[call-arg]


def _gradient(rng: np.random.Generator, *, evening: bool) -> Image.Image:
    w, h = SIZE
    top = (
        rng.uniform((0.15, 0.15, 0.35), (0.4, 0.35, 0.6))
        if evening
        else rng.uniform((0.2, 0.4, 0.7), (0.5, 0.65, 0.95))
    )
    low = rng.uniform((0.85, 0.5, 0.3), (1, 0.7, 0.5)) if evening else rng.uniform((0.75, 0.85, 0.9), (0.95, 0.95, 1))
    rows = np.linspace(0, 1, h)[:, None, None]
    cloud = np.clip(_field(rng, 2.4)[:h, :w], 0, 2)[..., None] * rng.uniform(0, 0.18)
    return _image(top + (low - top) * rows + cloud)


def _image(values: Array) -> Image.Image:
    w, h = SIZE
    return Image.fromarray((np.clip(np.broadcast_to(values, (h, w, 3)), 0, 1) * 255).astype(np.uint8))


def flat_land(rng: np.random.Generator) -> tuple[Image.Image, set[str]]:
    """Fields and a row of trees under a wide sky, sometimes low hills or a village."""
    w, h = SIZE
    evening, village, wood = rng.random() < 0.3, rng.random() < 0.35, rng.random() < 0.5
    page = _gradient(rng, evening=evening)
    pen, level = ImageDraw.Draw(page), int(h * rng.uniform(0.45, 0.7))
    for k in range(3):
        edge = np.cumsum(rng.normal(0, 0.8, w)) * (1 - 0.3 * k) + level + k * (h - level) / 3
        colour = tuple(int(c) for c in rng.uniform((70, 80, 30), (190, 170, 80)) * (0.7 if evening else 1))
        pen.polygon([(0, h), *((x, float(y)) for x, y in enumerate(edge)), (w, h)], fill=colour)  # type: ignore[arg-type]
    for _ in range(int(rng.integers(40, 90)) if wood else int(rng.integers(0, 6))):
        x, y, r = rng.uniform(0, w), level + rng.uniform(-2, (h - level) * 0.6), rng.uniform(4, 12)
        pen.rectangle((x - 1, y, x + 1, y + r), fill=(60, 44, 30))
        pen.ellipse(
            (x - r * 0.7, y - r, x + r * 0.7, y + r * 0.5),
            fill=tuple(int(c) for c in rng.uniform((20, 50, 15), (80, 120, 50))),
        )  # type: ignore[arg-type]
    for _ in range(int(rng.integers(5, 14)) if village else 0):
        x, y, s = rng.uniform(w * 0.2, w * 0.8), level + rng.uniform(0, 8), rng.uniform(5, 11)
        pen.rectangle((x, y - s, x + s * 1.3, y), fill=tuple(int(255 * c) for c in WALLS[int(rng.integers(5))]))  # type: ignore[arg-type]
        pen.polygon(
            [(x - 1, y - s), (x + s * 0.65, y - s * 1.7), (x + s * 1.3 + 1, y - s)],
            fill=tuple(int(255 * c) for c in ROOFS[int(rng.integers(4))]),
        )  # type: ignore[arg-type]
    return _grained(page, rng), {
        "photo",
        "landscape",
        *(["sunset"] * evening),
        *(["village"] * village),
        *(["forest"] * wood),
    }


def city(rng: np.random.Generator) -> tuple[Image.Image, set[str]]:
    """Tall buildings with lit windows."""
    w, h = SIZE
    evening = rng.random() < 0.5
    page = _gradient(rng, evening=evening)
    pen = ImageDraw.Draw(page)
    for layer in range(3):
        x, tone = -10.0, 150 - 45 * layer - (40 if evening else 0)
        while x < w:
            wide, tall = rng.uniform(0.05, 0.12) * w, rng.uniform(0.2, 0.7 - 0.12 * layer) * h
            shade = max(10, int(tone + rng.normal(0, 8)))
            pen.rectangle((x, h - tall, x + wide, h), fill=(shade, shade, shade + 15))
            for y in np.arange(h - tall + 3, h - 3, 5):
                for u in np.arange(x + 2, x + wide - 3, 4):
                    if rng.random() < 0.4:
                        pen.rectangle((u, y, u + 1, y + 2), fill=(255, 220, 150) if evening else (200, 220, 235))
            x += wide + rng.uniform(-2, 3)
    return _grained(page, rng), {"photo", "city", *(["sunset"] * evening)}


def coast(rng: np.random.Generator) -> tuple[Image.Image, set[str]]:
    """Water to the horizon, waves, and a beach or cliffs."""
    w, h = SIZE
    evening = rng.random() < 0.4
    page = _gradient(rng, evening=evening)
    level, values = int(h * rng.uniform(0.35, 0.6)), None
    deep, near = rng.uniform((0.05, 0.2, 0.35), (0.1, 0.4, 0.55)), rng.uniform((0.2, 0.5, 0.6), (0.5, 0.75, 0.75))
    rows = np.linspace(0, 1, h - level)[:, None, None]
    waves = 0.06 * np.sin(_field(rng, 2.0)[: h - level, :w] * 3 + rows[..., 0] * 60)[..., None]
    values = deep + (near - deep) * rows + waves
    page.paste(Image.fromarray((np.clip(values, 0, 1) * 255).astype(np.uint8)), (0, level))
    pen = ImageDraw.Draw(page)
    if evening:
        x, r = rng.uniform(0.2, 0.8) * w, rng.uniform(5, 14)
        pen.ellipse((x - r, level - r * 1.6, x + r, level + r * 0.4), fill=(255, 230, 170))
    sand, edge = tuple(int(c) for c in rng.uniform((190, 165, 115), (235, 215, 170))), rng.uniform(0.7, 0.95) * h
    pen.polygon([(0, h), (0, edge), (w * 0.5, edge + 8), (w, edge - 14), (w, h)], fill=sand)  # type: ignore[arg-type]
    return _grained(page, rng), {"photo", "landscape", "sea", *(["sunset"] * evening)}


def _grained(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Unevenness and noise, as a camera has them."""
    values = np.asarray(page, np.float32)
    w, h = SIZE
    soft = _field(rng, 2.0)[64 : 64 + h, 32 : 32 + w].astype(np.float32)
    return Image.fromarray(np.clip(values + 9 * soft[..., None] + rng.normal(0, 4, (h, w, 1)), 0, 255).astype(np.uint8))
