"""Pictures that a camera could have taken: Debian's photographs, cut by chance, and scenes composed of lit things.

What tells a photograph from a drawn page are its textures: unevenness at every scale, light that falls off, shadows,
what lies out of focus, grain. A composed scene has a backdrop, a ground in perspective and things that stand on it:
balls, boxes, bottles, lumps, people, and the shapes of drawn animals, food and tools, made round and given a surface.
"""

import io
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import facts
import numpy as np
import people
import scenery
from drawings import Drawings
from looks import rgb
from numpy.typing import NDArray
from PIL import Image

SIZE = scenery.SIZE
ROOMY = 640  # pixels: the longer side that a photograph is kept at before it is cut
SHARD = 200  # pictures
PEOPLE = 40  # drawn once, shown in many scenes
RESOURCES: dict[str, set[str]] = {  # of gcompris-qt-data: what all its photographs show
    "categorization": set(),
    "erase": {"animal"},
    "explore_farm_animals": {"animal"},
    "explore_world_animals": {"animal"},
    "explore_monuments": {"building"},
    "explore_world_music": set(),
}
ANIMALS = (range(0x1F400, 0x1F440), range(0x1F980, 0x1F9AF))
FOODS = (range(0x1F32D, 0x1F330), range(0x1F345, 0x1F37C), range(0x1F950, 0x1F970))
Pixels = NDArray[np.uint8]
Values = NDArray[np.float32]


@dataclass(frozen=True)
class Props:
    """What scenes are composed of: photographs with their facts, people (RGBA), and drawn shapes by what they are."""

    photographs: Sequence[tuple[Pixels, set[str]]]
    people: Sequence[Pixels]
    drawings: Drawings | None = None
    shapes: dict[str, list[int]] | None = None  # places among the drawings


def real(root: Path) -> list[tuple[Pixels, set[str]]]:
    """Debian's photographs below an opened tree, at most ROOMY pixels wide, each with its facts."""
    found = []
    for path in sorted((root / "usr" / "share" / "backgrounds").rglob("*.jpg")):
        with Image.open(path) as photo:
            photo.draft("RGB", (ROOMY, ROOMY))
            found.append((_kept(photo), {"photo"}))
    for name, shown in RESOURCES.items():
        path = root / "usr" / "share" / "gcompris-qt" / "rcc" / f"{name}.rcc"
        found += [(picture, {"photo"} | shown) for picture in (bundled(path) if path.exists() else ())]
    return found


def bundled(path: Path) -> Iterator[Pixels]:
    """The opaque pictures in a bundle of Qt resources (.rcc), in its order; entries of other kinds are passed over.

    Raises ValueError where the file is no such bundle.
    """
    held = path.read_bytes()
    if held[:4] != b"qres":
        raise ValueError(f"{path} is no bundle of Qt resources: it begins with {held[:4]!r}")
    _, tree, place, names = struct.unpack(">4I", held[4:20])
    end = min(edge for edge in (tree, names, len(held)) if edge > place)
    while place + 4 <= end:
        [long] = struct.unpack(">I", held[place : place + 4])
        entry = held[place + 4 : place + 4 + long]
        place += 4 + long
        if entry[:2] == b"\xff\xd8" or entry[8:12] == b"WEBP":
            with Image.open(io.BytesIO(entry)) as picture:
                if picture.mode == "RGB" and min(picture.size) > 100:
                    yield _kept(picture)


def _kept(photo: Image.Image) -> Pixels:
    whole = photo.convert("RGB")
    whole.thumbnail((ROOMY, ROOMY), Image.Resampling.BILINEAR)
    return np.asarray(whole)


