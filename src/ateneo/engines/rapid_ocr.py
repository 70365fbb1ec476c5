"""Slide text by RapidOCR, with the models that come inside its wheel: nothing is ever fetched.

Its PP-OCRv6 recogniser knows Latin letters with their accents, Spanish and English alike. Lines are looked for in a
picture shrunk to what a slide's letters need, on one thread: several talks are read at once by several processes.
"""

import logging
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ateneo.errors import InputError

if TYPE_CHECKING:
    from rapidocr import RapidOCR

LOOKED_AT = 960  # px of the longer side in which lines are found; their letters are read from the full picture
SAME_LINE = 0.5  # of a line's height; boxes whose middles are closer stand side by side
GAP = 1.5  # of a line's height; a wider gap between two boxes is between columns
LEAST_SURE = 0.5  # a less certain line is left out

LANGUAGES = frozenset(  # primary tags that the recogniser was trained on, besides many with fewer speakers
    "af an ast az bs ca cs cy da de en es et eu fi fr ga gl hr hu id is it ja la lb lt lv ms mt nl no oc pl pt qu ro"
    " sk sl sq sv sw tl tr uz vi zh".split()
)

Box = tuple[float, float, float, float, str]  # left, top, right, bottom, text


class RapidOcr:
    """The OCR engine that every installation has. Threads may share one."""

    name = "rapidocr"

    def __init__(self, *, looked_at: int = LOOKED_AT, turned: bool = False) -> None:
        """`looked_at`: px of the longer side in which lines are found; `turned`: some may stand on their heads, or run
        upwards."""
        self.version = version("rapidocr")
        self.looked_at, self.turned = looked_at, turned

    @cached_property
    def _engine(self) -> "RapidOCR":
        return self._made()

    @cached_property
    def _liner(self) -> "RapidOCR":
        """Another one for single lines: what a call asks of an engine, it remembers for all calls."""
        return self._made()

    def _made(self) -> "RapidOCR":
        from rapidocr import RapidOCR

        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        return RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.use_cls": self.turned,  # slides are not upside down
                "Global.text_score": LEAST_SURE,
                "Det.limit_type": "max",
                "Det.limit_side_len": self.looked_at,
                "Rec.rec_batch_num": 1,  # lines of one batch are padded to the longest, which costs more than it saves
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, picture: Path, *, languages: Sequence[str]) -> str:
        """The text of the picture, line by line; `languages` change nothing, the model knows them all.

        Raises InputError where the picture cannot be opened.
        """
        from PIL import Image

        try:
            with Image.open(picture) as image:
                pixels = np.asarray(image.convert("RGB"))
        except (OSError, ValueError) as error:
            raise InputError(
                "cannot read {picture}: {error}; give a JPEG or PNG picture", picture=picture, error=error
            ) from error
        return in_lines(self.places(pixels))

    def places(self, pixels: NDArray[np.uint8]) -> list[Box]:
        """What is written in an RGB picture (H, W, 3), each piece with its box in pixels."""
        found: Any = self._engine(np.ascontiguousarray(pixels[:, :, ::-1]))
        if found.boxes is None or not found.txts:
            return []
        return [_box(corners, text) for corners, text in zip(found.boxes, found.txts, strict=True)]

    def line(self, pixels: NDArray[np.uint8]) -> tuple[str, float]:
        """The one line that an RGB picture (H, W, 3) is cut to, and how sure that is in [0, 1]; "" where it is not."""
        cut = np.ascontiguousarray(pixels[:, :, ::-1])
        found: Any = self._liner(cut, use_det=False, use_cls=False, use_rec=True)
        return (str(found.txts[0]), float(found.scores[0])) if found.txts else ("", 0.0)


def _box(corners: Any, text: str) -> Box:
    points = np.asarray(corners, float)
    (left, top), (right, bottom) = points.min(0), points.max(0)
    return left, top, right, bottom, text


def in_lines(boxes: Sequence[Box]) -> str:
    """Boxes (left, top, right, bottom, text) as lines: top to bottom, what stands side by side from left to right."""
    lines: list[list[Box]] = []
    for box in sorted(boxes, key=lambda b: (b[1] + b[3]) / 2):
        line = lines[-1] if lines else []
        if line and _beside(line[-1], box):
            line.append(box)
        else:
            lines.append([box])
    return "\n".join(" ".join(box[4].strip() for box in sorted(line)) for line in lines)


def _beside(one: Box, other: Box) -> bool:
    height = min(one[3] - one[1], other[3] - other[1])
    return abs((one[1] + one[3]) - (other[1] + other[3])) / 2 < SAME_LINE * height
