"""The models: ViT, CLIP, diffusion and guidance in torch. Needs `ateneo[models]`; knows nothing else of Ateneo.

The names below are the library's door; the modules hold more. Nothing is imported until it is used, so that tokenizer
and preprocessing serve where there is no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ateneo.models.clip import (
        Clip,
        ClipConfig,
        TextConfig,
        class_vectors,
        clip_config,
        contrastive_loss,
        zero_shot,
    )
    from ateneo.models.diffusion import Denoiser, Prediction
    from ateneo.models.export import export_onnx
    from ateneo.models.guidance import ClassifierFree, ClassifierLogP, ClipLogP, Cutouts, Guided, frozen
    from ateneo.models.layers import pack
    from ateneo.models.loading import load
    from ateneo.models.losses import bits_per_dimension, hybrid_loss, simple_loss, vlb_loss
    from ateneo.models.preprocess import Preprocess
    from ateneo.models.resnet import ResNetConfig
    from ateneo.models.samplers import Step, ancestral, ddim, dpmpp_2m, euler, heun
    from ateneo.models.schedules import Level, Schedule, schedule
    from ateneo.models.tokenizer import Tokenizer
    from ateneo.models.unet import Classifier, UNet, UNetConfig
    from ateneo.models.vit import ViT, ViTConfig, vit_config

_HOMES = {
    "clip": ("Clip", "ClipConfig", "TextConfig", "class_vectors", "clip_config", "contrastive_loss", "zero_shot"),
    "diffusion": ("Denoiser", "Prediction"),
    "export": ("export_onnx",),
    "guidance": ("ClassifierFree", "ClassifierLogP", "ClipLogP", "Cutouts", "Guided", "frozen"),
    "layers": ("pack",),
    "loading": ("load",),
    "losses": ("bits_per_dimension", "hybrid_loss", "simple_loss", "vlb_loss"),
    "preprocess": ("Preprocess",),
    "resnet": ("ResNetConfig",),
    "samplers": ("Step", "ancestral", "ddim", "dpmpp_2m", "euler", "heun"),
    "schedules": ("Level", "Schedule", "schedule"),
    "tokenizer": ("Tokenizer",),
    "unet": ("Classifier", "UNet", "UNetConfig"),
    "vit": ("ViT", "ViTConfig", "vit_config"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Classifier",
    "ClassifierFree",
    "ClassifierLogP",
    "Clip",
    "ClipConfig",
    "ClipLogP",
    "Cutouts",
    "Denoiser",
    "Guided",
    "Level",
    "Prediction",
    "Preprocess",
    "ResNetConfig",
    "Schedule",
    "Step",
    "TextConfig",
    "Tokenizer",
    "UNet",
    "UNetConfig",
    "ViT",
    "ViTConfig",
    "ancestral",
    "bits_per_dimension",
    "class_vectors",
    "clip_config",
    "contrastive_loss",
    "ddim",
    "dpmpp_2m",
    "euler",
    "export_onnx",
    "frozen",
    "heun",
    "hybrid_loss",
    "load",
    "pack",
    "schedule",
    "simple_loss",
    "vit_config",
    "vlb_loss",
    "zero_shot",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'ateneo.models' has no attribute {name!r}")
    return getattr(import_module(f"ateneo.models.{_HOME_OF[name]}"), name)
