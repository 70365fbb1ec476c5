"""The libraries that the models are compared with, or a line on how to install them; and weights under their names."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from ateneo.models.clip import Clip


def _torchvision_operators() -> None:
    """Names two operators of torchvision, whose wheel cannot load its own beside a torch for the CPU.

    open_clip and timm import torchvision but call neither operator. Beside a torch for CUDA the wheel loads them.
    """
    if torch.version.cuda is not None:
        return
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


def diffusers() -> ModuleType | None:
    """Diffusers, None where it is absent."""
    _torchvision_operators()
    return _peer("diffusers", "diffusers importlib_metadata")


def openai_names(model: Clip) -> dict[str, Tensor]:
    """A Clip's weights under OpenAI's names, in which open_clip reads them."""
    parts = {
        "t": "logit_scale", "W_i": "visual.proj", "W_t": "text_projection",
        "text_encoder.tokens.weight": "token_embedding.weight", "text_encoder.positions": "positional_embedding",
        "image_encoder.class_token": "visual.class_embedding",
        "image_encoder.positions": "visual.positional_embedding",
        "image_encoder.patches.convolution.weight": "visual.conv1.weight",
    }  # fmt: skip
    inside = (
        ("text_encoder.norm", "ln_final"), ("image_encoder.norm", "visual.ln_post"),
        ("image_encoder.pre_norm", "visual.ln_pre"), ("text_encoder.transformer.blocks", "transformer.resblocks"),
        ("image_encoder.transformer.blocks", "visual.transformer.resblocks"), ("attention.in_proj_", "attn.in_proj_"),
        ("attention.out", "attn.out_proj"), ("norm1", "ln_1"), ("norm2", "ln_2"), ("mlp.up", "mlp.c_fc"),
        ("mlp.down", "mlp.c_proj"),
    )  # fmt: skip
    renamed, state = {}, model.state_dict()
    for name in [name for name in state if name.endswith((".attention.q.weight", ".attention.q.bias"))]:
        place, part = name.rsplit(".q.", 1)
        state[f"{place}.in_proj_{part}"] = torch.cat([state.pop(f"{place}.{one}.{part}") for one in "qkv"])
    for name, value in state.items():
        new = parts.get(name, name)
        for old, their in inside:
            new = new.replace(old, their)
        renamed[new] = value
    return renamed


def timm_names(model: Clip) -> dict[str, Tensor]:
    """The image tower and projection of a Clip under timm's names, as its ViT with a head without bias."""
    inside = (
        ("class_token", "cls_token"), ("positions", "pos_embed"), ("patches.convolution", "patch_embed.proj"),
        ("pre_norm", "norm_pre"), ("transformer.blocks", "blocks"), ("attention.out", "attn.proj"),
        ("mlp.up", "mlp.fc1"), ("mlp.down", "mlp.fc2"),
    )  # fmt: skip
    renamed, state = {}, model.image_encoder.state_dict()
    for name in [name for name in state if ".attention.q." in name]:
        place, part = name.split(".attention.q.")
        joined = torch.cat([state.pop(f"{place}.attention.{one}.{part}") for one in "qkv"])
        state[f"{place}.attn.qkv.{part}"] = joined
    for name, value in state.items():
        for old, their in inside:
            name = name.replace(old, their)
        renamed[name] = value
    renamed["cls_token"] = renamed["cls_token"].reshape(1, 1, -1)
    renamed["pos_embed"] = renamed["pos_embed"][None]
    assert model.W_i is not None
    return renamed | {"head.weight": model.W_i.T, "head.bias": torch.zeros_like(model.W_i[0])}


def hugging_face_clip(folder: Path, *, patch: int = 32, layers: int = 12) -> Any:
    """transformers' CLIP B with random weights, saved where ours can load it."""
    library = transformers()
    if library is None:
        return None
    torch.manual_seed(0)
    text = {"hidden_size": 512, "num_attention_heads": 8, "intermediate_size": 2048, "num_hidden_layers": layers}
    vision = {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072, "num_hidden_layers": layers}
    config = library.CLIPConfig(text_config=text, vision_config=vision | {"patch_size": patch}, projection_dim=512)
    model = library.CLIPModel(config).eval()
    model.save_pretrained(folder)
    return model


def embedding(output: Any) -> Tensor:
    """transformers gives a tensor up to version 4 and an object with it since version 5."""
    return output if isinstance(output, Tensor) else output.pooler_output


def diffusers_unet(**changes: Any) -> Any:
    """Diffusers' U-Net of ddpm-cifar10-32 with random weights; `changes` are further choices of UNet2DModel."""
    library = diffusers()
    if library is None:
        return None
    choices = {
        "sample_size": 32, "block_out_channels": (128, 256, 256, 256), "layers_per_block": 2, "norm_eps": 1e-6,
        "freq_shift": 1, "down_block_types": ("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"), "flip_sin_to_cos": False,
        "attention_head_dim": None, "downsample_padding": 0,
    }  # fmt: skip
    return library.UNet2DModel(**choices | changes).eval()


def diffusers_loop(scheduler: Any, x: Tensor, eps: Tensor, *, steps: int, **choices: bool) -> Callable[[], Tensor]:
    """A loop over the steps of a scheduler, with the model's answer at hand."""
    scheduler.set_timesteps(steps)

    def run() -> Tensor:
        generator, sample = torch.Generator(x.device).manual_seed(0), x
        for t in scheduler.timesteps:
            sample = scheduler.step(eps, t, sample, generator=generator, **choices).prev_sample
        return sample  # type: ignore[no-any-return]

    return run
