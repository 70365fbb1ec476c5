"""Frames that were found, on one page: a heading for each talk, its frames below, the second under each."""

import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ateneo.export import clock
from ateneo.records import Sight, Sights, Talk

COLUMNS = 4
WIDE, HIGH = 300, 169  # px of a frame's place
GAP, LINE = 12, 20  # px between places; of a line of text
INK, PALE, EDGE, GROUND = (20, 20, 20), (110, 110, 110), (215, 215, 215), (255, 255, 255)
FONTS = (  # of the system, the first that is there; Pillow's own has no accents
    "DejaVuSans.ttf", "LiberationSans-Regular.ttf", "NotoSans-Regular.ttf", "Arial.ttf", "arial.ttf", "Helvetica.ttc",
)  # fmt: skip

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class _Place:
    """What stands where: a heading, or a frame's top left corner."""

    top: int
    left: int
    talk: Talk | None = None
    sight: Sight | None = None


def contact_sheet(found: Sights, *, picture: Callable[[Sight], Path]) -> Image.Image:
    """The page, RGB. `picture` is where the file of a frame lies; one that cannot be read is left grey."""
    places, height = _places(found)
    page = Image.new("RGB", (COLUMNS * (WIDE + GAP) + GAP, height), GROUND)
    _write(page, (GAP, GAP), found.query, size=16, colour=PALE)
    for place in places:
        if place.talk:
            _write(page, (place.left, place.top), heading(place.talk), size=16, colour=INK)
        if place.sight:
            _paste(page, picture(place.sight), place)
            said = f"{clock(place.sight.frame.start)}   {place.sight.frame.path}"
            _write(page, (place.left, place.top + HIGH + 3), said, size=12, colour=PALE)
    return page


def heading(talk: Talk) -> str:
    """Number. TITLE. Speaker. Date"""
    title = talk.title.upper().rstrip(".")
    return ". ".join(filter(None, [talk.number, title, ", ".join(talk.speakers), talk.date]))


def by_talk(found: Sights) -> list[tuple[Talk, list[Sight]]]:
    """The hits of each talk, the talk of the best hit first."""
    groups: dict[str, tuple[Talk, list[Sight]]] = {}
    for sight in found.hits:
        groups.setdefault(sight.talk.id, (sight.talk, []))[1].append(sight)
    return list(groups.values())


def _places(found: Sights) -> tuple[list[_Place], int]:
    """Everything that goes on the page, and the height of it."""
    places, top = [], GAP + LINE + GAP
    for talk, sights in by_talk(found):
        places.append(_Place(top, GAP, talk=talk))
        top += LINE + GAP // 2
        for n, sight in enumerate(sights):
            places.append(_Place(top, GAP + n % COLUMNS * (WIDE + GAP), sight=sight))
            if n % COLUMNS == COLUMNS - 1 or n == len(sights) - 1:
                top += HIGH + LINE + GAP // 2
        top += GAP
    return places, top


def _paste(page: Image.Image, path: Path, place: _Place) -> None:
    small = Image.new("RGB", (WIDE, HIGH), (225, 225, 225))
    try:
        with Image.open(path) as opened:
            opened.draft("RGB", (2 * WIDE, 2 * HIGH))
            small = opened.convert("RGB")
            small.thumbnail((WIDE, HIGH), Image.Resampling.LANCZOS)
    except (OSError, ValueError, Image.DecompressionBombError):
        pass  # a frame that was taken away since; its place stays grey
    ImageDraw.Draw(page).rectangle((place.left - 1, place.top - 1, place.left + WIDE, place.top + HIGH), outline=EDGE)
    page.paste(small, (place.left + (WIDE - small.width) // 2, place.top + (HIGH - small.height) // 2))


def _write(page: Image.Image, at: tuple[int, int], said: str, *, size: int, colour: tuple[int, int, int]) -> None:
    """One line, cut where the page ends."""
    font, accents = _font(size)
    said = " ".join(said.split()) if accents else _plain(said)
    width, whole = page.width - at[0] - GAP, said
    while said and font.getlength(said + (" …" if accents else " ...") * (said != whole)) > width:
        said = said[:-1]
    ending = "" if said == whole else " …" if accents else " ..."
    ImageDraw.Draw(page).text(at, said.rstrip() + ending, font=font, fill=colour)


@cache
def _font(size: int) -> tuple[Font, bool]:
    """A font, and whether it has accents."""
    for name in FONTS:
        with suppress(OSError):
            return ImageFont.truetype(name, size), True
    return ImageFont.load_default(size), False


def _plain(said: str) -> str:
    """The text in the letters that every font has."""
    return " ".join(unicodedata.normalize("NFKD", said).encode("ascii", "ignore").decode().split())
