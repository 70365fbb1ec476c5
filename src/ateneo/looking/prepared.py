"""A picture made ready once for all that looks at it: upright, its text with places, and what is sent to a model."""

import io
from functools import cached_property

from PIL import Image

from ateneo.engines.rapid_ocr import Box, in_lines
from ateneo.engines.reading import text_of
from ateneo.language.fence import Block, fenced
from ateneo.looking.floor_plan import Plan, places, rooms_of

SENT = 1536  # px of the longer side that a model is sent; more it would shrink itself
QUALITY = 88  # of the JPEG that is sent
LINES = 200  # of text that a model is told


class Prepared:
    """An upright RGB picture. `ocr` names the engine that reads it."""

    def __init__(self, image: Image.Image, *, ocr: str = "auto") -> None:
        self.image, self.ocr = image, ocr

    @cached_property
    def written(self) -> str:
        """The text on it, line by line."""
        return text_of(self.image, engine=self.ocr)

    @cached_property
    def places(self) -> list[Box]:
        """Its pieces of text, small ones too, each with its box in pixels."""
        return places(self.image)

    @cached_property
    def plan(self) -> Plan:
        """Its rooms, where it is a floor plan."""
        return rooms_of(self.places)

    @cached_property
    def text(self) -> str:
        """The text by its places: what `written` is for a picture of small letters."""
        return in_lines(self.places)

    @cached_property
    def sent(self) -> bytes:
        """The picture as a JPEG of bounded size, without what a camera notes beside it."""
        small = self.image.copy()
        small.thumbnail((SENT, SENT), Image.Resampling.LANCZOS)
        file = io.BytesIO()
        small.save(file, "JPEG", quality=QUALITY)
        return file.getvalue()

    @property
    def fenced(self) -> Block:
        """The text with its places, for a model."""
        width, height = self.image.size
        rows = sorted(self.places, key=lambda b: (round(b[1] / height * 100), b[0]))
        lines = [f"{b[0] / width:.0%} {b[1] / height:.0%} {b[4]}" for b in rows[:LINES]]
        return fenced("\n".join(lines), "picture")