def props(root: Path, drawings: Drawings | None) -> Props:
    """All that scenes are composed of."""
    rng = np.random.default_rng(11)
    poses = [str(rng.choice(people.POSES, p=people.SHARES)) for _ in range(PEOPLE)]
    drawn = [np.asarray(people.person(rng, height=130, pose=pose, slide_on=1)) for pose in poses]
    shapes: dict[str, list[int]] = {"animal": [], "food": [], "things": []}
    if drawings is not None:
        for place, key in enumerate(key for keys in drawings.concepts for key in keys):
            shapes[_sort(key)].append(place)
    return Props(real(root), drawn, drawings, shapes)


def _sort(key: str) -> str:
    sign = ord(key[0]) if key else 0
    if any(sign in span for span in ANIMALS):
        return "animal"
    return "food" if any(sign in span for span in FOODS) else "things"


def cut(rng: np.random.Generator, props: Props) -> tuple[Image.Image, set[str]]:
    """Part of a photograph, its colours and light changed."""
    pixels, seen = props.photographs[int(rng.integers(len(props.photographs)))]
    share = rng.uniform(0.5, 1) if rng.random() < 0.8 else rng.uniform(0.2, 0.5)
    part = _part(rng, pixels, share)
    return finished(rng, part.astype(np.float32), strong=False), seen if share >= 0.5 else {"photo"}


def _part(rng: np.random.Generator, pixels: Pixels, share: float) -> Pixels:
    h, w = pixels.shape[:2]
    wide = max(24, int(w * share))
    high = max(16, min(h, int(wide * rng.uniform(0.6, 0.9)), int(h * max(share, 0.25) * 1.2)))
    x, y = int(rng.integers(0, w - wide + 1)), int(rng.integers(0, h - high + 1))
    part = pixels[y : y + high, x : x + wide]
    return np.asarray(
        cv2.resize(part[:, ::-1] if rng.random() < 0.5 else part, SIZE, interpolation=cv2.INTER_AREA), np.uint8
    )


def composed(rng: np.random.Generator, props: Props) -> tuple[Image.Image, set[str]]:
    """A scene of chance: a room, a table seen near, a street, a meadow, a crowd; and what is to be seen in it."""
    kind = str(
        rng.choice(["room", "table", "street", "outside", "crowd", "plain"], p=[0.24, 0.26, 0.14, 0.2, 0.08, 0.08])
    )
    page, seen = {"room": _room, "table": _table, "street": _street}.get(kind, _outside)(rng, props)
    page = cv2.GaussianBlur(page, (0, 0), rng.uniform(0.4, 3.5)) if rng.random() < 0.4 else page
    count = int(rng.integers(8, 20)) if kind == "crowd" else int(rng.choice([1, 2, 3, 4, 5, 7, 10, 14]))
    near = np.sort(rng.uniform(0.35, 1.0, count))
    light = np.array([rng.uniform(-0.8, 0.8), rng.uniform(-0.9, -0.2), rng.uniform(0.4, 0.9)], np.float32)
    sort = str(rng.choice(["animal", "food", "things"], p=[0.3, 0.3, 0.4] if kind != "street" else [0.1, 0.0, 0.9]))
    size, focus = rng.uniform(0.5, 1.3), rng.uniform(0.5, 1)
    for depth in near:
        if kind == "crowd" or rng.random() < (0.3 if kind in ("room", "street", "outside") else 0.06):
            thing, what = _somebody(rng, props), "person"
        else:
            thing, what = _thing(rng, props, sort, light)
        seen |= {what}
        _stand(page, thing, rng, depth=float(depth), size=size, blur=abs(float(depth) - focus) * rng.uniform(0, 4))
    return finished(rng, page, strong=True), {"photo"} | seen


