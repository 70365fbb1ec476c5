"""Tables: of figures, of words, timetables, spreadsheets; ruled, striped or bare. Each draws into a box."""

import itertools

import numpy as np
from charts import Box
from looks import PLACES, Colour, Look, wrapped
from PIL import Image, ImageDraw
from PIL.ImageFont import FreeTypeFont

DAYS = {"es": ("lun", "mar", "mié", "jue", "vie"), "en": ("Mon", "Tue", "Wed", "Thu", "Fri")}


def table(made: Image.Image, look: Look, box: Box) -> set[str]:
    """One table by chance, sometimes with a line that names it."""
    left, top, right, bottom = box
    if look.chance(0.25):
        size = look.size[1] * 0.045
        pen, number = ImageDraw.Draw(made), look.rng.integers(1, 9)
        said = f"{'Tabla' if look.language == 'es' else 'Table'} {number}. {look.words(2, 6)}"
        above = look.chance(0.5)
        pen.text((left, top if above else bottom - size * 1.3), said, font=look.face(size), fill=look.muted)
        box = (left, top + size * 1.6, right, bottom) if above else (left, top, right, bottom - size * 1.6)
    if look.chance(0.2):  # narrower than the page
        wide = (right - left) * look.between(0.5, 0.85)
        start = left + (right - left - wide) * float(look.rng.choice([0, 0.5]))
        box = (start, box[1], start + wide, box[3])
    kind = look.rng.random()
    (_spreadsheet if kind < 0.14 else _timetable if kind < 0.24 else _plain)(made, look, box)
    return {"table"}


def _grid(look: Look, box: Box, rows: int, columns: int, *, first: float = 1.0) -> tuple[list[float], float]:
    """The edges of the columns and the height of a row."""
    shares = look.rng.dirichlet(np.ones(columns) * look.between(4, 60))
    shares[0] *= first
    through = np.cumsum([0, *shares]) / shares.sum()
    return [box[0] + (box[2] - box[0]) * float(s) for s in through], min((box[3] - box[1]) / rows, look.size[1] * 0.13)


def _fitted(text: str, face: FreeTypeFont, wide: float) -> str:
    while len(text) > 1 and face.getlength(text) > wide:
        text = text[:-1]
    return text


def _tone(look: Look, colour: Colour, share: float) -> Colour:
    """A colour mixed into the page's ground."""
    r, g, b = (round(a + (c - a) * share) for a, c in zip(look.ground, colour, strict=True))
    return r, g, b


def _over(colour: Colour) -> Colour:
    return (255, 255, 255) if sum(colour) < 420 else (20, 20, 20)


def _figure(look: Look, kind: int) -> str:
    value = look.between(0, 100)
    return (
        f"{value:.0f}", f"{value:.1f}", f"{value / 100:.3f}", f"{value:.0f} %", f"{value * 73:,.0f}",
        f"±{value / 9:.2f}", f"{value:.1f} €", str(look.rng.choice(["✓", "✗", "–"])),
    )[kind]  # fmt: skip


def _plain(made: Image.Image, look: Look, box: Box) -> None:
    """Rows and columns of figures or words under a head, in one of the usual manners."""
    pen, (left, top, right, _) = ImageDraw.Draw(made), box
    worded = look.chance(0.25)
    rows, columns = int(look.rng.integers(3, 8 if worded else 14)), int(look.rng.integers(2, 5 if worded else 9))
    edges, high = _grid(look, box, rows, columns, first=look.between(1, 2.2))
    manner = str(look.rng.choice(["ruled", "grid", "striped", "bare", "book", "boxed"]))
    head = str(look.rng.choice(["filled", "tinted", "bold", "none"], p=[0.45, 0.15, 0.3, 0.1]))
    named, marked, total = look.chance(0.25), look.chance(0.15), look.chance(0.2)
    colour, face = look.colour(0), look.face(high * look.between(0.4, 0.62))
    bold, centred = look.face(face.size, head=True), look.chance(0.4)
    kinds = [int(look.rng.integers(0, 8)) if look.chance(0.5) else int(look.rng.integers(0, 3)) for _ in edges]
    for j in range(rows):
        y, fill = top + j * high, None
        if j == 0 and head in ("filled", "tinted"):
            fill = colour if head == "filled" else _tone(look, colour, 0.25)
        elif (manner == "striped" and j % 2) or (total and j == rows - 1):
            fill = _tone(look, colour if total else look.ink, 0.12)
        if fill:
            pen.rectangle((left, y, right, y + high), fill=fill)
        for i, (a, b) in enumerate(itertools.pairwise(edges)):
            cell, own = (a, y, b, y + high), fill
            if named and i == 0 and j:
                own = _tone(look, colour, 0.3)
            elif marked and i and j and look.chance(0.3):
                own = _tone(look, look.colour(int(look.rng.integers(0, 4))), 0.5)
            if own and own != fill:
                pen.rectangle(cell, fill=own)
            ink = _over(own) if own else look.ink
            letters = bold if j == 0 or (i == 0 and named) or (total and j == rows - 1) else face
            if j and i and not worded:
                text = _figure(look, kinds[i])
                at, anchor = ((a + b) / 2, "mm") if centred else (b - 4, "rm")
            else:
                text = look.words(1, 2) if j == 0 or i == 0 else look.words(1, 5)
                at, anchor = ((a + b) / 2, "mm") if centred and i else (a + 4, "lm")
            pen.text((at, y + high / 2), _fitted(text, letters, b - a - 6), font=letters, fill=ink, anchor=anchor)
        if manner in ("ruled", "grid") or (manner == "book" and j == 1):
            pen.line((left, y, right, y), fill=look.muted)
    low = top + rows * high
    if manner == "book":
        for y in (top, low):
            pen.line((left, y, right, y), fill=look.ink, width=2)
    if manner in ("grid", "boxed"):
        pen.rectangle((left, top, right, low), outline=look.muted)
    for x in edges if manner == "grid" else ():
        pen.line((x, top, x, low), fill=look.muted)


