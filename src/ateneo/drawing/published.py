"""Published weights in place of the small ones: a U-Net of guided-diffusion or Diffusers under CLIP, or taming's VQGAN.


`--model` and `--clip` name a file, a folder, or a name below `weights_folder()`; beside a CLIP lies its
tokenizer.json. What is drawn is what the small models draw, by the same functions.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from ateneo.drawing.order import Order
from ateneo.errors import InputError, ModelMissing

if TYPE_CHECKING:
    from ateneo.drawing.draw import Bytes, Watch

METHODS = ("guided", "vqgan")
SOURCES = {
    "guided": "256x256_diffusion_uncond.pt of guided-diffusion",
    "vqgan": "last.ckpt of taming's VQGAN",
    "clip": "a folder with a CLIP and its tokenizer.json, as Hugging Face publishes openai/clip-vit-base-patch32",
}


def weights_folder() -> Path:
    """Where weights are looked for by name."""
    return Path(platformdirs.user_cache_dir("ateneo")) / "drawing"


def by_weights(order: Order, *, watch: "Watch | None" = None) -> "Bytes":
    """Pictures (n, H, W, 3). Raises InputError where the method takes no published weights, ModelMissing where they
    are absent."""
    from ateneo.drawing.draw import how
    from ateneo.models.drawing import Published

    if order.method not in METHODS:
        raise InputError(f"--model is for {', '.join(METHODS)} and stable-diffusion, not for {order.method}")
    if not order.clip:
        raise InputError("published weights need a CLIP to lead them: name one with --clip")
    models = Published(find(order.model, order.method), find(order.clip, "clip"))
    return models.draw(order.words, how(order), watch=watch)


def find(name: str, kind: str) -> Path:
    """The file or folder of this name. Raises ModelMissing with what to put where."""
    places = [Path(name).expanduser(), weights_folder() / name]
    places += [weights_folder() / f"{name}{ending}" for ending in (".safetensors", ".pt", ".ckpt")]
    for place in places:
        if place.exists():
            return place
    raise ModelMissing(
        f"no weights named {name}: give a file or folder, or put them into {weights_folder()} ({SOURCES[kind]})"
    )
