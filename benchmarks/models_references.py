"""Prints what open_clip and timm give on the small models of the tests, whose weights follow from their names.

The tests quote these numbers, because both libraries need torchvision, which does not run beside a torch for the CPU.
Where open_clip, timm and torchvision are installed without their dependencies, this needs nothing else:

    pip install --no-deps open_clip_torch timm torchvision ftfy wcwidth
    python -m benchmarks.models_references
"""

import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.models_peers import open_clip, timm
from tests.models import recipe


def show(name: str, x: Tensor) -> None:
    """Sum, sum of absolute values, and the first three numbers."""
    first = ", ".join(f"{value:.7f}" for value in x.flatten()[:3].tolist())
    print(f"{name}: sum {x.double().sum():.6f} |.| {x.double().abs().sum():.6f} first {first}")


def filled(model: nn.Module, shapes: recipe.Shapes) -> nn.Module:
    """The model with the recipe's weights; its own names must be the test's names."""
    model.load_state_dict(recipe.weights(shapes), strict=True)
    return model.eval()


def clips() -> None:
    """open_clip with a ViT and GELU, and with a ResNet and QuickGELU."""
    clip = open_clip().model.CLIP
    text = {"context_length": 77, "vocab_size": 1000, "width": 64, "heads": 1, "layers": 2}
    towers = {
        "ViT, GELU": (
            {"layers": 2, "width": 128, "patch_size": 8, "image_size": 32},
            recipe.openai_clip(vocabulary=1000),
        ),
        "ResNet, QuickGELU": ({"layers": (1, 2, 1, 1), "width": 16, "image_size": 64}, recipe.openai_resnet()),
    }
    for name, (vision, shapes) in towers.items():
        model = filled(clip(64, vision_cfg=vision, text_cfg=text, quick_gelu="Quick" in name), shapes)
        show(f"open_clip {name}, pictures", model.encode_image(recipe.pixels(2, vision["image_size"])))
        show(f"open_clip {name}, texts", model.encode_text(recipe.tokens([3, 4], [5, 6, 7], start=998, end=999)))


def vits() -> None:
    """timm's ViT, at its own size and at another; the kind that comes from CLIPs; and Google's file read by timm."""
    vit = partial(
        timm().models.vision_transformer.VisionTransformer,
        img_size=32, patch_size=8, embed_dim=64, depth=2, num_heads=4, num_classes=10,
    )  # fmt: skip
    plain = filled(vit(dynamic_img_size=True), recipe.timm_vit())
    show("timm", plain(recipe.pixels(2, 32)))
    show("timm at 48 x 40", plain(recipe.pixels(2, (48, 40))))
    clip = vit(pre_norm=True, norm_layer=nn.LayerNorm, act_layer="quick_gelu", global_pool="avg")
    show("timm from CLIP", filled(clip, recipe.timm_clip_vit())(recipe.pixels(2, 32)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "google.npz"
        np.savez(path, **{name: recipe.array(name, shape) for name, shape in recipe.google_vit().items()})
        google = vit().eval()
        google.load_pretrained(str(path))
    show("Google by timm", google(recipe.pixels(2, 32)))


if __name__ == "__main__":
    if open_clip() is None or timm() is None:
        sys.exit(1)
    with torch.no_grad():
        clips()
        vits()
