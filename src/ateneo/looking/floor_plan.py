"""A floor plan → its rooms with measures and areas: from its text and the places of it, without any model.

Pieces of text that stand below one another are one label. In a label the measures are found (3.24 m x 3.46 m, 324 ×
346, 12'6" x 10'), what is written above them, or else below, is the room's name, and the area is calculated; one that
is printed is compared. A unit that is not written is that of the other rooms, or what the numbers can only be.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from PIL import Image

from ateneo.engines.rapid_ocr import Box, RapidOcr

SIDE = 1600  # px of the longer side: letters of plans are small beside their walls
FOOT = 0.3048  # m
METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": FOOT, "in": FOOT / 12}
BESIDE = 1.1  # of a line's height: pieces no farther apart in one line are one
WORDS = 0.6  # of a line's height, between two words of one name
BELOW = 0.95  # of a line's height: lines no farther apart are of one label
NEAR = 3.0  # of a line's height: how far a name may be from measures that have none
WIDEST = 60.0  # m that a room measures at most
FEWEST = 2  # rooms of a plan

_NUMBER = r"\d{1,2}[.,]\s?\d{1,3}|\d{1,5}"
_FEET = (
    r"\d{1,3}\s?(?:'|’|′|`|´|‘|ft\.?|feet|pies)\s?-?\s?(?:\d{1,2}(?:[.,]\d)?\s?[½¼¾]?\s?(?:\"|”|″|“|''|’’|'|in\.?"
    r"|pulg\.?)?)?"
    r"|\d{1,2}(?:[.,]\d{1,2})?\s?(?:ft|feet|pies)"
)
_BY = r"\s*(?:[x×X*✕✖хΧ]|por|by)\s*"
_UNIT = r"m|cm|mm|mts?|metros|metres|meters|ft|feet|pies|in"
_METRIC = re.compile(
    rf"(?<![\d.,])(?P<one>{_NUMBER})\s?(?P<u1>{_UNIT})?\.?{_BY}(?P<other>{_NUMBER})\s?(?P<u2>{_UNIT})?(?![\w²³\d])",
    re.IGNORECASE,
)
_IMPERIAL = re.compile(rf"(?<![\d.,])(?P<one>{_FEET}){_BY}(?P<other>{_FEET})(?![\w\d])", re.IGNORECASE)
_AREA = re.compile(
    r"(?<![\d.,])(?P<value>\d{1,4}(?:[.,]\d{1,2})?)\s?(?P<unit>m\s?[²2?]{1,2}|sq\.?\s?m|sqm|metros cuadrados"
    r"|sq\.?\s?ft|ft\s?[²2]|sqft)(?![\w])",
    re.IGNORECASE,
)
_LOST = re.compile(r"(\d{1,3}[.,]\d{1,2})\s?m\W?")
_OPEN = re.compile(r"[\dm'\"]\s*[x×X*]\s*$")
_CLOSED = re.compile(r"^\s*[x×X*]\s*\d")
_PARTS = re.compile(r"(?P<feet>\d+(?:[.,]\d+)?)[^\d½¼¾]*(?P<inches>\d+(?:[.,]\d+)?)?\s?(?P<part>[½¼¾])?")
_IN_UNITS = re.compile(
    r"\b(?:cotas|medidas|dimensions?|dimensiones|measures|all)\b.{0,30}?\b(?:en|in)\s+(?P<unit>mm|cm|m|millim"
    r"|centim|met)",
    re.IGNORECASE,
)
_NO_NAME = re.compile(
    r"^(?:e(?:scala)?\.?\s?)?1\s?:\s?\d+|^(?:bh|h|alt)\s?=|^(?:n|nord|north|norte)$|^[\W\d_]*$", re.IGNORECASE
)
_HALVES = {"½": 0.5, "¼": 0.25, "¾": 0.75}


@dataclass(frozen=True, slots=True)
class Room:
    """A room: its name, the measures as they are written, in metres, the area in m² by calculation, or else as printed;
    `printed` is the area that the plan states, in m²; `feet` where it is measured in feet."""

    name: str
    written: str = ""
    width: float | None = None
    length: float | None = None
    area: float | None = None
    printed: float | None = None
    feet: bool = False
    printed_as: str = ""
    box: tuple[float, float, float, float] = (0, 0, 0, 0)

    @property
    def agrees(self) -> bool:
        """Whether the printed area is the calculated one, rounded as it is printed; True where none is printed."""
        if self.printed is None or self.width is None or self.length is None:
            return True
        value = self.width * self.length / (FOOT**2 if self.feet else 1)
        stated = re.search(r"\d+(?:[.,](\d+))?", self.printed_as)
        assert stated is not None
        number = float(stated[0].replace(",", "."))
        return abs(value - number) <= 0.5 * 10.0 ** -len(stated[1] or "") + 1e-9


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan says: its rooms in reading order, the text that is read, and labels without measures."""

    rooms: tuple[Room, ...]
    text: str = ""
    names: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """All areas together, in m²."""
        return sum(room.area for room in self.rooms if room.area is not None)


