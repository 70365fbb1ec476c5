"""A sheet that is filled from above, and what charts out of newspapers share on it: colours, names of rows and pieces,
title and notes."""

from dataclasses import dataclass

import numpy as np
from looks import PLACES, Colour, Look, rgb, wrapped
from PIL import Image, ImageDraw

WHO = {
    "es": ("Total", "Hombres", "Mujeres", "18-29", "30-49", "50-64", "65 y más", "Universitarios", "Urbano", "Rural"),
    "en": ("Total", "Men", "Women", "18-29", "30-49", "50-64", "65 and older", "Graduates", "Urban", "Rural", "NET"),
}
SOURCE = {"es": ("Fuente: ", "Nota: "), "en": ("Source: ", "Note: ")}
WHITE, BLACK = (255, 255, 255), (25, 25, 25)


@dataclass
class Sheet:
    """A page that is filled from above: `unit` is the height of its letters, `y` where it is empty from."""

    made: Image.Image
    look: Look
    unit: float
    left: float
    right: float
    colours: list[Colour]
    y: float = 0.0

    def __post_init__(self) -> None:
        self.pen = ImageDraw.Draw(self.made)

    @property
    def wide(self) -> float:
        """Pixels between the edges."""
        return self.right - self.left

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        ink: Colour | None = None,
        size: float = 1.0,
        head: bool = False,
        anchor: str = "lm",
    ) -> float:
        """Writes a line; its width. `size` is in units."""
        face = self.look.face(self.unit * size, head=head)
        self.pen.text((x, y), text, font=face, fill=ink or self.look.ink, anchor=anchor)
        return float(face.getlength(text))

    def lines(self, text: str, *, ink: Colour, size: float, head: bool = False, italic: bool = False) -> None:
        """Writes a text across the sheet and goes below it."""
        face = self.look.face(self.unit * size, head=head, italic=italic)
        for line in wrapped(text, face, self.wide):
            self.pen.text((self.left, self.y), line, font=face, fill=ink)
            self.y += self.unit * size * 1.22

    def bar(self, x0: float, x1: float, y: float, high: float, colour: Colour, said: str = "") -> None:
        """A piece of a bar with its number in the middle, where it has the room."""
        self.pen.rectangle((x0, y - high / 2, max(x0, x1 - 1), y + high / 2), fill=colour)
        face = self.look.face(min(self.unit, high * 0.85))
        if said and face.getlength(said) < x1 - x0:
            self.pen.text(((x0 + x1) / 2, y), said, font=face, fill=over(colour), anchor="mm")


def over(colour: Colour) -> Colour:
    """What can be read on a colour."""
    return WHITE if sum(colour) < 440 else BLACK


def colours(look: Look) -> list[Colour]:
    """Shades of one or two hues and a grey, or colours far apart; muted more often than not."""
    hue, strong = look.between(0, 1), look.between(0.3, 0.95)
    other = hue + look.between(0.3, 0.6)
    if look.chance(0.35):  # from one to its opposite
        return [rgb(hue, strong, 0.5), rgb(hue, strong * 0.5, 0.82), (200, 200, 196), rgb(other, strong * 0.5, 0.9),
                rgb(other, strong, 0.7)]  # fmt: skip
    if look.chance(0.35):  # shades
        return [rgb(hue, strong * (1 - 0.18 * n), 0.35 + 0.15 * n) for n in range(5)]
    return [rgb(hue + n * look.between(0.15, 0.4), strong * look.between(0.7, 1), look.between(0.5, 0.9))
            for n in range(5)]  # fmt: skip


def label(look: Look) -> str:
    """What a row is called: a group of people, a place, a few words."""
    kind = look.rng.random()
    if kind < 0.4:
        return str(look.rng.choice(WHO[look.language]))
    return str(look.rng.choice(PLACES)) if kind < 0.7 else look.words(1, 3)


def shares(look: Look, count: int) -> list[int]:
    """Whole numbers that add up to about a hundred."""
    return [round(100 * float(s)) for s in look.rng.dirichlet(np.ones(count) * look.between(1.5, 6))]


def rows_of(sheet: Sheet) -> tuple[list[str], float, float, float]:
    """(labels, where bars begin, the height of a row, of a bar); an empty label is a gap, one with a colon a head."""
    look, found = sheet.look, []
    for group in range(int(look.rng.choice([1, 1, 1, 2, 3]))):
        if group and look.chance(0.7):
            found.append("")
        if (group or look.chance(0.2)) and look.chance(0.5):
            found.append(look.words(1, 3) + ":")
        found += [label(look) for _ in range(int(look.rng.integers(2, 13 if group == 0 else 6)))]
    step = sheet.unit * look.between(1.35, 2.5)
    return found, sheet.left + sheet.wide * look.between(0.16, 0.4), step, step * look.between(0.55, 0.95)