def cloud(rng: np.random.Generator, h: int, w: int, *, rough: float = 0.6) -> Values:
    """(h, w) unevenness at every scale, of mean 0 and deviation 1; rough: how much weaker each finer scale is."""
    made, strong = np.zeros((h, w), np.float32), 1.0
    for grid in (2, 4, 8, 16, 32, 64):
        values = rng.standard_normal((grid, max(2, grid * w // h)), dtype=np.float32)
        made += strong * cv2.resize(values, (w, h), interpolation=cv2.INTER_CUBIC)
        strong *= rough
    return (made - made.mean()) / max(float(made.std()), 1e-3)


def _colour(rng: np.random.Generator, *, dull: bool = True) -> Values:
    hue = rng.normal(0.08, 0.06) if rng.random() < 0.45 else rng.random()
    return np.array(rgb(hue, rng.uniform(0, 0.45 if dull else 0.9), rng.uniform(0.15, 0.95)), np.float32)


def surface(rng: np.random.Generator, props: Props, h: int, w: int) -> Values:
    """(h, w, 3) paint, wood, tiles, bricks, cloth, leaves, hair or part of a photograph, 0 to 255."""
    kind = int(rng.integers(0, 9))
    one, other = _colour(rng), _colour(rng, dull=False)
    if kind == 0 and props.photographs:
        pixels, _ = props.photographs[int(rng.integers(len(props.photographs)))]
        part = cv2.resize(_part(rng, pixels, rng.uniform(0.08, 0.4)), (w, h)).astype(np.float32)
        return part * (0.5 + one / 255)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    share = cloud(rng, h, w, rough=rng.uniform(0.45, 0.9))
    if kind == 1:  # wood
        step, grain = (
            rng.uniform(8, 30),
            cv2.GaussianBlur(rng.standard_normal((h, w), dtype=np.float32), (0, 0), sigmaX=9, sigmaY=0.6),
        )
        planks = np.sin(np.floor(y / step) * 12.9) * 0.6 - 3.0 * (y % step < 1)
        share = grain * 5 + planks + 0.3 * share
        other = one * 0.6
    elif kind == 2:  # tiles or bricks
        step = rng.uniform(7, 30)
        shift = (np.floor(y / step) % 2) * step if rng.random() < 0.5 else 0.0
        joint = (y % step < 1.5) | ((x + shift) % (step * 2) < 1.5)
        share = 0.5 * share + np.sin(np.floor(y / step) * 7 + np.floor((x + shift) / step / 2) * 13) * 0.8
        return _mixed(one, one * 0.75, share) * np.where(joint, 0.7, 1.0)[..., None].astype(np.float32)
    elif kind == 3:  # cloth
        a, b = rng.uniform(0.15, 1.2, 2)
        share = 1.2 * np.sin(x * a) * (rng.random() < 0.7) + 1.2 * np.sin(y * b) * (rng.random() < 0.5) + 0.5 * share
    elif kind in (4, 5):  # leaves, grass, hair
        fine = rng.standard_normal((h, w), dtype=np.float32)
        share = 4 * cv2.GaussianBlur(fine, (0, 0), sigmaX=rng.uniform(0.5, 2), sigmaY=rng.uniform(0.5, 5)) + 0.6 * share
        if kind == 4:
            one = np.array(rgb(rng.uniform(0.17, 0.38), rng.uniform(0.3, 0.8), rng.uniform(0.2, 0.5)), np.float32)
            other = one * rng.uniform(1.3, 2) + 12
        else:
            other = one * rng.uniform(0.4, 0.8)
    elif kind == 6:  # stone, gravel
        share = cloud(rng, h, w, rough=1.05)
        other = one * 0.55
    else:
        other = one * rng.uniform(0.75, 1.2)
    return _mixed(one, other, share)


def _mixed(one: Values, other: Values, share: Values) -> Values:
    part = np.clip(0.5 + 0.28 * share, 0, 1)[..., None]
    return (one + (other - one) * part).astype(np.float32)


def _lit(rng: np.random.Generator, page: Values, strong: float = 0.7) -> Values:
    """Light that falls off from a place."""
    h, w = page.shape[:2]
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    cx, cy, wide = rng.uniform(-0.2, 1.2) * w, rng.uniform(-0.3, 0.8) * h, rng.uniform(0.4, 1.5)
    fall = np.exp(-(((x - cx) / w) ** 2 + ((y - cy) / h) ** 2) / wide)
    return (page * (1.1 - strong + strong * 1.2 * fall)[..., None]).astype(np.float32)


def _floor(rng: np.random.Generator, props: Props, page: Values, level: int) -> None:
    """A ground in perspective below a level, in place."""
    h, w = page.shape[:2]
    texture, deep = surface(rng, props, 128, 192), h - level
    spread = rng.uniform(0.3, 1.4) * w
    corners = np.array([[-spread / 4, 0], [w + spread / 4, 0], [w + spread, deep], [-spread, deep]], np.float32)
    source = np.array([[0, 0], [192, 0], [192, 128], [0, 128]], np.float32)
    laid = cv2.warpPerspective(texture, cv2.getPerspectiveTransform(source, corners), (w, deep), flags=cv2.INTER_AREA)
    page[level:] = _lit(rng, laid, 0.5)


def _room(rng: np.random.Generator, props: Props) -> tuple[Values, set[str]]:
    """Walls, a floor, and what hangs and stands there: windows, pictures, shelves, cupboards."""
    w, h = SIZE
    page, level = _lit(rng, surface(rng, props, h, w)), int(h * rng.uniform(0.55, 0.8))
    _floor(rng, props, page, level)
    if rng.random() < 0.5:  # another wall, at an angle
        x, lean = int(w * rng.uniform(0.2, 0.8)), int(rng.uniform(-0.15, 0.15) * h)
        wall = np.array([[x, 0], [w, 0], [w, level + abs(lean) + 8], [x, level]], np.int32)
        mask = cv2.fillPoly(np.zeros((h, w), np.float32), [wall], 1.0)[..., None]
        page[:] = page * (1 - mask) + page * rng.uniform(0.55, 0.9) * mask
    for _ in range(int(rng.integers(1, 7))):
        wide, high = int(rng.uniform(0.08, 0.4) * w), int(rng.uniform(0.1, 0.55) * h)
        x = int(rng.integers(-wide // 3, w - wide // 2))
        low = level + int(rng.uniform(0, 0.25) * h) if rng.random() < 0.5 else int(rng.uniform(0.2, 0.7) * h)
        _panel(rng, props, page, (x, low - high, x + wide, low))
    return page, {"room"}


def _panel(rng: np.random.Generator, props: Props, page: Values, box: tuple[int, int, int, int]) -> None:
    """A cupboard, a window or a picture: a rectangle with a surface, an edge and a shadow, in place."""
    h, w = page.shape[:2]
    left, top, right, bottom = max(0, box[0]), max(0, box[1]), min(w, box[2]), min(h, box[3])
    if right - left < 6 or bottom - top < 6:
        return
    page[top:bottom, left : min(w, right + 5)] *= 0.75
    face = _lit(rng, surface(rng, props, bottom - top, right - left), 0.4)
    if rng.random() < 0.25:
        face = face * 0.2 + rng.uniform(190, 250)  # a window
    edge = int(rng.integers(0, 4))
    if edge:
        face[:edge] = face[-edge:] = face[:, :edge] = face[:, -edge:] = _colour(rng)  # type: ignore[call-overload]
    for part in range(1, int(rng.integers(1, 5))):
        place = part * (right - left) // 5
        face[:, place : place + 1] *= 0.5
        if rng.random() < 0.5:
            face[part * (bottom - top) // 5, :] *= 0.5
    page[top:bottom, left:right] = face


def _table(rng: np.random.Generator, props: Props) -> tuple[Values, set[str]]:
    """A table or shelf seen near, with what lies behind it out of focus."""
    w, h = SIZE
    page, _ = _room(rng, props) if rng.random() < 0.6 else _outside(rng, props)
    page = cv2.GaussianBlur(page, (0, 0), rng.uniform(2, 8))
    _floor(rng, props, page, int(h * rng.uniform(0.02, 0.6)))
    if rng.random() < 0.3:  # a plate
        centre, wide = (int(w * rng.uniform(0.35, 0.65)), int(h * rng.uniform(0.55, 0.75))), rng.uniform(0.25, 0.45) * w
        for share, tone in ((1.06, 90.0), (1.0, 215.0), (0.75, 235.0)):
            colour = (tone, tone, tone * rng.uniform(0.92, 1))
            cv2.ellipse(page, centre, (int(wide * share), int(wide * share * 0.6)), 0, 0, 360, colour, -1, cv2.LINE_AA)
    return page, {"things"}


def _street(rng: np.random.Generator, props: Props) -> tuple[Values, set[str]]:
    """Houses at both sides, a way between them, the sky."""
    w, h = SIZE
    page, level = _sky(rng), int(h * rng.uniform(0.45, 0.65))
    _floor(rng, props, page, level)
    middle = rng.uniform(0.3, 0.7) * w
    for side in (-1, 1):
        far, edge = middle + side * rng.uniform(3, 20), 0.0 if side < 0 else float(w)
        tall = rng.uniform(0.4, 1.3) * h
        wall = surface(rng, props, 96, 144)
        rows, columns, lit = int(rng.integers(2, 6)), int(rng.integers(3, 9)), _colour(rng) * 0.5
        for j in range(rows):
            for i in range(columns):
                y, x = int((j + 0.25) * 96 / rows), int((i + 0.25) * 144 / columns)
                pane = wall[y : y + 48 // rows, x : x + 72 // columns]
                pane[:] = lit + pane * 0.2 + (90 if rng.random() < 0.15 else 0)
        source = np.array([[0, 0], [144, 0], [144, 96], [0, 96]], np.float32)
        laid = np.array(
            [
                [edge, level - tall * 1.6],
                [far, level - tall * 0.25],
                [far, level + 3],
                [edge, h * rng.uniform(0.8, 1.2)],
            ],
            np.float32,
        )
        matrix = cv2.getPerspectiveTransform(source, laid)
        mask = cv2.warpPerspective(np.ones((96, 144), np.float32), matrix, (w, h))[..., None]
        shade = rng.uniform(0.5, 1.0)
        page[:] = page * (1 - mask) + cv2.warpPerspective(wall, matrix, (w, h), flags=cv2.INTER_AREA) * shade * mask
    return page, {"building"}


def _sky(rng: np.random.Generator) -> Values:
    w, h = SIZE
    high = np.array(rgb(rng.uniform(0.53, 0.66), rng.uniform(0, 0.7), rng.uniform(0.4, 0.95)), np.float32)
    low = np.minimum(high + rng.uniform(0, 90), 255)
    rows = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    veil = np.clip(cloud(rng, h, w, rough=0.6), 0, 2)[..., None] * rng.uniform(0, 60)
    return (high + (low - high) * rows + veil).astype(np.float32)


def _outside(rng: np.random.Generator, props: Props) -> tuple[Values, set[str]]:
    """A meadow, field, beach or water below a sky, trees, or part of a photograph."""
    w, h = SIZE
    if props.photographs and rng.random() < 0.45:
        pixels, _ = props.photographs[int(rng.integers(len(props.photographs)))]
        return _part(rng, pixels, rng.uniform(0.3, 1)).astype(np.float32), set()
    page = _sky(rng) if rng.random() < 0.6 else _lit(rng, surface(rng, props, h, w))
    if rng.random() < 0.5:  # a wood or a bank behind
        top = int(h * rng.uniform(0.1, 0.5))
        edge = top + 6 * cloud(rng, 8, w)[4]
        mask = (np.arange(h)[:, None] > edge[None]).astype(np.float32)[..., None]
        wood = _mixed(
            np.array(rgb(rng.uniform(0.1, 0.4), rng.uniform(0.2, 0.7), rng.uniform(0.1, 0.4)), np.float32),
            _colour(rng), cloud(rng, h, w, rough=0.85),
        )  # fmt: skip
        page = page * (1 - mask) + wood * mask
    if rng.random() < 0.85:
        _floor(rng, props, page, int(h * rng.uniform(0.3, 0.8)))
    for _ in range(int(rng.integers(5, 30)) if rng.random() < 0.25 else 0):  # lights out of focus
        centre, r = (int(rng.integers(0, w)), int(rng.integers(0, h))), int(rng.integers(2, 10))
        spot = cv2.circle(np.zeros((h, w), np.float32), centre, r, 1.0, -1)[..., None]
        page = page + spot * _colour(rng, dull=False) * 0.5
    return page.astype(np.float32), set()


def _somebody(rng: np.random.Generator, props: Props) -> Values:
    """A person, whole or cut at the waist, their clothes with a pattern at times: (h, w, 4) of 0 to 255 and 0 to 1."""
    picture = props.people[int(rng.integers(len(props.people)))].astype(np.float32)
    high = picture.shape[0] if rng.random() < 0.5 else int(picture.shape[0] * rng.uniform(0.4, 0.7))
    picture = picture[:high, ::-1].copy() if rng.random() < 0.5 else picture[:high].copy()
    rows = np.flatnonzero(picture[..., 3].any(1))
    columns = np.flatnonzero(picture[..., 3].any(0))
    picture = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    picture[..., 3] /= 255
    picture[..., :3] *= rng.uniform(0.6, 1.1) * (0.85 + 0.3 * (_colour(rng) / 255))
    picture[..., :3] += 8 * cloud(rng, *picture.shape[:2], rough=0.8)[..., None]
    return picture


def _thing(rng: np.random.Generator, props: Props, sort: str, light: Values) -> tuple[Values, str]:
    """Something round, square or of a drawn shape with a surface and light on it (s, s, 4), and what it is."""
    side = 64
    drawn = props.shapes[sort] if props.shapes else []
    if drawn and props.drawings is not None and rng.random() < (0.75 if sort != "things" else 0.4):
        pixels = cv2.resize(props.drawings.at(int(rng.choice(drawn)))[0], (side, side), interpolation=cv2.INTER_AREA)
        mask, own = pixels[..., 3].astype(np.float32) / 255, pixels[..., :3].astype(np.float32)
        skin = surface(rng, props, side, side)
        keep = rng.uniform(0.3, 0.9)
        colour = cv2.GaussianBlur(own, (0, 0), 1) * keep + skin * (1 - keep)
        return _rounded(rng, mask, colour, light), sort
    mask = _shape(rng, side)
    skin = surface(rng, props, side, side)
    return _rounded(
        rng, mask, skin if rng.random() < 0.6 else skin * 0.3 + _colour(rng, dull=False) * 0.7, light
    ), "things"


def _shape(rng: np.random.Generator, side: int) -> Values:
    """A ball, bottle, box or lump as a mask (side, side) of 0 to 1."""
    mask, kind, middle = np.zeros((side, side), np.float32), int(rng.integers(0, 4)), side // 2
    if kind == 0:
        cv2.ellipse(mask, (middle, middle), (middle - 4, int((middle - 4) * rng.uniform(0.6, 1))), 0, 0, 360, 1.0, -1)
    elif kind == 1:
        widths = np.interp(np.arange(side), np.linspace(0, side, 6), rng.uniform(0.08, 0.4, 6) * side)
        mask[:] = np.abs(np.arange(side)[None] - middle) < widths[:, None]
    elif kind == 2:
        a, b, lean = *rng.uniform(0.2, 0.45, 2) * side, rng.uniform(-8, 8)
        corners = np.array([[-a, -b + lean], [a, -b - lean], [a, b], [-a, b]]) + middle
        cv2.fillPoly(mask, [corners.astype(np.int32)], 1.0)
    else:
        angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        radii = (
            0.3 + 0.1 * np.interp(np.arange(24), np.arange(0, 28, 4), [*(walk := rng.uniform(-1, 1, 6)), walk[0]])
        ) * side
        points = np.stack([middle + radii * np.cos(angles), middle + radii * np.sin(angles)], 1)
        cv2.fillPoly(mask, [points.astype(np.int32)], 1.0)
    return mask


def _rounded(rng: np.random.Generator, mask: Values, colour: Values, light: Values) -> Values:
    """A flat shape made round, lit from one side: (s, s, 4)."""
    inside = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    r = max(2.0, min(float(inside.max()), mask.shape[0] * rng.uniform(0.08, 0.4)))
    rise = r * np.sqrt(np.clip(1 - (1 - np.minimum(inside / r, 1)) ** 2, 0, 1))
    rise = cv2.GaussianBlur(rise, (0, 0), 1.2) + rng.uniform(0, 0.5) * cloud(rng, *mask.shape, rough=0.8)
    across, down = cv2.Sobel(rise, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(rise, cv2.CV_32F, 0, 1, scale=0.125)
    long = np.sqrt(across**2 + down**2 + 1)
    unit = light / np.linalg.norm(light)
    facing = np.clip((-across * unit[0] - down * unit[1] + unit[2]) / long, 0, 1)
    ambient = rng.uniform(0.25, 0.6)
    lit = colour * (ambient + (1.15 - ambient) * facing)[..., None]
    if rng.random() < 0.5:
        lit = lit + rng.uniform(60, 200) * (facing ** rng.uniform(15, 60))[..., None]
    return np.dstack([lit, mask]).astype(np.float32)


def _stand(page: Values, thing: Values, rng: np.random.Generator, *, depth: float, size: float, blur: float) -> None:
    """Puts a thing on the page with its shadow, larger and lower the nearer (depth to 1), in place."""
    h, w = page.shape[:2]
    high = max(8, int(h * size * depth**2 * rng.uniform(0.6, 1.3)))
    wide = max(6, int(high * thing.shape[1] / thing.shape[0]))
    laid = cv2.resize(thing, (wide, high), interpolation=cv2.INTER_AREA)
    x, foot = rng.uniform(-0.1, 1.1) * w - wide / 2, h * (0.35 + 0.65 * depth) * rng.uniform(0.92, 1.12)
    move = np.array([[1, 0, x], [0, 1, foot - high]], np.float32)
    if rng.random() < 0.3:
        turn = cv2.getRotationMatrix2D((wide / 2, high / 2), rng.normal(0, 20), 1)
        turn[:, 2] += (x, foot - high)
        move = turn.astype(np.float32)
    alpha = cv2.warpAffine(laid[..., 3], move, (w, h))
    colour = cv2.warpAffine(np.ascontiguousarray(laid[..., :3]), move, (w, h), borderMode=cv2.BORDER_REPLICATE)
    fall = np.array([[1, rng.uniform(-0.3, 0.3), 0], [0, 0.25, foot * 0.75]], np.float32)
    fall[0, 2] = -fall[0, 1] * foot
    shadow = cv2.GaussianBlur(cv2.warpAffine(alpha, fall, (w, h)), (0, 0), rng.uniform(1, 5))
    page *= 1 - rng.uniform(0.2, 0.6) * shadow[..., None]
    if blur > 0.4:
        alpha, colour = cv2.GaussianBlur(alpha, (0, 0), blur), cv2.GaussianBlur(colour, (0, 0), blur)
    page[:] = page * (1 - alpha[..., None]) + colour * alpha[..., None]


def finished(rng: np.random.Generator, page: Values, *, strong: bool) -> Image.Image:
    """What a camera makes of a scene: white balance, tone, vignette, softness, grain. `strong`: of a composed one."""
    h, w = page.shape[:2]
    page = np.clip(page, 0, 400) * rng.normal(1, 0.07 if strong else 0.05, 3).astype(np.float32)
    if strong:
        page = page + rng.uniform(0, 6) * cloud(rng, h, w, rough=0.75)[..., None]
        page = cv2.GaussianBlur(page, (0, 0), rng.uniform(0.3, 1.1))
    if rng.random() < 0.35:
        y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j].astype(np.float32)  # type: ignore[misc]
        page = page * (1 - rng.uniform(0.1, 0.4) * (x**2 + y**2) / 2)[..., None]
    level = np.clip(page / 255, 0, 1) ** rng.uniform(0.55, 1.25)
    middle = level.mean()
    level = (level - middle) * rng.uniform(0.75, 1.3) + middle
    grey = level.mean(-1, keepdims=True)
    level = grey + (level - grey) * (0 if rng.random() < 0.06 else rng.uniform(0.6, 1.3))
    level = level + rng.normal(0, rng.uniform(0.003, 0.022), (h, w, 1))
    return Image.fromarray((np.clip(level, 0, 1) * 255).astype(np.uint8))


@dataclass(frozen=True)
class Counts:
    """How many pictures of each origin are kept."""

    landscapes: int = 600
    composed: int = 2600
    cuts: int = 1600


@dataclass(frozen=True)
class Scenes:
    """Kept pictures (n, h, w, 3) with their facts (n,) as bits; the first `landscapes` of them are such."""

    pixels: Pixels
    facts: NDArray[np.uint64]
    landscapes: int = 0

    def some(self, rng: np.random.Generator, *, land: float) -> tuple[Image.Image, set[str]]:
        """One of them, mirrored at times: a landscape as often as `land` says, from 0 to 1."""
        edge, whole = self.landscapes, len(self.facts)
        among = (0, edge) if edge == whole or (edge and rng.random() < land) else (edge, whole)
        n = int(rng.integers(*among))
        shown = {fact for fact, bit in facts.BIT.items() if int(self.facts[n]) & bit}
        pixels = self.pixels[n][:, ::-1] if rng.random() < 0.5 else self.pixels[n]
        return Image.fromarray(np.ascontiguousarray(pixels)), shown


def make(folder: Path, given: Callable[[], Props], counts: Counts, *, part: tuple[int, int] = (0, 1)) -> None:
    """Makes the shards that are missing; `given` makes the props where they are needed, `part` (n, of) is this
    process's share."""
    folder.mkdir(parents=True, exist_ok=True)
    total, held = counts.landscapes + counts.composed + counts.cuts, cache(given)
    for shard in range(part[0], -(-total // SHARD), part[1]):
        path = folder / f"{shard:03}.npz"
        if path.exists():
            continue
        made = [_one(n, held, counts) for n in range(shard * SHARD, min(total, (shard + 1) * SHARD))]
        known = np.array([facts.bits(facts.implied(seen)) for _, seen in made], np.uint64)
        land = np.array([n < counts.landscapes for n in range(shard * SHARD, shard * SHARD + len(made))])
        pixels = np.stack([np.asarray(picture.resize(SIZE)) for picture, _ in made])
        np.savez(path.with_suffix(".partial.npz"), pixels=pixels, facts=known, land=land)
        path.with_suffix(".partial.npz").replace(path)
        print(f"photographs: shard {shard}", file=sys.stderr)


def _one(n: int, given: Callable[[], Props], counts: Counts) -> tuple[Image.Image, set[str]]:
    rng = np.random.default_rng([7, n])
    if n < counts.landscapes:
        return scenery.scene(rng)
    if n >= counts.landscapes + counts.composed and given().photographs:
        return cut(rng, given())
    return composed(rng, given())


def load(folder: Path) -> Scenes:
    """All shards of a folder. Raises FileNotFoundError where there is none."""
    parts = [np.load(path) for path in sorted(folder.glob("[0-9][0-9][0-9].npz"))]
    if not parts:
        raise FileNotFoundError(f"no photographs in {folder}; run make.py --prepare")
    pixels, known, land = (np.concatenate([part[name] for part in parts]) for name in ("pixels", "facts", "land"))
    return Scenes(pixels, known, int(land.sum()))
