"""A picture of several drawings on a plain ground → each drawing by itself, in reading order.

What differs from the colour of the border is drawn. Strokes that lie close to each other are one drawing; drawings that
lie beside each other are a row, read from left to right, the rows from top to bottom.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 360  # px of the longer side in which drawings are told apart
DIFFERENT = 26  # levels of a colour channel; less is the ground, with the noise of a photo or of JPEG
CLOSE = 0.03  # of the shorter side: strokes no farther apart are of one drawing
TOUCHING = 0.12  # of the typical drawing: parts no farther apart are of one drawing
SMALL = 0.3  # of the typical drawing's size; what is smaller is a speck, a full stop, an arrow between drawings
ROW = 0.5  # of the lower of two drawings: as much beside each other, and they are in one row
MARGIN = 0.08  # of a drawing, left around it
MOST = 40  # drawings; a riddle has fewer


@dataclass(frozen=True, slots=True)
class Box:
    """Where a drawing is, in pixels; right and bottom excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> int:
        """Its longer side."""
        return max(self.right - self.left, self.bottom - self.top)

    def joined(self, other: "Box") -> "Box":
        """The box of both."""
        return Box(min(self.left, other.left), min(self.top, other.top),
                   max(self.right, other.right), max(self.bottom, other.bottom))  # fmt: skip

    def gap(self, other: "Box") -> int:
        """How far apart they are, along the axis where it is more; 0 where they touch or overlap."""
        across = max(self.left, other.left) - min(self.right, other.right)
        down = max(self.top, other.top) - min(self.bottom, other.bottom)
        return max(across, down, 0)


def separate(image: Image.Image) -> list[Box]:
    """The drawings of an upright RGB picture in reading order; none where the ground is not plain."""
    small = image.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR)
    drawn = _drawn(np.asarray(small, np.int16))
    boxes = _parts(drawn, reach=max(1, round(CLOSE * min(small.size) / 2)))
    boxes = _without_specks(_together(_without_specks(boxes)))
    if not boxes or len(boxes) > MOST:
        return []
    grown = image.width / small.width, image.height / small.height
    return [_grown(box, grown, image.size) for row in _rows(boxes) for box in row]


def cut(image: Image.Image, box: Box) -> Image.Image:
    """A drawing in the middle of a square of its ground, with a margin."""
    side = max(1, round(box.size * (1 + 2 * MARGIN)))
    page = Image.new("RGB", (side, side), _ground(np.asarray(image, np.int16)))
    part = image.crop((box.left, box.top, box.right, box.bottom))
    page.paste(part, ((side - part.width) // 2, (side - part.height) // 2))
    return page


def _ground(pixels: NDArray[np.int16]) -> tuple[int, int, int]:
    """The commonest colour of the border."""
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])  # (n, 3)
    coarse, counts = np.unique(border // 16, axis=0, return_counts=True)
    common = coarse[counts.argmax()]
    red, green, blue = np.median(border[(border // 16 == common).all(1)], axis=0)
    return int(red), int(green), int(blue)


def _drawn(pixels: NDArray[np.int16]) -> NDArray[np.bool_]:
    """(H, W): where something is drawn."""
    different: NDArray[np.bool_] = np.abs(pixels - np.array(_ground(pixels), np.int16)).max(-1) > DIFFERENT
    return different


def _parts(drawn: NDArray[np.bool_], *, reach: int) -> list[Box]:
    """The boxes of what hangs together, gaps up to twice `reach` bridged."""
    wide = _dilated(drawn, reach)
    seen, boxes = np.zeros_like(wide), []
    for y, x in np.argwhere(wide):
        if seen[y, x]:
            continue
        rows, columns = _flood(wide, seen, int(y), int(x))
        inside = drawn[rows, columns]
        if inside.any():
            ys, xs = np.asarray(rows)[inside], np.asarray(columns)[inside]
            boxes.append(Box(int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1))
    return boxes


def _dilated(drawn: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    padded = np.pad(drawn, reach)
    h, w = drawn.shape
    down = np.logical_or.reduce([padded[n : n + h] for n in range(2 * reach + 1)])
    wide: NDArray[np.bool_] = np.logical_or.reduce([down[:, n : n + w] for n in range(2 * reach + 1)])
    return wide


def _flood(wide: NDArray[np.bool_], seen: NDArray[np.bool_], y: int, x: int) -> tuple[list[int], list[int]]:
    """Rows and columns of all that hangs together with a pixel; marks them as seen."""
    queue, rows, columns = deque([(y, x)]), [], []
    seen[y, x] = True
    while queue:
        y, x = queue.popleft()
        rows.append(y)
        columns.append(x)
        for a, b in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= a < wide.shape[0] and 0 <= b < wide.shape[1] and wide[a, b] and not seen[a, b]:
                seen[a, b] = True
                queue.append((a, b))
    return rows, columns


def _together(boxes: list[Box]) -> list[Box]:
    """Boxes that nearly touch, joined, until none do."""
    typical = float(np.median([box.size for box in boxes])) if boxes else 0.0
    found = list(boxes)
    while True:
        pair = next(((a, b) for n, a in enumerate(found) for b in found[n + 1 :]
                     if a.gap(b) <= TOUCHING * min(typical, max(a.size, b.size))), None)  # fmt: skip
        if pair is None:
            return found
        found = [box for box in found if box not in pair] + [pair[0].joined(pair[1])]


def _without_specks(boxes: list[Box]) -> list[Box]:
    largest = sorted(box.size for box in boxes)[len(boxes) // 2 :]
    typical = float(np.median(largest)) if largest else 0.0
    return [box for box in boxes if box.size >= SMALL * typical]


def _rows(boxes: list[Box]) -> list[list[Box]]:
    """The boxes as rows from top to bottom, each from left to right."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda b: b.top + b.bottom):
        row = next((row for row in rows if _beside(box, row[-1])), None)
        if row is None:
            rows.append([box])
        else:
            row.append(box)
    return [sorted(row, key=lambda b: b.left) for row in rows]


def _beside(one: Box, other: Box) -> bool:
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared >= ROW * min(one.bottom - one.top, other.bottom - other.top)


def _grown(box: Box, by: tuple[float, float], size: tuple[int, int]) -> Box:
    x, y = by
    return Box(max(0, int(box.left * x)), max(0, int(box.top * y)),
               min(size[0], round(box.right * x)), min(size[1], round(box.bottom * y)))  # fmt: skip
