"""A match in sets, read off columns of numbers: tennis and padel, volleyball, badminton, table tennis.

No scoreboard says what its columns are: games or points of each set, the number of sets won, points of the game. Every
layout that is in use is tried on all that was shown, and that is taken under which most of it is a match that can be,
and goes on as matches do.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Literal

from ateneo.describing.columns import Column, Shown, columns_of
from ateneo.describing.match import Moment, Pair, Panel, Period
from ateneo.describing.streams import Stream
from ateneo.describing.watching import Cell

LEGAL = 0.7  # of what was shown that must be possible
WITH_POINTS = 0.3  # of what a scoreboard of tennis shows that has points in it
BACKWARD = 3.0  # what was shown that a match that goes back costs
POINTS = ("0", "15", "30", "40")
MOST_SETS = 5
LONGEST, DECIDING = 25, 15  # points of a set of volleyball, and of its last
SHORTEST = 11  # points of a set of table tennis
CLEAR = 2  # by which a set is won


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the columns are, from the names on, the first `skipped` left out. `won`: where the number of sets won
    stands; `each`: whether every set has a column, not the present one alone."""

    games: bool
    won: Literal["", "first", "last"]
    each: bool
    skipped: int


@dataclass(frozen=True, slots=True)
class _State:
    """How a match stands; `number` is that of the set that `score` is of. `whole` is False where something stood there
    that could not be told."""

    time: float
    score: Pair
    won: Pair
    number: int
    points: Column | None
    server: int | None
    sets: tuple[Pair, ...] = ()
    whole: bool = True


def sets_of(words: Sequence[Stream], cells: Sequence[Cell], times: Sequence[float]) -> Panel | None:
    """The panel of a match in sets; None where these cells are none, or nothing changes."""
    best: tuple[tuple[float, int, float], tuple[str, str], _Layout, list[_State]] | None = None
    for names, shown in columns_of(words, cells, times):
        for layout in _layouts(shown):
            states = _states(shown, layout)
            worth = _worth(states, layout, len(shown))
            order = round(worth, 1), sum(map(len, names)), worth  # a country before a name is shorter than that
            if worth >= LEGAL and (best is None or order > best[0]):
                best = order, names, layout, states
    if best is None:
        return None
    _, names, layout, states = best
    kept = _served(_going_on(states)) if layout.games else _going_on(states)
    if len({(state.score, state.won, state.points) for state in kept}) < 2:
        return None
    return Panel(names, tuple(map(_moment, kept)), games=layout.games)


def _layouts(shown: Sequence[Shown]) -> Iterator[_Layout]:
    """Those that the columns have room for, the usual ones first."""
    most = max(len(one.columns) for one in shown)
    for skipped, games, won, each in product((0, 1), (True, False), ("", "first", "last"), (True, False)):
        fewest = skipped + bool(won) + 1 + (not won and not games)
        if fewest <= most and (won or each):
            yield _Layout(games, won, each, skipped)  # type: ignore[arg-type]


def _worth(states: Sequence[_State], layout: _Layout, looked: int) -> float:
    """The share of what was shown that is a possible match, less what goes back, less what is unusual."""
    back = sum(_progress(b) < _progress(a) for a, b in pairwise(states))
    worth = (sum(state.whole for state in states) - BACKWARD * back) / looked - 0.01 * layout.skipped
    bare = layout.games and sum(state.points is not None for state in states) < WITH_POINTS * looked
    return worth - (LEGAL if bare else 0.0)


def _progress(state: _State) -> int:
    return 100 * state.number + sum(state.score)


def _going_on(states: Sequence[_State]) -> list[_State]:
    """Most of them that never go back: the longest rising course (Schensted, 1961)."""
    ends: list[int] = []  # of courses of 1, 2, 3 ... states, that whose last is the least
    before: list[int] = []
    for n, state in enumerate(states):
        place = bisect_right(ends, _progress(state), key=lambda m: _progress(states[m]))
        before.append(ends[place - 1] if place else -1)
        ends[place : place + 1] = [n]
    kept, n = [], ends[-1] if ends else -1
    while n >= 0:
        kept.append(states[n])
        n = before[n]
    return kept[::-1]


def _served(states: Sequence[_State]) -> list[_State]:
    """The states with who serves told through each game, a tie-break left out: one serves it all."""
    told: dict[tuple[int, Pair], Counter[int]] = {}
    for state in states:
        if state.server is not None:
            told.setdefault((state.number, state.score), Counter())[state.server] += 1
    return [
        replace(state, server=told[game].most_common(1)[0][0])
        if (game := (state.number, state.score)) in told and min(state.score) < 6 else state
        for state in states
    ]  # fmt: skip


def _moment(state: _State) -> Moment:
    return Moment(state.time, state.score, period=Period(state.number, "set"), points=state.points, won=state.won,
                  sets=state.sets, server=state.server)  # fmt: skip


# what was shown at one time