@dataclass(slots=True)
class _Piece:
    """A line of a label."""

    box: Box
    height: float

    @property
    def text(self) -> str:
        return self.box[4]


@dataclass(slots=True)
class _Entry:
    """What a label says of one room, while it is put together."""

    name: str = ""
    sides: tuple[float, float] | None = None
    unit: str = ""
    written: str = ""
    area: tuple[float, bool, str] | None = None
    boxes: list[Box] = field(default_factory=list)


def measures(written: str) -> int:
    """How many measures of rooms, or areas, a text has."""
    return sum(len(pattern.findall(written)) for pattern in (_METRIC, _IMPERIAL, _AREA))


def read_plan(image: Image.Image) -> Plan:
    """The rooms of an upright RGB picture; none where it says nothing of measures or areas."""
    return rooms_of(places(image))


def places(image: Image.Image) -> list[Box]:
    """What is written on a picture of small letters, each piece with its box in pixels of the picture."""
    ratio = SIDE / max(image.size)
    size = max(1, round(image.width * ratio)), max(1, round(image.height * ratio))
    found = _reader().places(np.asarray(image.resize(size, Image.Resampling.LANCZOS)))
    return [(l / ratio, t / ratio, r / ratio, b / ratio, text) for l, t, r, b, text in found]  # noqa: E741


@cache
def _reader() -> RapidOcr:
    return RapidOcr(looked_at=SIDE, turned=True)


def rooms_of(boxes: Sequence[Box]) -> Plan:
    """The rooms that pieces of text tell of."""
    pieces = _lines(boxes)
    whole = "\n".join(piece.text for piece in pieces)
    entries, names = [], []
    for label in _labels(pieces):
        made = list(_entries(label))
        entries += [entry for entry in made if entry.sides or entry.area]
        names += [entry for entry in made if not entry.sides and not entry.area]
    for entry in entries:
        if not entry.name and names:
            _adopt(entry, names)
    unit = _unit_of_plan(entries, whole)
    rooms = [_room(entry, unit) for entry in entries]
    ordered = _ordered([room for room in rooms if room])
    return Plan(tuple(_distinct(ordered)), whole, tuple(entry.name for entry in names if entry.name))


def _lines(boxes: Sequence[Box]) -> list[_Piece]:
    """The pieces, those of one line that stand close together as one."""
    found: list[_Piece] = []
    for box in sorted(boxes, key=lambda b: (b[0], b[1])):
        if not box[4].strip():
            continue
        tall = box[3] - box[1] > 1.5 * (box[2] - box[0]) and len(box[4]) > 2
        height = (box[2] - box[0]) if tall else (box[3] - box[1])
        near = next((p for p in found if not tall and _in_line(p, box, height)), None)
        if near is None:
            found.append(_Piece(box, height))
        else:
            one = near.box
            near.box = (
                min(one[0], box[0]),
                min(one[1], box[1]),
                max(one[2], box[2]),
                max(one[3], box[3]),
                f"{one[4]} {box[4]}",
            )
    return sorted(found, key=lambda piece: (piece.box[1], piece.box[0]))


def _in_line(piece: _Piece, box: Box, height: float) -> bool:
    one = piece.box
    beside = abs((one[1] + one[3]) - (box[1] + box[3])) / 2 < 0.4 * min(piece.height, height)
    if not beside or (_whole(one[4]) and _whole(box[4])):
        return False
    broken = _OPEN.search(one[4]) or _CLOSED.match(box[4])  # 3.24 m x | 3.46 m
    return -0.5 * height < box[0] - one[2] < (BESIDE if broken else WORDS) * min(piece.height, height)