def name_row(sheet: Sheet, said: str, start: float, *, right: bool) -> bool:
    """Writes what is at the left of a row; whether a bar belongs there."""
    if not said:
        return False
    if said.endswith(":"):
        sheet.text(sheet.left, sheet.y, said[:-1], head=True)
        return False
    face = sheet.look.face(sheet.unit)
    while face.getlength(said) > start - sheet.left - 4 and len(said) > 1:
        said = said[:-1]
    sheet.text(start - 5 if right else sheet.left, sheet.y, said, anchor="rm" if right else "lm")
    return True


def name_pieces(sheet: Sheet, start: float, end: float, names: list[str]) -> None:
    """The names of the pieces above the first row: over their pieces, or in a line with squares."""
    squares, x = sheet.look.chance(0.35), start if sheet.look.chance(0.6) else sheet.left
    face = sheet.look.face(sheet.unit * 0.9, head=True)
    for n, name in enumerate(names):
        ink = sheet.colours[n % 5]
        while not squares and len(name) > 2 and face.getlength(name) > (end - start) / len(names) - 2:
            name = name[:-1]
        if squares:
            side = sheet.unit * 0.8
            sheet.pen.rectangle((x, sheet.y - side / 2, x + side, sheet.y + side / 2), fill=ink)
            x += side * 1.4 + sheet.text(x + side * 1.3, sheet.y, name, size=0.9) + sheet.unit
        else:
            at = start + (end - start) * (n + 0.5) / len(names)
            ink = ink if sheet.look.chance(0.5) and sum(ink) < 560 else sheet.look.muted
            sheet.text(at, sheet.y, name, ink=ink, size=0.9, head=True, anchor="mm")
    sheet.y += sheet.unit * 1.5


def faint(look: Look) -> Colour:
    """Hardly another colour than the ground."""
    r, g, b = ((4 * a + b) // 5 for a, b in zip(look.ground, look.muted, strict=True))
    return r, g, b


def paper(look: Look) -> None:
    """White more often than on slides, or the colour of paper."""
    kind = look.rng.random()
    if kind < 0.88:
        look.dark, look.ink, look.muted = False, BLACK, (120, 120, 120)
        look.ground = WHITE if kind < 0.74 else rgb(look.between(0, 1), look.between(0.02, 0.12), look.between(0.9, 1))


def title(sheet: Sheet) -> None:
    """A rule or a tag at the top at times, a title of one to three lines, a smaller line below it."""
    look, unit, kind = sheet.look, sheet.unit, sheet.look.rng.random()
    if kind < 0.3:
        sheet.pen.line((sheet.left, sheet.y, sheet.right, sheet.y), fill=look.ink, width=1 if kind < 0.2 else 3)
        sheet.y += unit * 0.6
    elif kind < 0.42:
        sheet.pen.rectangle((sheet.left, 0, sheet.left + unit * 2.5, unit * 0.8), fill=sheet.colours[0])
        sheet.y += unit * 0.8
    if look.chance(0.92):
        sheet.lines(look.words(3, 14), ink=look.ink, size=look.between(1.2, 1.9), head=True)
    if look.chance(0.75):
        sheet.y += unit * 0.2
        ink = look.muted if look.chance(0.7) else look.ink
        sheet.lines(look.words(3, 16), ink=ink, size=look.between(0.85, 1.1), italic=look.chance(0.6))


def notes(sheet: Sheet) -> None:
    """Notes and a source in small grey; at times who made it, in bold, and a rule."""
    look, unit = sheet.look, sheet.unit
    source, note = SOURCE[look.language]
    if look.chance(0.6):
        sheet.lines(note + look.words(4, 26), ink=look.muted, size=0.78)
    if look.chance(0.8):
        sheet.lines(source + look.words(2, 10), ink=look.muted, size=0.78)
    if look.chance(0.4):
        sheet.y += unit * 0.4
        sheet.lines(look.words(2, 3).upper(), ink=look.ink, size=0.85, head=True)
    if look.chance(0.3):
        sheet.pen.line((sheet.left, sheet.y, sheet.right, sheet.y), fill=look.ink)
