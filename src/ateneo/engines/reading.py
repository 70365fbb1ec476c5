"""A picture that somebody hands over: opened, turned upright, and its text read.

Such a picture may be a photo of a screen, a scan, a drawing with a transparent ground. It is made upright as its camera
says, laid on white (on black where what is drawn is light), and shrunk to what reading needs.
"""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ateneo.engines import OcrEngine, Picture, load
from ateneo.engines.tesseract import best_ocr
from ateneo.errors import InputError
from ateneo.models.preprocess import open_picture

OPAQUE, LIGHT = 127, 220  # of 255
MOSTLY = 0.9
LARGEST = 2000  # px of the longer side; reading gains nothing from more


def upright(picture: Picture, *, name: str = "the picture") -> Image.Image:
    """The picture as RGB, upright, on a plain ground. Raises InputError with its name where it is not there, is no
    picture, is damaged, or is too large to be opened safely."""
    if isinstance(picture, str | Path):
        name = str(picture)
        if not Path(picture).is_file():
            why = "it is a folder" if Path(picture).is_dir() else "no such file"
            raise InputError("cannot read {name}: {why}; name a picture's file", name=name, why=why)
    return on_plain(ImageOps.exif_transpose(open_picture(picture, name=name)))


def on_plain(picture: Image.Image) -> Image.Image:
    """The picture as RGB; what is transparent is laid on white, or on black where what is drawn is light."""
    if not _transparent(picture):
        return picture.convert("RGB")
    drawn = picture.convert("RGBA")
    page = Image.new("RGBA", picture.size, "black" if _light(drawn) else "white")
    page.alpha_composite(drawn)
    return page.convert("RGB")


def _light(drawn: Image.Image) -> bool:
    """Whether what is opaque in an RGBA picture is mostly near white, and would be lost on it."""
    grey, opaque = np.asarray(drawn.convert("L")), np.asarray(drawn.getchannel("A")) > OPAQUE
    return bool(opaque.any() and not opaque.all() and (grey[opaque] > LIGHT).mean() > MOSTLY)


def text_of(picture: Image.Image, *, engine: str = "auto") -> str:
    """The text in an upright picture, by the OCR engine of this name. Raises EngineError."""
    small = picture.copy()
    small.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        small.save(path, compress_level=1)
        return ocr(engine).read(path, languages=())


@cache
def ocr(name: str) -> OcrEngine:
    """The OCR engine, loaded once a process; "auto" is the best for Spanish and English."""
    engine: OcrEngine = best_ocr() if name == "auto" else load("ocr", name)
    return engine


def _transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
