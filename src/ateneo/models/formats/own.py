"""The folder in which models trained here lie: model.safetensors, config.json, and for a CLIP tokenizer.json.

config.json names the kind of model, every field of its configuration, and what else its use needs (the names of the
classes, mean and deviation of the pixels, the noise schedule), so that nothing is guessed when it is read again.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from safetensors.torch import save as serialised
from torch import nn

from ateneo.errors import InputError
from ateneo.models.checkpoint import Checkpoint
from ateneo.models.clip import Clip, ClipConfig, TextConfig
from ateneo.models.config import read_config
from ateneo.models.formats import Answers, Format, Rename
from ateneo.models.formats.vit import parted
from ateneo.models.resnet import ResNetConfig
from ateneo.models.train.files import write_whole
from ateneo.models.unet import UNet, UNetConfig
from ateneo.models.vit import ViT, ViTConfig

WEIGHTS, CONFIG = "model.safetensors", "config.json"
C = TypeVar("C")


def save(folder: Path, model: nn.Module, config: Mapping[str, Any], *, companions: Mapping[str, bytes]) -> None:
    """Writes the model's weights, its configuration and the files beside them, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().contiguous().cpu() for name, value in model.state_dict().items()}
    for name, content in companions.items():
        write_whole(folder / name, content)
    write_whole(folder / CONFIG, (json.dumps(config, ensure_ascii=False, indent=1) + "\n").encode())
    write_whole(folder / WEIGHTS, serialised(weights, metadata={"format": "pt"}))


def about(folder: str | Path) -> dict[str, Any]:
    """What config.json of a model trained here says: "ateneo" (its kind), "config", "classes", "mean", "std" ...

    Raises InputError where the folder holds no such model.
    """
    path = Path(folder) / CONFIG
    said = read_config(path) if path.is_file() else {}
    if said.get("ateneo") not in KINDS:
        raise InputError(f"{folder} holds no model trained by `ateneo train`: {CONFIG} there does not name its kind")
    return said


def vit_of(config: Mapping[str, Any], path: Path) -> ViT:
    """The ViT of a configuration."""
    return ViT(made(ViTConfig, config, path))


def clip_of(config: Mapping[str, Any], path: Path) -> Clip:
    """The CLIP of a configuration, whichever its image tower is."""
    said = config["image"]
    image = made(ViTConfig, said, path) if "patch_size" in said else made(ResNetConfig, said, path)
    return Clip(ClipConfig(config["embed"], image, made(TextConfig, config["text"], path)))


def unet_of(config: Mapping[str, Any], path: Path) -> UNet:
    """The U-Net of a configuration."""
    return UNet(made(UNetConfig, config, path))


KINDS: dict[str, Callable[[Mapping[str, Any], Path], nn.Module]] = {
    "vit": vit_of,
    "clip": clip_of,
    "diffusion": unet_of,
}


def made(kind: type[C], said: Mapping[str, Any], path: Path) -> C:
    """A configuration from what JSON says; InputError names the file and the field that has no place."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(said) - known):
        raise InputError(f"{path}: a {kind.__name__} has no field {unknown[0]!r}; was it written by a later version?")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in said.items()})


def _build(checkpoint: Checkpoint, answers: Answers) -> nn.Module:
    said = checkpoint.config(CONFIG)
    path = checkpoint.folder / CONFIG
    try:
        return KINDS[said["ateneo"]](said["config"], path)
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{path} does not describe a whole model: {error}; take it from the run's folder again"
        ) from error


FORMATS = [
    Format(
        name="a model trained by Ateneo",
        recognise=lambda checkpoint: checkpoint.config(CONFIG).get("ateneo") in KINDS,
        build=_build,
        renames=lambda model: [*parted("**.qkv.", "**"), Rename("**", "**")],  # joined by earlier versions
    )
]