def _spreadsheet(made: Image.Image, look: Look, box: Box) -> None:
    """Cells with letters above and numbers at the left, some of them filled."""
    pen, (left, top, right, _) = ImageDraw.Draw(made), box
    rows, columns = int(look.rng.integers(7, 15)), int(look.rng.integers(4, 10))
    edges, high = _grid(look, box, rows, columns, first=0.5)
    low, face = top + rows * high, look.face(high * 0.6)
    pen.rectangle((left, top, right, low), fill=(255, 255, 255))
    pen.rectangle((left, top, right, top + high), fill=(230, 230, 232))
    pen.rectangle((left, top, edges[1], low), fill=(230, 230, 232))
    used, kind = int(look.rng.integers(rows // 2, rows)), int(look.rng.integers(0, 5))
    for j in range(rows):
        y = top + (j + 0.5) * high
        pen.line((left, top + j * high, right, top + j * high), fill=(200, 200, 204))
        for i, (a, b) in enumerate(itertools.pairwise(edges)):
            text = "" if j > used else look.words(1, 1) if i == 1 or j == 1 else _figure(look, kind)
            text = chr(64 + i) if j == 0 and i else str(j) if i == 0 and j else text
            pen.text((b - 3, y), _fitted(text, face, b - a - 5), font=face, fill=(30, 30, 34), anchor="rm")
    for x in edges:
        pen.line((x, top, x, low), fill=(200, 200, 204))
    i, j = int(look.rng.integers(1, columns)), int(look.rng.integers(1, rows))
    pen.rectangle((edges[i], top + j * high, edges[i + 1], top + (j + 1) * high), outline=(33, 115, 70), width=2)


def _timetable(made: Image.Image, look: Look, box: Box) -> None:
    """Hours at the left, days or places above, some cells in colours."""
    pen, (left, top, right, _) = ImageDraw.Draw(made), box
    rows, days = int(look.rng.integers(4, 9)), DAYS[look.language] if look.chance(0.6) else PLACES[:4]
    edges, high = _grid(look, box, rows, len(days) + 1, first=0.6)
    face, low = look.face(min(high * 0.5, 11)), top + rows * high
    hour, every = int(look.rng.integers(8, 17)), look.between(0.3, 0.9)
    for j in range(rows):
        for i, (a, b) in enumerate(itertools.pairwise(edges)):
            cell, text, fill = (a, top + j * high, b, top + (j + 1) * high), "", look.ground
            if j and i and look.chance(every):
                text, fill = look.words(1, 2), _tone(look, look.colour(int(look.rng.integers(0, 6))), 0.6)
            elif j == 0 and i:
                text, fill = days[i - 1], look.colour(0)
            elif j and i == 0:
                text = f"{hour + j}:00"
            pen.rectangle(cell, fill=fill, outline=look.muted)
            text = _fitted(wrapped(text, face, b - a)[0], face, b - a - 3)
            pen.text(((a + b) / 2, cell[1] + high / 2), text, font=face, fill=_over(fill), anchor="mm")
    pen.rectangle((left, top, right, low), outline=look.ink)
