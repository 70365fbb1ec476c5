"""Vision Transformers: Google's .npz, timm's and Hugging Face's (old and new names)."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ateneo.errors import InputError
from ateneo.models.checkpoint import Checkpoint
from ateneo.models.formats import Answers, Format, Rename
from ateneo.models.vit import ViT, ViTConfig

HEADS = {  # (width, layers) → heads, of the published ViTs
    (192, 12): 3,
    (384, 12): 6,
    (768, 12): 12,
    (1024, 24): 16,
    (1280, 32): 16,
    (1408, 40): 16,
    (1664, 48): 16,
}


def same(*prefixes: tuple[str, str]) -> list[Rename]:
    """Layers whose weight and bias only change the name of the layer."""
    return [Rename(f"{old}.{part}", f"{new}.{part}") for old, new in prefixes for part in ("weight", "bias")]


def parted(old: str, new: str, transform: Callable[[Tensor], Tensor] | None = None) -> list[Rename]:
    """One layer for q, k and v, whose rows are shared out; `old` ends where "weight" or "bias" begins."""
    return [
        Rename(f"{old}{part}", tuple(f"{new}.{name}.{part}" for name in "qkv"), transform)
        for part in ("weight", "bias")
    ]


def first_row(x: Tensor) -> Tensor:
    """(1, ..., D) → (..., D): a leading 1 goes, which published tokens and positions have for the batch."""
    return x.squeeze(0)


def class_token(x: Tensor) -> Tensor:
    """(1, 1, D) → (D)."""
    return x.flatten()


def layers(checkpoint: Checkpoint, name: str) -> int:
    """How many layers have this name, whose number the star stands for: 0, 1, 2 ... without a gap."""
    rename = Rename(name, "*")
    numbers = {stars[0] for key in checkpoint.shapes if (stars := rename.match(key))}
    found = sorted(int("".join(c for c in number if c.isdigit())) for number in numbers)
    if found != list(range(len(found))):
        absent = min(set(range(max(found) + 1)) - set(found))
        raise InputError(f"{checkpoint.path} lacks the layer {name.replace('*', str(absent))}")
    return len(found)


def image_size(checkpoint: Checkpoint, positions: int, *, patch: int, found: Any, answers: Answers) -> Any:
    """Pixels: the caller's, the configuration's, else the square that the positions are for."""
    side = math.isqrt(positions)
    square = side * patch if side * side == positions else None
    usual = f"(height, width) in pixels with {positions} patches of {patch}"
    return answers.ask("image_size", found if found is not None else square, usual=usual)


def heads_of(answers: Answers, found: Any, *, width: int, depth: int, name: str = "heads") -> int:
    """Attention heads: the caller's, the configuration's, else those of the published model of this size."""
    usual = "the published sizes have 3 (width 192), 6 (384), 12 (768) and 16 (1024, 1280); many others width / 64"
    return int(answers.ask(name, found if found is not None else HEADS.get((width, depth)), usual=usual))


# --- timm ---


def _timm(checkpoint: Checkpoint) -> bool:
    return {"blocks.0.attn.qkv.weight", "patch_embed.proj.weight", "cls_token"} <= set(checkpoint.shapes)


def _build_timm(checkpoint: Checkpoint, answers: Answers) -> nn.Module:
    """eps and activation are timm's own for each architecture: 1e-6 and GELU but for models that came from CLIP."""
    shapes = checkpoint.shapes
    config = checkpoint.config("config.json")
    if "architecture" not in config:
        config = {}
    patch = shapes["patch_embed.proj.weight"]
    depth, width = layers(checkpoint, "blocks.*.attn.qkv.weight"), patch[0]
    from_clip = "norm_pre.weight" in shapes
    name = str(config.get("architecture", ""))
    named = "quick_gelu" if "quickgelu" in name else "gelu" if "_clip_" in name else None
    pool = "mean" if "fc_norm.weight" in shapes else "token"
    if config.get("global_pool", "") not in ("", {"mean": "avg", "token": "token"}[pool]):
        raise InputError(f"{checkpoint.path} pools by {config['global_pool']!r}, which is not handled without fc_norm")
    return ViT(
        ViTConfig(
            image_size=image_size(
                checkpoint, shapes["pos_embed"][1] - 1, patch=patch[2],
                found=None, answers=answers,
            ),
            patch_size=patch[2],
            width=width,
            layers=depth,
            heads=heads_of(answers, None, width=width, depth=depth),
            mlp_width=shapes["blocks.0.mlp.fc1.weight"][0],
            classes=shapes["head.weight"][0] if "head.weight" in shapes else None,
            representation=shapes["pre_logits.fc.weight"][0] if "pre_logits.fc.weight" in shapes else None,
            pool=pool,  # type: ignore[arg-type]
            activation=answers.ask("activation", named, usual='"gelu", or "quick_gelu" where OpenAI trained it')
            if from_clip
            else answers.take("activation", "gelu"),
            eps=answers.take("eps", 1e-5 if from_clip else 1e-6),
            pre_norm=from_clip,
            patch_bias="patch_embed.proj.bias" in shapes,
            channels=patch[1],
        )
    )  # fmt: skip


