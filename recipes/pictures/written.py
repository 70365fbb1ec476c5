"""Pages of words: lists, paragraphs, columns, sentences, quotations, boxes. Each draws into a box and returns facts."""

from collections.abc import Callable

from charts import Box
from looks import Look, wrapped
from PIL import Image, ImageDraw

Item = tuple[float, str, str]  # how far it is moved in (in heights of a line), its mark, its text
LENGTHS = ((1, 3), (2, 6), (4, 11), (8, 20))  # words of an item: least, most
ONLY = {"text", "words"}  # of a page with nothing but words


def _laid(
    made: Image.Image, look: Look, box: Box, items: list[Item], *, size: float, round_marks: bool = False
) -> None:
    """Writes items below each other, smaller where they would not fit; at the top, in the middle or spread."""
    pen, (left, top, right, bottom) = ImageDraw.Draw(made), box
    leading, gap = look.between(1.15, 1.5), look.between(0.15, 0.9)
    rows: list[tuple[Item, list[str]]] = []
    for _ in range(7):
        face = look.face(size)
        rows = [(item, wrapped(item[2], face, right - left - item[0] * size)) for item in items]
        high = sum(len(lines) * leading + gap for _, lines in rows) * size
        if high < bottom - top:
            break
        size *= 0.85
    face, rest = look.face(size), max(0.0, bottom - top - high)
    kind, first = look.rng.random(), look.chance(0.25)
    y, gap = top + (rest / 2 if kind < 0.3 else 0), gap * size + (rest / len(rows) * 0.8 if kind > 0.8 else 0)
    tone = look.colour(0) if look.chance(0.5) else look.ink
    for (indent, mark, _), lines in rows:
        x = left + indent * size
        if round_marks:
            r, middle = size * 0.62, y + size * 0.6
            pen.ellipse((left - 2, middle - r, left - 2 + 2 * r, middle + r), fill=look.colour(0))
            pen.text((left - 2 + r, middle), mark, font=look.face(size * 0.7), fill=(255, 255, 255), anchor="mm")
        elif mark:
            pen.text((x - size * 0.9, y), mark, font=face, fill=tone)
        for n, line in enumerate(lines):
            if y + size > bottom + 2:
                return
            bold, plain = line.split(" ", 1) if first and n == 0 and " " in line else ("", line)
            pen.text((x, y), bold, font=look.face(size, head=True), fill=look.colour(0))
            start = x + look.face(size, head=True).getlength(bold + " ") if bold else x
            pen.text((start, y), plain, font=face, fill=look.ink)
            y += size * leading
        y += gap


def _columns(look: Look, box: Box, share: float) -> list[Box]:
    """The box, or its halves at times."""
    left, top, right, bottom = box
    if not look.chance(share):
        return [box]
    middle = left + (right - left) * look.between(0.45, 0.55)
    return [(left, top, middle - 8, bottom), (middle + 8, top, right, bottom)]


def bullets(made: Image.Image, look: Look, box: Box) -> set[str]:
    """A list, short or long, sometimes with points below points, in two columns."""
    mark, deeper = str(look.rng.choice(list("•–▪›*-»"))), look.chance(0.35)
    size, (least, most) = look.between(0.05, 0.115) * look.size[1], LENGTHS[int(look.rng.integers(4))]
    for part in _columns(look, box, 0.15):
        items: list[Item] = []
        for _ in range(int(look.rng.integers(2, 8))):
            items.append((1.1, mark, look.words(least, most)))
            for _ in range(int(look.rng.integers(0, 4)) if deeper else 0):
                items.append((2.4, "–", look.words(least, most)))
        _laid(made, look, part, items, size=size)
    return {"bullets", *ONLY}


def numbered(made: Image.Image, look: Look, box: Box) -> set[str]:
    """A numbered list, an outline of the talk or a programme with its hours."""
    size, (least, most) = look.between(0.055, 0.11) * look.size[1], LENGTHS[int(look.rng.integers(3))]
    kind, count, hour = look.rng.random(), int(look.rng.integers(2, 9)), int(look.rng.integers(8, 17))
    items: list[Item] = []
    for n in range(count):
        mark = f"{n + 1}" if kind < 0.3 else f"{n + 1}{')' if kind < 0.45 else '.'}"
        text = look.words(least, most)
        if kind > 0.85:
            mark, text = "", f"{hour + n // 2}:{n % 2 * 3}0  {text}"
        items.append((1.6 if mark else 0.0, mark, text))
    _laid(made, look, box, items, size=size, round_marks=kind < 0.3)
    return {"numbered", *ONLY}


