"""An order → pictures, by the small models that ship, by published weights, or by a pipeline of diffusers.

The models need torch, and are imported when something is drawn. `watch` is called after each step with what can be seen
by then; a method that guides also tells what it would do without.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ateneo.drawing.order import Order
from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.errors import EngineError, InputError, SettingsError

if TYPE_CHECKING:
    from ateneo.models.drawing import How, Moment, Studio

    Watch = Callable[[Moment], None]

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn: bytes (n, H, W, 3), and the order as it was carried out. Picture number k has the seed
    order.seed + k, but where it lies between two others."""

    order: Order
    pixels: Bytes
    settings: dict[str, Any] = field(default_factory=dict)

    def pictures(self) -> list[Image.Image]:
        """As PIL images."""
        return [Image.fromarray(one) for one in self.pixels]

    def told(self, k: int) -> dict[str, str]:
        """What is written into the k-th picture's file: all that is needed to draw it again."""
        assert self.order.seed is not None
        seed = self.order.seed + (0 if len(self.order.pictures) == 2 else k)
        return {name: str(value) for name, value in {**self.settings, "seed": seed, "number": k + 1}.items()}


def draw(
    order: Order,
    *,
    folder: Path | None = None,
    watch: "Watch | None" = None,
    pipeline: str = "",
    drafts: tuple[int, ...] = (),
) -> Drawn:
    """Draws an order. `folder` holds small models in place of those that ship; `pipeline` names the model of diffusers
    for stable-diffusion. drafts: of each picture, the draft of its seed whose noise an unguided one begins with.

    Raises InputError and SettingsError for what cannot be drawn, ModelMissing where weights are absent, EngineError
    where torch or diffusers is, or where the models do not belong to the sentence encoder.
    """
    order = order.checked()
    _needs("torch", "safetensors", extra="models")
    if order.method == "stable-diffusion":
        from ateneo.drawing.pipelines import by_pipeline

        return Drawn(order, by_pipeline(order, order.model or pipeline, watch=watch), told(order))
    if order.model:
        from ateneo.drawing.published import by_weights

        return Drawn(order, by_weights(order, watch=watch), told(order))
    studio = _studio(folder)
    _check_size(order, studio)
    if order.pictures:
        opened = [opened_picture(path) for path in order.pictures]
        return Drawn(order, studio.between(opened, how(order), watch=watch), told(order))
    words = _vector(order.words, studio)
    draws = {"guided": studio.guided, "vqgan": studio.vqgan_clip, "unclip": studio.unclip}[order.method]
    return Drawn(order, draws(words, replace(how(order), drafts=drafts), watch=watch), told(order))


def unguided(order: Order) -> Order:
    """The same order from the same seed, with nothing that guides."""
    return replace(order, scale=0.0)


def how(order: Order) -> "How":
    """The numbers of a checked order, as the models take them."""
    from ateneo.models.drawing import How

    assert order.seed is not None
    assert order.steps is not None
    assert order.scale is not None
    assert order.size is not None
    return How(seed=order.seed, n=order.n, steps=order.steps, scale=order.scale, size=order.size)


def told(order: Order) -> dict[str, Any]:
    """What a picture's file says of how it was drawn."""
    said = {"words": order.words} if order.words else {"from": ", ".join(path.name for path in order.pictures)}
    numbers = {"method": order.method, "scale": f"{order.scale:g}", "steps": order.steps, "size": order.size}
    model = {"model": order.model} if order.model else {}
    return {"software": f"ateneo {version('ateneo')}", **said, **numbers, **model}


def opened_picture(path: Path) -> Bytes:
    """A picture's file as bytes (H, W, 3), upright, in the middle of a white square. Raises InputError."""
    try:
        with Image.open(path) as found:
            upright = ImageOps.exif_transpose(found).convert("RGBA")
    except FileNotFoundError:
        raise InputError("cannot open {path}: there is no such file", path=path) from None
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError, SyntaxError) as error:
        raise InputError(
            "cannot read {path} as a picture: {error}; give a PNG or a JPEG", path=path, error=error
        ) from error
    side = max(upright.size)
    page = Image.new("RGBA", (side, side), "white")
    page.alpha_composite(upright, ((side - upright.width) // 2, (side - upright.height) // 2))
    page.thumbnail((512, 512))
    return np.asarray(page.convert("RGB"))


@lru_cache(maxsize=2)
def _studio(folder: Path | None) -> "Studio":
    from ateneo.models.drawing import Studio

    return Studio(folder)


@lru_cache(maxsize=1)
def _encoder() -> SentenceVectors:
    return SentenceVectors()


def _vector(words: str, studio: "Studio") -> NDArray[np.float32]:
    """The words' vector (E,), of the encoder that the models were trained on."""
    if studio.text_space != _encoder().space:
        raise EngineError(
            "cannot draw: the models in {folder} belong to the sentence encoder {text_space}, and the "
            "one installed is {space}; install the two together, or train the models again",
            folder=studio.folder,
            text_space=studio.text_space,
            space=_encoder().space,
        )
    vector: NDArray[np.float32] = _encoder().embed([words])[0]
    return vector


def _check_size(order: Order, studio: "Studio") -> None:
    stride, size = studio.strides(order.method), order.size or 0
    if size % stride:
        near = max(stride, round(size / stride) * stride)
        raise SettingsError(
            "cannot draw {size} x {size} pixels by {method}: a side is a multiple of {stride}, such as {near}",
            size=size,
            method=order.method,
            stride=stride,
            near=near,
        )


def _needs(*modules: str, extra: str) -> None:
    absent = [name for name in modules if find_spec(name) is None]
    if absent:
        raise EngineError(
            "drawing needs {absent}, which is not installed; run: pip install 'ateneo[{extra}]'",
            absent=absent[0],
            extra=extra,
        )
