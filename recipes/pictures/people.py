"""A person beside a slide, as a camera in the room sees it: invented people in many poses, clothes and rooms."""

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parent.parent / "sample"))

import figure
from figure import Part, hand, head, render
from looks import rgb

Pixels = NDArray[np.uint8]
POSES = ("hands raised", "one hand raised", "pointing", "arms down", "hands joined")
SHARES = (0.34, 0.12, 0.18, 0.22, 0.14)
SKINS = ((0.95, 0.80, 0.70), (0.86, 0.64, 0.52), (0.72, 0.50, 0.38), (0.50, 0.33, 0.24), (0.33, 0.22, 0.17))
HAIRS = ((0.12, 0.09, 0.08), (0.30, 0.20, 0.12), (0.62, 0.46, 0.26), (0.68, 0.67, 0.67), (0.45, 0.20, 0.10))
# elbow and wrist from the shoulder, to the person's side (x) and down (y), by what the arm does
ARMS = {
    "up": ((0.17, -0.10), (0.19, -0.40)),
    "wide": ((0.26, -0.06), (0.40, -0.30)),
    "high": ((0.08, -0.24), (0.10, -0.52)),
    "down": ((0.06, 0.27), (0.07, 0.52)),
    "front": ((0.08, 0.25), (-0.12, 0.36)),
    "point": ((0.22, 0.06), (0.46, -0.06)),
}


def person(rng: np.random.Generator, *, height: int, pose: str, slide_on: int) -> Image.Image:
    """RGBA, `height` pixels high: somebody in this pose; the slide is to the left (-1) or right (1) in the picture."""
    _dress(rng)
    parts = _body(rng) + [part for side in (-1, 1) for part in _arm(rng, side, _move(rng, pose, side, slide_on))]
    parts += head((rng.uniform(-0.02, 0.02), 0.155, 0.02), hair="g hair", brow="g hair", turn=rng.uniform(-0.02, 0.02))
    parts = [Part("g skin" if p.material == "skin" else p.material, p.a, p.b, p.ra, p.rb) for p in parts]
    scale = height / 2.35
    size = (int(height * 0.6), height)
    return render(parts, size=size, origin=(size[0] / 2, scale * 0.6), scale=scale, grain=0.03)


def _dress(rng: np.random.Generator) -> None:
    """Colours of this person, under names that only generated people use."""

    def cloth() -> tuple[float, float, float]:
        r, g, b = rgb(rng.random(), rng.uniform(0, 0.8), rng.uniform(0.1, 0.95))
        return r / 255, g / 255, b / 255

    figure.MATERIALS.update(
        {
            "g coat": cloth(),
            "g legs": cloth(),
            "g skin": SKINS[int(rng.integers(5))],
            "g hair": HAIRS[int(rng.integers(5))],
        }
    )


def _body(rng: np.random.Generator) -> list[Part]:
    wide, skirt, long = rng.uniform(0.9, 1.15), rng.random() < 0.2, rng.random() < 0.45
    parts = [
        Part("g coat", (0, 0.47, 0.02), (0, 0.86, 0.03), 0.13 * wide, 0.14 * wide),
        Part("g coat", (-0.10 * wide, 0.40, 0), (0.10 * wide, 0.40, 0), 0.082, 0.082),
        Part("g skin", (0, 0.25, 0), (0, 0.36, 0), 0.048, 0.056),
    ]
    if long:
        parts += [Part("g hair", (s * 0.075, 0.13, -0.03), (s * 0.10, 0.38, -0.02), 0.045, 0.035) for s in (-1, 1)]
    if skirt:
        parts.append(Part("g legs", (0, 0.90, 0.02), (0, 1.22, 0.02), 0.15 * wide, 0.21 * wide))
    for s in (-1, 1):
        knee, foot = (s * 0.09, 1.28, 0.02), (s * 0.10, 1.60, 0.0)
        cloth = "g skin" if skirt else "g legs"
        parts += [
            Part(cloth, (s * 0.078, 0.95, 0), knee, 0.092 * wide, 0.068), Part(cloth, knee, foot, 0.068, 0.05),
            Part("shoe", (foot[0], 1.66, 0), (foot[0] + s * 0.03, 1.68, 0.09), 0.04, 0.042),
        ]  # fmt: skip
    return parts


def _move(rng: np.random.Generator, pose: str, side: int, slide_on: int) -> str:
    """What the arm at this side of the picture does."""
    if pose == "hands raised":
        return str(rng.choice(["up", "wide", "high"]))
    if pose == "pointing" and side == slide_on:
        return "point"
    if pose == "one hand raised" and side == slide_on:
        return str(rng.choice(["up", "high"]))
    return "front" if pose == "hands joined" else "down"


