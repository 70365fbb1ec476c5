"""Schematic maps of Aragon for the sample slides: provinces, rivers and places from rounded coordinates."""

from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image, ImageDraw
from themes import font

Point = tuple[float, float]  # longitude, latitude in degrees
NORTH: list[Point] = [
    (-0.85, 42.50),
    (-1.00, 42.68),
    (-0.75, 42.92),
    (-0.50, 42.82),
    (-0.28, 42.85),
    (0.00, 42.69),
    (0.35, 42.73),
    (0.68, 42.69),
    (0.72, 42.32),
    (0.57, 41.97),
    (0.34, 41.74),
    (0.36, 41.42),
]
HUESCA = [*NORTH, (0.05, 41.52), (-0.28, 41.72), (-0.62, 41.95), (-0.78, 42.22)]
EBRO: list[Point] = [
    (-1.42, 41.94),
    (-1.15, 41.80),
    (-0.88, 41.66),
    (-0.55, 41.50),
    (-0.20, 41.35),
    (0.05, 41.24),
    (0.30, 41.32),
    (0.38, 41.22),
]
ZARAGOZA = [
    (-0.85, 42.50),
    (-0.78, 42.22),
    (-0.62, 41.95),
    (-0.28, 41.72),
    (0.05, 41.52),
    (0.36, 41.42),
    (0.24, 41.14),
    (-0.25, 41.24),
    (-0.58, 41.30),
    (-0.95, 41.16),
    (-1.32, 41.05),
    (-1.62, 40.98),
    (-1.90, 41.13),
    (-2.15, 41.32),
    (-1.96, 41.62),
    (-1.84, 41.96),
    (-1.38, 41.92),
    (-1.32, 42.10),
    (-1.30, 42.42),
    (-1.08, 42.30),
]
TERUEL = [
    (0.24, 41.14),
    (0.20, 40.74),
    (-0.15, 40.78),
    (-0.30, 40.60),
    (-0.42, 40.22),
    (-0.80, 39.88),
    (-1.16, 40.00),
    (-1.45, 40.15),
    (-1.70, 40.58),
    (-1.55, 40.85),
    (-1.62, 40.98),
    (-1.32, 41.05),
    (-0.95, 41.16),
    (-0.58, 41.30),
    (-0.25, 41.24),
]
VALLEYS = [
    ("Ansó", -0.83, 42.76),
    ("Echo", -0.70, 42.66),
    ("Bielsa", 0.22, 42.63),
    ("Chistau", 0.42, 42.55),
    ("Ribagorza", 0.50, 42.28),
    ("Panticosa", -0.28, 42.69),
]


def _map(
    width: int,
    height: int,
    *,
    fills: tuple[str, str, str],
    zones: list[tuple[float, float, float]],
    places: list[tuple[str, float, float]],
    marks: list[tuple[str, float, float]],
    window: tuple[float, float, float, float],
) -> Image.Image:
    """`window` is west, south, east, north; `zones` are shaded circles (lon, lat, km), `marks` the places in red."""
    big = 3
    page = Image.new("RGB", (width * big, height * big), "#dfe9ee")
    pen, (west, south, east, north) = ImageDraw.Draw(page, "RGBA"), window
    flat = np.cos(np.radians((south + north) / 2))
    scale = big * min(width / ((east - west) * flat), height / (north - south))
    middle = ((west + east) / 2, (south + north) / 2)

    def at(point: Point) -> Point:
        return (
            width * big / 2 + (point[0] - middle[0]) * flat * scale,
            height * big / 2 - (point[1] - middle[1]) * scale,
        )

    for outline, fill in zip((HUESCA, ZARAGOZA, TERUEL), fills, strict=True):
        pen.polygon([at(p) for p in outline], fill=fill, outline="#ffffff", width=3 * big)
    pen.line([at(p) for p in EBRO], fill="#4b8fbf", width=4 * big, joint="curve")
    for lon, lat, km in zones:
        (x, y), r = at((lon, lat)), km / 111 * scale
        pen.ellipse((x - r, y - r * 0.6, x + r, y + r * 0.6), fill=(190, 60, 40, 70))
    for (name, lon, lat), red in [(p, False) for p in places] + [(p, True) for p in marks]:
        (x, y), r = at((lon, lat)), (8 if red else 5) * big
        pen.ellipse(
            (x - r, y - r, x + r, y + r), fill="#c1352b" if red else "#2b3640", outline="#ffffff", width=2 * big
        )
        pen.text(
            (x + r + 5 * big, y),
            name,
            font=font("Open Sans", 19 * big, bold=red),
            fill="#1d2830",
            anchor="lm",
            stroke_width=3 * big,
            stroke_fill="#ffffffd8",
        )
    return page.resize((width, height), Image.Resampling.LANCZOS)


CITIES = [("Huesca", -0.41, 42.14), ("Zaragoza", -0.88, 41.65), ("Teruel", -1.11, 40.34)]
WHOLE = (-2.35, 39.75, 1.05, 43.0)
MAPS: dict[str, Callable[[int, int], Image.Image]] = {
    "map_corridor": partial(
        _map,
        fills=("#b9d3c3", "#8fc0a9", "#c9d8b6"),
        zones=[],
        window=WHOLE,
        places=CITIES[::2],
        marks=[("Zaragoza", -0.88, 41.65), ("Fraga", 0.35, 41.52), ("Calatayud", -1.64, 41.35)],
    ),
    "map_teruel": partial(
        _map,
        fills=("#d5d9cf", "#cdd3c4", "#e2b36f"),
        zones=[],
        window=WHOLE,
        places=CITIES[:2],
        marks=[("Aeropuerto de Teruel", -1.22, 40.41)],
    ),
    "map_valleys": partial(
        _map,
        fills=("#d9c28f", "#e6dcc0", "#e6dcc0"),
        zones=[(-0.35, 42.70, 62), (0.42, 42.45, 42)],
        window=(-1.35, 41.85, 1.15, 43.0),
        places=[("Huesca", -0.41, 42.14)],
        marks=VALLEYS,
    ),
}
