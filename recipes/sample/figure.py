"""A person drawn as rounded solids: limbs, trunk and head meet smoothly and are shaded by their surface.

Each part is a cone with round ends in front of the viewer; its surface rises towards the viewer as the square root of
the distance to its edge. Parts of one material melt into each other, which makes sleeves and shoulders of cylinders.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Array = NDArray[np.floating]
Point = tuple[float, float, float]  # x to the right, y down, z towards the viewer; the head is about 0.23 high
LIGHT = np.array([-0.62, -0.55, 0.56])
MELT = 60.0  # how sharply parts of one material meet: larger is sharper


@dataclass(frozen=True, slots=True)
class Part:
    """A cone from `a` (radius `ra`) to `b` (radius `rb`) of one material."""

    material: str
    a: Point
    b: Point
    ra: float
    rb: float


MATERIALS = {
    "jacket": (0.22, 0.27, 0.36),
    "shirt": (0.86, 0.88, 0.90),
    "trousers": (0.17, 0.17, 0.20),
    "skin": (0.86, 0.64, 0.52),
    "hair": (0.20, 0.14, 0.10),
    "shoe": (0.09, 0.08, 0.08),
    "eye": (0.95, 0.95, 0.93),
    "iris": (0.12, 0.09, 0.08),
    "lips": (0.70, 0.43, 0.38),
    "tie": (0.45, 0.12, 0.14),
    "grey": (0.66, 0.65, 0.66),
    "shawl": (0.30, 0.17, 0.22),
    "brow": (0.17, 0.12, 0.09),
}


def head(centre: Point, *, hair: str, brow: str, nod: float = 0.0, turn: float = 0.0) -> list[Part]:
    """Skull, face and hair round `centre`; `turn` moves the face sideways, `nod` downwards."""
    x, y, z = centre
    fx, fy = x + turn, y + nod
    parts = [
        Part("skin", (x, y - 0.035, z), (fx, y + 0.045, z + 0.015), 0.086, 0.068),
        Part("skin", (fx, y + 0.058, z + 0.020), (fx, y + 0.080, z + 0.020), 0.056, 0.047),
        Part("skin", (fx, fy - 0.005, z + 0.085), (fx + turn * 0.3, fy + 0.028, z + 0.098), 0.009, 0.0135),
        Part("lips", (fx - 0.017, fy + 0.060, z + 0.076), (fx + 0.017, fy + 0.060, z + 0.076), 0.0058, 0.0058),
        Part(hair, (x, y - 0.058, z - 0.006), (x, y - 0.030, z - 0.03), 0.090, 0.094),
        Part(hair, (x - 0.052, y - 0.078, z + 0.036), (x + 0.03, y - 0.092, z + 0.044), 0.036, 0.034),
        Part(hair, (x + 0.03, y - 0.092, z + 0.040), (x + 0.062, y - 0.066, z + 0.026), 0.032, 0.028),
        *(
            Part(hair, (x + s * 0.076, y - 0.05, z + 0.012), (x + s * 0.080, y - 0.005, z + 0.004), 0.020, 0.010)
            for s in (-1, 1)
        ),
    ]
    for s in (-1, 1):
        parts += [
            Part("skin", (x + s * 0.085, y - 0.005, z - 0.01), (x + s * 0.082, y + 0.025, z - 0.01), 0.017, 0.012),
            Part(
                "eye", (fx + s * 0.031, fy - 0.012, z + 0.073), (fx + s * 0.036, fy - 0.012, z + 0.071), 0.0095, 0.0085
            ),
            Part(
                "iris",
                (fx + s * 0.033, fy - 0.012, z + 0.0795),
                (fx + s * 0.034, fy - 0.012, z + 0.0795),
                0.0058,
                0.0058,
            ),
            Part(brow, (fx + s * 0.016, fy - 0.035, z + 0.078), (fx + s * 0.05, fy - 0.036, z + 0.064), 0.0055, 0.004),
        ]
    return parts


def hand(wrist: Point, towards: Point) -> list[Part]:
    """A hand from the wrist, with its fingers a little apart."""
    d = np.array(towards) - np.array(wrist)
    d = d / np.linalg.norm(d)
    side, w = np.array([-d[1], d[0], 0.0]), np.array(wrist)
    palm = w + d * 0.062
    parts = [_part("skin", w, palm, 0.026, 0.031)]
    for k in (-1.5, -0.5, 0.5, 1.5):
        root = palm + side * k * 0.015 + d * 0.014
        parts.append(_part("skin", root, root + d * (0.062 - 0.006 * abs(k)) + side * k * 0.009, 0.0105, 0.008))
    thumb = w + d * 0.030 - side * 0.022 * np.sign(d[0] or 1)
    parts.append(_part("skin", thumb, thumb + d * 0.040 - side * 0.030 * np.sign(d[0] or 1), 0.012, 0.009))
    return parts


def _part(material: str, a: Array, b: Array, ra: float, rb: float) -> Part:
    return Part(material, (float(a[0]), float(a[1]), float(a[2])), (float(b[0]), float(b[1]), float(b[2])), ra, rb)


def speaker(pose: Mapping[str, float]) -> list[Part]:
    """A standing man in a jacket. `raised` from 0 (arms down, one hand at the belt) to 1 (both hands up); `sway`, `nod`
    and `turn` are small displacements."""
    sway, raised = pose["sway"], pose["raised"]
    x = sway
    parts = [
        Part("jacket", (x, 0.47, 0.02), (x * 0.7, 0.83, 0.03), 0.135, 0.150),
        Part("jacket", (x - 0.10, 0.40, 0.0), (x + 0.10, 0.40, 0.0), 0.082, 0.082),
        Part("jacket", (x * 0.7, 0.80, 0.03), (x * 0.5, 0.86, 0.02), 0.150, 0.150),
        *(
            Part("jacket", (x * 0.7 + s * 0.045, 0.70, 0.03), (x * 0.5 + s * 0.062, 0.945, 0.03), 0.110, 0.098)
            for s in (-1, 1)
        ),
        Part("skin", (x, 0.25, 0.0), (x, 0.36, 0.0), 0.048, 0.056),
        Part("shirt", (x, 0.345, 0.075), (x, 0.60, 0.166), 0.036, 0.004),
        *(Part("shirt", (x + s * 0.012, 0.352, 0.080), (x + s * 0.045, 0.335, 0.045), 0.016, 0.018) for s in (-1, 1)),
        Part("tie", (x, 0.372, 0.125), (x, 0.57, 0.172), 0.012, 0.010),
    ]
    for s in (-1, 1):
        hip, knee, foot = (x * 0.5 + s * 0.078, 0.98, 0.0), (x * 0.3 + s * 0.092, 1.28, 0.02), (s * 0.100, 1.60, 0.0)
        parts += [
            Part("trousers", hip, knee, 0.092, 0.068),
            Part("trousers", knee, foot, 0.068, 0.050),
            Part("shoe", (foot[0], 1.66, 0.0), (foot[0] + s * 0.03, 1.68, 0.09), 0.040, 0.042),
        ]
        parts += _arm(s, x, raised=raised, gesture=pose["gesture"] if s < 0 else pose["gesture"] * 0.35)
    return parts + head((x * 1.1, 0.155, 0.02), hair="hair", brow="brow", nod=pose["nod"], turn=pose["turn"])


def _arm(s: int, x: float, *, raised: float, gesture: float) -> list[Part]:
    shoulder = np.array([x + s * 0.165, 0.415, 0.0])
    down = (
        np.array([x + s * 0.235, 0.685, -0.02]),
        np.array([x + s * (0.205 - 0.06 * gesture), 0.90 - 0.24 * gesture, 0.10]),
    )
    up = (np.array([x + s * 0.345, 0.335, 0.04]), np.array([x + s * 0.375, 0.055, 0.10]))
    elbow, wrist = (a + (b - a) * raised for a, b in zip(down, up, strict=True))
    elbow += np.array([s * 0.07, 0, 0]) * np.sin(np.pi * raised)
    wrist += np.array([s * 0.16, 0, 0.04]) * np.sin(np.pi * raised)
    along = wrist - elbow
    cuff = wrist - along / np.linalg.norm(along) * 0.02
    return [
        _part("jacket", shoulder, elbow, 0.068, 0.055),
        _part("jacket", elbow, cuff, 0.055, 0.042),
        _part("shirt", cuff, wrist, 0.034, 0.033),
        *hand(tuple(wrist), tuple(wrist + along)),
    ]


def render(
    parts: list[Part], *, size: tuple[int, int], origin: tuple[float, float], scale: float, grain: float = 0.05
) -> Image.Image:
    """The figure on transparent ground: `scale` pixels a unit, the unit origin at pixel `origin`."""
    width, height = size
    depth, colour = np.full((height, width), -9.0, dtype=np.float32), np.zeros((height, width, 3), dtype=np.float32)
    light = (LIGHT / np.linalg.norm(LIGHT)).astype(np.float32)
    for material in dict.fromkeys(part.material for part in parts):
        mine = [p for p in parts if p.material == material]
        box, (left, top) = _box(mine, size=size, origin=origin, scale=scale)
        z, normal = _surface(mine, shape=depth[box].shape, origin=(origin[0] - left, origin[1] - top), scale=scale)
        lit = np.clip(normal @ light * 0.62 + 0.38, 0, 1)
        rim = np.clip(1 - normal[..., 2], 0, 1) ** 3 * 0.10
        shade = (0.30 + 0.85 * lit)[..., None] * np.array(MATERIALS[material], dtype=np.float32) + rim[..., None]
        shown = z > depth[box]
        colour[box], depth[box] = np.where(shown[..., None], shade, colour[box]), np.where(shown, z, depth[box])
    colour *= (1 + grain * _cloth(size))[..., None]
    alpha = (depth > -5).astype(np.uint8) * 255
    return Image.fromarray(np.dstack([(np.clip(colour, 0, 1) * 255).astype(np.uint8), alpha]))


@cache
def _cloth(size: tuple[int, int]) -> Array:
    """Soft unevenness (height, width)."""
    grid = np.random.default_rng(3).standard_normal((size[1] // 6 + 1, size[0] // 6 + 1)).astype(np.float32)
    return np.asarray(Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC))


def _box(
    parts: list[Part], *, size: tuple[int, int], origin: tuple[float, float], scale: float
) -> tuple[tuple[slice, slice], tuple[int, int]]:
    """The pixels that the parts may touch, as slices (rows, columns), and their left top corner."""
    edges = [(end[0] + s * r, end[1] + s * r) for p in parts for end, r in ((p.a, p.ra), (p.b, p.rb)) for s in (-1, 1)]
    left, right = (
        int(np.clip(origin[0] + f(x for x, _ in edges) * scale + d, 0, size[0])) for f, d in ((min, -2), (max, 3))
    )
    top, bottom = (
        int(np.clip(origin[1] + f(y for _, y in edges) * scale + d, 0, size[1])) for f, d in ((min, -2), (max, 3))
    )
    return (slice(top, bottom), slice(left, right)), (left, top)


def _surface(
    parts: list[Part], *, shape: tuple[int, ...], origin: tuple[float, float], scale: float
) -> tuple[Array, Array]:
    """Height towards the viewer (height, width), -9 where there is nothing, and the normals (height, width, 3)."""
    weight, rise, normal = (np.zeros(s, dtype=np.float32) for s in (shape, shape, (*shape, 3)))
    for p in parts:
        box, _ = _box([p], size=(shape[1], shape[0]), origin=origin, scale=scale)
        rows, columns = np.mgrid[box].astype(np.float32)
        x, y = (columns - origin[0]) / scale, (rows - origin[1]) / scale
        (ax, ay, az), (bx, by, bz) = p.a, p.b
        t = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / max((bx - ax) ** 2 + (by - ay) ** 2, 1e-9), 0, 1)
        radius, dx, dy = p.ra + (p.rb - p.ra) * t, x - ax - t * (bx - ax), y - ay - t * (by - ay)
        up = np.sqrt(np.clip(radius * radius - dx * dx - dy * dy, 0, None))
        z = az + (bz - az) * t + up
        w = np.where(up > 0, np.exp(MELT * z), 0)
        weight[box] += w
        rise[box] += w * z
        normal[box] += (w / radius)[..., None] * np.stack([dx, dy, up], axis=-1)
    some = weight > 0
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    return np.where(some, rise / np.where(some, weight, 1), -9.0), normal


def lady(width: int, height: int) -> Image.Image:
    """A portrait of an invented old lady: grey hair in a bun, a shawl, a plain ground."""
    y, x = np.mgrid[0:height, 0:width] / height
    ground = np.array([0.46, 0.42, 0.36]) * (1.15 - 0.9 * np.hypot(x - 0.33 * width / height, y - 0.35))[..., None]
    page = Image.fromarray((np.clip(ground, 0, 1) * 255).astype(np.uint8))
    parts = [
        Part("shawl", (-0.13, 0.42, 0.0), (0.13, 0.42, 0.0), 0.11, 0.11),
        Part("shawl", (-0.17, 0.55, 0.02), (0.17, 0.55, 0.02), 0.19, 0.19),
        Part("shawl", (0, 0.60, 0.05), (0, 0.80, 0.05), 0.26, 0.30),
        Part("skin", (0, 0.22, 0.0), (0, 0.36, 0.03), 0.046, 0.056),
        Part("grey", (0, 0.015, -0.04), (0, 0.02, -0.04), 0.050, 0.050),
        *head((0, 0.15, 0.02), hair="grey", brow="grey", turn=0.008),
    ]
    shape = render(parts, size=(width, height), origin=(width / 2, height * 0.26), scale=height * 1.18, grain=0.02)
    page.paste(shape, (0, 0), shape)
    return page.filter(ImageFilter.GaussianBlur(1.2))