def paragraphs(made: Image.Image, look: Look, box: Box) -> set[str]:
    """Running text, in one or two columns, with or without small heads."""
    size = look.between(0.038, 0.085) * look.size[1]
    heads, indent = look.chance(0.2), 1.5 if look.chance(0.15) else 0.0
    for part in _columns(look, box, 0.25):
        items: list[Item] = []
        for _ in range(int(look.rng.integers(1, 5))):
            if heads:
                items.append((0.0, "", look.words(1, 3).upper()))
            items.append((indent, "", ". ".join(look.words(6, 14) for _ in range(int(look.rng.integers(1, 4)))) + "."))
        _laid(made, look, part, items, size=size)
    return set(ONLY)


def quote(made: Image.Image, look: Look, box: Box) -> set[str]:
    """A few lines in quotation marks, or beside a bar, and who said them."""
    pen, size = ImageDraw.Draw(made), look.between(0.06, 0.1) * look.size[1]
    left, top, right, bottom = box
    marks, bar = ("«", "»") if look.language == "es" else ("“", "”"), look.chance(0.3)
    y = top + size * (0.4 if bar else 1.6)
    if not bar:
        pen.text((left, top), marks[0], font=look.face(size * 3), fill=look.colour(0), anchor="la")
    begin = y
    for line in wrapped(marks[0] + look.words(8, 22) + marks[1], look.face(size), (right - left) * 0.9)[:5]:
        pen.text((left + size, y), line, font=look.face(size), fill=look.ink)
        y += size * 1.35
    if bar:
        pen.rectangle((left, begin, left + size * 0.25, y), fill=look.colour(0))
    who = "— " + look.words(2, 3)
    pen.text((right, min(y + size, bottom)), who, font=look.face(size * 0.7), fill=look.muted, anchor="ra")
    return {"quote", *ONLY}


def statement(made: Image.Image, look: Look, box: Box) -> set[str]:
    """One big sentence, on the page or on a coloured panel, sometimes with a smaller one below. It is text where a
    head stands above it (`generated.slide`)."""
    pen, size = ImageDraw.Draw(made), look.between(0.08, 0.19) * look.size[1]
    left, top, right, bottom = box
    lines = wrapped(look.words(2, 11), look.face(size, head=True), right - left - 8)[:4]
    y, centred = (top + bottom) / 2 - len(lines) * size * 0.6, look.chance(0.6)
    ink = look.ink
    if look.chance(0.2):
        panel = look.colour(0)
        pen.rectangle((left, y - size * 0.5, right, y + len(lines) * size * 1.2 + size * 0.5), fill=panel)
        ink = (255, 255, 255) if sum(panel) < 420 else (20, 20, 20)
    elif look.chance(0.2):
        ink = look.colour(0)
    for line in lines:
        at = ((left + right) / 2, y) if centred else (left + 4, y)
        pen.text(at, line, font=look.face(size, head=True), fill=ink, anchor="ma" if centred else "la")
        y += size * 1.2
    if look.chance(0.35):
        at = ((left + right) / 2, y + size * 0.5) if centred else (left + 4, y + size * 0.5)
        face = look.face(size * 0.5)
        pen.text(
            at,
            wrapped(look.words(3, 9), face, right - left)[0],
            font=face,
            fill=look.muted,
            anchor="ma" if centred else "la",
        )
    return {"heading", *ONLY}


def short_list(made: Image.Image, look: Look, box: Box) -> set[str]:
    """Two to five points in the middle of the page, as pages for the web set them, right below the head or lower."""
    pen, (left, top, right, bottom) = ImageDraw.Draw(made), box
    count, size = int(look.rng.integers(2, 6)), look.between(0.05, 0.095) * look.size[1]
    face, mark = look.face(size), str(look.rng.choice(["•", "–", "▪", "1", ""], p=[0.5, 0.1, 0.1, 0.1, 0.2]))
    said = [wrapped(look.words(1, 7), face, (right - left) * 0.8)[0] for _ in range(count)]
    step = min(size * look.between(1.2, 1.9), (bottom - top) / count)
    y = top + (bottom - top - step * count) * float(look.rng.choice([0, 0.25, 0.5]))
    x = (left + right - max(face.getlength(line) for line in said)) / 2
    for n, line in enumerate(said):
        if mark:
            before = f"{n + 1}." if mark == "1" else mark
            pen.text((x - size * 0.5, y), before, font=face, fill=look.ink, anchor="ra")
            pen.text((x, y), line, font=face, fill=look.ink)
        else:
            pen.text(((left + right) / 2, y), line, font=face, fill=look.ink, anchor="ma")
        y += step
    return {"numbered" if mark == "1" else "bullets" if mark else "text", *ONLY}