def _arm(rng: np.random.Generator, side: int, move: str) -> list[Part]:
    shoulder = np.array([side * 0.165, 0.415, 0.0])
    elbow, wrist = (
        shoulder + np.array([side * x + rng.normal(0, 0.02), y + rng.normal(0, 0.02), 0.06]) for x, y in ARMS[move]
    )
    (sx, sy, sz), (ex, ey, ez), (wx, wy, wz) = shoulder, elbow, wrist
    bare = "g skin" if rng.random() < 0.2 else "g coat"
    along = wrist + (wrist - elbow)
    return [
        Part("g coat", (sx, sy, sz), (ex, ey, ez), 0.066, 0.054),
        Part(bare, (ex, ey, ez), (wx, wy, wz), 0.052, 0.038),
        *hand((wx, wy, wz), (along[0], along[1], along[2])),
    ]


def portrait(rng: np.random.Generator) -> Image.Image:
    """Head and shoulders of somebody before a plain ground."""
    whole, pose = int(rng.integers(260, 420)), str(rng.choice(["arms down", "hands joined"]))
    somebody = person(rng, height=whole, pose=pose, slide_on=1)
    side = int(whole * rng.uniform(0.22, 0.34))
    page = Image.fromarray(_walls(rng, side, int(side * rng.uniform(1.0, 1.3))))
    page.paste(somebody, ((side - somebody.width) // 2, int(-0.19 * whole)), somebody)
    return page


def room(rng: np.random.Generator, slide: Image.Image | None) -> tuple[Image.Image, set[str]]:
    """A room with somebody in it, and the slide on a screen beside them where there is one."""
    w, h = 320, 180
    page, left_side = _walls(rng, w, h), bool(rng.random() < 0.5)
    pose = str(rng.choice(POSES, p=SHARES))
    if slide is not None:
        _project(page, slide, _screen(rng, w, h, left_side=left_side), glow=rng.uniform(0.75, 1.05))
    high = int(h * (rng.uniform(0.8, 1.15) if slide is not None else rng.uniform(1.0, 1.5)))
    somebody = person(rng, height=high, pose=pose, slide_on=-1 if left_side else 1)
    middle = (
        w * (rng.uniform(0.78, 0.86) if left_side else rng.uniform(0.14, 0.22))
        if slide is not None
        else w * rng.uniform(0.3, 0.7)
    )
    made = Image.fromarray(page)
    foot = h * rng.uniform(0.96, 1.0) if high < h else h * rng.uniform(0.0, 0.08) + high
    made.paste(somebody, (int(middle - somebody.width / 2), int(foot - high)), somebody)
    return made, {"person", pose, *(["beside"] if slide is not None else [])}


def _walls(rng: np.random.Generator, w: int, h: int) -> Pixels:
    """A wall and a floor, lit unevenly."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    wall, floor = (
        np.array(rgb(rng.random(), rng.uniform(0, 0.35), rng.uniform(0.12, 0.95)), np.float32) for _ in range(2)
    )
    cx, cy = rng.uniform(0, w), rng.uniform(0, h)
    light = 0.6 + 0.5 * np.exp(-(((x - cx) / w) ** 2 + ((y - cy) / h) ** 2) * 2)
    page = np.where((y > h * rng.uniform(0.8, 1.0))[..., None], floor, wall) * light[..., None]
    return np.clip(page, 0, 255).astype(np.uint8)


def _screen(rng: np.random.Generator, w: int, h: int, *, left_side: bool) -> NDArray[np.float32]:
    """Corners of the projected slide, clockwise from the top left."""
    wide, lean = rng.uniform(0.56, 0.68) * w, rng.uniform(-0.07, 0.07)
    x = rng.uniform(0.01, 0.05) * w if left_side else w - wide - rng.uniform(0.01, 0.05) * w
    y, high = rng.uniform(0.04, 0.14) * h, wide * rng.uniform(0.52, 0.66)
    high = min(high, h * 0.86 - y)
    near, far = high * (1 + lean), high * (1 - lean)
    return np.array(
        [[x, y], [x + wide, y + (near - far) / 2], [x + wide, y + (near + far) / 2], [x, y + near]], np.float32
    )


def _project(page: Pixels, slide: Image.Image, corners: NDArray[np.float32], *, glow: float) -> None:
    """Lays the slide on the screen, in place."""
    source = np.array([[0, 0], [slide.width, 0], [slide.width, slide.height], [0, slide.height]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, corners)
    size = (page.shape[1], page.shape[0])
    laid = cv2.warpPerspective(np.asarray(slide), matrix, size, flags=cv2.INTER_AREA)
    cv2.fillConvexPoly(page, (corners + (corners - corners.mean(0)) * 0.02).astype(np.int32), (25, 25, 27))
    mask = cv2.warpPerspective(np.full((slide.height, slide.width), 255, np.uint8), matrix, size) > 127
    page[mask] = np.clip(laid[mask] * glow + 6, 0, 255)
