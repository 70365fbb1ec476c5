"""Charts drawn by chance: bars, lines, areas, pies, points, boxes, heat maps. Each returns the facts to be seen."""

import math
from collections.abc import Callable

import numpy as np
from looks import PLACES, Look
from PIL import Image, ImageDraw

Box = tuple[float, float, float, float]
Chart = Callable[[ImageDraw.ImageDraw, Look, Box], set[str]]


def _axes(pen: ImageDraw.ImageDraw, look: Look, box: Box, *, across: bool = False) -> Box:
    """Axes, grid and labels; returns the box inside."""
    left, top, right, bottom = box
    inner = (
        left + (right - left) * look.between(0.06, 0.16),
        top + (bottom - top) * 0.04,
        right,
        bottom - (bottom - top) * 0.12,
    )
    x0, y0, x1, y1 = inner
    face, steps = look.face((bottom - top) * 0.07), int(look.rng.integers(3, 7))
    grid, unit = look.chance(0.6), int(look.rng.choice([1, 5, 10, 25, 100]))
    for n in range(steps + 1):
        share = n / steps
        if across:
            x = x0 + (x1 - x0) * share
            pen.text((x, y1 + 2), str(n * unit), font=face, fill=look.muted, anchor="ma")
            if grid:
                pen.line((x, y0, x, y1), fill=look.muted)
        else:
            y = y1 + (y0 - y1) * share
            pen.text((x0 - 3, y), str(n * unit), font=face, fill=look.muted, anchor="rm")
            if grid:
                pen.line((x0, y, x1, y), fill=look.muted)
    pen.line((x0, y0, x0, y1), fill=look.ink)
    pen.line((x0, y1, x1, y1), fill=look.ink)
    return inner


def _legend(pen: ImageDraw.ImageDraw, look: Look, box: Box, series: int) -> None:
    size = (box[3] - box[1]) * 0.07
    x, y = box[2] - (box[2] - box[0]) * 0.22, box[1]
    for n in range(series):
        pen.rectangle((x, y, x + size, y + size), fill=look.colour(n))
        pen.text((x + size * 1.4, y), look.words(1, 1), font=look.face(size), fill=look.ink)
        y += size * 1.5


def bars(pen: ImageDraw.ImageDraw, look: Look, box: Box) -> set[str]:
    """Upright bars, grouped or stacked."""
    inner = _axes(pen, look, box)
    x0, y0, x1, y1 = inner
    count, series = int(look.rng.integers(3, 10)), int(look.rng.choice([1, 1, 2, 3]))
    stacked, step = series > 1 and look.chance(0.4), (x1 - x0) / count
    for n in range(count):
        x, low = x0 + step * (n + 0.12), y1
        for s in range(series):
            tall = look.between(0.08, 0.95) * (y1 - y0) / (series if stacked else 1)
            wide = step * 0.76 if stacked else step * 0.76 / series
            at = x if stacked else x + s * wide
            base = low if stacked else y1
            pen.rectangle((at, base - tall, at + wide - 1, base), fill=look.colour(s))
            low -= tall
        pen.text(
            (x0 + step * (n + 0.5), y1 + 2),
            _label(look, n, step),
            font=look.face((box[3] - box[1]) * 0.07),
            fill=look.ink,
            anchor="ma",
        )
    if series > 1:
        _legend(pen, look, inner, series)
    return {"bars"} | ({"stacked bars"} if stacked else set()) | ({"several colours"} if series > 1 else set())


def _label(look: Look, n: int, step: float) -> str:
    return PLACES[n % len(PLACES)][: max(1, int(step / 7))] if look.chance(0.7) else str(2015 + n)[-2:]


