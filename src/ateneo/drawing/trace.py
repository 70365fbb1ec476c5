"""What happens on the way: a film strip and an animation, unguided and guided from one seed side by side.

Both are drawn step by step anyway; a Trace keeps x_t, μ, Σ, μ′ and the predicted x₀ of some steps. The strip shows
them as the source of Ateneo does: noise first, each column a step; the animation shows every kept step, unguided left,
guided right; the numbers themselves go into an .npz.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ateneo.drawing.draw import Drawn, draw, unguided
from ateneo.drawing.order import Order
from ateneo.errors import InputError

if TYPE_CHECKING:
    from ateneo.models.drawing import Moment

COLUMNS = 9  # steps on the film strip
KEPT = 40  # steps of the animation
SIDE = 96  # px of a picture on the strip
LABEL, HEAD = 128, 22  # px left of the rows; above the columns
LAST = 12  # times that the last picture of the animation is held
MS = 90  # of a picture of the animation
INK, PALE = (30, 30, 30), (110, 110, 110)
Values = NDArray[np.float32]


@dataclass
class Trace:
    """Some moments of one picture's way."""

    kept: list["Moment"] = field(default_factory=list)

    def __call__(self, moment: "Moment") -> None:
        """Keeps a moment where it is one of about KEPT that are spread evenly, and none of a draft."""
        if moment.draft:
            return
        every = max(1, moment.total // KEPT)
        if moment.index % every == 0 or moment.index == moment.total - 1:
            self.kept.append(moment)

    def columns(self, count: int = COLUMNS) -> list["Moment"]:
        """So many of them, first and last among them."""
        places = np.linspace(0, len(self.kept) - 1, min(count, len(self.kept))).round().astype(int)
        return [self.kept[place] for place in places]


@dataclass(frozen=True)
class Traced:
    """One picture drawn twice from one seed, and how."""

    guided: Drawn
    unguided: Drawn
    way: Trace
    way_unguided: Trace


def traced(order: Order, *, watch: "Callable[[Moment], None] | None" = None, **given: Any) -> Traced:
    """Draws the first picture of an order twice, with and without what guides. VQGAN+CLIP has no unguided way: the
    picture that it starts from stands for it. `given` are the other arguments of `draw`."""
    order = replace(order.checked(), n=1)
    if order.method == "stable-diffusion":
        raise InputError("--trace shows the methods guided, vqgan and unclip; pipelines of diffusers keep no trace")
    way, plain = Trace(), Trace()

    def both(moment: "Moment") -> None:
        way(moment)
        if watch:
            watch(moment)

    guided = draw(order, watch=both, **given)
    if order.method == "vqgan":
        return Traced(guided, guided, way, Trace(way.kept[:1]))
    drafts = way.kept[0].drafts  # both ways begin in one noise
    return Traced(guided, draw(unguided(order), watch=plain, drafts=drafts, **given), way, plain)


def save(found: Traced, path: Path) -> list[Path]:
    """Writes PATH-trace.png, .gif and .npz; returns where they are. Raises InputError where they cannot be written."""
    places = [path.with_name(f"{path.stem}-trace{ending}") for ending in (".png", ".gif", ".npz")]
    try:
        strip(found).save(places[0])
        frames = animation(found)
        frames[0].save(places[1], save_all=True, append_images=[*frames[1:], *frames[-1:] * LAST], duration=MS, loop=0)
        np.savez_compressed(places[2], **numbers(found))  # type: ignore[arg-type]
    except OSError as error:
        raise InputError(f"cannot write {places[0]}: {error.strerror or error}; name another file with -o") from error
    return places


def strip(found: Traced) -> Image.Image:
    """The film strip: a row for each thing kept, a column for each step shown."""
    rows = _rows(found)
    moments = found.way.columns()
    page = Image.new("RGB", (LABEL + len(moments) * (SIDE + 2), HEAD + len(rows) * (SIDE + 2)), "white")
    pen = ImageDraw.Draw(page)
    for column, moment in enumerate(moments):
        text = f"t = {moment.total - moment.index}"
        pen.text((LABEL + column * (SIDE + 2) + 2, 4), text, fill=PALE, font=font(12))
    for row, (label, cells) in enumerate(rows):
        top = HEAD + row * (SIDE + 2)
        pen.multiline_text((4, top + 6), label, fill=INK, font=font(12), spacing=3)
        for column, cell in enumerate(cells):
            left = LABEL + column * (SIDE + 2)
            if isinstance(cell, str):
                pen.text((left + 6, top + SIDE // 2 - 6), cell, fill=PALE, font=font(12))
            else:
                page.paste(_shown(cell, SIDE), (left, top))
    return page


def _rows(found: Traced) -> list[tuple[str, list[Values | str]]]:
    guided, plain = found.way.columns(), found.way_unguided.columns()
    rows: list[tuple[str, list[Values | str]]] = []
    if found.guided.order.method == "vqgan":
        return [
            ("picture of\nthe codes", [m.x0[0] for m in guided]),
            ("distance from\nthe words", [f"{m.distance[0]:.3f}" if m.distance else "" for m in guided]),
        ]
    rows.append(("unguided\nx_t", [m.x_t[0] for m in plain]))
    rows.append(("unguided\nx₀ predicted", [m.x0[0] for m in plain]))
    rows.append(("guided\nx_t", [m.x_t[0] for m in guided]))
    rows.append(("guided\nx₀ predicted", [m.x0[0] for m in guided]))
    rows.append(("μ", [m.mu[0] if m.mu is not None else "" for m in guided]))
    rows.append(("Σ", [_variance(m) for m in guided]))
    rows.append(("μ′", [m.mu_guided[0] if m.mu_guided is not None else "" for m in guided]))
    moved = [m.mu_guided[0] - m.mu[0] if m.mu is not None and m.mu_guided is not None else None for m in guided]
    most = max((float(np.abs(one).max()) for one in moved if one is not None), default=0.0) or 1.0
    rows.append((f"μ′ - μ\n(x {1 / most:.3g})", ["" if one is None else one / most for one in moved]))
    return rows


def _variance(moment: "Moment") -> Values | str:
    if isinstance(moment.Sigma, float | int):
        return f"{moment.Sigma:.3g}"
    shown: Values = moment.Sigma[0] / (float(moment.Sigma.max()) or 1.0) * 2 - 1
    return shown


def animation(found: Traced) -> list[Image.Image]:
    """Unguided left, guided right: what is predicted above, x_t below."""
    frames = []
    plain = found.way_unguided.kept
    for n, moment in enumerate(found.way.kept):
        other = plain[min(n, len(plain) - 1)]
        page = Image.new("RGB", (2 * 2 * SIDE + 6, 2 * 2 * SIDE + 6 + HEAD), "white")
        pen = ImageDraw.Draw(page)
        for side, (title, one) in enumerate((("unguided", other), ("guided", moment))):
            pen.text((side * (2 * SIDE + 4) + 4, 4), title, fill=INK, font=font(12))
            for row, values in enumerate((one.x0[0], one.x_t[0])):
                page.paste(_shown(values, 2 * SIDE), (side * (2 * SIDE + 4) + 1, HEAD + row * (2 * SIDE + 4)))
        frames.append(page)
    return frames


def numbers(found: Traced) -> dict[str, NDArray[Any]]:
    """What was kept, as arrays: x_t, x0, mu, mu_guided and Sigma of each kept step, and those of the unguided way."""
    arrays: dict[str, NDArray[Any]] = {}
    for before, way in (("", found.way), ("unguided_", found.way_unguided)):
        arrays[f"{before}step"] = np.array([m.index for m in way.kept])
        for name in ("x_t", "x0", "mu", "mu_guided", "Sigma"):
            values = [getattr(m, name) for m in way.kept]
            if values and all(value is not None for value in values):
                arrays[before + name] = np.stack([np.asarray(value, np.float32) for value in values])
    return arrays


def sheet(pictures: Sequence[NDArray[np.uint8]], *, columns: int = 8, side: int = SIDE) -> Image.Image:
    """Pictures beside and below each other, to be looked at together."""
    rows = -(-len(pictures) // columns)
    page = Image.new("RGB", (columns * (side + 2), rows * (side + 2)), "white")
    for n, picture in enumerate(pictures):
        one = Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC)
        page.paste(one, (n % columns * (side + 2), n // columns * (side + 2)))
    return page


def _shown(values: Values, side: int) -> Image.Image:
    """Numbers (H, W, 3) from -1 to 1 as a picture; what lies outside is cut off."""
    pixels = ((values.clip(-1, 1) + 1) * 127.5).round().astype(np.uint8)
    return Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST)


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Matplotlib's, which has the letters of equations; else Pillow's own."""
    found = find_spec("matplotlib")
    if found and found.origin:
        path = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)
