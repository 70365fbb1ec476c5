"""The pictures of a stretch of a recording, and the text that stays at its place in them.

A scoreboard is text that keeps its place while what it says changes. It is looked for in a few pictures spread over the
stretch: pieces of text at the same place in several of them are grouped with their neighbours, each group is looked at
again enlarged, where its cells come apart, and every cell is then followed through all pictures. A cell is read only
when its pixels change, which makes this cheap where little moves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ateneo.engines.rapid_ocr import Box, RapidOcr
from ateneo.ingest.slides import jpeg
from ateneo.ingest.video import Chunk, Sample, Video

EVERY = 0.5  # s between the pictures of a short stretch
MOST_PICTURES = 1200  # of a stretch; a longer one is looked at less often
SURVEYED = 12  # pictures in which places of text are looked for
PRESENT = 0.34  # of the surveyed pictures a place of text must be in
SAME = 0.5  # of the area of two boxes that they share: one place, whatever else lies there
LETTERS = 40.0  # px; height to which a group's letters are enlarged
MOST_ENLARGED = 3.0
APART = 2.0  # line heights between neighbours of one group,
APART_IN_ROW = 6.0  # and between those of one height in one row
MOVED = 48  # grey levels; a pixel that differs by more has changed
UNSURE = 0.85  # a reading less sure is tried again with more room around it

Pixels = NDArray[np.uint8]


class Eye(Protocol):
    """What reads: places of text in RGB pixels, and one line alone."""

    def places(self, pixels: Pixels) -> list[Box]: ...

    def line(self, pixels: Pixels) -> tuple[str, float]: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What a cell said at `time` (s), and how sure that is in [0, 1]."""

    time: float
    text: str
    sure: float


@dataclass
class Cell:
    """A place of text: left, top, right, bottom in pixels; `height` of its letters; the number of its group."""

    box: tuple[int, int, int, int]
    height: float
    group: int
    readings: list[Reading] = field(default_factory=list)


def pictures(path: Path, start: float, end: float, *, every: float) -> Iterator[Sample]:
    """The pictures from `start` to `end` (s), about `every` s apart. Raises InputError for a file that is none."""
    with Video(path) as video:
        if not video.has_pictures:
            return
        held: list[Chunk] = []
        for chunk, ends in _with_ends(video.chunks()):
            if not chunk.goes_on:
                held = []
            held.append(chunk)
            if chunk.end < start and ends:
                continue
            if chunk.start > end:
                return
            if chunk.end < start:
                continue  # what follows is built on it
            for part in held:
                for sample in video.samples(part, every, until=end, ends=ends and part is chunk):
                    if start - 1e-3 <= sample.time <= end + 1e-3:
                        yield sample
            held = []


def _with_ends(chunks: Iterator[Chunk]) -> Iterator[tuple[Chunk, bool]]:
    """Each chunk, and whether the next one does not go on from it."""
    before: Chunk | None = None
    for chunk in chunks:
        if before:
            yield before, not chunk.goes_on
        before = chunk
    if before:
        yield before, True


def follow(path: Path, start: float, end: float, *, eye: Eye | None = None) -> tuple[list[Cell], list[float]]:
    """The cells of text that keep their place, with what they say over time, and the times (s) looked at."""
    eye = eye or RapidOcr()
    step = max(EVERY, (end - start) / SURVEYED)
    survey = [pixels(sample) for sample in pictures(path, start, end, every=step)]
    cells = find_cells(survey, eye)
    if not cells:
        return [], []
    del survey
    times: list[float] = []
    seen: list[Pixels | None] = [None] * len(cells)
    for sample in pictures(path, start, end, every=pace(start, end)):
        if times and sample.time - times[-1] < EVERY / 2:
            continue
        picture = pixels(sample)
        times.append(sample.time)
        for n, cell in enumerate(cells):
            cut = cutting(picture, cell)
            before = seen[n]
            if before is not None and not changed(before, cut, cell.height):
                last = cell.readings[-1]
                cell.readings.append(Reading(sample.time, last.text, last.sure))
                continue
            seen[n] = cut
            cell.readings.append(Reading(sample.time, *_read(picture, cell, cut, eye)))
    return cells, times


def pixels(sample: Sample) -> Pixels:
    """RGB, (H, W, 3), upright."""
    found = np.asarray(sample.frame.to_ndarray(format="rgb24"), np.uint8)
    turns = sample.frame.rotation // 90 % 4
    return np.ascontiguousarray(np.rot90(found, turns)) if turns else found