def _states(shown: Sequence[Shown], layout: _Layout) -> list[_State]:
    """How the match stood whenever that can be told under a layout."""
    found: list[_State] = []
    for one in shown:
        columns = [column for column in one.columns[layout.skipped :] if any(column)]
        before = found[-1] if found else None
        state = _of_each(one, columns, layout, before) if layout.each else _of_one(one, columns, layout, before)
        if state:
            found.append(state)
    return found


def _of_one(one: Shown, columns: list[Column], layout: _Layout, before: _State | None) -> _State | None:
    """A layout with the number of sets won and the present set alone."""
    won = _numbers(columns.pop(0 if layout.won == "first" else -1)) if columns else None
    score = _score(columns.pop(0), layout) if columns else None
    columns = _of_points(columns)
    if won is None or score is None or sum(won) >= MOST_SETS or len(columns) > layout.games:
        return None
    number = sum(won) + 1
    if _ended(score, layout, number=number) or _ended(score, layout, number=number - 1):
        at = before.number if before else 0
        number = at if at in (number - 1, number) else max(1, number - 1)
        if sum(won) < number:
            won = _with_one_more(won, score)
    elif _beyond(score, layout):
        return None
    return _with_points(_State(one.time, score, won, number, None, one.server), columns, layout, before)


def _of_each(one: Shown, columns: list[Column], layout: _Layout, before: _State | None) -> _State | None:
    """A layout with a column for every set; the last one that is not over is being played."""
    told = _numbers(columns.pop(0 if layout.won == "first" else -1)) if layout.won and columns else None
    sets: list[Pair] = []
    while columns and len(sets) < MOST_SETS and (score := _score(columns[0], layout)) is not None:
        if sets and not _ended(sets[-1], layout, number=len(sets)) and not _shorter(sets[-1], layout):
            break
        sets.append(score)
        columns.pop(0)
    columns = _of_points(columns)
    if not sets or _beyond(sets[-1], layout) or len(columns) > layout.games:
        return None
    over = sets if _ended(sets[-1], layout, number=len(sets)) else sets[:-1]
    won = sum(a > b for a, b in over), sum(b > a for a, b in over)
    if layout.won and told != won:
        return None
    state = _State(one.time, sets[-1], won, len(sets), None, one.server, tuple(over))
    return _with_points(state, columns, layout, before)


def _of_points(columns: Sequence[Column]) -> list[Column]:
    """What is left for points, without later ones of which a side has nothing."""
    return [column for n, column in enumerate(columns) if n == 0 or all(column) or "AD" in column]


def _with_points(state: _State, columns: Sequence[Column], layout: _Layout, before: _State | None) -> _State:
    """The state with the points of its game; a side whose points are not read has those that it had before."""
    if not columns:
        return state
    level = state.score[0] == state.score[1] >= 6
    last = before.points if before and before.score == state.score and before.points else None
    read = ["40" if other == "AD" else own for own, other in (columns[0], columns[0][::-1])]
    if not level:
        read = [own if own in (*POINTS, "AD") else last[side] if last else "" for side, own in enumerate(read)]
    told = all(own.isdecimal() for own in read) if level else "" not in read and read != ["AD", "AD"]
    if not told or _ended(state.score, layout, number=state.number):
        return replace(state, whole=columns[0] == ("0", "0"))
    if "AD" in read:
        read = ["AD" if own == "AD" else "40" for own in read]
    return replace(state, points=(read[0], read[1]))


def _numbers(column: Column) -> Pair | None:
    """A column of sets won."""
    if not all(one.isdecimal() for one in column):
        return None
    a, b = map(int, column)
    return (a, b) if max(a, b) <= 3 and a + b <= MOST_SETS else None


def _score(column: Column, layout: _Layout) -> Pair | None:
    """A column of games or points; of "76", which is 7 with the points of a tie-break, 7."""
    if not all(one.isdecimal() for one in column):
        return None
    if layout.games:
        column = column[0][: 1 if column[0][0] in "67" else None], column[1][: 1 if column[1][0] in "67" else None]
    a, b = map(int, column)
    return None if layout.games and max(a, b) > 7 else (a, b)


def _ended(score: Pair, layout: _Layout, *, number: int) -> bool:
    """Whether a set is over."""
    high, low = max(score), min(score)
    if layout.games:
        return (high == 6 and low < 5) or (high == 7 and low in (5, 6))
    return high >= (DECIDING if number == MOST_SETS else LONGEST) and high - low >= CLEAR


def _shorter(score: Pair, layout: _Layout) -> bool:
    """Whether this may be a set of a sport with shorter sets that is over, as the next one has begun."""
    return not layout.games and max(score) >= SHORTEST and max(score) - min(score) >= CLEAR


def _beyond(score: Pair, layout: _Layout) -> bool:
    """Whether no set can stand like this: it was over before."""
    high, low = max(score), min(score)
    return (high == 7 and low < 5) if layout.games else high > LONGEST and high - low > CLEAR


def _with_one_more(won: Pair, score: Pair) -> Pair:
    return (won[0] + 1, won[1]) if score[0] > score[1] else (won[0], won[1] + 1)