def _whole(text: str) -> bool:
    """Whether a piece has measures or an area by itself."""
    return any(pattern.search(text) for pattern in (_METRIC, _IMPERIAL, _AREA))


def _labels(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Pieces below one another, together."""
    found: list[list[_Piece]] = []
    for piece in pieces:
        label = next((label for label in found if _below(label[-1], piece)), None)
        if label is None:
            found.append([piece])
        else:
            label.append(piece)
    return found


def _below(one: _Piece, other: _Piece) -> bool:
    a, b = one.box, other.box
    shared = min(a[2], b[2]) - max(a[0], b[0])
    narrow = min(a[2] - a[0], b[2] - b[0])
    middle = abs((a[0] + a[2]) - (b[0] + b[2])) / 2
    height = min(one.height, other.height)
    alike = max(one.height, other.height) < 2.2 * height
    return alike and (shared > 0.6 * narrow or middle < height) and -0.6 * height < b[1] - a[3] < BELOW * height


def _entries(label: Sequence[_Piece]) -> Iterator[_Entry]:
    """What a label says: one room, or several one below the other."""
    parts: list[tuple[str, _Piece, tuple[object, ...]]] = []
    for piece in label:
        parts += _parts(piece)
    kinds = [kind for kind, _, _ in parts]
    many = kinds.count("sides")
    current = _Entry()
    name_first = "name" in kinds and "sides" in kinds and kinds.index("name") < kinds.index("sides")
    for kind, piece, value in parts:
        if kind == "lost" and not _is_area(current, value):
            continue
        full = current.sides if kind == "sides" else current.area if kind in ("area", "lost") else None
        begins = kind == "name" and many > 1 and name_first and (current.sides or current.area)
        if full or begins:
            yield current
            current = _Entry()
        current.boxes.append(piece.box)
        if kind == "name":
            current.name = f"{current.name} {value[0]}".strip()
        elif kind == "sides":
            current.sides, current.unit, current.written = value  # type: ignore[assignment]
        else:
            current.area = value  # type: ignore[assignment]
    if current.boxes:
        yield current


def _is_area(entry: _Entry, value: tuple[object, ...]) -> bool:
    """Whether a number of metres after measures in metres is their area, its ² not read."""
    if entry.sides is None or entry.unit != "m":
        return False
    product = entry.sides[0] * entry.sides[1]
    return abs(float(str(value[0])) - product) < 0.02 * product


def _parts(piece: _Piece) -> list[tuple[str, _Piece, tuple[object, ...]]]:
    """A line's name, measures and area, as far as it has them."""
    line = _mended(piece.text)
    found: list[tuple[str, _Piece, tuple[object, ...]]] = []
    sides = _IMPERIAL.search(line)
    metric = None if sides else _METRIC.search(line)
    rest = line
    if sides:
        values = (_feet(sides["one"]), _feet(sides["other"]))
        found.append(("sides", piece, (values, "ft", sides[0].strip())))
        rest = line.replace(sides[0], " ", 1)
    elif metric:
        values = (_value(metric["one"]), _value(metric["other"]))
        found.append(("sides", piece, (values, _unit(metric["u2"] or metric["u1"] or ""), metric[0].strip())))
        rest = line.replace(metric[0], " ", 1)
    if area := _AREA.search(rest):
        feet = "ft" in area["unit"].lower()
        found.append(("area", piece, (_value(area["value"]), feet, area[0])))
        rest = rest.replace(area[0], " ", 1)
    rest = re.sub(rf"(?<=\s)(?:{_UNIT})\.?(?=\s|$)", " ", rest, flags=re.IGNORECASE) if found else rest
    name = re.sub(r"\s+", " ", re.sub(r"^[\s:;,.=()-]+|[\s:;,=(-]+$|(?<=\s)[aA]\s?[=:]$", "", rest))
    if lost := _LOST.fullmatch(line.strip()):
        return [("lost", piece, (_value(lost[1]), False, f"{lost[0]}²"))]
    if len(re.sub(r"[\W\d_]", "", name)) >= 2 and not _NO_NAME.match(name):
        found.insert(0, ("name", piece, (name,)))
    elif found == [] and re.fullmatch(r"\d{1,2}|[A-Z]", name.strip()):
        found.append(("name", piece, (name.strip(),)))
    return found


def _mended(line: str) -> str:
    """The line without what readers of letters confuse in numbers."""
    line = re.sub(r"(?<=\d)\s*[,.]\s*(?=\d)", lambda found: found[0].strip(), line)
    line = re.sub(r"(?<=[\d.,])[oO](?=[\d.,\s]|$)", "0", line)
    line = re.sub(r"(?<=[\d.,])[lI](?=[\d.,])", "1", line)
    return re.sub(r"(?<=\d)(m|cm|mm)(?=\d)", r"\1 x ", line)


def _value(written: str) -> float:
    return float(written.replace(" ", "").replace(",", "."))


def _feet(written: str) -> float:
    found = _PARTS.match(written.strip())
    assert found is not None
    inches = _value(found["inches"] or "0") + _HALVES.get(found["part"] or "", 0.0)
    return _value(found["feet"]) + inches / 12


def _unit(written: str) -> str:
    low = written.lower()
    return "m" if low in ("mt", "mts", "metros", "metres", "meters") else "ft" if low in ("feet", "pies") else low


def _adopt(entry: _Entry, names: list[_Entry]) -> None:
    """Gives measures without a name the nearest name that has no measures."""
    box = entry.boxes[0]
    height = box[3] - box[1]

    def distance(other: _Entry) -> float:
        b = other.boxes[0]
        across = max(b[0] - box[2], box[0] - b[2], 0)
        down = max(b[1] - box[3], box[1] - b[3], 0)
        return float(max(across, down) + 0.1 * (b[1] > box[1]))

    best = min(names, key=distance)
    if distance(best) < NEAR * height:
        entry.name = best.name
        entry.boxes += best.boxes
        names.remove(best)


def _unit_of_plan(entries: Sequence[_Entry], whole: str) -> str:
    """The unit of measures that have none."""
    if told := _IN_UNITS.search(whole):
        low = told["unit"].lower()
        return {"mil": "mm", "cen": "cm", "met": "m"}.get(low[:3], low)
    units = Counter(entry.unit for entry in entries if entry.unit)
    if units:
        return units.most_common(1)[0][0]
    sides = [side for entry in entries if entry.sides for side in entry.sides]
    typical = float(np.median(sides)) if sides else 1.0
    return "mm" if typical >= 1000 else "cm" if typical >= 80 else "m"


def _room(entry: _Entry, unit: str) -> Room | None:
    """The room in metres; None where it would be none."""
    box = (min(b[0] for b in entry.boxes), min(b[1] for b in entry.boxes),
           max(b[2] for b in entry.boxes), max(b[3] for b in entry.boxes))  # fmt: skip
    room = Room(entry.name, box=box)
    if entry.area:
        value, feet, written = entry.area
        square = value * FOOT**2 if feet else value
        room = replace(room, area=square, printed=square, printed_as=written, feet=feet)
    if entry.sides:
        ratio = METRES[entry.unit or unit]
        width, length = (side * ratio for side in entry.sides)
        if not (0.2 <= width <= WIDEST and 0.2 <= length <= WIDEST):
            return None
        room = replace(room, written=entry.written, width=width, length=length, area=width * length,
                       feet=(entry.unit or unit) == "ft")  # fmt: skip
    return room


def _ordered(rooms: Sequence[Room]) -> list[Room]:
    """Row by row from the top, each from the left."""
    rows: list[list[Room]] = []
    for room in sorted(rooms, key=lambda one: one.box[1] + one.box[3]):
        middle = (room.box[1] + room.box[3]) / 2
        if rows and rows[-1][0].box[1] <= middle <= rows[-1][0].box[3]:
            rows[-1].append(room)
        else:
            rows.append([room])
    return [room for row in rows for room in sorted(row, key=lambda one: one.box[0])]


def _distinct(rooms: Sequence[Room]) -> Iterator[Room]:
    """The rooms; of those of one name each gets a number, those without one are called by it."""
    counts = Counter(room.name for room in rooms)
    seen: Counter[str] = Counter()
    for room in rooms:
        seen[room.name] += 1
        number = f"{room.name} ({seen[room.name]})" if counts[room.name] > 1 or not room.name else room.name
        yield replace(room, name=number.strip() or "?")
