"""The columns of numbers of a scoreboard over time, as two sides have them: two rows under one another with the names
in front, or one row between two names, read from each name inwards."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations, pairwise

import numpy as np

from ateneo.describing.streams import Stream, said_most
from ateneo.describing.tokens import digits
from ateneo.describing.watching import Cell
from ateneo.text import fold

SURE = 0.5  # of a reading that is taken for something
ALIKE = 0.7  # of a name's letters that tell that the scoreboard is shown
APART = 0.6  # of a letter's height between two columns
FEWEST = 3  # readings of a column
ADVANTAGE = frozenset({"AD", "A", "ADV", "V", "VT", "VENT", "VENTAJA"})

_BESIDE = re.compile(r"[\[(]\s*\d+\s*[\])]|[⁰¹²³⁴-⁹]+")  # a player's rank; the points of a tie-break
_MARK = re.compile(r"^[^\w\s.'’&()\[\]-]|[^\w\s.'’&()\[\]-]$")

Column = tuple[str, str]  # of both sides: a number, "AD", or "" where nothing stands there


@dataclass(frozen=True, slots=True)
class Shown:
    """What stood in the columns at `time` (s), from the names on; `server` is the side with a mark beside its name."""

    time: float
    columns: tuple[Column, ...]
    server: int | None


def columns_of(
    words: Sequence[Stream], cells: Sequence[Cell], times: Sequence[float]
) -> Iterator[tuple[tuple[str, str], list[Shown]]]:
    """For each two words that may be the names of two sides: the names, and what was shown beside them."""
    for one, other in combinations(words, 2):
        if one.cell is other.cell or one.cell.group != other.cell.group:
            continue
        first, second = sorted((one, other), key=lambda s: (s.y, s.x))
        if _under(first, second):
            sides = _rows(first, second, cells)
        elif abs(first.y - second.y) < 0.5 * min(first.cell.height, second.cell.height):
            first, second = sorted((one, other), key=lambda s: s.x)
            sides = _between(first, second, cells)
        else:
            continue
        if shown := _shown((first, second), sides, times):
            yield (said_most(first), said_most(second)), shown


def _under(first: Stream, second: Stream) -> bool:
    height = max(first.cell.height, second.cell.height)
    overlap = min(first.cell.box[2], second.cell.box[2]) - max(first.cell.box[0], second.cell.box[0])
    return overlap > 0 and 0.7 * height < second.y - first.y < 3 * height


@dataclass(frozen=True, slots=True)
class _Piece:
    """A number at a place, at a time."""

    x: float
    time: float
    text: str


def _rows(first: Stream, second: Stream, cells: Sequence[Cell]) -> list[list[dict[float, str]]]:
    """The columns of two rows: pieces of both that stand under one another."""
    pieces = [list(_pieces(cells, name)) for name in (first, second)]
    height = min(first.cell.height, second.cell.height)
    edges = _edges([p for side in pieces for p in side], APART * height)
    return [_in_columns(side, edges) for side in pieces]


def _between(first: Stream, second: Stream, cells: Sequence[Cell]) -> list[list[dict[float, str]]]:
    """The columns of one row: those of its first half, and those of the other half from its end."""
    low, high = first.cell.box[2] - first.cell.height, second.cell.box[0] + second.cell.height
    pieces = [p for p in _pieces(cells, first) if low < p.x < high]
    edges = _edges(pieces, APART * min(first.cell.height, second.cell.height))
    found = _in_columns(pieces, edges)
    if len(found) % 2:
        return [[], []]
    half = len(found) // 2
    return [found[:half], found[half:][::-1]]


def _pieces(cells: Sequence[Cell], name: Stream) -> Iterator[_Piece]:
    """The numbers in the row of a name."""
    for cell in cells:
        middle = (cell.box[1] + cell.box[3]) / 2
        if cell.group != name.cell.group or abs(middle - name.y) > 0.5 * name.cell.height:
            continue
        left, _, right, _ = cell.box
        for reading in cell.readings:
            if reading.sure < SURE:
                continue
            text = _BESIDE.sub(lambda m: " " * len(m[0]), reading.text)
            named = _after_name(text) if cell is name.cell else 0
            for match in re.finditer(r"[^\s|/·:–—-]+", text):
                if match.start() >= named and (value := _value(match[0])):
                    place = (match.start() + match.end()) / 2 / len(text)
                    yield _Piece(left + (right - left) * place, reading.time, value)


def _after_name(text: str) -> int:
    """Where the letters of a name end."""
    return max((match.end() for match in re.finditer(r"[^\W\d_]{2,}", text)), default=len(text))


def _value(text: str) -> str:
    """A number as it is meant, "AD", or "" where it is neither."""
    if text.upper().rstrip(".") in ADVANTAGE:
        return "AD"
    read = digits(text)
    return str(int(read)) if read and len(read) < 3 else ""


def _edges(pieces: Sequence[_Piece], apart: float) -> list[float]:
    """Where one column ends and the next one begins."""
    places = sorted(p.x for p in pieces)
    return [(a + b) / 2 for a, b in pairwise(places) if b - a > apart]


def _in_columns(pieces: Sequence[_Piece], edges: Sequence[float]) -> list[dict[float, str]]:
    found: list[dict[float, str]] = [{} for _ in range(len(edges) + 1)]
    for piece in pieces:
        found[int(np.searchsorted(edges, piece.x))][piece.time] = piece.text
    return found


def _shown(
    names: tuple[Stream, Stream], sides: Sequence[Sequence[Mapping[float, str]]], times: Sequence[float]
) -> list[Shown]:
    """The columns at each time at which the names are there; what stood for one look alone is taken for misread."""
    marks = [_marks(name) for name in names]
    seen = [time for time in times if any(time in of for of in marks)]
    kept = [(a, b) for a, b in zip(*sides, strict=False) if len({*a, *b} & {*seen}) >= FEWEST]
    if not kept or not seen:
        return []
    steady = [[_lasting([of.get(time, "") for time in seen]) for of in pair] for pair in kept]
    servers = _lasting([_serves(*(of.get(time) for of in marks)) for time in seen])
    return [
        Shown(time, tuple((a[n], b[n]) for a, b in steady), {"0": 0, "1": 1}.get(servers[n]))
        for n, time in enumerate(seen)
    ]


def _marks(name: Stream) -> dict[float, bool]:
    """The times at which a name is there, and whether a mark stands beside it then."""
    letters = fold(said_most(name))
    return {
        reading.time: bool(_MARK.search(reading.text.strip()))
        for reading in name.cell.readings
        if SequenceMatcher(None, letters, fold(reading.text)).ratio() >= ALIKE or letters in fold(reading.text)
    }


def _serves(first: bool | None, second: bool | None) -> str:
    return "" if first == second or first is None or second is None else "0" if first else "1"


def _lasting(values: Sequence[str]) -> list[str]:
    """Values, without those that stood once between two that are the same."""
    found = list(values)
    for n in range(1, len(found) - 1):
        if found[n - 1] == values[n + 1]:
            found[n] = found[n - 1]
    return found
