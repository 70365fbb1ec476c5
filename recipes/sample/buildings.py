"""Houses and towers that stand in a landscape, every face shaded by the sun and drawn in perspective."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import ImageDraw
from terrain import SUN, Colour, View

Corner = tuple[float, float, float]  # across, up, away: in the frame of the building, from the middle of its floor
FRONT: Corner = (0, 0, -1)
DOOR, BRICK, GLASS, LAMP = (0.30, 0.19, 0.12), (0.62, 0.52, 0.44), (0.22, 0.26, 0.33), (1.25, 0.92, 0.45)
IRON = (50, 45, 45)


@dataclass(frozen=True, slots=True)
class Building:
    """A block of `size` (width, depth, height) at `foot` (x, h, z), turned by `turn` radians, gable to the front."""

    pen: ImageDraw.ImageDraw
    view: View
    foot: tuple[float, float, float]
    size: tuple[float, float, float]
    turn: float
    wall: Colour
    roof: Colour

    @property
    def eaves(self) -> float:
        """How far the roof stands out."""
        return 0.07 * self.size[0]

    def at(self, corner: Corner) -> tuple[float, float]:
        """Where a corner is on the picture."""
        (a, up, b), (x, h, z), (c, s) = corner, self.foot, (np.cos(self.turn), np.sin(self.turn))
        return self.view.project(x + a * c + b * s, h + up, z - a * s + b * c)

    def face(self, corners: Sequence[Corner], normal: Corner, colour: Colour) -> None:
        """A flat face, as bright as the sun makes it."""
        c, s = np.cos(self.turn), np.sin(self.turn)
        n = np.array([normal[0] * c + normal[2] * s, normal[1], -normal[0] * s + normal[2] * c])
        light = 0.50 + 0.62 * max(0.0, float(n @ SUN))
        r, g, b = colour
        fill = self.view.hazed((r * light, g * light, b * light), self.foot[2])
        self.pen.polygon([self.at(corner) for corner in corners], fill=fill)

    def panel(self, x: tuple[float, float], up: tuple[float, float], plane: float, colour: Colour) -> None:
        """A rectangle that looks to the front, at depth `plane`."""
        corners = [(x[0], up[0], plane), (x[1], up[0], plane), (x[1], up[1], plane), (x[0], up[1], plane)]
        self.face(corners, FRONT, colour)

    def sides(self, glass: Colour) -> None:
        """The side wall that looks at the viewer, with two windows."""
        (x, _, z), (wide, deep, tall) = self.foot, self.size
        w, d = wide / 2, deep / 2
        for s in (-1, 1):
            if s * (x * np.cos(self.turn) - z * np.sin(self.turn)) + w >= 0:
                continue
            corners = [(s * w, -0.6, -d), (s * w, -0.6, d), (s * w, tall, d), (s * w, tall, -d)]
            self.face(corners, (s, 0, 0), self.wall)
            for middle in (-0.25 * deep - 0.06, 0.25 * deep - 0.06):
                frame = ((-0.1, -0.16), (0.1, -0.16), (0.1, 0.16), (-0.1, 0.16))
                self.face([(s * w, 0.58 * tall + v, middle + u) for u, v in frame], (s, 0, 0), glass)

    def window(self, x: float, up: float, half: float, glass: Colour) -> None:
        """A window of the front."""
        self.panel((x - half, x + half), (up - 0.16, up + 0.16), -self.size[1] / 2 - 0.01, glass)


def house(
    pen: ImageDraw.ImageDraw,
    view: View,
    foot: tuple[float, float, float],
    *,
    size: tuple[float, float, float],
    turn: float,
    wall: Colour,
    roof: Colour,
    lit: bool = False,
) -> None:
    """A house with door, windows and chimney; `lit` for light in its windows."""
    block, glass = Building(pen, view, foot, size, turn, wall, roof), LAMP if lit else GLASS
    (wide, _, tall), w, d, o = size, size[0] / 2, size[1] / 2, block.eaves
    top = tall + 0.55 * wide
    block.sides(glass)
    block.face([(-w, -0.6, -d), (w, -0.6, -d), (w, tall, -d), (0, top, -d), (-w, tall, -d)], FRONT, wall)
    for x, up in ((-0.24, 0.62), (0.24, 0.62), (-0.24, 0.28)):
        block.window(x * wide, tall * up, 0.09, glass)
    block.panel((0.14 * wide, 0.34 * wide), (0, 0.36 * tall), -d, DOOR)
    for s in sorted((-1, 1), key=lambda s: s * np.cos(turn)):
        edge = s * (w + o)
        corners = [(edge, tall - o, -d - o), (0, top, -d - o), (0, top, d), (edge, tall - o, d)]
        block.face(corners, (s * 0.7, 0.7, 0), roof)
    x, up = 0.22 * wide, top - 0.12 * wide
    block.panel((x - 0.06, x + 0.08), (up - 0.2, up + 0.22), 0, BRICK)


def tower(
    pen: ImageDraw.ImageDraw,
    view: View,
    foot: tuple[float, float, float],
    *,
    size: tuple[float, float, float],
    turn: float,
    wall: Colour,
    roof: Colour,
) -> None:
    """A church tower: openings for the bells, a pyramid for a roof, and a cross."""
    block = Building(pen, view, foot, size, turn, wall, roof)
    (wide, _, tall), w, d, o = size, size[0] / 2, size[1] / 2, block.eaves
    top = tall + 1.045 * wide
    block.sides(GLASS)
    block.panel((-w, w), (-0.6, tall), -d, wall)
    for up in (0.84, 0.5):
        block.window(0, tall * up, 0.14, GLASS)
    for s in sorted((-1, 1), key=lambda s: s * np.cos(turn)):
        edge = s * (w + o)
        block.face([(edge, tall - o, -d - o), (0, top, 0), (edge, tall - o, d + o)], (s * 0.7, 0.7, 0), roof)
    block.face([(-w - o, tall - o, -d - o), (w + o, tall - o, -d - o), (0, top, 0)], (0, 0.6, -0.8), roof)
    (x, low), (_, y) = block.at((0, top, 0)), block.at((0, top + 0.5, 0))
    arm, height = (low - y) * 0.25, y + (low - y) * 0.35
    pen.line((x, low, x, y), fill=IRON, width=3)
    pen.line((x - arm, height, x + arm, height), fill=IRON, width=3)
