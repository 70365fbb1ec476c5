"""The files of what was drawn: PNG with seed and settings written into it."""

import re
import unicodedata
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ateneo.drawing.draw import Drawn
from ateneo.errors import InputError

LONGEST = 60  # characters of a file's name that is made of words


def save(drawn: Drawn, path: Path) -> list[Path]:
    """Writes one file, or PATH-1, PATH-2 ... for several; returns where they are. Raises InputError where they cannot
    be written."""
    path = target(path)
    many = len(drawn.pixels) > 1
    places = [path.with_name(f"{path.stem}-{k + 1}{path.suffix}") if many else path for k in range(len(drawn.pixels))]
    for k, (picture, place) in enumerate(zip(drawn.pictures(), places, strict=True)):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            picture.save(place, pnginfo=text(drawn.told(k)))
        except OSError as error:
            raise InputError(f"cannot write {place}: {error.strerror or error}; name another file with -o") from error
    return places


def target(path: Path) -> Path:
    """The path with .png where it has no ending. Raises InputError where it has another."""
    path = path if path.suffix else path.with_suffix(".png")
    if path.suffix.lower() != ".png":
        raise InputError(f"cannot write {path}: drawings are PNG files, so give a name that ends in .png")
    return path


def text(said: dict[str, str]) -> PngInfo:
    """Names and values as a PNG's text: `ateneo:NAME`, UTF-8."""
    info = PngInfo()
    for name, value in said.items():
        info.add_itxt(f"ateneo:{name}", value)
    return info


def read(path: Path) -> dict[str, str]:
    """What a drawing's file says of how it was drawn; {} where it says nothing."""
    with Image.open(path) as picture:
        found = getattr(picture, "text", {})
    return {name.removeprefix("ateneo:"): str(value) for name, value in found.items() if name.startswith("ateneo:")}


def name(drawn: Drawn) -> Path:
    """A file's name made of the words, or of the names of the pictures drawn from."""
    said = drawn.order.words or "-".join(path.stem for path in drawn.order.pictures)
    plain = unicodedata.normalize("NFKD", said.lower()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-") or "drawing"
    return Path(f"{slug}.png")
