"""The bodies of generated slides, one function a kind; each draws into a box and returns the facts to be seen."""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from charts import Box, chart
from looks import PLACES, Colour, Look
from PIL import Image, ImageDraw
from ruled import table
from survey import survey
from written import WRITTEN

Body = Callable[[Image.Image, Look, Box], set[str]]
KEYWORDS = ("def", "for", "if", "return", "import", "class", "while", "int", "const", "let", "public", "SELECT", "FROM")
SYMBOLS = tuple("αβγδεθλμπρσφψω∂∇∫∑∏√∞≈≤≥±×·")


def plot(made: Image.Image, look: Look, box: Box) -> set[str]:
    """A chart, sometimes two side by side, or one out of a newspaper."""
    left, top, right, bottom = box
    if look.chance(0.2):
        picture, seen = survey(replace(look), framed=look.chance(0.4))
        paste(made, look, picture, box)
        return seen
    if look.chance(0.15):
        middle = (left + right) / 2
        return chart(made, look, (left, top, middle - 8, bottom)) | chart(made, look, (middle + 8, top, right, bottom))
    return chart(made, look, box)


def paste(made: Image.Image, look: Look, picture: Image.Image, frame: Box) -> None:
    """A picture as large as its frame allows, in the middle of it, at times with an edge."""
    left, top, right, bottom = frame
    scale = min((right - left) / picture.width, (bottom - top) / picture.height)
    fitted = picture.resize(
        (max(1, int(picture.width * scale)), max(1, int(picture.height * scale))), Image.Resampling.BILINEAR
    )
    x, y = int((left + right - fitted.width) / 2), int((top + bottom - fitted.height) / 2)
    if look.chance(0.4):
        edge = (255, 255, 255) if look.dark or look.chance(0.5) else (20, 20, 20)
        ImageDraw.Draw(made).rectangle((x - 2, y - 2, x + fitted.width + 1, y + fitted.height + 1), fill=edge)
    made.paste(fitted, (x, y))


def _node(
    made: Image.Image, look: Look, at: tuple[float, float], size: tuple[float, float], colour: Colour, shape: int = 0
) -> None:
    """A box, ellipse or diamond with a word."""
    pen, (x, y), (w, h) = ImageDraw.Draw(made), at, size
    frame = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
    fill = colour if shape < 3 else look.ground
    if shape in (0, 3):
        pen.rounded_rectangle(frame, radius=min(h, w) * 0.2, fill=fill, outline=colour, width=2)
    elif shape == 1:
        pen.ellipse(frame, fill=fill, outline=colour, width=2)
    else:
        pen.polygon([(x - w / 2, y), (x, y - h / 2), (x + w / 2, y), (x, y + h / 2)], fill=fill, outline=colour)
    dark = sum(fill) < 400
    pen.text(
        (x, y),
        look.words(1, 1)[: max(2, int(w / 6))],
        font=look.face(min(h * 0.34, w * 0.2)),
        fill=(255, 255, 255) if dark else (20, 20, 20),
        anchor="mm",
    )


def arrow(pen: ImageDraw.ImageDraw, a: tuple[float, float], b: tuple[float, float], colour: Colour) -> None:
    """A line with a head at b."""
    pen.line((*a, *b), fill=colour, width=2)
    angle = math.atan2(b[1] - a[1], b[0] - a[0])
    pen.polygon(
        [b, *((b[0] - 7 * math.cos(angle + s), b[1] - 7 * math.sin(angle + s)) for s in (0.5, -0.5))], fill=colour
    )


