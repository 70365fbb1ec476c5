"""The pictures of the sample slides, every one drawn here from numbers: scenes, objects and maps, by name.

Each takes a width and a height in pixels and returns an RGB picture of that size. They are drawn at twice the size and
made smaller, which smooths every edge.
"""

from collections.abc import Callable

import numpy as np
from figure import lady
from maps import MAPS
from PIL import Image, ImageDraw, ImageFilter
from scenes import mountain_village, parked_planes, ridge, rocket, wind_farm
from terrain import fractal, sample, smooth
from themes import font

Picture = Callable[[int, int], Image.Image]


def _twice(draw: Picture) -> Picture:
    return lambda width, height: draw(2 * width, 2 * height).resize((width, height), Image.Resampling.LANCZOS)


def skyline(width: int, height: int) -> Image.Image:
    """A city at nightfall over its river."""
    rng = np.random.default_rng(5)
    rows = np.linspace(0, 1, height)[:, None, None]
    dusk = np.array([0.16, 0.20, 0.42]) + (np.array([0.98, 0.62, 0.40]) - np.array([0.16, 0.20, 0.42])) * smooth(
        rows, 0.0, 0.72
    )
    page = Image.fromarray((np.broadcast_to(dusk, (height, width, 3)) * 255).astype(np.uint8))
    pen, water = ImageDraw.Draw(page), int(height * 0.76)
    for layer, colour in enumerate(((122, 92, 118), (82, 64, 98), (44, 38, 68))):
        x = -20
        while x < width:
            wide, tall = int(rng.uniform(0.05, 0.11) * width), int(rng.uniform(0.16, 0.50 - 0.09 * layer) * height)
            pen.rectangle((x, water - tall, x + wide, water), fill=colour)
            if layer == 2:
                _windows(pen, (x, water - tall, x + wide, water), rng)
            x += wide + int(rng.uniform(-0.01, 0.02) * width)
    mirror = page.crop((0, 2 * water - height, width, water)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    mirror = Image.blend(mirror.filter(ImageFilter.GaussianBlur(7)), Image.new("RGB", mirror.size, (46, 48, 84)), 0.35)
    page.paste(mirror, (0, water))
    return page


def _windows(pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    for y in range(box[1] + 14, box[3] - 14, 22):
        for x in range(box[0] + 12, box[2] - 14, 18):
            if rng.random() < 0.42:
                pen.rectangle((x, y, x + 7, y + 10), fill=(255, 214, 140) if rng.random() < 0.8 else (190, 214, 255))


def star(width: int, height: int) -> Image.Image:
    """A yellow star with its granules and corona among other stars."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    cx, cy, radius = width * 0.56, height * 0.50, width * 0.33
    r = np.hypot(x - cx, y - cy) / radius
    disk = np.clip(1 - r**2, 0, None) ** 0.28
    grain = sample(fractal(91, slope=1.5), (x - cx) / width * 0.8 / np.clip(0.5 + disk, 0.5, 2), (y - cy) / width * 0.8)
    glow = np.where(r > 1, np.exp(-(r - 1) * 3.6) * 0.75, 0)
    rays = 1 + 0.35 * sample(fractal(93, size=256), np.arctan2(y - cy, x - cx) / (2 * np.pi), r * 0.04)
    light = np.where(r <= 1, disk * (1 + 0.10 * grain), glow * rays)
    colour = np.stack([light * 1.15, light**1.35 * 0.86, light**2.3 * 0.50], axis=-1)
    night = np.array([0.02, 0.03, 0.07]) * np.ones_like(colour)
    rng = np.random.default_rng(1)
    for _ in range(160):
        night[rng.integers(1, height - 2) :, :][:3, rng.integers(1, width - 2) :][:, :3] = rng.uniform(0.3, 0.95)
    page = np.where((r <= 1)[..., None], colour, np.clip(night + colour, 0, 1))
    return Image.fromarray((np.clip(page, 0, 1) * 255).astype(np.uint8))


def fuel_cell_car(width: int, height: int) -> Image.Image:
    """A cutaway of a hydrogen car: the cell and the tanks under the seats."""
    page = Image.fromarray(
        (np.linspace([218, 238, 240], [246, 250, 250], height)[:, None] * np.ones((1, width, 1))).astype(np.uint8)
    )
    pen, s = ImageDraw.Draw(page), width / 1080
    top = height / 2 - 250 * s

    def points(*pairs: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x * s, top + y * s) for x, y in pairs]

    shadow = Image.new("L", page.size, 0)
    ImageDraw.Draw(shadow).ellipse((90 * s, top + 425 * s, 990 * s, top + 495 * s), fill=130)
    page.paste((60, 80, 84), (0, 0), shadow.filter(ImageFilter.GaussianBlur(16 * s)))
    body = _curve(
        [
            (70, 400),
            (66, 320),
            (110, 268),
            (250, 236),
            (350, 132),
            (470, 96),
            (650, 96),
            (780, 140),
            (880, 232),
            (985, 262),
            (1012, 330),
            (1008, 400),
        ]
    )
    pen.polygon(points(*body), fill=(14, 124, 134))
    pen.polygon(
        points(*_curve([(90, 398), (96, 330), (160, 300), (540, 288), (960, 298), (990, 340), (990, 398)])),
        fill=(190, 222, 224),
    )
    pen.polygon(points((278, 238), (366, 146), (468, 118), (556, 116), (556, 238)), fill=(206, 232, 240))
    pen.polygon(points((580, 116), (648, 118), (762, 158), (836, 238), (580, 238)), fill=(186, 218, 230))
    _part(pen, points((345, 316), (465, 386)), "pila", fill=(214, 126, 32), size=int(34 * s))
    _part(pen, points((500, 316), (615, 386)), "H₂", fill=(143, 59, 118), size=int(40 * s))
    _part(pen, points((630, 316), (745, 386)), "H₂", fill=(143, 59, 118), size=int(40 * s))
    pen.line(points((465, 351), (500, 351)), fill=(70, 90, 96), width=int(9 * s))
    for x in (245, 845):
        for r, colour in ((82, (36, 40, 44)), (54, (196, 202, 206)), (20, (90, 98, 104))):
            (a, b), (c, d) = points((x - r, 412 - r), (x + r, 412 + r))
            pen.ellipse((a, b, c, d), fill=colour)
    return page


def _part(
    pen: ImageDraw.ImageDraw, box: list[tuple[float, float]], label: str, *, fill: tuple[int, int, int], size: int
) -> None:
    (a, b), (c, d) = box
    pen.rounded_rectangle((a, b, c, d), radius=(d - b) * 0.4, fill=fill)
    pen.text(((a + c) / 2, (b + d) / 2), label, font=font("DejaVu Sans", size, bold=True), fill="#ffffff", anchor="mm")


def _curve(knots: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A smooth line through the knots (Catmull-Rom)."""
    p = np.array([knots[0], *knots, knots[-1]], dtype=float)
    t = np.linspace(0, 1, 12, endpoint=False)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return [(float(x), float(y)) for x, y in np.vstack([*parts, p[-1:]])]


def battery_pack(width: int, height: int) -> Image.Image:
    """An open battery: rows of shining cells in their tray."""
    page = Image.fromarray(
        (np.linspace([236, 242, 239], [204, 218, 212], height)[:, None] * np.ones((1, width, 1))).astype(np.uint8)
    )
    pen, rows, columns = ImageDraw.Draw(page), 6, 9
    tray = (width * 0.06, height * 0.10, width * 0.94, height * 0.90)
    pen.rounded_rectangle(tray, radius=width * 0.03, fill=(52, 64, 70))
    pen.rounded_rectangle(
        (tray[0] + 14, tray[1] + 14, tray[2] - 14, tray[3] - 14), radius=width * 0.024, fill=(30, 38, 43)
    )
    step_x, step_y = (tray[2] - tray[0] - 60) / columns, (tray[3] - tray[1] - 60) / rows
    r = min(step_x, step_y) * 0.44
    for n in range(rows * columns):
        x, y = tray[0] + 30 + step_x * (n % columns + 0.5), tray[1] + 30 + step_y * (n // columns + 0.5)
        for k in range(12):
            light = 90 + 13 * k
            d = r * (1 - k / 13)
            pen.ellipse(
                (x - d - k * r * 0.02, y - d - k * r * 0.025, x + d - k * r * 0.02, y + d - k * r * 0.025),
                fill=(light - 24, light + 6, light - 8),
            )
        pen.ellipse((x - r * 0.3, y - r * 0.3, x + r * 0.3, y + r * 0.3), fill=(232, 236, 232))
        if n % columns < columns - 1:
            pen.rectangle((x, y - r * 0.09, x + step_x, y + r * 0.09), fill=(214, 128, 52))
    return page


def vessel_mesh(width: int, height: int) -> Image.Image:
    """A branching artery as a surface mesh, coloured by the speed of the blood."""
    y, x = np.mgrid[0:height, 0:width] / height
    w = width / height
    depth, speed = np.full(x.shape, -1.0), np.zeros(x.shape)
    branches = [
        ((0.04, 0.52), (0.46 * w, 0.50), 0.13, 0.12),
        ((0.46 * w, 0.50), (0.97 * w, 0.20), 0.10, 0.075),
        ((0.46 * w, 0.50), (0.97 * w, 0.80), 0.085, 0.06),
    ]
    for (ax, ay), (bx, by), ra, rb in branches:
        t = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2), 0, 1)
        radius = (ra + (rb - ra) * t) * (1 - 0.32 * np.exp(-(((t - 0.55) / 0.12) ** 2)) * (ra < 0.1) * (ra > 0.09))
        d = np.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay)) / radius
        here = np.where(d < 1, radius * np.sqrt(np.clip(1 - d * d, 0, 1)), -1)
        speed = np.where(here > depth, np.clip(1 - d * d, 0, 1) * (0.05 / radius) ** 0.9, speed)
        depth = np.maximum(depth, here)
    gy, gx = np.gradient(np.where(depth > 0, depth, 0) * height)
    light = np.clip((0.5 * -gx - 0.6 * gy + 1) / np.sqrt(gx**2 + gy**2 + 1), 0, 1.3)
    stops = np.array(
        [[0.16, 0.20, 0.55], [0.10, 0.60, 0.70], [0.55, 0.80, 0.35], [0.98, 0.80, 0.25], [0.85, 0.20, 0.15]]
    )
    v = np.clip(speed * 1.15, 0, 1)
    colour = np.stack([np.interp(v, np.linspace(0, 1, 5), stops[:, c]) for c in range(3)], axis=-1)
    lattice = (
        np.minimum(np.abs(((x + y + depth * 0.6) * 34) % 1 - 0.5), np.abs(((x - y + depth * 0.6) * 34) % 1 - 0.5))
        < 0.045
    )
    colour *= (0.45 + 0.6 * light)[..., None] * np.where(lattice, 0.72, 1.0)[..., None]
    page = np.where((depth > 0)[..., None], colour, np.array([0.95, 0.965, 0.985]))
    return Image.fromarray((np.clip(page, 0, 1) * 255).astype(np.uint8))


PICTURES: dict[str, Picture] = {
    **{
        name: _twice(draw)
        for name, draw in {
            "mountain_village": mountain_village,
            "ridge": ridge,
            "wind_farm": wind_farm,
            "skyline": skyline,
            "parked_planes": parked_planes,
            "rocket": rocket,
            "star": star,
            "fuel_cell_car": fuel_cell_car,
            "battery_pack": battery_pack,
            "vessel_mesh": vessel_mesh,
            "portrait": lady,
        }.items()
    },
    **MAPS,
}
