"""The models that draw, as recipes/drawing writes them: NAME.safetensors with NAME.json beside it, or a run's folder
with model.safetensors and config.json.

The JSON names the kind of model ("decoder", "vqgan", "prior", "tower",
"noisy tower") and every field of its configuration.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from ateneo.errors import InputError
from ateneo.models.checkpoint import Checkpoint
from ateneo.models.formats import Answers, Format, Rename
from ateneo.models.formats.own import made
from ateneo.models.formats.vit import parted
from ateneo.models.noisy_tower import NoisyTower, NoisyTowerConfig
from ateneo.models.prior import Prior, PriorConfig
from ateneo.models.tower import Tower, TowerConfig
from ateneo.models.unclip import Decoder, DecoderConfig
from ateneo.models.unet import UNetConfig
from ateneo.models.vqgan import Vqgan, VqganConfig


def _decoder(said: Mapping[str, Any], path: Path) -> nn.Module:
    unet = made(UNetConfig, said["unet"], path)
    return Decoder(made(DecoderConfig, {**said, "unet": unet}, path))


KINDS: dict[str, Callable[[Mapping[str, Any], Path], nn.Module]] = {
    "decoder": _decoder,
    "vqgan": lambda said, path: Vqgan(made(VqganConfig, said, path)),
    "prior": lambda said, path: Prior(made(PriorConfig, said, path)),
    "tower": lambda said, path: Tower(made(TowerConfig, said, path)),
    "noisy tower": lambda said, path: NoisyTower(made(NoisyTowerConfig, said, path)),
}


def about(checkpoint: Checkpoint) -> tuple[dict[str, Any], Path]:
    """What the JSON beside a file says, and where."""
    for name in (f"{checkpoint.path.stem}.json", "config.json"):
        said = checkpoint.config(name)
        if said.get("ateneo") in KINDS:
            return said, checkpoint.folder / name
    return {}, checkpoint.folder


def _build(checkpoint: Checkpoint, answers: Answers) -> nn.Module:
    said, path = about(checkpoint)
    try:
        return KINDS[said["ateneo"]](said["config"], path)
    except (KeyError, TypeError) as error:
        raise InputError(f"{path} does not describe a whole model: {error}; install Ateneo again") from error


FORMATS = [
    Format(
        name="a drawing model of Ateneo",
        recognise=lambda checkpoint: bool(about(checkpoint)[0]),
        build=_build,
        renames=lambda model: [*parted("**.qkv.", "**"), Rename("**", "**")],  # joined by earlier versions
    )
]
