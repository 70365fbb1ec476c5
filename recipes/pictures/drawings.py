"""Drawings of named things as pixels: SVG collections → RGBA arrays, one file a style, made once.

`Drawings` is all of them together: pictures in memory-mapped files, and the concept of each.
"""

import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import names
import numpy as np
import sources
from numpy.typing import NDArray
from PIL import Image

SIDE = 96  # pixels
MONOCHROME = (  # drawn black; coloured when shown
    "emojione-monotone", "fluent-emoji-high-contrast", "game-icons", "ph", "tabler", "hugeicons", "mdi", "mingcute",
    "boxicons", "fa6-solid", "lucide",
)  # fmt: skip
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Drawings:
    """Pictures by style (n, SIDE, SIDE, 4), and for each its place in the list of concepts."""

    styles: tuple[str, ...]
    pixels: tuple[Pixels, ...]
    concepts: tuple[tuple[str, ...], ...]  # keys, style by style

    def __reduce__(self) -> tuple[Callable[..., "Drawings"], tuple[object, ...]]:
        return _opened, (self.styles, told(self.pixels), self.concepts)

    def __len__(self) -> int:
        return sum(map(len, self.concepts))

    def at(self, index: int) -> tuple[Pixels, str, str]:
        """The picture at this place of all, its style, its concept."""
        for style, pixels, concepts in zip(self.styles, self.pixels, self.concepts, strict=True):
            if index < len(concepts):
                return np.asarray(pixels[index]), style, concepts[index]
            index -= len(concepts)
        raise IndexError(index)


def told(pixels: Iterable[Pixels]) -> tuple[Pixels | Path, ...]:
    """What another process needs to have the same arrays: of a mapped file its path alone."""
    return tuple(Path(part.filename) if isinstance(part, np.memmap) and part.filename else part for part in pixels)


def mapped(parts: Iterable[Pixels | Path]) -> tuple[Pixels, ...]:
    """The arrays that were `told`."""
    return tuple(np.load(part, mmap_mode="r") if isinstance(part, Path) else part for part in parts)


def _opened(
    styles: tuple[str, ...], pixels: Iterable[Pixels | Path], concepts: tuple[tuple[str, ...], ...]
) -> Drawings:
    return Drawings(styles, mapped(pixels), concepts)


def make(work: Path, styles: Iterable[str], *, processes: int = 1) -> list[names.Concept]:
    """Draws what is not drawn yet, below work/drawings; the concepts of all styles together, sorted by key."""
    known = names.emoji(work)
    used: dict[str, names.Concept] = {}
    with _drawers(processes) as drawn:
        for style in styles:
            icons = sources.icons(work, style)
            mapped = names.icon_concepts(icons, known)
            used |= {key: known[key] for key in mapped.values()}
            if not _path(work, style).with_suffix(".json").exists():
                pictures = zip(mapped.values(), drawn(svg, _documents(icons, mapped)), strict=True)
                _keep(work, style, pictures, count=len(mapped))
    return [used[key] for key in sorted(used)]


@contextmanager
def _drawers(processes: int) -> Iterator[Callable[..., Iterator[Pixels | None]]]:
    """What `map` is, done by so many processes."""
    if processes == 1:
        yield map
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield partial(pool.map, chunksize=16)


def load(work: Path, styles: Iterable[str]) -> Drawings:
    """The drawings of these styles that `make` made."""
    styles = tuple(styles)
    keys = tuple(tuple(json.loads(_path(work, style).with_suffix(".json").read_text())) for style in styles)
    pixels = tuple(np.load(_path(work, style), mmap_mode="r") for style in styles)
    return Drawings(styles, pixels, keys)


def _path(work: Path, style: str) -> Path:
    return work / "drawings" / f"{style}.npy"


def _keep(work: Path, style: str, pictures: Iterable[tuple[str, Pixels | None]], *, count: int) -> None:
    path = _path(work, style)
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn, keys = np.empty((count, SIDE, SIDE, 4), np.uint8), []
    for key, picture in pictures:
        if picture is not None and picture[..., 3].max() > 0:
            drawn[len(keys)] = picture
            keys.append(key)
    np.save(path.with_suffix(".partial.npy"), drawn[: len(keys)])
    path.with_suffix(".partial.npy").replace(path)
    path.with_suffix(".json").write_text(json.dumps(keys))
    print(f"drawings: {style}, {len(keys)} of {count}", file=sys.stderr)


def _documents(icons: Path, mapped: Iterable[str]) -> Iterator[str]:
    collection = json.loads(icons.read_text(encoding="utf-8"))
    return (_document(collection, icon) for icon in mapped)


def _document(collection: dict[str, object], icon: str) -> str:
    entry = collection["icons"][icon]  # type: ignore[index]
    size = [entry.get(side, collection.get(side, 16)) for side in ("width", "height")]
    corner = [entry.get(side, collection.get(side, 0)) for side in ("left", "top")]
    box = " ".join(map(str, (*corner, *size)))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box}" color="#000000">{entry["body"]}</svg>'
    )


def svg(document: str) -> Pixels | None:
    """An SVG as (SIDE, SIDE, 4), in the middle of the square; None where it cannot be drawn."""
    import resvg_py

    try:
        return _squared(Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=document, width=SIDE * 2)))))
    except (ValueError, OSError) as error:
        print(f"drawings: one left out: {error}", file=sys.stderr)
        return None


def _squared(picture: Image.Image) -> Pixels:
    """RGBA, the longer side SIDE, in the middle of a transparent square."""
    picture = picture.convert("RGBA")
    box = picture.getchannel("A").getbbox()
    picture = picture.crop(box) if box else picture
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    page = Image.new("RGBA", (SIDE, SIDE))
    page.paste(picture, ((SIDE - picture.width) // 2, (SIDE - picture.height) // 2))
    return np.asarray(page)
