"""When what is shown changes, told apart from all that merely moves.

A picture is a grid of blocks. A block that stood still, then differs from what it was by more than the noise of this
very recording, then stands still again, has jumped. Blocks that jump at the same moment, away from anything that
moves, are a change: a new slide, or a line added to it. A speaker, a camera inset or a mouse pointer also leaves
blocks that differ, but one after the other, or beside others in motion. Where nothing ever stands still, as in filmed
scenes, a cut is a moment at which far more of the picture differs than from one moment to the next around it.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ateneo.ingest.video import BLOCK

STILL = 1.0  # s; what stands so long before and after has jumped, not moved
SLOWEST = 2.5  # s; a longer transition is somebody walking by
TOGETHER = 0.5  # s; blocks that jump so close to each other jump at once
MOTION = 0.8  # s; what moved so shortly before, or after, is in motion
FAINTEST = 4.0  # grey levels, root mean square over a block; less is not seen
ABOVE_NOISE = 2.5  # times the noise of the block
PLAIN = 2.0  # times what is just more than noise: a key frame that only looks sharper than the one before stays below
CONTRAST = 32.0  # grey levels at some point of a block: letters have it, compression and shadows have not
LIGHT = 1.6  # times: a lamp, a cloud or the camera itself makes the same thing so much brighter
ADAPTING = 6.0  # s; how fast the memory of what stands still follows the light
LARGE = 0.15  # of the picture: so much at once is a change whatever moves beside it
AT_ONCE = 0.11  # s; blocks of one slide come as close together, fades too; those that an arm passes do not
REACH = 3  # blocks around one that tell whether it changed with them or moved on its own
PURE = 0.7  # of the blocks around that changed at all did so at the same moment
MANY = 5  # blocks; a mouse pointer that comes to rest changes fewer
RESTLESS = 0.2  # of the time in motion: an inset, a speaker, a playing film
MEMORY = 20.0  # s; how long restlessness is remembered
FIDGETS = 0.7  # jumps on its own, fading with MEMORY: the outline of somebody who stands there
WARMING = 8  # pictures to see before the noise is known
CUT = 0.6  # of the picture differs at a cut between filmed scenes

Grid = NDArray[np.uint8]
Blocks = NDArray[np.float32]  # (rows * columns, BLOCK * BLOCK)
Flags = NDArray[np.bool_]  # one a block


@dataclass(frozen=True, slots=True)
class Jump:
    """Block `at` was last seen as it was at `left`, first as it is now at `came`, half of each at `middle` (s)."""

    at: int
    left: float
    came: float
    middle: float
    strong: bool  # differs by far more than noise, and with contrast
    sharp: bool  # the pictures around `middle` were so close that blocks with equal middles jumped together


class Watcher:
    """Looks at grids in the order of time and tells the seconds at which what is shown changed."""

    def __init__(self, time: float, grid: Grid) -> None:
        self._shape = grid.shape[0] // BLOCK, grid.shape[1] // BLOCK
        now = _blocks(grid)
        self._now = self._before = self._reference = self._candidate = now
        self._reference, self._candidate = now.copy(), now.copy()
        count = len(now)
        self._time = time
        self._noise = np.zeros(count, np.float32)
        self._level = np.float32(0.0)  # the noise of a usual block
        self._away = np.zeros(count, np.bool_)  # differs from the reference, has not settled
        self._left = np.full(count, time)
        self._came = np.full(count, time)
        self._past: deque[tuple[float, Blocks]] = deque([(time, now)])
        self._moved = np.full(count, -1e9)
        self._activity = np.zeros(count, np.float32)  # share of the time in motion
        self._fidgets = np.zeros(count, np.float32)  # jumps that were no change
        self._jumps: list[Jump] = []
        self._shares: deque[float] = deque(maxlen=12)
        self._cuts: list[tuple[float, Blocks]] = []
        self._told = time
        self.seen = 1
        self._coarse = 0.0

    @property
    def unsettled(self) -> int:
        """How many blocks that mostly stand still are not, or not yet for sure, as the slide has them."""
        return int(np.count_nonzero(self._doubtful())) + len(self._jumps)

    def in_doubt(self, *, soon: bool) -> bool:
        """Whether a change may be going on that only more pictures can settle; `soon` says that one comes shortly."""
        if self.seen < WARMING:
            return True
        if soon:
            return False  # the picture to come will settle it
        if self._cuts or any(j.strong for j in self._jumps):
            return True
        fresh = self._doubtful() & (self._time - self._came < STILL) & (self._came - self._left < SLOWEST)
        restless = self._activity >= RESTLESS
        return self._plain(fresh & ~restless, restless)

    @property
    def moving(self) -> float:
        """The share of the picture that rarely stands still."""
        return float(np.mean(self._activity > RESTLESS))

    def _doubtful(self) -> Flags:
        return self._away & (self._activity < RESTLESS)

    def quiet(self) -> NDArray[np.bool_]:
        """For each block, whether it shows what stands still."""
        return ~self._away & (self._activity < RESTLESS / 2)

    def threshold(self) -> Blocks:
        """For each block, how much is more than noise."""
        return np.maximum(FAINTEST, ABOVE_NOISE * np.maximum(self._noise, self._level))

    def suspects(self, grid: Grid, after: Grid | None) -> bool:
        """Whether something may have changed between the last picture seen and this one.

        `after` is a picture shortly after `grid`, if there is one: a block that differs there again is moving.
        """
        blocks = _blocks(grid)
        changed = (_distance(blocks, self._now) > self.threshold()) & (self._activity < RESTLESS)
        moving = self._activity >= RESTLESS
        if after is not None:
            again = _distance(_blocks(after), blocks) > self.threshold()
            if again.mean() >= LARGE:  # that is the next change; what moves is then told by the pictures before
                again = (self._moved >= self._time) & (self._activity > RESTLESS / 2)
            moving |= again
        changed &= ~moving
        coarse = float(np.abs(blocks.mean(1) - self._now.mean(1)).mean())
        unusual = self.moving > 0.5 and coarse > 2 * self._coarse
        self._coarse += 0.2 * (coarse - self._coarse)
        return self._plain(changed, moving) or unusual

    def see(self, time: float, grid: Grid) -> list[float]:
        """Takes the next picture; returns the seconds of the changes that are now certain."""
        now = _blocks(grid)
        step, self._before, self._now = time - self._time, self._now, now
        limit = self.threshold()
        since_last = _distance(now, self._before)
        moved = since_last > limit
        self._moved[moved] = time
        self._past.append((time, now))
        while self._past[1][0] < time - SLOWEST - 2 * STILL:
            self._past.popleft()
        self._activity += (moved - self._activity) * np.float32(1 - np.exp(-step / MEMORY))
        self._fidgets *= np.float32(np.exp(-step / MEMORY))
        self._notice_cut(time, step, limit)
        self._follow(time, limit, since_last)
        self._time = time
        self.seen += 1
        return self._decide(time)

    def finish(self) -> list[float]:
        """The changes that only the end of the recording makes certain."""
        return self._decide(float("inf"))

    def _follow(self, time: float, limit: Blocks, since_last: Blocks) -> None:
        """Every block at its reference, away from it, or settled elsewhere."""
        off = _distance(self._now, self._reference)
        same = off <= limit
        noise = np.minimum(off, since_last)  # of the two, a fade that begins raises the second less
        self._noise[same] += np.float32(0.1) * (noise[same] - self._noise[same])
        if same.mean() > 1 - LARGE or self.seen < WARMING:
            self._level += np.float32(0.5 if self.seen < WARMING else 0.1) * (np.median(noise) - self._level)
        follow = np.float32(1 - np.exp((self._time - time) / ADAPTING))
        self._reference[same] += follow * (self._now[same] - self._reference[same])
        self._left[same] = time
        self._away[same] = False
        stirred = ~same & (~self._away | (_distance(self._now, self._candidate) > limit))
        self._candidate[stirred] = self._now[stirred]
        self._came[stirred] = time
        self._away |= stirred
        settled = self._away & (time - self._came >= STILL)
        quick = settled & (self._came - self._left <= SLOWEST)
        for block, (middle, step) in zip(np.flatnonzero(quick), self._middles(quick), strict=True):
            contrast = np.abs(_difference(self._now[block], self._reference[block])).max()
            strong = bool(off[block] >= PLAIN * limit[block] and contrast >= max(CONTRAST, 4 * limit[block]))
            left, came = float(self._left[block]), float(self._came[block])
            self._jumps.append(Jump(int(block), left, came, middle, strong, step <= TOGETHER))
        self._reference[settled] = self._now[settled]
        self._left[settled] = time
        self._away[settled] = False

    def _middles(self, settled: Flags) -> list[tuple[float, float]]:
        """For each block when it was half of what it had been and half of what it is now; s between the pictures there.

        How far a block has come is its projection on the way from the one to the other, in which noise averages out.
        """
        old, new = self._reference[settled], self._now[settled]
        way = _difference(new, old)  # (n, BLOCK * BLOCK)
        times = np.array([time for time, _ in self._past])
        come = np.stack(
            [np.einsum("ij,ij->i", blocks[settled] - old, way) for _, blocks in self._past]
        )  # (pictures, n)
        come /= np.maximum(np.einsum("ij,ij->i", new - old, way), 1.0)
        middles = []
        for share, left, came in zip(come.T, self._left[settled], self._came[settled], strict=True):
            before = np.flatnonzero((share < 0.5) & (times >= left) & (times < came))
            at = int(before[-1]) if len(before) else max(0, int(np.searchsorted(times, came)) - 1)
            step, rise = times[at + 1] - times[at], max(float(share[at + 1] - share[at]), 0.5)
            middles.append((float(times[at] + step * np.clip((0.5 - share[at]) / rise, 0, 1)), float(step)))
        return middles

    def _decide(self, time: float) -> list[float]:
        """Jumps that happened together, once all that belong to them have settled."""
        found: list[float] = []
        self._jumps = [j for j in self._jumps if j.came - j.left <= SLOWEST]
        waiting = self._doubtful().any()
        while self._jumps:
            first = min(j.middle for j in self._jumps)
            near = np.median([j.middle for j in self._jumps if j.middle <= first + STILL])
            if waiting and time < near + SLOWEST / 2 + STILL:
                break
            group = [j for j in self._jumps if j.middle <= near + TOGETHER]
            self._jumps = [j for j in self._jumps if j.middle > near + TOGETHER]
            if self._is_change(group, float(near)):
                if near - self._told > STILL:
                    self._told = _moment(group)
                    found.append(self._told)
            else:
                self._fidgets[[j.at for j in group if j.strong]] += 1
        return found + self._cut(time, found)

    def _is_change(self, group: list[Jump], moment: float) -> bool:
        strong = [j for j in group if j.strong]
        if len({j.at for j in strong}) >= LARGE * len(self._moved):
            return True
        moving = self._moved >= moment - MOTION
        moving[[j.at for j in group]] = False
        middles = np.full(len(moving), np.inf)  # of what has jumped but not settled: compression sharpens it for long
        middles[self._away] = [middle for middle, _ in self._middles(self._away)]
        return any(self._is_plain_at(s, strong, moving, middles) for s in {round(j.middle, 1) for j in strong})

    def _is_plain_at(self, second: float, strong: list[Jump], moving: Flags, middles: NDArray[np.float64]) -> bool:
        jumped, apart = np.zeros_like(moving), moving & (np.abs(middles - second) > AT_ONCE)
        apart |= self._fidgets > FIDGETS
        apart[[j.at for j in strong]] = True
        jumped[[j.at for j in strong if j.sharp and abs(j.middle - second) <= AT_ONCE]] = True
        jumped &= self._fidgets <= FIDGETS
        return self._plain(jumped, apart & ~jumped)

    def _plain(self, changed: Flags, moving: Flags) -> bool:
        """Whether so many blocks changed, or some so clear of what moves, that it is no motion."""
        if changed.mean() >= LARGE:
            return True
        together, apart = _around(changed.reshape(self._shape)), _around(moving.reshape(self._shape))
        pure = changed & (together >= PURE * (together + apart)).ravel()
        usual = not np.any(moving & (self._activity < RESTLESS) & (self._fidgets <= FIDGETS))
        return int(np.count_nonzero(pure)) >= (1 if usual else MANY)

    def _notice_cut(self, time: float, step: float, limit: Blocks) -> None:
        if step > STILL / 2:
            return
        strong = np.maximum(limit, 3 * FAINTEST)
        share = float(np.mean(_distance(self._now, self._before) > strong))
        usual = float(np.median(self._shares)) if self._shares else 0.0
        if share >= CUT and share >= 2.5 * usual:
            self._cuts.append((time, self._before))
        self._shares.append(share)

    def _cut(self, time: float, found: list[float]) -> list[float]:
        """Cuts that the jumps do not tell of, once it is certain that they were no flash of light."""
        due = [cut for cut in self._cuts if time >= cut[0] + SLOWEST / 2 + STILL + TOGETHER]
        self._cuts = [cut for cut in self._cuts if cut not in due] if due else self._cuts
        cuts: list[float] = []
        for moment, before in due:
            known = [self._told, *found, *cuts]
            differs = float(np.mean(_distance(self._now, before) > 3 * FAINTEST))
            if differs >= CUT and all(abs(moment - other) > STILL for other in known):
                cuts.append(moment)
                self._told = max(self._told, moment)
        return cuts


def _moment(group: list[Jump]) -> float:
    """A cut is dated at the first picture after it, a fade at its middle."""
    came, left = np.median([j.came for j in group]), np.median([j.left for j in group])
    return float(came if came - left < TOGETHER / 2 else np.median([j.middle for j in group]))


def _blocks(grid: Grid) -> Blocks:
    rows, columns = grid.shape[0] // BLOCK, grid.shape[1] // BLOCK
    parts = grid[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return parts.transpose(0, 2, 1, 3).reshape(rows * columns, BLOCK * BLOCK).astype(np.float32)


def distance(one: Grid, other: Grid) -> Blocks:
    """Root mean square difference of each block of two grids."""
    return _distance(_blocks(one), _blocks(other))


def _distance(one: Blocks, other: Blocks) -> Blocks:
    """Root mean square difference of each block, whatever the light."""
    difference = _difference(one, other)
    distances: Blocks = np.sqrt(np.einsum("ij,ij->i", difference, difference) / (BLOCK * BLOCK))
    return distances


def _difference(one: Blocks, other: Blocks) -> Blocks:
    """What is in `one` (..., BLOCK * BLOCK) beyond `other` in the light of `one`."""
    mean, mean_other = one.mean(-1, keepdims=True), other.mean(-1, keepdims=True)
    brighter = np.clip(mean / np.maximum(mean_other, 1.0), 1 / LIGHT, LIGHT)
    difference: Blocks = one - brighter * other
    return difference


def _around(flags: Flags) -> NDArray[np.int64]:
    """How many of the flags within REACH of each are set."""
    wide = np.pad(flags.astype(np.int64), ((REACH + 1, REACH), (REACH + 1, REACH))).cumsum(0).cumsum(1)
    size = 2 * REACH + 1
    counts: NDArray[np.int64] = wide[size:, size:] - wide[:-size, size:] - wide[size:, :-size] + wide[:-size, :-size]
    return counts
