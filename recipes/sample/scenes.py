"""The landscapes of the sample slides: a mountain village, mountains, a wind farm, parked airliners, a rocket."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from buildings import house, tower
from PIL import Image, ImageDraw, ImageFilter
from terrain import Array, Ground, Relief, View, conifer, fractal, landscape, sample, sky, smooth


def _peaks(x: Array, z: Array, *, seed: int, high: float, start: float = 70.0) -> Array:
    """Sharp mountains that begin at distance `start`."""
    broad, fine = fractal(seed, slope=3.4), fractal(seed + 1, slope=2.8)
    crests = 1.15 - 0.62 * np.abs(sample(broad, x / 1300 + 0.31, z / 1300))
    gullies = np.abs(sample(fine, x / 520, z / 520))
    return smooth(z, start, start + 260) * high * np.clip(crests - 0.20 * gullies, 0.1, None)


def mountain_village(width: int, height: int) -> Image.Image:
    """A village round its church on a knoll, meadows, firs, and snowy mountains behind, in the light of the evening."""
    view = View(width, height, eye=5.2, horizon=0.50, haze=(0.80, 0.84, 0.90))

    def relief(x: Array, z: Array) -> Array:
        knoll = 2.7 * np.exp(-((x - 0.5) ** 2) / 60 - (z - 25) ** 2 / 110)
        sides = 26 * smooth(np.abs(x + 3) - 0.10 * z, 9, 75) * smooth(z, 26, 75)
        rolling = 0.45 * sample(fractal(3, slope=3.6), x / 90, z / 90)
        return knoll + sides + rolling + _peaks(x, z, seed=13, high=48)

    above = sky(view, zenith=(0.27, 0.47, 0.76), clouds=0.75, seed=4)
    page = landscape(view, relief, Ground(snow=29), above=above, seed=2)
    pen = ImageDraw.Draw(page)
    _path(pen, view, relief)
    _people_the_hill(pen, view, relief)
    return page


def _height(relief: Relief, x: float, z: float) -> float:
    return float(relief(np.array(x, dtype=float), np.array(z, dtype=float)))


def _path(pen: ImageDraw.ImageDraw, view: View, relief: Relief) -> None:
    edges: list[list[tuple[float, float]]] = [[], []]
    for z in np.linspace(6.2, 18.5, 40):
        middle = -1.2 + 1.5 * np.sin((z - 6) / 4.2)
        for side, edge in zip((-0.34, 0.34), edges, strict=True):
            edge.append(view.project(middle + side, _height(relief, middle + side, z), z))
    pen.polygon(edges[0] + edges[1][::-1], fill=(196, 176, 136))


# (x, z) of the houses
# fmt: off
SPOTS = [(-5.4, 20.5), (-3.7, 18.6), (-2.3, 21.6), (-0.5, 18.9), (2.5, 19.2), (4.3, 20.8), (5.9, 22.9), (-4.4, 24.6),
         (-1.2, 24.4), (3.7, 25.2), (-6.6, 27.5), (7.4, 27.0), (-2.8, 28.4), (2.2, 30.2), (5.4, 30.5), (0.3, 21.9)]
# fmt: on
WALLS = [(0.86, 0.78, 0.66), (0.78, 0.70, 0.59), (0.90, 0.85, 0.76), (0.72, 0.64, 0.54)]
ROOFS = [(0.40, 0.36, 0.37), (0.34, 0.32, 0.35), (0.55, 0.33, 0.25)]
Thing = tuple[float, float, Callable[..., None]]  # x, z, and what draws it, given `foot`


def _people_the_hill(pen: ImageDraw.ImageDraw, view: View, relief: Relief) -> None:
    """Houses, church and trees, the farthest first."""
    rng = np.random.default_rng(11)
    wall, roof = (0.84, 0.77, 0.66), (0.42, 0.36, 0.36)
    things: list[Thing] = [*_houses(pen, view, rng), *_trees(pen, view, rng)]
    things += [(1.9, 26.6, partial(house, pen, view, size=(1.9, 3.6, 1.9), turn=0.42, wall=wall, roof=roof))]
    things += [(0.75, 24.9, partial(tower, pen, view, size=(1.05, 1.05, 4.3), turn=0.42, wall=wall, roof=roof))]
    for x, z, draw in sorted(things, key=lambda thing: -thing[1]):
        draw(foot=(x, _height(relief, x, z), z))


def _houses(pen: ImageDraw.ImageDraw, view: View, rng: np.random.Generator) -> Iterator[Thing]:
    for n, (x, z) in enumerate(SPOTS):
        size = (1.25 + 0.35 * rng.random(), 1.7 + 0.5 * rng.random(), 1.05 + 0.45 * rng.random())
        look = partial(house, wall=WALLS[n % 4], roof=ROOFS[n * 2 % 3], lit=n % 4 == 1)
        yield x, z, partial(look, pen, view, size=size, turn=rng.uniform(-0.75, 0.75))


def _trees(pen: ImageDraw.ImageDraw, view: View, rng: np.random.Generator) -> Iterator[Thing]:
    for n in range(230):
        z = float(rng.uniform(9, 60))
        x = float(rng.uniform(-0.5, 0.5) * z)
        in_village = abs(x - 0.5) < 8.6 and 16.5 < z < 34
        in_sight = (abs(x) < 3.6 and z < 18) or (z < 16 and abs(x) < 0.26 * z)
        if not in_village and not in_sight:
            yield x, z, partial(conifer, pen, view, tall=1.3 + (n % 7) * 0.16, seed=n)


def ridge(width: int, height: int) -> Image.Image:
    """High mountains and a glacier, nobody there."""
    view = View(width, height, eye=14, horizon=0.56, haze=(0.74, 0.82, 0.92), far=420, zoom=1.1 * height / width)

    def relief(x: Array, z: Array) -> Array:
        return 2.5 * sample(fractal(31, slope=3.6), x / 220, z / 220) + _peaks(x, z, seed=62, high=95, start=35)

    above = sky(view, zenith=(0.16, 0.36, 0.70), clouds=0.5, seed=8)
    return landscape(view, relief, Ground(snow=36, forest=0.5), above=above, seed=6)


def wind_farm(width: int, height: int) -> Image.Image:
    """Turbines on dry hills."""
    view = View(width, height, eye=7, horizon=0.62, haze=(0.90, 0.87, 0.80), far=240)

    def relief(x: Array, z: Array) -> Array:
        return 2.6 * sample(fractal(41, slope=3.6), x / 150, z / 150) * smooth(z, 12, 60) + 9 * smooth(z, 50, 300)

    ground = Ground(grass=(0.60, 0.55, 0.27), dry=(0.76, 0.66, 0.38), snow=900, forest=0.35)
    page = landscape(view, relief, ground, above=sky(view, zenith=(0.36, 0.58, 0.84), clouds=0.7, seed=15), seed=19)
    pen = ImageDraw.Draw(page)
    for n, (x, z) in enumerate([(34, 118), (-30, 96), (16, 84), (-9, 70), (23, 60), (-16, 48), (5.5, 40)]):
        _turbine(pen, view, (x, _height(relief, x, z), z), angle=0.4 + 1.1 * n)
    return page


def _turbine(pen: ImageDraw.ImageDraw, view: View, foot: tuple[float, float, float], *, angle: float) -> None:
    x, h, z = foot
    (cx, base), (_, hub) = view.project(x, h, z), view.project(x, h + 9, z)
    high = base - hub
    white, grey = view.hazed((0.97, 0.97, 0.97), z), view.hazed((0.74, 0.76, 0.80), z)
    pen.polygon([(cx - high * 0.030, base), (cx, base), (cx, hub), (cx - high * 0.014, hub)], fill=white)
    pen.polygon([(cx, base), (cx + high * 0.030, base), (cx + high * 0.014, hub), (cx, hub)], fill=grey)
    for blade in range(3):
        a = angle + blade * 2 * np.pi / 3
        u, v = np.array([np.sin(a), -np.cos(a)]) * high, np.array([np.cos(a), np.sin(a)]) * high
        points = [
            np.array([cx, hub]) + u * t + v * s for t, s in ((0, 0.018), (0.16, 0.042), (0.60, 0.004), (0.16, -0.012))
        ]
        pen.polygon([(float(p[0]), float(p[1])) for p in points], fill=white)
    pen.ellipse((cx - high * 0.03, hub - high * 0.03, cx + high * 0.03, hub + high * 0.03), fill=grey)


def parked_planes(width: int, height: int) -> Image.Image:
    """Airliners in a row on a dry plain, seen from the side."""
    view = View(width, height, eye=2.7, horizon=0.52, haze=(0.93, 0.86, 0.76), far=200, zoom=1.1 * height / width)

    def relief(x: Array, z: Array) -> Array:
        return 9 * smooth(z, 110, 420) * (1 + 0.5 * sample(fractal(71), x / 400, z / 400)) + 0.02 * sample(
            fractal(72), x / 30, z / 30
        )

    ground = Ground(grass=(0.66, 0.58, 0.40), dry=(0.78, 0.68, 0.48), snow=900, forest=0.25)
    page = landscape(view, relief, ground, above=sky(view, zenith=(0.33, 0.55, 0.82), clouds=0.4, seed=21), seed=23)
    pen = ImageDraw.Draw(page)
    corners = [view.project(x, 0, z) for x, z in ((-30, 7.4), (30, 7.4), (60, 40), (-60, 40))]
    pen.polygon(corners, fill=(158, 154, 150))
    tails = [(0.15, 0.32, 0.58), (0.76, 0.22, 0.20), (0.18, 0.50, 0.42), (0.90, 0.62, 0.18)]
    for n, (x, z) in enumerate([(1.6, 31), (-1.0, 22.5), (1.0, 15.5), (-0.35, 10.0)]):
        _airliner(pen, view, (x, z), tail=tails[n])
    return page


def _airliner(
    pen: ImageDraw.ImageDraw, view: View, spot: tuple[float, float], *, tail: tuple[float, float, float]
) -> None:
    """An airliner of 4.4 units, nose to the left."""
    x, z = spot

    def points(*pairs: tuple[float, float]) -> list[tuple[float, float]]:
        return [view.project(x + a, h, z) for a, h in pairs]

    pen.polygon(points((-2.1, 0.02), (2.2, 0.02), (2.5, -0.05), (-2.3, -0.05)), fill=view.hazed((0.40, 0.39, 0.38), z))
    pen.polygon(points((1.45, 0.62), (1.95, 1.52), (2.28, 1.52), (2.05, 0.60)), fill=view.hazed(tail, z))
    back = [(-2.2, 0.44), (-2.1, 0.56), (-1.85, 0.67), (-1.5, 0.72), (1.2, 0.72), (1.75, 0.68), (2.3, 0.60)]
    pen.polygon(
        points(*back, (2.3, 0.55), (1.1, 0.26), (-1.6, 0.24), (-2.0, 0.32)), fill=view.hazed((0.95, 0.95, 0.96), z)
    )
    pen.polygon(
        points((-2.18, 0.42), (2.2, 0.53), (1.1, 0.26), (-1.6, 0.24), (-2.0, 0.32)),
        fill=view.hazed((0.76, 0.78, 0.82), z),
    )
    pen.polygon(
        points((-2.07, 0.575), (-1.98, 0.62), (-1.84, 0.62), (-1.86, 0.56)), fill=view.hazed((0.16, 0.19, 0.26), z)
    )
    for n in range(26):
        (a, b), (c, d) = points((-1.6 + n * 0.115, 0.56), (-1.555 + n * 0.115, 0.50))
        pen.rectangle((a, b, c, d), fill=view.hazed((0.25, 0.30, 0.40), z))
    pen.polygon(points((-0.45, 0.36), (0.55, 0.36), (1.15, 0.20), (0.85, 0.19)), fill=view.hazed((0.58, 0.61, 0.66), z))
    (a, b), (c, d) = points((-0.55, 0.29), (0.12, 0.06))
    pen.rounded_rectangle((a, b, c, d), radius=(d - b) / 2.2, fill=view.hazed((0.88, 0.88, 0.90), z))
    pen.rounded_rectangle((a, b, a + (c - a) * 0.2, d), radius=(d - b) / 3, fill=view.hazed(tail, z))
    for a, size in ((-1.45, 0.06), (0.3, 0.07), (0.5, 0.07)):
        (px, py), (_, qy) = points((a, 0.07), (a, 0.3))
        pen.line((px, py, px, qy), fill=view.hazed((0.35, 0.35, 0.38), z), width=max(2, int((py - qy) * 0.1)))
        r = (py - qy) * size * 4
        pen.ellipse((px - r, py - r, px + r, py + r), fill=view.hazed((0.10, 0.10, 0.11), z))


def rocket(width: int, height: int) -> Image.Image:
    """A small rocket climbing at dusk over hills."""
    view = View(width, height, eye=6, horizon=0.86, haze=(0.95, 0.66, 0.52), far=300, zoom=1.0 * height / width)

    def relief(x: Array, z: Array) -> Array:
        return 10 * smooth(z, 60, 300) * (1.2 + sample(fractal(81, slope=3.4), x / 500, z / 500))

    above = sky(view, zenith=(0.10, 0.11, 0.30), clouds=0.25, seed=33)
    page = landscape(view, relief, Ground(snow=900), above=above, seed=35).point(lambda v: int(v * 0.86))
    x, y, s = width * 0.52, height * 0.20, height / 12
    glow = Image.new("RGB", page.size)
    pen = ImageDraw.Draw(glow)
    for n in range(90):
        t = n / 90
        r = s * (0.16 + 1.1 * t**0.8)
        heat = (1 - t) ** 1.6
        pen.ellipse(
            (
                x - r * 0.5 - t * s * 0.4,
                y + s * (2.6 + 5.4 * t) - r,
                x + r * 0.5 - t * s * 0.4,
                y + s * (2.6 + 5.4 * t) + r,
            ),
            fill=(int(70 + 185 * heat), int(62 + 150 * heat), int(66 + 70 * heat)),
        )
    glow = glow.filter(ImageFilter.GaussianBlur(s * 0.22))
    page = Image.fromarray(
        255 - ((255 - np.asarray(page, dtype=int)) * (255 - np.asarray(glow, dtype=int)) // 255).astype(np.uint8)
    )
    _rocket_body(page, (x, y), s)
    return page


def _rocket_body(page: Image.Image, at: tuple[float, float], s: float) -> None:
    (x, y), pen = at, ImageDraw.Draw(page)
    wide = s * 0.30
    for n in range(-40, 41):  # a cylinder, strip by strip, lit from the left
        t = n / 40
        light = 0.34 + 0.62 * max(0.0, np.sqrt(max(0, 1 - t * t)) * 0.75 - t * 0.65)
        top = y + s * 0.9 * (1 - np.sqrt(max(0.0, 1 - abs(t) ** 1.6)))
        for a, b, colour in (
            (top, y + s * 2.5, (244, 243, 240)),
            (y + s * 1.15, y + s * 1.4, (214, 84, 52)),
            (y + s * 2.5, y + s * 2.66, (60, 60, 66)),
        ):
            pen.rectangle((x + t * wide - 1, a, x + (n + 1) / 40 * wide, b), fill=tuple(int(c * light) for c in colour))
    for side in (-1, 1):
        pen.polygon(
            [(x + side * wide, y + s * 1.95), (x + side * wide * 2.1, y + s * 2.75), (x + side * wide, y + s * 2.6)],
            fill=(150, 52, 38) if side > 0 else (206, 86, 58),
        )
