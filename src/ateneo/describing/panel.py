"""The panel: who plays, the score, clock, period and series of a stretch, read off the screen by code alone.

Cells of text are followed through the stretch (`watching`). Which of them is what is decided by how they behave: a
clock runs, scores stand beside names and only grow, a shot clock falls again and again, the time of day hardly changes.
What was read is then put right by what a match allows (`steady`).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import combinations, pairwise, permutations
from pathlib import Path

from ateneo.describing import steady
from ateneo.describing.columns import ALIKE
from ateneo.describing.match import Moment, Panel, Period
from ateneo.describing.names import abbreviates
from ateneo.describing.sets import sets_of
from ateneo.describing.steady import Timed
from ateneo.describing.streams import Stream, said_most, stacked, streams_of
from ateneo.describing.tokens import Unit
from ateneo.describing.watching import Cell, Eye, follow
from ateneo.text import fold

STEADY = 0.5  # of the times that a name or a score was looked for and was there
FITS = 0.8  # of a score's readings that fit a course
FRESH = 2.5  # s; an older reading of the clock tells nothing of now
NAMED = 0.6  # of what a name's place says that is that name, where no clock tells a match from slides
BASKETBALL = 40  # points of both together: the periods of such a match are quarters


def read_panel(path: Path, start: float, end: float, *, eye: Eye | None = None) -> Panel | None:
    """The scoreboard of a recording from `start` to `end` (s); None where there is none. Raises InputError."""
    cells, times = follow(path, start, end, eye=eye)
    return panel_of(cells, times)


def panel_of(cells: Sequence[Cell], times: Sequence[float]) -> Panel | None:
    """The scoreboard that these cells make up; None where they do not: two scores, or no clock and no change."""
    streams = streams_of(cells)
    clocks = [s for s in streams if s.kind == "clock" and steady.is_clock(s.timed())]
    clock = max(clocks, key=lambda s: (len(s.tokens), s.cell.height), default=None)
    words = [s for s in streams if s.kind == "word" and len(s.tokens) >= STEADY * len(times)]
    if clock is None:
        words = [word for word in words if _keeps(word)]
    if clock is None and (in_sets := sets_of(words, cells, times)):
        return replace(in_sets, ended=_ended(streams))
    found = _best_pair(streams, words, clock, len(times))
    if found is None:
        return None
    courses, teams, group = found
    if clock is None and not any(map(_grows, courses)):
        return None
    runs = 0
    clocked: list[Timed] = []
    if clock:
        clocked, runs = steady.clock(clock.timed())
    near = [s for s in streams if s.cell.group == group or (clock and s.cell.group == clock.cell.group)]
    periods, series = _periods(near), _series(near, teams)
    moments = _moments(courses, clocked, periods, series)
    return Panel(teams, _with_units(moments), runs, _ended(near))


def _best_pair(
    streams: Sequence[Stream], words: Sequence[Stream], clock: Stream | None, looked: int
) -> tuple[tuple[list[Timed], list[Timed]], tuple[str, str], int] | None:
    """The two scores with their names and group: large, beside names, in the group of the clock."""
    scored = []
    least = STEADY * looked
    for stream in streams:
        if stream.kind == "pair" and len(stream.tokens) >= least and not steady.is_clock(_as_clock(stream)):
            courses = steady.score(stream.timed(0)), steady.score(stream.timed(1))
            if all(map(_fits, courses)):
                names = _names_beside(stream, words)
                scored.append((_worth(stream.cell, names, clock), courses, names, stream.cell.group))
    numbers = [(s, course) for s in streams if s.kind == "number" and len(s.tokens) >= least
               if _fits(course := steady.score(s.timed()))]  # fmt: skip
    for (one, first), (other, second) in combinations(numbers, 2):
        if one.cell.group == other.cell.group and _paired(one, other):
            pair = sorted(
                [(one, first), (other, second)],
                key=lambda p: (p[0].y, p[0].x) if stacked(one, other) else (p[0].x, p[0].y),
            )
            names = _names_of(pair[0][0], pair[1][0], words)
            worth = (
                _worth(one.cell, names, clock) - 0.01 * (abs(one.x - other.x) + abs(one.y - other.y)) / one.cell.height
            )
            scored.append((worth, (pair[0][1], pair[1][1]), names, one.cell.group))
    belongs = [one for one in scored if any(one[2]) or (clock and clock.cell.group == one[3])]
    if not belongs:
        return None
    _, courses, names, group = max(belongs, key=lambda one: one[0])
    return courses, names, group


def _as_clock(stream: Stream) -> list[Timed]:
    return [(time, token.values[0] * 60 + token.values[1], sure) for time, token, sure in stream.tokens
            if ":" in token.text]  # fmt: skip


def _fits(course: Sequence[Timed]) -> bool:
    return sum(fits for _, _, fits in course) >= FITS * len(course)


def _keeps(word: Stream) -> bool:
    """Whether a word is a name that stays, and no text of slides that come one after the other."""
    name = fold(said_most(word))
    alike = sum(SequenceMatcher(None, name, fold(token.text)).ratio() >= ALIKE for _, token, _ in word.tokens)
    return alike >= NAMED * len(word.tokens)


def _grows(course: Sequence[Timed]) -> bool:
    """Whether a score changes, and is not taken back again and again."""
    steps = [b - a for (_, a, _), (_, b, _) in pairwise(course) if a != b]
    return bool(steps) and sum(step < 0 for step in steps) < 2


def _worth(cell: Cell, names: tuple[str, str], clock: Stream | None) -> float:
    together = clock is not None and clock.cell.group == cell.group
    return 3.0 * (bool(names[0]) + bool(names[1])) + 2.0 * together + cell.height / 40


def _paired(one: Stream, other: Stream) -> bool:
    """Whether two numbers are of one size, and side by side or one above the other."""
    heights = sorted([one.cell.height, other.cell.height])
    alike = heights[0] > 0.7 * heights[1]
    return alike and (stacked(one, other) or abs(one.y - other.y) < 0.5 * heights[0])


def _in_row(stream: Stream, words: Sequence[Stream]) -> list[Stream]:
    return [w for w in words if w.cell.group == stream.cell.group and abs(w.y - stream.y) < 0.5 * stream.cell.height]


def _in_column(stream: Stream, words: Sequence[Stream]) -> list[Stream]:
    height = stream.cell.height
    return [w for w in words if w.cell.group == stream.cell.group and abs(w.x - stream.x) < 2 * height
            and 0.5 * height < abs(w.y - stream.y) < 2 * height]  # fmt: skip


def _names_beside(pair: Stream, words: Sequence[Stream]) -> tuple[str, str]:
    """The nearest words left and right of "24 : 23"."""
    row = _in_row(pair, words)
    left = max((w for w in row if w.x < pair.x), key=lambda w: w.x, default=None)
    right = min((w for w in row if w.x > pair.x), key=lambda w: w.x, default=None)
    return said_most(left) if left else "", said_most(right) if right else ""


def _names_of(one: Stream, other: Stream, words: Sequence[Stream]) -> tuple[str, str]:
    """The two different words that lie nearest to the two scores, each in its row, else in its column."""
    rows = [_in_row(one, words) or _in_column(one, words), _in_row(other, words) or _in_column(other, words)]
    options = [(abs(a.x - one.x) + abs(b.x - other.x), n, a, b)
               for n, (a, b) in enumerate(permutations({id(w): w for row in rows for w in row}.values(), 2))
               if a in rows[0] and b in rows[1]]  # fmt: skip
    if options:
        _, _, a, b = min(options, key=lambda option: option[:2])
        return said_most(a), said_most(b)
    return "", ""


def _periods(streams: Iterable[Stream]) -> list[tuple[float, Period | None, int]]:
    """(time, period, number) over time, the number steady; the unit is None where only an ordinal stands there."""
    best = max((s for s in streams if s.kind == "period"), key=lambda s: len(s.tokens), default=None)
    if best is None:
        return []
    order = [(t, token.values[0] + (10 if token.unit == "overtime" else 0), sure) for t, token, sure in best.tokens]
    units = Counter(token.unit for _, token, _ in best.tokens if token.unit and token.unit != "overtime")
    unit = units.most_common(1)[0][0] if units else None
    found: list[tuple[float, Period | None, int]] = []
    for time, value, _ in steady.score(order):
        number = int(value)
        if number > 10:
            found.append((time, Period(number - 10, "overtime"), number - 10))
        else:
            found.append((time, Period(number, unit) if unit else None, number))
    return found


def _series(streams: Iterable[Stream], teams: tuple[str, str]) -> list[tuple[float, tuple[int, int]]]:
    """The games of a series that each has won, over time; "BOSTON LEADS 3-1" has those of who leads first."""
    best = max((s for s in streams if s.kind == "series"), key=lambda s: len(s.tokens), default=None)
    if best is None or len(best.tokens) < 2:
        return []
    turned = any(_is(teams[1], token.text) and not _is(teams[0], token.text) for _, token, _ in best.tokens)
    one, other = steady.score(best.timed(int(turned))), steady.score(best.timed(1 - int(turned)))
    return [(a[0], (int(a[1]), int(b[1]))) for a, b in zip(one, other, strict=True)]


def _is(team: str, name: str) -> bool:
    """Whether a name is that of a team on the panel, or what it is short for, or the other way round."""
    return bool(name) and (abbreviates(team, name) or abbreviates(name, team))


def _ended(streams: Iterable[Stream]) -> float | None:
    ends = max((s for s in streams if s.kind == "end"), key=lambda s: len(s.tokens), default=None)
    return ends.tokens[0][0] if ends and len(ends.tokens) > 2 else None


def _moments(
    courses: tuple[list[Timed], list[Timed]],
    clock: Sequence[Timed],
    periods: Sequence[tuple[float, Period | None, int]],
    series: Sequence[tuple[float, tuple[int, int]]],
) -> list[tuple[Moment, int]]:
    """One moment for each time at which both scores are known, with the number of the period (0: none)."""
    first, second = ({time: int(value) for time, value, _ in course} for course in courses)
    found = []
    for time in sorted(set(first) | set(second)):
        scores = _last(first, time), _last(second, time)
        if scores[0] is None or scores[1] is None:
            continue
        now = next((value for t, value, _ in reversed(clock) if t <= time and time - t <= FRESH), None)
        part = next(((p, n) for t, p, n in reversed(periods) if t <= time), (None, 0))
        run = next((value for t, value in reversed(series) if t <= time), series[0][1] if series else None)
        found.append((Moment(time, (scores[0], scores[1]), now, part[0], run), part[1]))
    return found


def _last(values: dict[float, int], time: float) -> int | None:
    if time in values:
        return values[time]
    before = [t for t in values if t < time]
    return values[max(before)] if before else None


def _with_units(moments: Sequence[tuple[Moment, int]]) -> tuple[Moment, ...]:
    """Ordinals alone ("4TH") are quarters where the scores are those of basketball, else periods."""
    if not moments:
        return ()
    scores = moments[-1][0].scores or (0, 0)
    unit: Unit = "quarter" if sum(scores) > BASKETBALL else "period"
    return tuple(
        replace(moment, period=Period(number, unit)) if moment.period is None and number else moment
        for moment, number in moments
    )