def stills(path: Path, seconds: Sequence[float], *, every: float) -> dict[float, bytes]:
    """The pictures nearest to these seconds, as JPEG; `every` is as the stretch was looked at."""
    wanted = sorted(set(seconds))
    found: dict[float, bytes] = {}
    off: dict[float, float] = {}
    if not wanted:
        return {}
    for sample in pictures(path, wanted[0] - every, wanted[-1] + every, every=every):
        for second in wanted:
            distance = abs(sample.time - second)
            if distance < off.get(second, every):
                off[second], found[second] = distance, jpeg(sample.frame)
    return found


def pace(start: float, end: float) -> float:
    """Seconds between the pictures that are looked at in a stretch."""
    return max(EVERY, (end - start) / MOST_PICTURES)


def cutting(picture: Pixels, cell: Cell, *, room: float = 0.0) -> Pixels:
    """What the picture has at the cell, with `room` letters' heights around it."""
    left, top, right, bottom = cell.box
    more = round(room * cell.height)
    return picture[max(0, top - more) : bottom + more, max(0, left - more) : right + more]


def changed(one: Pixels, other: Pixels, height: float) -> bool:
    """Whether a stroke of a letter may have come or gone."""
    if one.shape != other.shape:
        return True
    difference = np.abs(one.astype(np.int16) - other).max(2)
    return bool((difference > MOVED).sum() > max(4, 0.012 * height**2))


def _read(picture: Pixels, cell: Cell, cut: Pixels, eye: Eye) -> tuple[str, float]:
    text, sure = eye.line(cut)
    if sure >= UNSURE:
        return text, sure
    again = eye.line(cutting(picture, cell, room=0.15))
    return max((text, sure), again, key=lambda one: one[1])


def find_cells(survey: Sequence[Pixels], eye: Eye) -> list[Cell]:
    """The places where text stays, out of pictures of one size."""
    if not survey:
        return []
    found = [[box for box in eye.places(picture) if box[4].strip()] for picture in survey]
    least = max(2, round(PRESENT * len(survey))) if len(survey) > 1 else 1
    steady = _same_place(found, least=least)
    areas = _areas([_around([box for _, box in group]) for group in steady])
    cells: list[Cell] = []
    for area in areas:
        texts = [box[4] for group in steady for _, box in group if _inside(box, area)]
        if any(c.isdigit() for text in texts for c in text):
            cells += _cells(survey, area, eye, group=len({cell.group for cell in cells}), least=least)
    return cells