def flow(made: Image.Image, look: Look, box: Box) -> set[str]:
    """Boxes joined by arrows, in rows or upright."""
    left, top, right, bottom = box
    columns, rows = int(look.rng.integers(2, 5)), int(look.rng.integers(1, 4))
    if rows == 1:
        columns = max(columns, 3)
    wide, high = (right - left) / columns, (bottom - top) / rows
    size, shape = (wide * 0.66, min(high * 0.6, wide * 0.5)), int(look.rng.choice([0, 0, 1, 3]))
    pen, one, places = ImageDraw.Draw(made), look.chance(0.5), []
    for n in range(rows * columns):
        j, i = divmod(n, columns)
        places.append((left + (i + 0.5) * wide, top + (j + 0.5) * high))
    for n, ((ax, ay), (bx, by)) in enumerate(itertools.pairwise(places)):
        if (n + 1) % columns:
            arrow(pen, (ax + size[0] / 2, ay), (bx - size[0] / 2, by), look.muted)
        else:
            arrow(pen, (bx + 3, ay + size[1] / 2 + high * 0.12), (bx + 3, by - size[1] / 2), look.muted)
    for n, at in enumerate(places):
        kind = 2 if look.chance(0.12) else shape
        _node(made, look, at, size, look.colour(0 if one else n), kind)
    return {"flow chart"}


def network(made: Image.Image, look: Look, box: Box) -> set[str]:
    """Nodes at random places, joined by lines."""
    left, top, right, bottom = box
    count, r = int(look.rng.integers(5, 16)), look.between(5, 13)
    places = np.column_stack(
        [look.rng.uniform(left + r, right - r, count), look.rng.uniform(top + r, bottom - r, count)]
    )
    pen, one = ImageDraw.Draw(made), look.chance(0.5)
    for x, y in places:
        near = np.argsort(np.hypot(*(places - (x, y)).T))[1 : int(look.rng.integers(2, 4))]
        for m in near:
            pen.line((x, y, *places[m]), fill=look.muted, width=1)
    for n, (x, y) in enumerate(places):
        pen.ellipse((x - r, y - r, x + r, y + r), fill=look.colour(0 if one else n), outline=look.ink)
    return {"network"}


