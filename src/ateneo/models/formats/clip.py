"""CLIPs: OpenAI's and open_clip's names (also under `text.`), and Hugging Face's.

The activation is in no state dict: OpenAI's archives name it in their code, open_clip_config.json and config.json say
it; a bare state dict needs load(..., activation=...). Every published CLIP has a LayerNorm epsilon of 1e-5.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ateneo.errors import InputError
from ateneo.models.checkpoint import Checkpoint
from ateneo.models.clip import Clip, ClipConfig, TextConfig
from ateneo.models.formats import Answers, Format, Rename
from ateneo.models.formats.vit import HEADS, image_size, layers, parted, same
from ateneo.models.resnet import ResNetConfig
from ateneo.models.vit import ViTConfig

ACTIVATION = '"quick_gelu" for OpenAI\'s weights and open_clip\'s -quickgelu models, "gelu" for most of open_clip\'s'
EPS = 1e-5
# what open_clip's configurations may say of a tower that no name and no shape in the file shows
PLAIN: dict[str, tuple[Any, ...]] = {
    "pool_type": ("tok", "argmax"),
    "global_average_pool": (False,),
    "no_causal_mask": (False,),
    "final_ln_after_pool": (False,),
    "act_kwargs": ({}, None),
}
PUBLISHED_END = 2  # transformers' first CLIP configurations say that a text ends with 2; it means the highest id


def heads(answers: Answers, found: Any, *, width: int, depth: int, tower: str) -> int:
    """Attention heads: told, else of the published model of this size, else one for each 64, as OpenAI builds them."""
    usual = "OpenAI's have width / 64, open_clip's larger image towers 16"
    rule = (HEADS.get((width, depth)) if tower == "image" else None) or (None if width % 64 else width // 64)
    return int(answers.ask(f"{tower}_heads", rule if found is None else found, usual=usual))


# --- OpenAI and open_clip ---


def _openai(checkpoint: Checkpoint) -> bool:
    names = {key.removeprefix("text.") for key in checkpoint.shapes}
    tower = {
        "visual.conv1.weight",
        "visual.class_embedding",
    } <= names or "visual.attnpool.positional_embedding" in names
    return tower and "token_embedding.weight" in names and "ln_final.weight" in names


def _build_openai(checkpoint: Checkpoint, answers: Answers) -> nn.Module:
    config = checkpoint.config("open_clip_config.json").get("model_cfg", {})
    activation = checkpoint.hints.get("activation")
    if activation is None and config:
        activation = "quick_gelu" if config.get("quick_gelu", False) else "gelu"
    activation = answers.ask("activation", activation, usual=ACTIVATION)
    embed = checkpoint.shapes["text_projection"][1]
    vision, text = config.get("vision_cfg", {}), config.get("text_cfg", {})
    for name, value in [*vision.items(), *text.items()]:
        if value not in PLAIN.get(name, (value,)):
            raise InputError(
                f"{checkpoint.path}: open_clip_config.json asks for {name} = {value!r}, which is not handled"
            )
    image: ViTConfig | ResNetConfig
    if "visual.class_embedding" in checkpoint.shapes:
        image = _openai_vit(checkpoint, answers, vision, activation)
    else:
        image = _openai_resnet(checkpoint, answers, embed)
    return Clip(ClipConfig(embed, image, _openai_text(checkpoint, answers, text, activation)))


def _openai_vit(checkpoint: Checkpoint, answers: Answers, config: dict[str, Any], activation: str) -> ViTConfig:
    shapes = checkpoint.shapes
    width, channels, patch, _ = shapes["visual.conv1.weight"]
    depth = layers(checkpoint, "visual.transformer.resblocks.*.attn.in_proj_weight")
    told = width // config["head_width"] if "head_width" in config else None
    size = config.get("image_size")
    positions = shapes["visual.positional_embedding"][0] - 1
    return ViTConfig(
        image_size=image_size(
            checkpoint, positions, patch=patch, found=tuple(size) if isinstance(size, list) else size, answers=answers
        ),
        patch_size=patch,
        width=width,
        layers=depth,
        heads=heads(answers, told, width=width, depth=depth, tower="image"),
        mlp_width=shapes["visual.transformer.resblocks.0.mlp.c_fc.weight"][0],
        activation=activation,
        eps=answers.take("eps", config.get("norm_kwargs", {}).get("eps", EPS)),
        pre_norm=True,
        patch_bias=False,
        channels=channels,
    )


def _openai_resnet(checkpoint: Checkpoint, answers: Answers, embed: int) -> ResNetConfig:
    shapes = checkpoint.shapes
    width = shapes["visual.layer1.0.conv1.weight"][0]
    side = round((shapes["visual.attnpool.positional_embedding"][0] - 1) ** 0.5)
    a, b, c, d = (layers(checkpoint, f"visual.layer{stage}.*.conv1.weight") for stage in (1, 2, 3, 4))
    told = answers.take("image_heads", 32 * width // 64)
    return ResNetConfig(image_size=32 * side, layers=(a, b, c, d), width=width, heads=told, output=embed)


def _openai_text(checkpoint: Checkpoint, answers: Answers, config: dict[str, Any], activation: str) -> TextConfig:
    shapes = checkpoint.shapes
    vocabulary, width = shapes["token_embedding.weight"]
    depth = layers(checkpoint, "transformer.resblocks.*.attn.in_proj_weight")
    return TextConfig(
        vocabulary=vocabulary,
        context=shapes["positional_embedding"][0],
        width=width,
        layers=depth,
        heads=heads(answers, config.get("heads"), width=width, depth=depth, tower="text"),
        mlp_width=shapes["transformer.resblocks.0.mlp.c_fc.weight"][0],
        activation=activation,
        eps=answers.take("eps", config.get("norm_kwargs", {}).get("eps", EPS)),
    )


def _openai_renames(model: nn.Module) -> Sequence[Rename]:
    table = [
        Rename("token_embedding.weight", "text_encoder.tokens.weight"),
        Rename("positional_embedding", "text_encoder.positions"),
        Rename("text_projection", "W_t"),
        Rename("logit_scale", "t", _scalar),
        Rename("visual.proj", "W_i"),
        Rename("visual.class_embedding", "image_encoder.class_token"),
        Rename("visual.positional_embedding", "image_encoder.positions"),
        Rename("visual.conv1.weight", "image_encoder.patches.convolution.weight"),
        *same(
            ("ln_final", "text_encoder.norm"),
            ("visual.ln_pre", "image_encoder.pre_norm"),
            ("visual.ln_post", "image_encoder.norm"),
        ),
    ]
    for theirs, ours in (("transformer", "text_encoder"), ("visual.transformer", "image_encoder")):
        old, new = f"{theirs}.resblocks.*", f"{ours}.transformer.blocks.*"
        table += [
            *parted(f"{old}.attn.in_proj_", f"{new}.attention"),
            *same(
                (f"{old}.attn.out_proj", f"{new}.attention.out"),
                (f"{old}.ln_1", f"{new}.norm1"),
                (f"{old}.ln_2", f"{new}.norm2"),
                (f"{old}.mlp.c_fc", f"{new}.mlp.up"),
                (f"{old}.mlp.c_proj", f"{new}.mlp.down"),
            ),
        ]
    if isinstance(model, Clip) and model.W_i is None:
        return _resnet_renames() + table
    return table


def _resnet_renames() -> list[Rename]:
    pool = "visual.attnpool"
    table = [
        Rename(f"{pool}.positional_embedding", "image_encoder.pool.positions"),
        *same(*((f"{pool}.{name}_proj", f"image_encoder.pool.{name}") for name in "qkv")),
        *same((f"{pool}.c_proj", "image_encoder.pool.out")),
    ]
    for n in (1, 2, 3, 4):  # their layer 1 is our stage 0
        old, new = f"visual.layer{n}.*", f"image_encoder.stages.{n - 1}.*"
        table.append(Rename(f"{old}.downsample.0.weight", f"{new}.shortcut.1.weight"))
        table.append(Rename(f"{old}.downsample.1.*", f"{new}.shortcut.2.*"))
        table.append(Rename(f"{old}.*.*", f"{new}.*.*"))
    table.append(Rename("visual.*.*", "image_encoder.*.*"))  # the stem: conv1 to bn3
    return table


def _scalar(x: Tensor) -> Tensor:
    """() or (1) → (): some checkpoints keep the temperature as a vector of one."""
    return x.reshape(())


# --- Hugging Face ---

VISION, TEXT = "vision_model", "text_model"


def _hugging_face(checkpoint: Checkpoint) -> bool:
    return {
        f"{VISION}.embeddings.class_embedding", f"{TEXT}.embeddings.token_embedding.weight", "visual_projection.weight",
    } <= set(checkpoint.shapes)  # fmt: skip


def _build_hugging_face(checkpoint: Checkpoint, answers: Answers) -> nn.Module:
    """config.json says what the shapes do not; without it activation is asked for, and the rest is as published."""
    shapes = checkpoint.shapes
    config = checkpoint.config("config.json")
    vision, text = (_part(config, name) for name in ("vision_config", "text_config"))
    width, channels, patch, _ = shapes[f"{VISION}.embeddings.patch_embedding.weight"]
    depth = layers(checkpoint, f"{VISION}.encoder.layers.*.mlp.fc1.weight")
    positions = shapes[f"{VISION}.embeddings.position_embedding.weight"][0] - 1
    image = ViTConfig(
        image_size=image_size(checkpoint, positions, patch=patch, found=vision.get("image_size"), answers=answers),
        patch_size=patch,
        width=width,
        layers=depth,
        heads=heads(answers, vision.get("num_attention_heads"), width=width, depth=depth, tower="image"),
        mlp_width=shapes[f"{VISION}.encoder.layers.0.mlp.fc1.weight"][0],
        activation=answers.ask("activation", vision.get("hidden_act"), usual=ACTIVATION),
        eps=answers.take("eps", vision.get("layer_norm_eps", EPS)),
        pre_norm=True,
        patch_bias=False,
        channels=channels,
    )
    return Clip(ClipConfig(shapes["visual_projection.weight"][0], image, _hugging_face_text(checkpoint, answers, text)))


def _part(config: dict[str, Any], name: str) -> dict[str, Any]:
    """One tower's configuration, what it leaves out being the published model's; {} where there is no config.json."""
    if not config:
        return {}
    heads, size = (12, {"image_size": 224}) if name == "vision_config" else (8, {})
    usual: dict[str, Any] = {"hidden_act": "quick_gelu", "layer_norm_eps": EPS, "num_attention_heads": heads, **size}
    told = {**(config.get(f"{name}_dict") or {}), **(config.get(name) or {})}
    return usual | {key: value for key, value in told.items() if value is not None}


def _hugging_face_text(checkpoint: Checkpoint, answers: Answers, config: dict[str, Any]) -> TextConfig:
    shapes = checkpoint.shapes
    vocabulary, width = shapes[f"{TEXT}.embeddings.token_embedding.weight"]
    depth = layers(checkpoint, f"{TEXT}.encoder.layers.*.mlp.fc1.weight")
    end = config.get("eos_token_id")
    return TextConfig(
        vocabulary=vocabulary,
        context=shapes[f"{TEXT}.embeddings.position_embedding.weight"][0],
        width=width,
        layers=depth,
        heads=heads(answers, config.get("num_attention_heads"), width=width, depth=depth, tower="text"),
        mlp_width=shapes[f"{TEXT}.encoder.layers.0.mlp.fc1.weight"][0],
        activation=answers.ask("activation", config.get("hidden_act"), usual=ACTIVATION),
        eps=answers.take("eps", config.get("layer_norm_eps", EPS)),
        end=None if end in (PUBLISHED_END, vocabulary - 1) else end,
    )


def _hugging_face_renames(model: nn.Module) -> Sequence[Rename]:
    table = [
        Rename("logit_scale", "t", _scalar),
        Rename("visual_projection.weight", "W_i", torch.t),
        Rename("text_projection.weight", "W_t", torch.t),
        Rename(f"{TEXT}.embeddings.token_embedding.weight", "text_encoder.tokens.weight"),
        Rename(f"{TEXT}.embeddings.position_embedding.weight", "text_encoder.positions"),
        Rename(f"{VISION}.embeddings.class_embedding", "image_encoder.class_token"),
        Rename(f"{VISION}.embeddings.position_embedding.weight", "image_encoder.positions"),
        Rename(f"{VISION}.embeddings.patch_embedding.weight", "image_encoder.patches.convolution.weight"),
        *same(
            (f"{TEXT}.final_layer_norm", "text_encoder.norm"),
            (f"{VISION}.pre_layrnorm", "image_encoder.pre_norm"),  # their spelling
            (f"{VISION}.post_layernorm", "image_encoder.norm"),
        ),
    ]
    for theirs, ours in ((TEXT, "text_encoder"), (VISION, "image_encoder")):
        old, new = f"{theirs}.encoder.layers.*", f"{ours}.transformer.blocks.*"
        table += same(
            *((f"{old}.self_attn.{name}_proj", f"{new}.attention.{name}") for name in "qkv"),
            (f"{old}.self_attn.out_proj", f"{new}.attention.out"),
            (f"{old}.layer_norm1", f"{new}.norm1"),
            (f"{old}.layer_norm2", f"{new}.norm2"),
            (f"{old}.mlp.fc1", f"{new}.mlp.up"),
            (f"{old}.mlp.fc2", f"{new}.mlp.down"),
        )
    return table


FORMATS = [
    Format(
        "OpenAI or open_clip CLIP", _openai, build=_build_openai, renames=_openai_renames,
        strip=("text.",), ignored=("input_resolution", "context_length", "vocab_size", "attn_mask"),
    ),
    Format(
        "Hugging Face CLIP", _hugging_face, build=_build_hugging_face, renames=_hugging_face_renames,
        ignored=("**.embeddings.position_ids",),
    ),
]  # fmt: skip
