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
CONTRAST = 32.0  # grey levels at some point of a block: letters have it, light that changes has not
LARGE = 0.15  # of the picture: so much at once is a change whatever moves beside it
REACH = 2  # blocks
MANY = 5  # blocks; a mouse pointer that comes to rest changes fewer
RESTLESS = 0.2  # of the time in motion: an inset, a speaker, a playing film
MEMORY = 20.0  # s; how long restlessness is remembered
WARMING = 8  # pictures to see before the noise is known
CUT = 0.6  # of the picture differs at a cut between filmed scenes

Grid = NDArray[np.uint8]
Blocks = NDArray[np.float32]  # (rows * columns, BLOCK * BLOCK)
Flags = NDArray[np.bool_]  # one a block


@dataclass(frozen=True, slots=True)
class Jump:
    """Block `at` was last seen as it was at `left`, first as it is now at `came` (s)."""

    at: int
    left: float
    came: float
    strong: bool  # differs by far more than noise, and with contrast
    sharp: bool  # the picture before `came` was so close that blocks with the same times jumped together

    @property
    def middle(self) -> float:
        return (self.left + self.came) / 2


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
        self._step = np.zeros(count)  # s between `came` and the picture before it
        self._moved = np.full(count, -1e9)
        self._activity = np.zeros(count, np.float32)  # share of the time in motion
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
        self._activity += (moved - self._activity) * np.float32(1 - np.exp(-step / MEMORY))
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
        self._left[same] = time
        self._away[same] = False
        stirred = ~same & (~self._away | (_distance(self._now, self._candidate) > limit))
        self._candidate[stirred] = self._now[stirred]
        self._came[stirred] = time
        self._step[stirred] = time - self._time
        self._away |= stirred
        settled = self._away & (time - self._came >= STILL)
        for block in np.flatnonzero(settled):
            contrast = np.abs(self._now[block] - self._reference[block]).max()
            strong = bool(off[block] >= PLAIN * limit[block] and contrast >= max(CONTRAST, 4 * limit[block]))
            left, came = float(self._left[block]), float(self._came[block])
            self._jumps.append(Jump(int(block), left, came, strong, bool(self._step[block] <= TOGETHER)))
        self._reference[settled] = self._now[settled]
        self._left[settled] = time
        self._away[settled] = False

    def _decide(self, time: float) -> list[float]:
        """Jumps that happened together, once all that belong to them have settled."""
        found: list[float] = []
        self._jumps = [j for j in self._jumps if j.came - j.left <= SLOWEST]
        waiting = self._doubtful().any()
        while self._jumps:
            first = min(j.middle for j in self._jumps)
            if waiting and time < first + SLOWEST / 2 + STILL:
                break
            near = np.median([j.middle for j in self._jumps if j.middle <= first + STILL])
            group = [j for j in self._jumps if j.middle <= near + TOGETHER]
            self._jumps = [j for j in self._jumps if j.middle > near + TOGETHER]
            if near - self._told > STILL and self._is_change(group, float(near)):
                self._told = _moment(group)
                found.append(self._told)
        return found + self._cut(time, found)

    def _is_change(self, group: list[Jump], moment: float) -> bool:
        strong = [j for j in group if j.strong]
        if len({j.at for j in strong}) >= LARGE * len(self._moved):
            return True
        sharp = [j for j in strong if j.sharp]
        second = max((j.came for j in sharp), key=lambda s: len(_at(sharp, s)), default=moment)
        jumped = np.zeros(len(self._moved), np.bool_)
        jumped[[j.at for j in _at(sharp, second)]] = True
        moving = self._moved >= moment - MOTION
        moving[[j.at for j in group]] = True
        moving[[j.at for j in _at(group, second)]] = False
        return self._plain(jumped, moving)

    def _plain(self, changed: Flags, moving: Flags) -> bool:
        """Whether so many blocks changed, or some so clear of what moves, that it is no motion."""
        if changed.mean() >= LARGE:
            return True
        near = _grown(moving.reshape(self._shape))
        within = changed.reshape(self._shape)
        for _ in range(REACH):  # what is joined to something moving moves with it
            near |= _grown(near & within) & within
        usual = not np.any(moving & (self._activity < RESTLESS))
        return int(np.count_nonzero(within & ~near)) >= (1 if usual else MANY)

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


def _at(jumps: list[Jump], second: float) -> list[Jump]:
    """Those that had left what they were, and not yet come to what they are, just before this second."""
    return [j for j in jumps if j.left < second <= j.came]


def _moment(group: list[Jump]) -> float:
    """A cut is dated at the first picture after it, a fade at its middle."""
    came, left = np.median([j.came for j in group]), np.median([j.left for j in group])
    return float(came if came - left < TOGETHER / 2 else (came + left) / 2)


def _blocks(grid: Grid) -> Blocks:
    rows, columns = grid.shape[0] // BLOCK, grid.shape[1] // BLOCK
    parts = grid[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return parts.transpose(0, 2, 1, 3).reshape(rows * columns, BLOCK * BLOCK).astype(np.float32)


def distance(one: Grid, other: Grid) -> Blocks:
    """Root mean square difference of each block of two grids."""
    return _distance(_blocks(one), _blocks(other))


def _distance(one: Blocks, other: Blocks) -> Blocks:
    """Root mean square difference of each block."""
    difference = one - other
    distances: Blocks = np.sqrt(np.einsum("ij,ij->i", difference, difference) / (BLOCK * BLOCK))
    return distances


def _grown(flags: Flags) -> Flags:
    """The flags and their eight neighbours."""
    wide = np.pad(flags, 1)
    rows, columns = flags.shape
    grown: Flags = np.logical_or.reduce([wide[r : r + rows, c : c + columns] for r in range(3) for c in range(3)])
    return grown
