"""Weights that anybody can make again from the names of a published layout alone, and small layouts to fill with them.

Each tensor is drawn by NumPy from the checksum of its published name. Reference values in the tests were measured with
the named libraries on such weights (benchmarks/models_references.py prints them).
"""

import math
import zlib
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

Shapes = Mapping[str, tuple[int, ...]]


def array(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """One tensor, float32."""
    r = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
    if not shape:
        return np.float32(math.log(1 / 0.07))
    if name.endswith("running_var"):
        return (1 + np.abs(0.1 * r)).astype(np.float32)
    if len(shape) == 1:
        return (0.1 * r + name.endswith("weight")).astype(np.float32)
    return (r / math.sqrt(math.prod(shape[1:]))).astype(np.float32)


def weights(shapes: Shapes) -> dict[str, Tensor]:
    """Every tensor of a layout; counters are zero."""
    counter = "num_batches_tracked"
    return {n: torch.zeros(s).long() if n.endswith(counter) else torch.tensor(array(n, s)) for n, s in shapes.items()}


def pixels(batch: int, size: int | tuple[int, int]) -> Tensor:
    """Normal numbers (batch, 3, height, width) from seed 0."""
    height, width = (size, size) if isinstance(size, int) else size
    return torch.tensor(np.random.RandomState(0).standard_normal((batch, 3, height, width)), dtype=torch.float32)


def tokens(*texts: list[int], start: int = 49406, end: int = 49407, context: int = 77) -> Tensor:
    """Rows of start, text, end, zeros."""
    rows = torch.zeros(len(texts), context, dtype=torch.long)
    for row, text in zip(rows, texts, strict=True):
        row[: len(text) + 2] = torch.tensor([start, *text, end])
    return rows


TWO_TEXTS = ([320, 1929], [320, 1125, 539, 320, 2368])  # "a dog", "a photo of a cat"


def openai_layers(prefix: str, layers: int, width: int) -> dict[str, tuple[int, ...]]:
    """The transformer of OpenAI's CLIP."""
    D = width
    one = {
        "attn.in_proj_weight": (3 * D, D), "attn.in_proj_bias": (3 * D,),
        "attn.out_proj.weight": (D, D), "attn.out_proj.bias": (D,),
        "ln_1.weight": (D,), "ln_1.bias": (D,), "ln_2.weight": (D,), "ln_2.bias": (D,),
        "mlp.c_fc.weight": (4 * D, D), "mlp.c_fc.bias": (4 * D,),
        "mlp.c_proj.weight": (D, 4 * D), "mlp.c_proj.bias": (D,),
    }  # fmt: skip
    return {f"{prefix}.resblocks.{i}.{name}": shape for i in range(layers) for name, shape in one.items()}


def openai_text(*, embed: int, vocabulary: int, width: int, layers: int) -> dict[str, tuple[int, ...]]:
    """The text tower of OpenAI's CLIP, and the temperature."""
    return {
        "positional_embedding": (77, width), "text_projection": (width, embed), "logit_scale": (),
        "token_embedding.weight": (vocabulary, width), "ln_final.weight": (width,), "ln_final.bias": (width,),
        **openai_layers("transformer", layers, width),
    }  # fmt: skip


def openai_clip(
    *, embed: int = 64, size: int = 32, layers: int = 2, width: int = 128, patch: int = 8,
    vocabulary: int = 49408, text_width: int = 64, text_layers: int = 2,
) -> dict[str, tuple[int, ...]]:  # fmt: skip
    """OpenAI's CLIP with a ViT, by default a small one."""
    D = width
    return {
        "visual.class_embedding": (D,), "visual.positional_embedding": (1 + (size // patch) ** 2, D),
        "visual.proj": (D, embed), "visual.conv1.weight": (D, 3, patch, patch),
        "visual.ln_pre.weight": (D,), "visual.ln_pre.bias": (D,),
        "visual.ln_post.weight": (D,), "visual.ln_post.bias": (D,),
        **openai_layers("visual.transformer", layers, D),
        **openai_text(embed=embed, vocabulary=vocabulary, width=text_width, layers=text_layers),
    }  # fmt: skip


def openai_resnet(*, embed: int = 64, size: int = 64, width: int = 16) -> dict[str, tuple[int, ...]]:
    """OpenAI's CLIP with a small ResNet: one bottleneck in the first stage, two in the second, one in the others."""
    w, shapes = width, {}

    def conv(name: str, bn: str, outputs: int, inputs: int, kernel: int) -> None:
        shapes[f"visual.{name}.weight"] = (outputs, inputs, kernel, kernel)
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"visual.{bn}.{part}"] = (outputs,)
        shapes[f"visual.{bn}.num_batches_tracked"] = ()

    for name, inputs, outputs in (("1", 3, w // 2), ("2", w // 2, w // 2), ("3", w // 2, w)):
        conv(f"conv{name}", f"bn{name}", outputs, inputs, 3)
    inputs = w
    for stage, blocks in enumerate((1, 2, 1, 1)):
        planes = w * 2**stage
        for block in range(blocks):
            stem = f"layer{stage + 1}.{block}"
            conv(f"{stem}.conv1", f"{stem}.bn1", planes, inputs, 1)
            conv(f"{stem}.conv2", f"{stem}.bn2", planes, planes, 3)
            conv(f"{stem}.conv3", f"{stem}.bn3", 4 * planes, planes, 1)
            if block == 0:
                conv(f"{stem}.downsample.0", f"{stem}.downsample.1", 4 * planes, inputs, 1)
            inputs = 4 * planes
    shapes["visual.attnpool.positional_embedding"] = (1 + (size // 32) ** 2, 32 * w)
    for name, outputs in (("q", 32 * w), ("k", 32 * w), ("v", 32 * w), ("c", embed)):
        shapes[f"visual.attnpool.{name}_proj.weight"] = (outputs, 32 * w)
        shapes[f"visual.attnpool.{name}_proj.bias"] = (outputs,)
    return {**shapes, **openai_text(embed=embed, vocabulary=1000, width=64, layers=2)}


def timm_vit(
    *, width: int = 64, layers: int = 2, patch: int = 8, size: int = 32, classes: int = 10
) -> dict[str, tuple[int, ...]]:
    """timm's ViT, a small one."""
    D = width
    shapes: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, D), "pos_embed": (1, 1 + (size // patch) ** 2, D),
        "patch_embed.proj.weight": (D, 3, patch, patch), "patch_embed.proj.bias": (D,),
        "norm.weight": (D,), "norm.bias": (D,), "head.weight": (classes, D), "head.bias": (classes,),
    }  # fmt: skip
    for i in range(layers):
        for name, rows, columns in (
            ("attn.qkv", 3 * D, D), ("attn.proj", D, D), ("mlp.fc1", 4 * D, D), ("mlp.fc2", D, 4 * D)
        ):  # fmt: skip
            shapes[f"blocks.{i}.{name}.weight"] = (rows, columns)
            shapes[f"blocks.{i}.{name}.bias"] = (rows,)
        for name in ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"):
            shapes[f"blocks.{i}.{name}"] = (D,)
    return shapes


def timm_clip_vit() -> dict[str, tuple[int, ...]]:
    """timm's ViT of a CLIP: normalised tokens, no bias on the patches, the mean of the patches, normalised."""
    shapes = timm_vit()
    del shapes["patch_embed.proj.bias"], shapes["norm.weight"], shapes["norm.bias"]
    extra = ("norm_pre.weight", "norm_pre.bias", "fc_norm.weight", "fc_norm.bias")
    return {**shapes, **dict.fromkeys(extra, (64,))}


def google_vit(
    *, width: int = 64, layers: int = 2, heads: int = 4, patch: int = 8, size: int = 32, classes: int = 10
) -> dict[str, tuple[int, ...]]:
    """Google's .npz, a small one."""
    D, H, hd = width, heads, width // heads
    shapes: dict[str, tuple[int, ...]] = {
        "cls": (1, 1, D), "embedding/kernel": (patch, patch, 3, D), "embedding/bias": (D,),
        "Transformer/posembed_input/pos_embedding": (1, 1 + (size // patch) ** 2, D),
        "Transformer/encoder_norm/scale": (D,), "Transformer/encoder_norm/bias": (D,),
        "head/kernel": (D, classes), "head/bias": (classes,),
    }  # fmt: skip
    for i in range(layers):
        block = f"Transformer/encoderblock_{i}"
        for name in ("LayerNorm_0", "LayerNorm_2"):
            shapes |= {f"{block}/{name}/scale": (D,), f"{block}/{name}/bias": (D,)}
        for name in ("query", "key", "value"):
            stem = f"{block}/MultiHeadDotProductAttention_1/{name}"
            shapes |= {f"{stem}/kernel": (D, H, hd), f"{stem}/bias": (H, hd)}
        out = f"{block}/MultiHeadDotProductAttention_1/out"
        shapes |= {f"{out}/kernel": (H, hd, D), f"{out}/bias": (D,)}
        for name, inputs, outputs in (("0", D, 4 * D), ("1", 4 * D, D)):
            stem = f"{block}/MlpBlock_3/Dense_{name}"
            shapes |= {f"{stem}/kernel": (inputs, outputs), f"{stem}/bias": (outputs,)}
    return shapes