def horizontal_bars(pen: ImageDraw.ImageDraw, look: Look, box: Box) -> set[str]:
    """Bars that lie, with labels at their left."""
    left, top, right, bottom = box
    count, series = int(look.rng.integers(3, 9)), int(look.rng.choice([1, 1, 2, 3]))
    step, start = (bottom - top) / count, left + (right - left) * look.between(0.15, 0.35)
    stacked, face = series > 1 and look.chance(0.7), look.face(min(12.0, (bottom - top) / count * 0.5))
    for n in range(count):
        y, x = top + n * step, start
        label = look.words(1, 2)
        while face.getlength(label) > start - left - 4 and len(label) > 1:
            label = label[:-1]
        pen.text((start - 4, y + step * 0.5), label, font=face, fill=look.ink, anchor="rm")
        for s in range(series):
            long = look.between(0.08, 0.95) * (right - start) / (series if stacked else 1)
            high = step * 0.7 if stacked else step * 0.7 / series
            at = y + step * 0.15 + (0 if stacked else s * high)
            pen.rectangle((x, at, x + long, at + high - 1), fill=look.colour(s))
            if look.chance(0.5):
                pen.text(
                    (x + long - 3, at + high / 2),
                    str(look.rng.integers(3, 99)),
                    font=face,
                    fill=look.ground,
                    anchor="rm",
                )
            x = x + long if stacked else x
    pen.line((start, top, start, bottom), fill=look.ink)
    found = {"bars", "horizontal bars"} | ({"several colours"} if series > 1 else set())
    return found | ({"stacked bars"} if stacked else set())


def lines(pen: ImageDraw.ImageDraw, look: Look, box: Box) -> set[str]:
    """One or more curves, with or without marks; or a filled area."""
    inner = _axes(pen, look, box)
    x0, y0, x1, y1 = inner
    count, series, filled = int(look.rng.integers(4, 30)), int(look.rng.choice([1, 1, 2, 3, 4])), look.chance(0.12)
    marked, width = look.chance(0.4) and count < 14, int(look.rng.integers(1, 4))
    for s in range(series):
        walk = np.cumsum(look.rng.normal(look.between(-0.3, 0.3), 1, count))
        walk = (walk - walk.min()) / max(float(np.ptp(walk)), 0.1) * look.between(0.3, 0.9) + look.between(0.02, 0.1)
        points = [(x0 + (x1 - x0) * n / (count - 1), y1 - (y1 - y0) * min(float(v), 1)) for n, v in enumerate(walk)]
        if filled:
            pen.polygon([(x0, y1), *points, (x1, y1)], fill=look.colour(s))
        pen.line(points, fill=look.colour(s), width=width, joint="curve")
        for x, y in points if marked else ():
            pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill=look.colour(s))
    pen.text(
        ((x0 + x1) / 2, y1 + 2), look.words(1, 2), font=look.face((box[3] - box[1]) * 0.07), fill=look.ink, anchor="ma"
    )
    if series > 1 and look.chance(0.7):
        _legend(pen, look, inner, series)
    return {"area" if filled else "lines"} | ({"several colours"} if series > 1 else set())


def pie(pen: ImageDraw.ImageDraw, look: Look, box: Box) -> set[str]:
    """Sectors of a circle, or a ring, with names or shares beside them."""
    left, top, right, bottom = box
    r = min(right - left, bottom - top) * look.between(0.36, 0.48)
    x, y = left + (right - left) * look.between(0.35, 0.6), (top + bottom) / 2
    shares = look.rng.dirichlet(np.ones(int(look.rng.integers(2, 7))) * 2)
    angle, face = look.between(0, 360), look.face(r * 0.17)
    for n, share in enumerate(shares):
        pen.pieslice((x - r, y - r, x + r, y + r), angle, angle + 360 * share, fill=look.colour(n), outline=look.ground)
        middle = math.radians(angle + 180 * share)
        far = r * (1.12 if look.chance(0.5) else 0.65)
        pen.text(
            (x + far * math.cos(middle), y + far * math.sin(middle)),
            f"{share:.0%}",
            font=face,
            fill=look.ink,
            anchor="mm",
        )
        angle += 360 * float(share)
    ring = look.chance(0.3)
    if ring:
        pen.ellipse((x - r * 0.55, y - r * 0.55, x + r * 0.55, y + r * 0.55), fill=look.ground)
    if look.chance(0.5):
        _legend(pen, look, box, len(shares))
    return {"pie", "ring"} if ring else {"pie"}