def _timm_renames(model: nn.Module) -> Sequence[Rename]:
    block = "transformer.blocks.*"
    return [
        Rename("cls_token", "class_token", class_token),
        Rename("pos_embed", "positions", first_row),
        *parted("blocks.*.attn.qkv.", f"{block}.attention"),
        *same(
            ("patch_embed.proj", "patches.convolution"),
            ("norm_pre", "pre_norm"),
            ("blocks.*.norm1", f"{block}.norm1"),
            ("blocks.*.attn.proj", f"{block}.attention.out"),
            ("blocks.*.norm2", f"{block}.norm2"),
            ("blocks.*.mlp.fc1", f"{block}.mlp.up"),
            ("blocks.*.mlp.fc2", f"{block}.mlp.down"),
            ("norm", "norm"),
            ("fc_norm", "norm"),
            ("pre_logits.fc", "representation"),
            ("head", "head"),
        ),
    ]


# --- Hugging Face ---


def _hugging_face(checkpoint: Checkpoint) -> bool:
    names = {key.removeprefix("vit.") for key in checkpoint.shapes}
    return "embeddings.patch_embeddings.projection.weight" in names and "embeddings.position_embeddings" in names


def _build_hugging_face(checkpoint: Checkpoint, answers: Answers) -> nn.Module:
    """What the shapes do not say is in config.json; where that is absent, eps, heads and activation are asked for."""
    shapes = checkpoint.shapes
    config = checkpoint.config("config.json")
    patch = shapes["embeddings.patch_embeddings.projection.weight"]
    old = "encoder.layer.0.intermediate.dense.weight"
    hidden = shapes[old if old in shapes else "layers.0.mlp.fc1.weight"][0]
    depth = layers(
        checkpoint, "encoder.layer.*.intermediate.dense.weight" if old in shapes else "layers.*.mlp.fc1.weight"
    )
    classes = shapes["classifier.weight"][0] if "classifier.weight" in shapes else None
    pooler = "pooler.dense.weight" in shapes and classes is None  # a classifier of theirs reads the class token itself
    if pooler and config.get("pooler_act", "tanh") != "tanh":
        raise InputError(f"{checkpoint.path} has a pooler with {config['pooler_act']!r}; only tanh is handled")
    size = config.get("image_size")
    return ViT(
        ViTConfig(
            image_size=image_size(
                checkpoint, shapes["embeddings.position_embeddings"][1] - 1, patch=patch[2],
                found=tuple(size) if isinstance(size, list) else size, answers=answers,
            ),
            patch_size=patch[2],
            width=patch[0],
            layers=depth,
            heads=heads_of(answers, config.get("num_attention_heads"), width=patch[0], depth=depth),
            mlp_width=hidden,
            classes=classes,
            representation=shapes["pooler.dense.weight"][0] if pooler else None,
            activation=answers.ask("activation", config.get("hidden_act"), usual='"gelu"'),
            eps=answers.ask("eps", config.get("layer_norm_eps"), usual="1e-12 in the published files"),
            channels=patch[1],
        )
    )  # fmt: skip


def _hugging_face_renames(model: nn.Module) -> Sequence[Rename]:
    block = "transformer.blocks.*"
    old, new = "encoder.layer.*.attention.attention", "layers.*.attention"
    table = [
        Rename("embeddings.cls_token", "class_token", class_token),
        Rename("embeddings.position_embeddings", "positions", first_row),
        *same(
            ("embeddings.patch_embeddings.projection", "patches.convolution"),
            ("layernorm", "norm"),
            ("classifier", "head"),
            ("encoder.layer.*.attention.output.dense", f"{block}.attention.out"),
            ("encoder.layer.*.intermediate.dense", f"{block}.mlp.up"),
            ("encoder.layer.*.output.dense", f"{block}.mlp.down"),
            ("layers.*.attention.o_proj", f"{block}.attention.out"),
            ("layers.*.mlp.fc1", f"{block}.mlp.up"),
            ("layers.*.mlp.fc2", f"{block}.mlp.down"),
        ),
    ]
    for name, said in (("q", "query"), ("k", "key"), ("v", "value")):
        table += same(
            (f"{old}.{said}", f"{block}.attention.{name}"), (f"{new}.{name}_proj", f"{block}.attention.{name}")
        )
    for stem in ("encoder.layer.*", "layers.*"):
        table += same((f"{stem}.layernorm_before", f"{block}.norm1"), (f"{stem}.layernorm_after", f"{block}.norm2"))
    if isinstance(model, ViT) and model.representation is not None:
        table += same(("pooler.dense", "representation"))
    return table