def tree(made: Image.Image, look: Look, box: Box) -> set[str]:
    """A root and two or three levels below it."""
    left, top, right, bottom = box
    levels, pen = [[(left + right) / 2]], ImageDraw.Draw(made)
    for _ in range(int(look.rng.integers(1, 3))):
        count = len(levels[-1]) * int(look.rng.integers(2, 4))
        levels.append([left + (right - left) * (n + 0.5) / min(count, 8) for n in range(min(count, 8))])
    step = (bottom - top) / len(levels)
    for depth, row in enumerate(levels):
        y = top + (depth + 0.5) * step
        for n, x in enumerate(row):
            if depth:
                up = levels[depth - 1]
                parent = up[n * len(up) // len(row)]
                pen.line(
                    [(parent, y - step * 0.75), (parent, y - step * 0.5), (x, y - step * 0.5), (x, y)],
                    fill=look.muted,
                    width=2,
                )
    for depth, row in enumerate(levels):
        wide = (right - left) / max(len(row), 2) * 0.8
        for x in row:
            _node(made, look, (x, top + (depth + 0.5) * step), (min(wide, 90), step * 0.45), look.colour(depth))
    return {"tree"}


def cycle(made: Image.Image, look: Look, box: Box) -> set[str]:
    """Steps in a circle with arrows between them."""
    left, top, right, bottom = box
    count, pen = int(look.rng.integers(3, 7)), ImageDraw.Draw(made)
    x, y, r = (left + right) / 2, (top + bottom) / 2, (bottom - top) * 0.37
    places = [
        (x + r * 1.2 * math.sin(2 * math.pi * n / count), y - r * math.cos(2 * math.pi * n / count))
        for n in range(count)
    ]
    for a, b in zip(places, [*places[1:], places[0]], strict=True):
        ends = [(a[k] + (b[k] - a[k]) * t) for t in (0.28, 0.72) for k in (0, 1)]
        arrow(pen, (ends[0], ends[1]), (ends[2], ends[3]), look.muted)
    for n, at in enumerate(places):
        _node(made, look, at, (r * 0.75, r * 0.42), look.colour(n), int(look.rng.choice([0, 1])))
    return {"cycle"}


def venn(made: Image.Image, look: Look, box: Box) -> set[str]:
    """Two or three circles that overlap."""
    left, top, right, bottom = box
    count, r = int(look.rng.integers(2, 4)), (bottom - top) * look.between(0.26, 0.33)
    x, y, pen = (left + right) / 2, (top + bottom) / 2, ImageDraw.Draw(made, "RGBA")
    for n in range(count):
        angle = 2 * math.pi * n / count + (0 if count == 2 else math.pi / 6)
        a, b = x + r * 0.6 * math.cos(angle), y + r * 0.55 * math.sin(angle)
        pen.ellipse((a - r, b - r, a + r, b + r), fill=(*look.colour(n), 130), outline=look.ink)
        pen.text(
            (a + r * 0.3 * math.cos(angle), b),
            look.words(1, 1)[:8],
            font=look.face(r * 0.25),
            fill=look.ink,
            anchor="mm",
        )
    return {"venn"}


def hexagons(made: Image.Image, look: Look, box: Box) -> set[str]:
    """A honeycomb with words."""
    left, top, right, bottom = box
    rows, columns = int(look.rng.integers(1, 4)), int(look.rng.integers(2, 6))
    r = min((bottom - top) / (1.6 * rows + 0.4), (right - left) / (1.8 * columns + 0.9))
    pen, one = ImageDraw.Draw(made), look.chance(0.3)
    for j in range(rows):
        for i in range(columns):
            x, y = left + r * (1 + 1.8 * i + 0.9 * (j % 2)), top + r * (1 + 1.55 * j)
            points = [
                (x + r * 0.95 * math.sin(k * math.pi / 3), y - r * 0.95 * math.cos(k * math.pi / 3)) for k in range(6)
            ]
            pen.polygon(points, fill=look.colour(0 if one else i + j))
            pen.text((x, y), look.words(1, 1)[:7], font=look.face(r * 0.34), fill=(255, 255, 255), anchor="mm")
    return {"hexagons"}


def pyramid(made: Image.Image, look: Look, box: Box) -> set[str]:
    """A triangle in layers."""
    left, top, right, bottom = box
    count, x, pen = int(look.rng.integers(3, 7)), (left + right) / 2, ImageDraw.Draw(made)
    half = min((right - left) / 2, (bottom - top) * 0.7)
    for n in range(count):
        a, b = n / count, (n + 1) / count
        ya, yb = top + (bottom - top) * a, top + (bottom - top) * b
        pen.polygon(
            [(x - half * a, ya), (x + half * a, ya), (x + half * b, yb), (x - half * b, yb)],
            fill=look.colour(n),
            outline=look.ground,
        )
        pen.text((x, (ya + yb) / 2), look.words(1, 1)[:8], font=look.face((yb - ya) * 0.4), fill=look.ink, anchor="mm")
    return {"pyramid"}


def circuit(made: Image.Image, look: Look, box: Box) -> set[str]:
    """Gates and wires at right angles."""
    left, top, right, bottom = box
    pen, unit = ImageDraw.Draw(made), (bottom - top) / 8
    columns, rows = int(look.rng.integers(2, 5)), int(look.rng.integers(2, 4))
    gates = [
        (left + (right - left) * (i + 0.6) / columns, top + (bottom - top) * (j + 0.5) / rows)
        for i in range(columns)
        for j in range(rows)
    ]
    for n, (x, y) in enumerate(gates):
        for side in (-0.5, 0.5):
            sx = x - (right - left) / columns * 0.55
            other = gates[n - rows][1] if n >= rows else y + side * unit
            pen.line(
                [
                    (max(left, sx), other),
                    (x - unit * 1.4, other),
                    (x - unit * 1.4, y + side * unit),
                    (x, y + side * unit),
                ],
                fill=look.ink,
                width=1,
            )
        colour = look.ground if look.chance(0.5) else look.colour(0)
        if look.chance(0.6):
            pen.pieslice((x - unit, y - unit, x + unit, y + unit), -90, 90, fill=colour, outline=look.ink)
            pen.rectangle((x - unit * 0.7, y - unit, x, y + unit), fill=colour, outline=look.ink)
        else:
            pen.polygon([(x - unit, y - unit), (x - unit, y + unit), (x + unit, y)], fill=colour, outline=look.ink)
            pen.ellipse((x + unit, y - 3, x + unit + 6, y + 3), outline=look.ink)
    return {"circuit"}


def time_line(made: Image.Image, look: Look, box: Box) -> set[str]:
    """A line with dated points, or bars of a schedule."""
    left, top, right, bottom = box
    pen, count = ImageDraw.Draw(made), int(look.rng.integers(3, 8))
    face, y = look.face((bottom - top) * 0.07), (top + bottom) / 2
    if look.chance(0.35):
        for n in range(count):
            a, b = sorted(look.rng.uniform(left + 60, right, 2))
            high = (bottom - top) / count
            pen.text((left, top + (n + 0.5) * high), look.words(1, 1)[:9], font=face, fill=look.ink, anchor="lm")
            pen.rectangle((a, top + (n + 0.2) * high, b + 12, top + (n + 0.8) * high), fill=look.colour(n))
        return {"time line"}
    pen.line((left, y, right, y), fill=look.colour(0), width=4)
    for n in range(count):
        x, up = left + (right - left) * (n + 0.5) / count, n % 2 * 2 - 1
        pen.ellipse((x - 6, y - 6, x + 6, y + 6), fill=look.colour(1))
        pen.text((x, y + up * 16), str(1990 + 4 * n), font=face, fill=look.ink, anchor="mm")
        pen.text((x, y + up * 32), look.words(1, 1)[:9], font=face, fill=look.muted, anchor="mm")
    return {"time line"}


def equation(made: Image.Image, look: Look, box: Box) -> set[str]:
    """Formulas with fractions, indices and Greek letters."""
    left, top, right, bottom = box
    pen, count = ImageDraw.Draw(made), int(look.rng.integers(1, 4))
    size = min(look.between(0.09, 0.16) * look.size[1], (bottom - top) / count * 0.4)
    for n in range(count):
        x, y = left + look.between(0.02, 0.3) * (right - left), top + (n + 0.5) * (bottom - top) / count
        for _ in range(int(look.rng.integers(4, 9))):
            x = _term(pen, look, x, y, size)
            if x > right - size * 2:
                break
    return {"equation"}


def _term(pen: ImageDraw.ImageDraw, look: Look, x: float, y: float, size: float) -> float:
    """One symbol, fraction or sum; returns where the next one begins."""

    def symbol() -> str:
        return str(look.rng.choice([*"abcdfhkmnpqrtuvxyzABDEFKLNPQRTX", *SYMBOLS[:15]]))

    big, small = look.face(size, maths=True), look.face(size * 0.6, maths=True)
    kind = look.rng.random()
    if kind < 0.25:
        above, below = symbol() + symbol(), symbol() + str(look.rng.integers(1, 9))
        wide = max(big.getlength(above), big.getlength(below))
        pen.text((x + wide / 2, y - size * 0.15), above, font=big, fill=look.ink, anchor="mb")
        pen.text((x + wide / 2, y + size * 0.15), below, font=big, fill=look.ink, anchor="mt")
        pen.line((x, y, x + wide, y), fill=look.ink)
        return x + wide + size * 0.25
    if kind < 0.45:
        sign = str(look.rng.choice(list("∑∫∏")))
        pen.text((x, y), sign, font=look.face(size * 1.7, maths=True), fill=look.ink, anchor="lm")
        pen.text(
            (x + size * 0.3, y + size * 1.1),
            f"{symbol()}=1",
            font=look.face(size * 0.5, maths=True),
            fill=look.ink,
            anchor="mm",
        )
        return x + size * 1.3
    if kind < 0.7:
        text = str(look.rng.choice(list("=+−·≤≈=")))
        pen.text((x, y), text, font=big, fill=look.ink, anchor="lm")
        return x + big.getlength(text) + size * 0.3
    text = symbol()
    pen.text((x, y), text, font=big, fill=look.ink, anchor="lm")
    x += big.getlength(text)
    pen.text(
        (x, y + size * look.rng.choice([-0.4, 0.3])),
        str(look.rng.choice([*"2ijnkt"])),
        font=small,
        fill=look.ink,
        anchor="lm",
    )
    return x + size * 0.55


def code(made: Image.Image, look: Look, box: Box) -> set[str]:
    """A listing with coloured words and indents."""
    left, top, right, bottom = box
    pen, dark = ImageDraw.Draw(made), look.dark or look.chance(0.5)
    if look.chance(0.7):
        pen.rounded_rectangle(box, radius=6, fill=(22, 27, 34) if dark else (244, 244, 244), outline=look.muted)
    elif not look.dark:
        dark = False
    inks = (
        [(201, 209, 217), (255, 123, 114), (165, 214, 255), (139, 148, 158)]
        if dark
        else [(36, 41, 46), (170, 30, 60), (20, 70, 160), (110, 119, 129)]
    )
    size = look.between(0.045, 0.075) * look.size[1]
    face, y, depth = look.face(size, mono=True), top + 6, 0
    while y + size < bottom - 3:
        x = left + 8 + depth * face.getlength("    ")
        for _n in range(int(look.rng.integers(1, 6))):
            kind = int(look.rng.choice(4, p=[0.5, 0.22, 0.18, 0.1]))
            word = str(look.rng.choice(KEYWORDS)) if kind == 1 else look.words(1, 1).lower()
            text = {2: f'"{word}"', 3: f"# {word}"}.get(kind, word) + str(
                look.rng.choice(["", "(", ")", " =", ":", ".", ", "])
            )
            if x + face.getlength(text) > right - 4:
                break
            pen.text((x, y), text, font=face, fill=inks[kind])
            x += face.getlength(text + " ")
        depth = max(0, min(3, depth + int(look.rng.integers(-1, 2))))
        y += size * (1.3 if look.chance(0.9) else 2.4)
    return {"code"}


def terminal(made: Image.Image, look: Look, box: Box) -> set[str]:
    """A dark window with prompts and output."""
    left, top, right, bottom = box
    pen = ImageDraw.Draw(made)
    pen.rectangle(box, fill=(12, 12, 14) if look.chance(0.7) else (44, 0, 30), outline=look.muted)
    if look.chance(0.7):
        pen.rectangle((left, top, right, top + 12), fill=(200, 200, 200))
        for n, colour in enumerate(((255, 95, 86), (255, 189, 46), (39, 201, 63))):
            pen.ellipse((left + 5 + 11 * n, top + 3, left + 12 + 11 * n, top + 10), fill=colour)
    size = look.between(0.045, 0.06) * look.size[1]
    face, y = look.face(size, mono=True), top + 17
    while y + size < bottom:
        prompt = look.chance(0.35)
        pen.text(
            (left + 6, y),
            ("$ " if prompt else "") + look.words(1, 6).lower()[:46],
            font=face,
            fill=(120, 230, 120) if prompt else (215, 215, 215),
        )
        y += size * 1.3
    return {"terminal"}


def screenshot(made: Image.Image, look: Look, box: Box) -> set[str]:
    """A program window or web page: bars, buttons, panes, text."""
    left, top, right, bottom = box
    pen, wide, high = ImageDraw.Draw(made), right - left, bottom - top
    pen.rectangle(box, fill=(250, 250, 250), outline=(150, 150, 150))
    pen.rectangle((left, top, right, top + high * 0.09), fill=(222, 225, 230))
    pen.rounded_rectangle(
        (left + wide * 0.2, top + high * 0.02, right - wide * 0.1, top + high * 0.075), radius=4, fill=(255, 255, 255)
    )
    for n in range(3):
        pen.ellipse(
            (left + 6 + 10 * n, top + high * 0.03, left + 12 + 10 * n, top + high * 0.03 + 6), fill=look.colour(n)
        )
    pane, face = left + wide * look.between(0, 0.3), look.face(high * 0.05)
    pen.rectangle((left, top + high * 0.09, pane, bottom), fill=(238, 240, 243))
    y = top + high * 0.13
    while y < bottom - high * 0.09:
        if pane - left > 40:
            pen.text((left + 5, y), look.words(1, 1)[:9], font=face, fill=(80, 80, 90))
        kind = look.rng.random()
        if kind < 0.15:
            pen.rounded_rectangle((pane + 8, y, pane + 60, y + high * 0.08), radius=3, fill=look.colour(0))
        elif kind < 0.3:
            pen.rectangle((pane + 8, y, right - 10, y + high * 0.08), outline=(170, 170, 175))
        else:
            ink = (26, 13, 171) if look.chance(0.25) else (60, 60, 60)
            pen.text((pane + 8, y), look.words(3, 8)[: int((right - pane) / 6)], font=face, fill=ink)
        y += high * 0.1
    return {"screenshot"}


def qr_code(made: Image.Image, look: Look, box: Box) -> set[str]:
    """Black and white modules with the three corner marks."""
    left, top, right, bottom = box
    n, side = int(look.rng.choice([21, 25, 29])), min(right - left, bottom - top) * 0.8
    grid = np.where(look.rng.random((n, n)) < 0.5, 0, 255).astype(np.uint8)
    mark = np.zeros((9, 9), np.uint8) + 255
    mark[1:8, 1:8], mark[2:7, 2:7], mark[3:6, 3:6] = 0, 255, 0
    grid[:8, :8], grid[:8, -8:], grid[-8:, :8] = mark[1:, 1:], mark[1:, :-1], mark[:-1, 1:]
    code = Image.fromarray(np.pad(grid, 2, constant_values=255)).resize((int(side),) * 2, Image.Resampling.NEAREST)
    made.paste(code.convert("RGB"), (int((left + right - side) / 2), int((top + bottom - side) / 2)))
    return {"QR code"}


def map_(made: Image.Image, look: Look, box: Box) -> set[str]:
    """An invented land: regions, a river, roads, places with names."""
    left, top, right, bottom = box
    pen = ImageDraw.Draw(made)
    sea = (168, 208, 230) if look.chance(0.6) else (226, 232, 236)
    pen.rectangle(box, fill=sea)
    x, y, count = (left + right) / 2, (top + bottom) / 2, int(look.rng.integers(2, 6))
    for n in range(count):
        cx, cy = x + look.between(-0.25, 0.25) * (right - left), y + look.between(-0.25, 0.25) * (bottom - top)
        radii = (
            look.between(0.2, 0.4)
            * (bottom - top)
            * (1 + 0.25 * np.cumsum(look.rng.normal(0, 0.25, 28)).clip(-1.5, 1.5))
        )
        angles = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        points = [
            (min(max(cx + 1.4 * r * math.cos(a), left), right), min(max(cy + r * math.sin(a), top), bottom))
            for r, a in zip(radii, angles, strict=True)
        ]
        land = tuple((2 * 225 + c) // 3 for c in look.colour(n)) if look.chance(0.7) else (214, 222, 190)
        pen.polygon(points, fill=land, outline=(255, 255, 255))  # type: ignore[arg-type]
    for colour in ((75, 143, 191), (200, 120, 60)):
        walk = np.cumsum(look.rng.normal(0, 0.05, 14)) * (bottom - top) + y
        pen.line(
            [
                (left + (right - left) * (0.1 + 0.8 * n / 13), min(max(float(v), top), bottom))
                for n, v in enumerate(walk)
            ],
            fill=colour,
            width=2,
        )
    face = look.face(look.size[1] * 0.045)
    for _ in range(int(look.rng.integers(3, 9))):
        px, py = look.between(left + 20, right - 50), look.between(top + 12, bottom - 12)
        pen.ellipse((px - 3, py - 3, px + 3, py + 3), fill=(193, 53, 43) if look.chance(0.5) else (43, 54, 64))
        pen.text((px + 6, py), str(look.rng.choice(PLACES)), font=face, fill=(29, 40, 48), anchor="lm")
    return {"map"}


BODIES: tuple[tuple[Body, float], ...] = (
    *WRITTEN, (table, 6), (plot, 8), (flow, 2), (network, 0.7),
    (tree, 0.8), (cycle, 0.7), (venn, 0.6), (hexagons, 0.5), (pyramid, 0.4), (circuit, 0.5), (time_line, 0.6),
    (equation, 2), (code, 3), (terminal, 1), (screenshot, 1.5), (map_, 1.5),
)  # fmt: skip