def scatter(pen: ImageDraw.ImageDraw, look: Look, box: Box) -> set[str]:
    """Points, in groups or along a line."""
    x0, y0, x1, y1 = _axes(pen, look, box)
    groups = int(look.rng.choice([1, 1, 2, 3]))
    for g in range(groups):
        count, slope = int(look.rng.integers(15, 90)), look.between(-0.8, 0.8)
        u = np.clip(look.rng.normal(look.between(0.3, 0.7), 0.16, count), 0, 1)
        v = np.clip(0.5 + slope * (u - 0.5) + look.rng.normal(0, 0.11, count), 0, 1)
        r = look.between(1.2, 3.2)
        for a, b in zip(u, v, strict=True):
            x, y = x0 + (x1 - x0) * a, y1 + (y0 - y1) * b
            pen.ellipse((x - r, y - r, x + r, y + r), fill=look.colour(g))
        if g == 0 and look.chance(0.4):
            ends = [(x0 + (x1 - x0) * a, y1 + (y0 - y1) * (0.5 + slope * (a - 0.5))) for a in (0.08, 0.92)]
            pen.line(ends, fill=look.ink, width=2)
    return {"scatter"} | ({"several colours"} if groups > 1 else set())


def box_plot(pen: ImageDraw.ImageDraw, look: Look, box: Box) -> set[str]:
    """Boxes with whiskers and outliers, upright or lying."""
    across = look.chance(0.3)
    x0, y0, x1, y1 = _axes(pen, look, box, across=across)
    count = int(look.rng.integers(2, 8))
    for n in range(count):
        five = np.sort(look.rng.uniform(0.05, 0.95, 5))
        one, half = look.chance(0.5), 0.28 / count
        middle = (n + 0.5) / count

        def at(value: float, side: float, middle: float = middle) -> tuple[float, float]:
            a, b = (value, middle + side) if across else (middle + side, value)
            return x0 + (x1 - x0) * a, y1 + (y0 - y1) * b

        pen.line((*at(five[0], 0), *at(five[4], 0)), fill=look.ink)
        corners = (*at(five[1], -half), *at(five[3], half))
        pen.rectangle(
            (min(corners[::2]), min(corners[1::2]), max(corners[::2]), max(corners[1::2])),
            fill=look.colour(n if one else 0),
            outline=look.ink,
        )
        pen.line((*at(five[2], -half), *at(five[2], half)), fill=look.ink, width=2)
        for end in (five[0], five[4]):
            pen.line((*at(end, -half / 2), *at(end, half / 2)), fill=look.ink)
    return {"box plot"}


def heat_map(pen: ImageDraw.ImageDraw, look: Look, box: Box) -> set[str]:
    """A grid of cells coloured by their value."""
    left, top, right, bottom = box
    rows, columns = (int(n) for n in look.rng.integers(3, 11, 2))
    low, high = np.array(look.ground, float), np.array(look.colour(0), float)
    values = look.rng.random((rows, columns))
    wide, high_ = (right - left) / columns, (bottom - top) / rows
    for j in range(rows):
        for i in range(columns):
            r, g, b = (low + (high - low) * values[j, i]).astype(int)
            pen.rectangle(
                (left + i * wide, top + j * high_, left + (i + 1) * wide - 1, top + (j + 1) * high_ - 1), fill=(r, g, b)
            )
    return {"heat map"}


CHARTS: tuple[tuple[Chart, float], ...] = (
    (bars, 3), (horizontal_bars, 2), (lines, 3), (pie, 1.5), (scatter, 1.5), (box_plot, 1.2), (heat_map, 0.5),
)  # fmt: skip


def chart(made: Image.Image, look: Look, box: Box) -> set[str]:
    """One chart by chance in a box of the page."""
    weights = np.array([weight for _, weight in CHARTS])
    draw, _ = CHARTS[int(look.rng.choice(len(CHARTS), p=weights / weights.sum()))]
    return draw(ImageDraw.Draw(made), look, box)