def scattered(made: Image.Image, look: Look, box: Box) -> set[str]:
    """A few short lines of several sizes and colours here and there, most of the page empty."""
    pen, (left, top, right, bottom) = ImageDraw.Draw(made), box
    count = int(look.rng.integers(2, 7))
    if look.chance(0.5):  # in the middle
        aside, above = (right - left) * look.between(0.1, 0.28), (bottom - top) * look.between(0.1, 0.3)
        left, top, right, bottom = left + aside, top + above, right - aside, bottom - above
    count = max(1, min(count, int((bottom - top) / look.size[1] / 0.11)))
    for n in range(count):
        size = look.between(0.045, 0.1) * look.size[1]
        face, ink = look.face(size, head=look.chance(0.3)), look.ink if look.chance(0.7) else look.colour(n)
        line = wrapped(look.words(1, 6), face, (right - left) * 0.7)[0]
        x = look.between(left, max(left + 1, right - face.getlength(line)))
        pen.text((x, top + (bottom - top - size) * (n + look.between(0, 0.6)) / count), line, font=face, fill=ink)
    return set(ONLY)


def big_number(made: Image.Image, look: Look, box: Box) -> set[str]:
    """One to three large numbers, each with small words below it."""
    pen, (left, top, right, bottom) = ImageDraw.Draw(made), box
    count, y = int(look.rng.choice([1, 1, 2, 3])), top + (bottom - top) * look.between(0.3, 0.5)
    size, wide = look.between(0.17, 0.34) * look.size[1] / (1 if count == 1 else 1.4), (right - left) / count
    for n in range(count):
        x, said = left + wide * (n + 0.5), str(look.rng.integers(1, 999))
        said += str(look.rng.choice(["", "%", " %", "×", " M", "k"]))
        ink = look.colour(0) if look.chance(0.6) else look.ink
        pen.text((x, y), said, font=look.face(size, head=True), fill=ink, anchor="mm")
        face = look.face(max(size * 0.25, look.size[1] * 0.05))
        for row, line in enumerate(wrapped(look.words(2, 9), face, wide * 0.85)[:3]):
            pen.text((x, y + size * 0.7 + row * face.size * 1.2), line, font=face, fill=look.muted, anchor="mm")
    return set(ONLY)


def boxes(made: Image.Image, look: Look, box: Box) -> set[str]:
    """Two to four panels side by side or below each other, each with a head and some words."""
    pen, (left, top, right, bottom) = ImageDraw.Draw(made), box
    count, across = int(look.rng.integers(2, 5)), look.chance(0.65)
    faint = tuple((8 * g + 2 * c) // 10 for g, c in zip(look.ground, look.colour(0), strict=True))
    filled, size = look.chance(0.6), look.between(0.045, 0.07) * look.size[1]
    for n in range(count):
        a, b = n / count, (n + 1) / count
        part = (
            (left + (right - left) * a + 3, top, left + (right - left) * b - 3, bottom)
            if across
            else (left, top + (bottom - top) * a + 3, right, top + (bottom - top) * b - 3)
        )
        pen.rounded_rectangle(part, radius=5, fill=faint if filled else None, outline=look.colour(n))  # type: ignore[arg-type]
        pen.text(
            (part[0] + 6, part[1] + 4),
            look.words(1, 1)[:12],
            font=look.face(size * 1.15, head=True),
            fill=look.colour(n),
        )
        inner = (part[0] + 6, part[1] + size * 1.9, part[2] - 5, part[3] - 3)
        if inner[3] - inner[1] > size:
            words = [(0.0, "", look.words(2, 9)) for _ in range(int(look.rng.integers(1, 4)))]
            _laid(made, look, inner, words, size=size)
    return set(ONLY)


def definitions(made: Image.Image, look: Look, box: Box) -> set[str]:
    """Terms with what they mean, questions with answers, references with their links."""
    pen, (left, top, right, bottom) = ImageDraw.Draw(made), box
    size, count, kind = look.between(0.05, 0.08) * look.size[1], int(look.rng.integers(2, 6)), look.rng.random()
    step = (bottom - top) / count
    for n in range(count):
        y = top + n * step
        head = look.words(1, 3) + (":" if kind < 0.6 else "")
        pen.text((left, y), head, font=look.face(size, head=True), fill=look.colour(0 if kind < 0.8 else n))
        text = f"https://{look.words(1, 1).lower()}.org/{look.words(1, 1).lower()}" if kind > 0.8 else look.words(5, 16)
        y += size * 1.25
        for line in wrapped(text, look.face(size * 0.85), right - left - size):
            if y + size > top + (n + 1) * step + 2:
                break
            pen.text((left + size, y), line, font=look.face(size * 0.85), fill=look.ink)
            y += size * 1.1
    return set(ONLY)


WRITTEN: tuple[tuple[Callable[[Image.Image, Look, Box], set[str]], float], ...] = (
    (bullets, 5), (numbered, 2), (paragraphs, 3), (quote, 1), (statement, 1.5), (short_list, 3), (scattered, 1.5),
    (big_number, 1), (boxes, 1.2), (definitions, 1),
)  # fmt: skip
