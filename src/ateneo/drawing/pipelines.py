"""Stable Diffusion and its successors through diffusers, the library that people use for them; nothing of them is
written again here.

One setting names the model: `drawing_model`, a folder or a name on the Hugging Face hub, whatever
AutoPipelineForText2Image loads. Its weights and licence are its own.
"""

import contextlib
import inspect
import io
import warnings
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ateneo.drawing.order import Order
from ateneo.errors import EngineError, ModelMissing, SettingsError

if TYPE_CHECKING:
    from ateneo.drawing.draw import Bytes, Watch


def by_pipeline(order: Order, name: str, *, watch: "Watch | None" = None) -> "Bytes":
    """Pictures (n, H, W, 3). Raises SettingsError where no model is named, ModelMissing where it is not to be had,
    EngineError where diffusers is not installed or the model fails."""
    if not name:
        raise SettingsError(
            "no model is set for stable-diffusion: set drawing_model in ateneo.toml, or ATENEO_DRAWING_MODEL, or give "
            "--model, a folder or a name such as stabilityai/sd-turbo"
        )
    if find_spec("diffusers") is None:
        raise EngineError(
            "stable-diffusion needs diffusers, which is not installed; run: pip install 'ateneo[drawing]'"
        )
    from ateneo.models.drawing import generator

    pipe = _pipeline(name)
    seeds = [generator((order.seed or 0) + k) for k in range(order.n)]
    given: dict[str, Any] = {
        "prompt": [order.words] * order.n, "num_inference_steps": order.steps, "guidance_scale": order.scale,
        "height": order.size, "width": order.size, "generator": seeds, "output_type": "np",
    }  # fmt: skip
    if watch and "callback_on_step_end" in inspect.signature(pipe.__call__).parameters:
        given["callback_on_step_end"] = _following(order, watch)
    try:
        with warnings.catch_warnings():  # of diffusers, about its own parts
            warnings.simplefilter("ignore")
            pictures = pipe(**given).images
    except (ValueError, RuntimeError, TypeError) as error:
        raise EngineError(f"{name} could not draw: {_line(error)}; try other --size, --steps or --scale") from error
    found: Bytes = (np.stack([np.asarray(one) for one in pictures]).clip(0, 1) * 255).round().astype(np.uint8)
    return found


def _following(order: Order, watch: "Watch") -> Any:
    """Tells how far it is; the picture so far is grey, for a latent has no looks of its own."""
    from ateneo.models.drawing import Moment

    grey = np.zeros((1, 32, 32, 3), np.float32)

    def after(pipe: Any, step: int, t: Any, kept: dict[str, Any]) -> dict[str, Any]:
        del pipe, t
        watch(Moment(min(step, (order.steps or 1) - 1), order.steps or 1, grey, grey))
        return kept

    return after


@lru_cache(maxsize=1)
def _pipeline(name: str) -> Any:
    from diffusers import AutoPipelineForText2Image

    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            pipe = AutoPipelineForText2Image.from_pretrained(name)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, KeyError, ImportError, AttributeError) as error:
        where = "in that folder" if Path(name).is_dir() else "on this machine or on the hub"
        raise ModelMissing(f"cannot load {name}, no pipeline of diffusers {where}: {_line(error)}") from error
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