# --- Google ---


def _google(checkpoint: Checkpoint) -> bool:
    names = {key.removeprefix("opt/target/") for key in checkpoint.shapes}
    return {"cls", "embedding/kernel", "Transformer/posembed_input/pos_embedding"} <= names


def _build_google(checkpoint: Checkpoint, answers: Answers) -> nn.Module:
    """Everything is in the shapes; eps is Flax's 1e-6."""
    shapes = checkpoint.shapes
    patch = shapes["embedding/kernel"]  # (p, p, 3, D)
    block = "Transformer/encoderblock_0"
    return ViT(
        ViTConfig(
            image_size=image_size(
                checkpoint, shapes["Transformer/posembed_input/pos_embedding"][1] - 1, patch=patch[0],
                found=None, answers=answers,
            ),
            patch_size=patch[0],
            width=patch[3],
            layers=layers(checkpoint, "Transformer/*/MlpBlock_3/Dense_0/kernel"),
            heads=shapes[f"{block}/MultiHeadDotProductAttention_1/query/kernel"][1],
            mlp_width=shapes[f"{block}/MlpBlock_3/Dense_0/kernel"][1],
            classes=shapes["head/kernel"][1] if "head/kernel" in shapes else None,
            representation=shapes["pre_logits/kernel"][1] if "pre_logits/kernel" in shapes else None,
            channels=patch[2],
        )
    )  # fmt: skip


def _inputs_first(x: Tensor) -> Tensor:
    """A Flax kernel (inputs, outputs, or heads and their width) → (outputs, inputs)."""
    return x.flatten(1).T


def _heads_first(x: Tensor) -> Tensor:
    """A Flax kernel (heads, width of a head, outputs) → (outputs, inputs)."""
    return x.flatten(0, 1).T


def _google_renames(model: nn.Module) -> Sequence[Rename]:
    old, block = "Transformer/encoderblock_*", "transformer.blocks.*"
    attention = f"{old}/MultiHeadDotProductAttention_1"
    table = [
        Rename("cls", "class_token", class_token),
        Rename("Transformer/posembed_input/pos_embedding", "positions", first_row),
        Rename("embedding/kernel", "patches.convolution.weight", lambda x: x.permute(3, 2, 0, 1)),
        Rename("embedding/bias", "patches.convolution.bias"),
        Rename(f"{attention}/out/kernel", f"{block}.attention.out.weight", _heads_first),
        Rename(f"{attention}/out/bias", f"{block}.attention.out.bias"),
    ]
    for name, said in (("q", "query"), ("k", "key"), ("v", "value")):
        table.append(Rename(f"{attention}/{said}/kernel", f"{block}.attention.{name}.weight", _inputs_first))
        table.append(Rename(f"{attention}/{said}/bias", f"{block}.attention.{name}.bias", torch.flatten))
    for theirs, ours in (
        (f"{old}/LayerNorm_0", f"{block}.norm1"),
        (f"{old}/LayerNorm_2", f"{block}.norm2"),
        ("Transformer/encoder_norm", "norm"),
    ):
        table += [Rename(f"{theirs}/scale", f"{ours}.weight"), Rename(f"{theirs}/bias", f"{ours}.bias")]
    for theirs, ours in (
        (f"{old}/MlpBlock_3/Dense_0", f"{block}.mlp.up"),
        (f"{old}/MlpBlock_3/Dense_1", f"{block}.mlp.down"),
        ("pre_logits", "representation"),
        ("head", "head"),
    ):
        table.append(Rename(f"{theirs}/kernel", f"{ours}.weight", _inputs_first))
        table.append(Rename(f"{theirs}/bias", f"{ours}.bias"))
    return table


FORMATS = [
    Format("timm ViT", _timm, build=_build_timm, renames=_timm_renames),
    Format(
        "Hugging Face ViT", _hugging_face, build=_build_hugging_face, renames=_hugging_face_renames,
        strip=("vit.",), ignored=("pooler.**",),
    ),
    Format(
        "Google ViT", _google, build=_build_google, renames=_google_renames,
        strip=("opt/target/",), ignored=("opt/**",),
    ),
]  # fmt: skip
