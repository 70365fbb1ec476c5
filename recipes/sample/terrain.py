"""Landscapes seen in perspective: fractal relief lit by a low sun, with haze, sky and trees.

Every column of the picture is a ray over the relief; the nearest ground that rises into a pixel is what the pixel
shows. Lengths are in units of about ten metres: x to the right, h up, z away from the viewer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Array = NDArray[np.float64]
Relief = Callable[[Array, Array], Array]  # (x, z) → h, all of one shape
Colour = tuple[float, float, float]  # in [0, 1]
SUN = np.array([-0.72, 0.55, -0.42]) / np.linalg.norm([-0.72, 0.55, -0.42])  # from the left, behind the viewer
STEPS = 900  # distances along each ray, geometric: detail where it is near


@cache
def fractal(seed: int, *, size: int = 1024, slope: float = 2.1) -> Array:
    """A periodic map (size, size) of noise with spectrum 1/f^slope, zero mean and unit deviation."""
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    f[0, 0] = np.inf
    noise = np.random.default_rng(seed).standard_normal((size, size))
    field = np.fft.ifft2(np.fft.fft2(noise) * f ** (-slope / 2 - 0.5)).real
    unit: Array = (field - field.mean()) / field.std()
    return unit


def sample(field: Array, u: Array, v: Array) -> Array:
    """The map at points in [0, 1) (wrapped round), bilinear."""
    n = field.shape[0]
    x, y = u * n, v * n
    i, j = np.floor(x).astype(int), np.floor(y).astype(int)
    a, b = x - i, y - j
    i, j, k, m = i % n, j % n, (i + 1) % n, (j + 1) % n
    upper: Array = field[j, i] * (1 - a) + field[j, k] * a
    lower: Array = field[m, i] * (1 - a) + field[m, k] * a
    between: Array = upper * (1 - b) + lower * b
    return between


def smooth(x: Array | float, low: float, high: float) -> Array:
    """0 below `low`, 1 above `high`, and a smooth step between."""
    t = np.clip((np.asarray(x) - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


@dataclass(frozen=True, slots=True)
class View:
    """A viewer at `eye` above h = 0; the picture has (width, height) pixels, the horizon at `horizon` of its height."""

    width: int
    height: int
    eye: float
    horizon: float
    haze: Colour
    far: float = 260.0  # the distance at which haze hides two thirds
    zoom: float = 1.1

    def project(self, x: float, h: float, z: float) -> tuple[float, float]:
        """World → pixels."""
        f = self.zoom * self.width
        return self.width / 2 + f * x / z, self.horizon * self.height + f * (self.eye - h) / z

    def hazed(self, colour: Colour, z: float) -> tuple[int, int, int]:
        """The colour as it looks at distance z, in bytes."""
        a = np.exp(-z / self.far)
        r, g, b = (int(255 * np.clip(c * a + f * (1 - a), 0, 1)) for c, f in zip(colour, self.haze, strict=True))
        return r, g, b


@dataclass(frozen=True, slots=True)
class Ground:
    """Colours of a relief; `snow` is the height where snow begins, `forest` the highest share of trees."""

    grass: Colour = (0.42, 0.50, 0.20)
    dry: Colour = (0.62, 0.56, 0.30)
    wood: Colour = (0.12, 0.22, 0.12)
    rock: Colour = (0.46, 0.43, 0.41)
    snow: float = 30.0
    forest: float = 1.0


def sky(view: View, *, zenith: Colour, clouds: float, seed: int) -> Array:
    """A sky (height, width, 3): zenith above, haze at the horizon, and clouds for `clouds` > 0."""
    rows = np.linspace(0, 1, view.height)[:, None, None] / max(view.horizon, 0.3)
    colour = np.array(zenith) + (np.array(view.haze) - np.array(zenith)) * smooth(rows, 0.0, 1.0)
    u, v = np.meshgrid(np.linspace(0, 0.55, view.width), np.linspace(0, 0.5, view.height))
    cover = sample(fractal(seed, size=512, slope=2.4), u, v * 2.2)
    veil = (clouds * smooth(cover, 0.1, 1.7))[..., None]
    blended: Array = np.clip(colour + (np.array([1.0, 0.985, 0.96]) - colour) * veil, 0, 1)
    return blended


def landscape(view: View, relief: Relief, ground: Ground, *, above: Array, seed: int) -> Image.Image:
    """The relief before the sky `above`, RGB of the size of the view."""
    z = np.geomspace(2.5, 900, STEPS)[:, None]
    x = (np.arange(view.width)[None, :] - view.width / 2) / (view.zoom * view.width) * z
    z = np.broadcast_to(z, x.shape)
    h = relief(x, z)
    rows = view.horizon * view.height + view.zoom * view.width * (view.eye - h) / z
    skyline = np.minimum.accumulate(rows, axis=0)  # (STEPS, width): the highest pixel reached so far
    colour = _lit(relief, x, z, h, ground=ground, seed=seed)
    far = np.exp(-z / view.far)[..., None]
    colour = colour * far + np.array(view.haze) * (1 - far)
    picture, pixels = above.copy(), np.arange(view.height)
    for column in range(view.width):
        nearest = np.searchsorted(-skyline[:, column], -pixels)
        hit = nearest < STEPS
        picture[hit, column] = colour[nearest[hit], column]
    return Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))


def _lit(relief: Relief, x: Array, z: Array, h: Array, *, ground: Ground, seed: int) -> Array:
    e = 0.004 * z + 0.02
    slope_x, slope_z = (relief(x + e, z) - h) / e, (relief(x, z + e) - h) / e
    normal = np.stack([-slope_x, np.ones_like(h), -slope_z], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    noise = fractal(seed + 9, slope=1.3)
    patch, grain = sample(fractal(seed + 5), x / 260, z / 260), sample(noise, x / 23, z / 23)
    colour = _mix(np.array(ground.grass) * np.ones((*h.shape, 1)), ground.dry, smooth(patch + 0.3 * grain, -0.4, 1.2))
    wooded = (
        ground.forest
        * smooth(z, 38, 60)
        * smooth(patch * 0.8 + 0.4 * grain, -0.7, 0.1)
        * (1 - smooth(h, 0.3 * ground.snow, 0.55 * ground.snow))
    )
    colour = _mix(colour, ground.wood, wooded)
    steep = smooth(1 - normal[..., 1] + 0.05 * grain, 0.26, 0.5)
    colour = _mix(
        colour,
        ground.rock,
        np.maximum(steep * smooth(h, 6, 16), smooth(h + 2 * grain, 0.45 * ground.snow, 0.8 * ground.snow)),
    )
    lying = smooth(h + 2 * grain + 2 * patch, 0.85 * ground.snow, 1.15 * ground.snow) * (
        1 - 0.75 * smooth(1 - normal[..., 1], 0.42, 0.62)
    )
    colour = _mix(colour, (0.96, 0.97, 1.0), lying)
    light = np.clip(normal @ SUN, 0, 1)[..., None]
    shade = np.array([0.36, 0.42, 0.54]) + light * np.array([1.02, 0.90, 0.70])
    seen: Array = colour * shade * (1 + 0.10 * grain[..., None])
    return seen


def _mix(colour: Array, other: Colour, share: Array) -> Array:
    return colour + (np.array(other) - colour) * share[..., None]


def conifer(pen: ImageDraw.ImageDraw, view: View, foot: tuple[float, float, float], *, tall: float, seed: int) -> None:
    """A fir standing at (x, h, z), `tall` units high, lit from the left."""
    x, h, z = foot
    (cx, base), (_, tip) = view.project(x, h, z), view.project(x, h + tall, z)
    rng, high = np.random.default_rng(seed), base - tip
    tone = 0.85 + 0.3 * rng.random()
    pen.rectangle(
        (cx - high * 0.025, base - high * 0.12, cx + high * 0.025, base), fill=view.hazed((0.22, 0.15, 0.10), z)
    )
    for side, colour in ((1, (0.07, 0.15, 0.10)), (-1, (0.20 * tone, 0.31 * tone, 0.15))):
        edge = [(cx, tip)]
        for level in range(1, 7):
            y, reach = tip + high * level / 6.6, high * 0.045 * level * (0.85 + 0.3 * rng.random())
            edge += [(cx + side * reach, y), (cx + side * reach * 0.62, y - high * 0.03)]
        pen.polygon([*edge, (cx, base - high * 0.08)], fill=view.hazed(colour, z))
