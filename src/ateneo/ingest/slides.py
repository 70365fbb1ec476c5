"""The slides of a recording: what was shown, from when to when.

Key frames alone tell where something may have changed; only there are the pictures between them decoded, to find
the moment and to see whether it was a change or somebody moving. A slide that comes and goes between two key frames
is missed unless `thorough` is asked for. Where key frames are more than twelve seconds apart, or there is but one,
everything is decoded: slower, but nothing is cut at even distances and called a slide.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ateneo.ingest.changes import Grid, Watcher, distance
from ateneo.ingest.video import Chunk, Sample, Video

FINE = 0.125  # s between the pictures looked at where something changed
THOROUGH = 0.4  # s between the pictures looked at elsewhere when asked to be thorough
SETTLING = 2.6  # s after a change in which to see whether it stands
SOON = 3.0  # s; key frames so close tell what moves
WIDEST = 1280  # px of a picture kept
QUALITY = 88  # of its JPEG
SPACING = 0.5  # s between the pictures that may be kept
CERTAIN = 3.5  # s; a change is certain so long after it
ALIKE = 1.5  # times what is more than noise: equal slides encoded anew differ so much
BLANK = 6.0  # grey levels; a picture that varies less shows nothing


@dataclass(frozen=True, slots=True)
class Shown:
    """What was shown from `start` to `end` (s). `picture` is a JPEG of at most 1280 pixels' width, turned upright.

    `kind` is told by stillness alone, there being no model: `slide` where most of the picture stands still, `camera`
    where most of it moves, `blank` where there is nothing to see. `same_as` is the place in the list of the first
    showing of an equal picture, None for a first showing.
    """

    start: float
    end: float
    kind: str
    picture: bytes
    same_as: int | None = None


def find_slides(path: Path, *, thorough: bool = False, progress: Callable[[float], None] | None = None) -> list[Shown]:
    """What the recording shows, in order and without gaps; empty for recordings without pictures.

    `progress` is told the share done, in [0, 1]. Raises InputError where the file cannot be opened or none of its
    pictures can be decoded. A file damaged further on gives what comes before.
    """
    with Video(path) as video:
        if not video.has_pictures:
            return []
        reel = _Reel(video.aspect)
        for chunk, samples in _walk(video, reel, thorough=thorough):
            for sample in samples:
                reel.take(sample)
            if progress and video.duration:
                progress(min(1.0, chunk.end / video.duration))
        if not reel.started:
            raise video.unreadable("none of its pictures can be decoded")
        return reel.finish(video.duration)


def _walk(video: Video, reel: "_Reel", *, thorough: bool) -> Iterator[tuple[Chunk, Iterator[Sample]]]:
    """Each chunk with the pictures of it to look at; what follows is known when that is decided."""
    ahead: deque[tuple[Chunk, Sample | None]] = deque()
    for chunk in video.chunks():
        key = video.key(chunk)
        ahead.append((chunk if key else replace(chunk, goes_on=True), key))
        if len(ahead) == 3:
            yield ahead[0][0], _look(video, reel, ahead, thorough=thorough)
            ahead.popleft()
    while ahead:
        yield ahead[0][0], _look(video, reel, ahead, thorough=thorough)
        ahead.popleft()


def _look(
    video: Video, reel: "_Reel", ahead: "deque[tuple[Chunk, Sample | None]]", *, thorough: bool
) -> Iterator[Sample]:
    """The key frame of the first chunk ahead, and as much more of the chunk as is called for."""
    chunk, key = ahead[0]
    following, after = (ahead[n][1] if n < len(ahead) else None for n in (1, 2))
    if key:
        yield key
    ends = len(ahead) == 1 or not ahead[1][0].goes_on
    if key is None or following is None or reel.suspects(following, after):
        for sample in video.samples(chunk, FINE, until=float("inf"), ends=ends):
            yield sample
            if key and following and not thorough and reel.sure(following, after):
                break  # from here on it is as the next key frame has it
    elif thorough:
        yield from video.samples(chunk, THOROUGH, until=float("inf"), ends=ends)
    elif reel.in_doubt(following):
        yield from video.samples(chunk, FINE, until=chunk.start + SETTLING, ends=ends)


@dataclass(slots=True)
class _Picture:
    """A picture that may be kept for what is being shown; the fewer blocks `unsettled`, the better."""

    sample: Sample
    unsettled: int
    quiet: NDArray[np.bool_]
    moving: float


class _Reel:
    """Takes pictures in the order of time and keeps one for each thing shown."""

    def __init__(self, aspect: float) -> None:
        self._aspect = aspect  # of a pixel
        self._watcher: Watcher | None = None
        self._start = 0.0
        self._best: _Picture | None = None
        self._recent: deque[_Picture] = deque()
        self._shown: list[Shown] = []
        self._firsts: list[tuple[int, Grid, NDArray[np.bool_]]] = []
        self._last: Sample | None = None

    @property
    def started(self) -> bool:
        return self._watcher is not None

    def in_doubt(self, following: Sample) -> bool:
        """Whether more pictures are needed before the next key frame."""
        return self._watcher is None or self._watcher.in_doubt(soon=self._soon(following))

    def suspects(self, following: Sample, after: Sample | None) -> bool:
        """Whether something may have changed before `following`."""
        if self._watcher is None:
            return True
        soon = after.grid if after and after.time - following.time <= SOON else None
        return self._watcher.suspects(following.grid, soon)

    def sure(self, following: Sample, after: Sample | None) -> bool:
        """Whether nothing is left to be found before `following`."""
        return not self.in_doubt(following) and not self.suspects(following, after)

    def _soon(self, following: Sample) -> bool:
        return self._last is not None and following.time - self._last.time <= SOON

    def take(self, sample: Sample) -> None:
        """The next picture; one that is not later than the last is passed over."""
        if self._watcher is None:
            self._watcher, self._start = Watcher(sample.time, sample.grid), 0.0
        elif self._last and sample.time <= self._last.time:
            return
        else:
            for moment in self._watcher.see(sample.time, sample.grid):
                self._close(moment)
        self._last = sample
        self._consider(sample, self._watcher)

    def _consider(self, sample: Sample, watcher: Watcher) -> None:
        """Keeps the picture for later; what is old enough to be surely of this slide competes with the best."""
        if not self._recent or sample.time - self._recent[-1].sample.time >= SPACING or not watcher.unsettled:
            if len(self._recent) > 1 and self._recent[-1].sample.time - self._recent[-2].sample.time < SPACING:
                self._recent.pop()
            self._recent.append(_Picture(sample, watcher.unsettled, watcher.quiet(), watcher.moving))
        while len(self._recent) > 2 and sample.time - self._recent[0].sample.time > CERTAIN:
            old = self._recent.popleft()
            if self._best is None or old.unsettled <= self._best.unsettled:
                self._best = old

    def _close(self, moment: float) -> None:
        """What was shown ended at `moment` (s)."""
        pictures = [p for p in (self._best, *self._recent) if p and p.sample.time < moment - FINE / 4]
        self._recent = deque(p for p in self._recent if p.sample.time >= moment)
        self._best = None
        if pictures:
            self._keep(min(reversed(pictures), key=lambda p: p.unsettled), moment)
        self._start = moment

    def _keep(self, best: _Picture, end: float) -> None:
        kind = "blank" if best.sample.grid.std() < BLANK else "camera" if best.moving > 0.5 else "slide"
        same = self._known(best)
        if same is None:
            self._firsts.append((len(self._shown), best.sample.grid, best.quiet))
        self._shown.append(Shown(self._start, end, kind, jpeg(best.sample.frame, aspect=self._aspect), same))

    def _known(self, picture: _Picture) -> int | None:
        """The place of the first showing of an equal picture, as far as both stood still."""
        assert self._watcher is not None
        limit = ALIKE * self._watcher.threshold()
        for place, grid, quiet in self._firsts:
            both = quiet & picture.quiet
            if both.mean() > 0.5 and not np.any(distance(grid, picture.sample.grid)[both] > limit[both]):
                return place
        return None

    def finish(self, duration: float) -> list[Shown]:
        """Everything shown; the last of it to the end of the recording."""
        assert self._watcher is not None
        assert self._last is not None
        end = max(duration, self._last.time)
        if end > self._last.time:
            self.take(Sample(end, self._last.grid, self._last.frame))
        for moment in self._watcher.finish():
            self._close(moment)
        self._close(end + FINE)
        last = self._shown[-1]
        self._shown[-1] = replace(last, end=end)
        return self._shown


def jpeg(frame: av.VideoFrame, *, aspect: float = 1.0) -> bytes:
    """The picture upright and at most WIDEST wide; its pixels are `aspect` times as wide as high."""
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    width, height = image.width * aspect, image.height
    shrink = min(1.0, WIDEST / (height if frame.rotation % 180 else width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    if frame.rotation % 360:
        image = image.rotate(frame.rotation, expand=True)
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
