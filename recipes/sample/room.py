"""The filmed talk: a room with a projected slide and a person beside it, who moves gently and at times raises both
hands. A frame is what a camera at the back would record: slide in slight perspective, light falling off, some noise."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from figure import render, speaker
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SCREEN = ((52, 66), (858, 88), (858, 532), (52, 548))  # corners of the projected slide: clockwise from top left
PERSON = (1042, 132, 336.0)  # pixels: where the figure's origin stands, and pixels a unit
CANVAS = (560, 720)
RISE = 0.9  # seconds that the hands take to go up or down


def raised(second: float, spans: Sequence[tuple[float, float]]) -> float:
    """How far the hands are up, 0 to 1, when they are to be up during `spans`."""

    def share(start: float, end: float) -> float:
        t = min((second - start + RISE) / RISE, (end + RISE - second) / RISE)
        return float(np.clip(t, 0, 1))

    t = max((share(*span) for span in spans), default=0.0)
    return t * t * (3 - 2 * t)


def frame(picture: Image.Image, second: float, *, spans: Sequence[tuple[float, float]]) -> Image.Image:
    """The room at `second` with `picture` on the screen."""
    pose = {
        "raised": raised(second, spans),
        "sway": 0.018 * np.sin(second * 0.9) + 0.010 * np.sin(second * 0.37),
        "nod": 0.004 * np.sin(second * 3.1),
        "turn": -0.012 + 0.014 * np.sin(second * 0.55),
        "gesture": float(np.clip(np.sin(second * 0.8) * 1.4, 0, 1)),
    }
    page = _stage(picture.tobytes(), picture.size).copy()
    left = PERSON[0] - CANVAS[0] // 2
    shape = render(speaker(pose), size=CANVAS, origin=(CANVAS[0] / 2, PERSON[1]), scale=PERSON[2])
    alpha = shape.getchannel("A").filter(ImageFilter.GaussianBlur(1.1))
    shadow = alpha.filter(ImageFilter.GaussianBlur(14)).point(lambda v: int(v * 0.30))
    page.paste((20, 18, 22), (left + 26, 10), shadow)
    page.paste(shape.convert("RGB"), (left, 0), alpha)
    return _noisy(page, second)


def _noisy(page: Image.Image, second: float) -> Image.Image:
    rng = np.random.default_rng(round(second * 1000))
    noise = rng.standard_normal((page.height // 2, page.width // 2, 1)).repeat(2, axis=0).repeat(2, axis=1) * 1.5
    return Image.fromarray(np.clip(np.asarray(page, dtype=np.float32) + noise, 0, 255).astype(np.uint8))


@cache
def _stage(pixels: bytes, size: tuple[int, int]) -> Image.Image:
    """The empty room with the slide on its screen."""
    page, picture = _room(), Image.frombytes("RGB", size, pixels)
    warped = picture.transform(
        (1280, 720), Image.Transform.PERSPECTIVE, _coefficients(SCREEN, size), Image.Resampling.BICUBIC
    )
    mask = Image.new("L", (2560, 1440), 0)
    ImageDraw.Draw(mask).polygon([(2 * x, 2 * y) for x, y in SCREEN], fill=255)
    page.paste(warped.point(lambda v: int(12 + v * 0.93)), (0, 0), mask.resize((1280, 720), Image.Resampling.LANCZOS))
    return page


def _coefficients(corners: Sequence[tuple[float, float]], size: tuple[int, int]) -> tuple[float, ...]:
    """Pillow's eight numbers that take a point of the room to the point of the slide seen there."""
    w, h = size
    rows: list[list[float]] = []
    target: list[float] = []
    for (x, y), (u, v) in zip(corners, ((0, 0), (w, 0), (w, h), (0, h)), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        target += [u, v]
    solved: NDArray[np.float64] = np.linalg.solve(np.array(rows, dtype=float), np.array(target, dtype=float))
    return tuple(solved.tolist())


@cache
def _room() -> Image.Image:
    y, x = np.mgrid[0:720, 0:1280].astype(float)
    wall = (
        np.array([0.50, 0.47, 0.44])
        * (0.62 + 0.55 * np.exp(-(((x - 560) / 620) ** 2 + ((y - 300) / 420) ** 2)))[..., None]
    )
    floor = (
        np.array([0.36, 0.26, 0.19])
        * (0.55 + 0.35 * np.exp(-(((x - 640) / 560) ** 2)) + 0.25 * (y - 640) / 80)[..., None]
    )
    planks = 1 - 0.10 * (((x - 640) / np.maximum(y - 420, 1) * 9) % 1 < 0.05)
    colour = np.where((y > 636)[..., None], floor * planks[..., None], wall)
    page = Image.fromarray((np.clip(colour, 0, 1) * 255).astype(np.uint8))
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, 622, 1280, 637), fill=(66, 56, 50))
    edge = [(x + dx, y + dy) for (x, y), (dx, dy) in zip(SCREEN, ((-9, -9), (9, -9), (9, 9), (-9, 9)), strict=True)]
    glow = Image.new("L", page.size, 0)
    ImageDraw.Draw(glow).polygon(edge, fill=120)
    page.paste((214, 214, 208), (0, 0), glow.filter(ImageFilter.GaussianBlur(46)))
    pen.polygon(edge, fill=(34, 34, 36))
    pen.rounded_rectangle((40, 44, 872, 62), radius=8, fill=(92, 90, 88))
    return page
