"""The libraries that the models are compared with, or a line on how to install them."""

import sys
import warnings
from types import ModuleType

import torch


def _torchvision_operators() -> None:
    """Names two operators of torchvision, whose wheel cannot load its own beside a torch for the CPU.

    open_clip and timm import torchvision but call neither operator.
    """
    try:
        torch.ops.torchvision.nms  # noqa: B018
    except AttributeError:
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor boxes, Tensor scores, float iou_threshold) -> Tensor")
        _KEPT.append(library)


_KEPT: list[torch.library.Library] = []


def _peer(name: str, install: str) -> ModuleType | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return __import__(name)
    except ImportError as error:
        print(f"{name} is left out ({error}); pip install --no-deps {install}", file=sys.stderr)
        return None


def open_clip() -> ModuleType | None:
    """open_clip, None where it is absent."""
    _torchvision_operators()
    return _peer("open_clip", "open_clip_torch timm torchvision ftfy wcwidth")


def timm() -> ModuleType | None:
    """timm, None where it is absent."""
    _torchvision_operators()
    return _peer("timm", "timm torchvision")


def transformers() -> ModuleType | None:
    """transformers, None where it is absent; it imports torchvision where that is installed."""
    _torchvision_operators()
    return _peer("transformers", "transformers")
