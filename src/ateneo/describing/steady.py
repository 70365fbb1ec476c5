"""What was really shown, out of readings that err: by what a match allows.

A score stays, or grows; that it falls is allowed too, for a goal may be taken back, but it must be shown for long. A
clock runs one way, no faster than time, and may stand; a jump (a new period, a cut) must be borne out by what follows.
The likeliest course is found by dynamic programming (Viterbi, 1967), not reading by reading.
"""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

WRONG = 1.0  # cost of a reading that is not what was shown, times how sure the reader was
GROWS = 1.2  # cost of a score that grows,
BY = 0.05  # and of each point that it grows by
MOST_BY = 3.0
FALLS = 6.0  # cost of a score that falls
JUMPS = 4.0  # readings that a jump of the clock must be borne out by
LAG = 1.2  # s that a clock's reading may be off
BEFORE = 40  # readings looked back at
AS_TIME = 0.7  # of the changes of a clock that are no jumps
HALF_SURE = 0.5  # weight of a reading at the least

Timed = tuple[float, float, float]  # time (s), value, how sure in [0, 1]


def score(readings: Sequence[Timed]) -> list[Timed]:
    """(time, value) of the score at each reading, the likeliest course: readings that do not fit are put right. The
    third is 1 where the reading said so itself, else 0."""
    if not readings:
        return []
    values = sorted({value for _, value, _ in readings})
    places = {value: n for n, value in enumerate(values)}
    rise = np.array([[_step(before, after) for after in values] for before in values])  # (before, after)
    cost = np.zeros(len(values))
    back: list[np.ndarray] = []
    for n, (_, value, sure) in enumerate(readings):
        if n:
            total = cost[:, None] + rise
            back.append(total.argmin(0))
            cost = total.min(0)
        cost = cost + WRONG * max(sure, HALF_SURE)
        cost[places[value]] -= WRONG * max(sure, HALF_SURE)
    state = int(cost.argmin())
    course = [state]
    for pointers in reversed(back):
        state = int(pointers[state])
        course.append(state)
    course.reverse()
    return [(time, values[s], float(values[s] == value)) for (time, value, _), s in zip(readings, course, strict=True)]


def _step(before: float, after: float) -> float:
    if after == before:
        return 0.0
    return FALLS if after < before else min(MOST_BY, GROWS + BY * (after - before))


def clock(readings: Sequence[Timed]) -> tuple[list[Timed], int]:
    """The readings of a clock that fit together, and which way it runs: -1 down, 1 up, 0 where it stands or is none."""
    way = _way(readings)
    best: list[float] = []
    back: list[int] = []
    for n, (time, value, sure) in enumerate(readings):
        chosen, most = -1, 0.0
        for m in range(max(0, n - BEFORE), n):
            gain = best[m] - (0.0 if _follows(readings[m], (time, value, sure), way) else JUMPS)
            if gain > most:
                chosen, most = m, gain
        best.append(most + max(sure, HALF_SURE))
        back.append(chosen)
    kept: list[Timed] = []
    n = int(np.argmax(best)) if best else -1
    while n >= 0:
        kept.append(readings[n])
        n = back[n]
    return kept[::-1], way


def _way(readings: Sequence[Timed]) -> int:
    """Which way most small steps go."""
    steps: Counter[int] = Counter()
    for (t0, v0, _), (t1, v1, _) in pairwise(readings):
        if v0 != v1 and abs(v1 - v0) <= t1 - t0 + LAG:
            steps[1 if v1 > v0 else -1] += 1
    up, down = steps[1], steps[-1]
    return 0 if up == down else 1 if up > down else -1


def _follows(one: Timed, other: Timed, way: int) -> bool:
    run = (other[1] - one[1]) * (way or 1)
    slack = 0.15 if way else 0.0
    return -slack <= run <= (other[0] - one[0]) * 1.05 + LAG


def is_clock(readings: Sequence[Timed]) -> bool:
    """Whether these are the readings of a running clock: most fit, and it goes about as fast as time does."""
    kept, way = clock(readings)
    values = {math.floor(value) for _, value, _ in kept}
    if not way or len(kept) < 0.6 * len(readings) or len(values) < 4:
        return False
    moving = [(b[0] - a[0], abs(b[1] - a[1])) for a, b in pairwise(kept) if a[1] != b[1] and b[0] > a[0]]
    paces = [dv / dt for dt, dv in moving if dv <= dt + LAG]
    if len(paces) < max(4, AS_TIME * len(moving)):
        return False
    return 0.4 < float(np.median(paces)) < 2.6