def _same_place(found: Sequence[Sequence[Box]], *, least: int) -> list[list[tuple[int, Box]]]:
    """Boxes of several pictures that lie upon each other, as many as `least` pictures have. The narrow ones come first:
    a box that spans several places of narrower ones, where text was taken together, is left out, unless those are too
    rare to be places."""
    flat = sorted(((n, box) for n, boxes in enumerate(found) for box in boxes), key=lambda one: one[1][2] - one[1][0])
    groups, spanning = _grouped(flat)
    steady = [group for group in groups if len({n for n, _ in group}) >= least]
    free = [one for one in spanning if not any(_overlap(group[len(group) // 2][1], one[1]) for group in steady)]
    return steady + [group for group in _grouped(free)[0] if len({n for n, _ in group}) >= least]


def _grouped(flat: Sequence[tuple[int, Box]]) -> tuple[list[list[tuple[int, Box]]], list[tuple[int, Box]]]:
    """Groups of boxes upon each other, and those that lie upon several groups."""
    groups: list[list[tuple[int, Box]]] = []
    spanning: list[tuple[int, Box]] = []
    for n, box in flat:
        over = [group for group in groups if _overlap(group[len(group) // 2][1], box)]
        best = max(over, key=lambda group: _shared(group[len(group) // 2][1], box), default=None)
        if best is None:
            groups.append([(n, box)])
        elif len(over) == 1 or _shared(best[len(best) // 2][1], box) > SAME:
            best.append((n, box))
        else:
            spanning.append((n, box))
    return groups, spanning


def _overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share more than half of the smaller one's width and height."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide > 0.5 * min(one[2] - one[0], other[2] - other[0]) and high > 0.5 * min(
        one[3] - one[1], other[3] - other[1]
    )


def _shared(one: Box, other: Box) -> float:
    """The area that two boxes share, over the area of both together."""
    wide = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    high = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    both = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - wide * high
    return wide * high / both if both > 0 else 0.0


def _around(boxes: Sequence[Box]) -> Box:
    """The box in the middle of these, side by side."""
    left, top, right, bottom = np.median(np.array([box[:4] for box in boxes]), axis=0).tolist()
    return left, top, right, bottom, boxes[0][4]


def _areas(boxes: Sequence[Box]) -> list[Box]:
    """Boxes joined with their neighbours."""
    areas = list(boxes)
    joined = True
    while joined:
        joined = False
        for n, one in enumerate(areas):
            other = next((m for m in range(n + 1, len(areas)) if _near(one, areas[m])), None)
            if other is not None:
                both = areas.pop(other)
                areas[n] = (min(one[0], both[0]), min(one[1], both[1]), max(one[2], both[2]), max(one[3], both[3]), "")
                joined = True
                break
    return areas


def _near(one: Box, other: Box) -> bool:
    height = min(one[3] - one[1], other[3] - other[1], 60.0)
    across = max(one[0], other[0]) - min(one[2], other[2])
    down = max(one[1], other[1]) - min(one[3], other[3])
    in_row = down < -0.7 * max(one[3] - one[1], other[3] - other[1])
    return across < (APART_IN_ROW if in_row else APART) * height and down < 0.9 * height


def _inside(box: Box, area: Box) -> bool:
    return area[0] <= (box[0] + box[2]) / 2 <= area[2] and area[1] <= (box[1] + box[3]) / 2 <= area[3]


def _cells(survey: Sequence[Pixels], area: Box, eye: Eye, *, group: int, least: int) -> list[Cell]:
    """The cells of one area, found in it enlarged."""
    high, wide = survey[0].shape[:2]
    margin = 14
    left, top = max(0, int(area[0]) - margin), max(0, int(area[1]) - margin)
    right, bottom = min(wide, int(area[2]) + margin), min(high, int(area[3]) + margin)
    cuts = [picture[top:bottom, left:right] for picture in survey]
    found = [[box for box in eye.places(cut) if box[4].strip()] for cut in cuts]
    heights = [box[3] - box[1] for boxes in found for box in boxes]
    scale = min(MOST_ENLARGED, max(1.0, LETTERS / float(np.median(heights)))) if heights else 1.0
    if scale > 1.2:
        found = [[_shrunk(box, scale) for box in eye.places(_enlarged(cut, scale)) if box[4].strip()] for cut in cuts]
    places = [_around([box for _, box in group]) for group in _same_place(found, least=least)]
    places += _left_out(places)
    return [_cell(place, places, (left, top), group, (wide, high)) for place in places]


def _left_out(places: Sequence[Box]) -> list[Box]:
    """Places of a table of two rows where one row has a place and the other has none: a digit alone is not always
    found. Rows of a table have two places under one another, those of the names in front."""
    found: list[Box] = []
    for one, other in pairwise(_rows(places)):
        under = [(a, b) for a in one for b in other if min(a[2], b[2]) > max(a[0], b[0])]
        if len(under) < 2 or not all(any(map(str.isalpha, box[4])) for box in under[0]):
            continue
        for row, neighbour in ((one, other), (other, one)):
            top, bottom = np.median([[box[1], box[3]] for box in row], axis=0).tolist()
            alone = [a for a in neighbour if not any(min(a[2], b[2]) > max(a[0], b[0]) for b in row)]
            found += [(a[0], top, a[2], bottom, "") for a in alone if a[0] > under[0][0][0]]
    return found


def _rows(places: Sequence[Box]) -> list[list[Box]]:
    """Places side by side, from left to right, the rows from top to bottom."""
    rows: list[list[Box]] = []
    for box in sorted(places, key=lambda b: b[1] + b[3]):
        if rows and box[1] < (rows[-1][-1][1] + rows[-1][-1][3]) / 2:
            rows[-1].append(box)
        else:
            rows.append([box])
    return [sorted(row) for row in rows]


def _enlarged(cut: Pixels, scale: float) -> Pixels:
    size = round(cut.shape[1] * scale), round(cut.shape[0] * scale)
    return np.asarray(Image.fromarray(cut).resize(size, Image.Resampling.BICUBIC))


def _shrunk(box: Box, scale: float) -> Box:
    return box[0] / scale, box[1] / scale, box[2] / scale, box[3] / scale, box[4]


def _cell(place: Box, places: Sequence[Box], origin: tuple[int, int], group: int, size: tuple[int, int]) -> Cell:
    """The place with room for more letters: half way to its neighbours at most, also where they overlap."""
    height, middle = place[3] - place[1], (place[0] + place[2]) / 2
    row = [one for one in places if one is not place and min(one[3], place[3]) - max(one[1], place[1]) > 0.4 * height]
    room = 0.6 * height
    before = max((one[2] for one in row if (one[0] + one[2]) / 2 < middle), default=-np.inf)
    after = min((one[0] for one in row if (one[0] + one[2]) / 2 > middle), default=np.inf)
    left, right = max(place[0] - room, (place[0] + before) / 2), min(place[2] + room, (place[2] + after) / 2)
    x, y = origin
    box = (max(0, int(left + x)), max(0, int(place[1] + y - 1)), min(size[0], int(right + x + 1)),
           min(size[1], int(place[3] + y + 2)))  # fmt: skip
    return Cell(box, height, group)
