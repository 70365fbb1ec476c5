"""VQGAN in the taming layout (also where a Lightning checkpoint holds it) and as Diffusers' VQModel.

Both are told by their shapes but for the groups of the norms: taming has 32, Diffusers says it in config.json. Taming
numbers the decoder's levels as it does the encoder's, the largest first; ours are in the order in which they are run.
What taming kept of its loss, a discriminator and LPIPS, is no part of the model.
"""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from ateneo.errors import InputError
from ateneo.models.checkpoint import Checkpoint
from ateneo.models.formats import Answers, Format, Rename
from ateneo.models.formats.vit import layers, same
from ateneo.models.vqgan import Vqgan, VqganConfig

BLOCK = {"norm1": "norm1", "conv1": "conv1", "norm2": "norm2", "conv2": "conv2"}
CODEBOOK = "quantize.embedding.weight"
OUTER = (("quant_conv", "before"), ("post_quant_conv", "after"))


# --- taming ---


def _taming(checkpoint: Checkpoint) -> bool:
    return {CODEBOOK, "quant_conv.weight", "encoder.down.0.block.0.norm1.weight"} <= set(checkpoint.shapes)


def _build_taming(checkpoint: Checkpoint, answers: Answers) -> nn.Module:
    shapes = checkpoint.shapes
    levels = range(layers(checkpoint, "encoder.down.*.block.0.conv2.weight"))
    return Vqgan(
        VqganConfig(
            image_size=int(answers.take("image_size", 256)),
            channels=shapes["encoder.conv_in.weight"][1],
            widths=tuple(shapes[f"encoder.down.{i}.block.0.conv2.weight"][0] for i in levels),
            blocks=layers(checkpoint, "encoder.down.0.block.*.conv2.weight"),
            attention=tuple(i for i in levels if f"encoder.down.{i}.attn.0.norm.weight" in shapes),
            middle_attention="encoder.mid.attn_1.norm.weight" in shapes,
            z_channels=shapes["encoder.conv_out.weight"][0],
            codes=shapes[CODEBOOK][0],
            embed=shapes[CODEBOOK][1],
            groups=int(answers.take("groups", 32)),
        )
    )


def _renames_taming(model: nn.Module) -> Sequence[Rename]:
    assert isinstance(model, Vqgan)
    names = {**BLOCK, "nin_shortcut": "skip"}
    table, last = _outer("norm_out"), len(model.config.widths) - 1
    for side in ("encoder", "decoder"):
        table += _middle(side, ("mid.block_1", "mid.attn_1", "mid.block_2"), names, _taming_attention)
        for level in range(last + 1):
            theirs = f"{side}.{'down' if side == 'encoder' else 'up'}.{level}"
            ours = f"{side}.levels.{level if side == 'encoder' else last - level}"
            table += same(*((f"{theirs}.block.*.{old}", f"{ours}.blocks.*.{new}") for old, new in names.items()))
            table += _taming_attention(f"{theirs}.attn.*", f"{ours}.attention.*")
            table += same(*((f"{theirs}.{way}sample.conv", f"{ours}.resample.conv") for way in ("down", "up")))
    return table


def _taming_attention(theirs: str, ours: str) -> list[Rename]:
    """Convolutions over single pixels, which are linear layers."""
    table = same((f"{theirs}.norm", f"{ours}.norm"))
    for old, new in (("q", "q"), ("k", "k"), ("v", "v"), ("proj_out", "out")):
        table += [Rename(f"{theirs}.{old}.weight", f"{ours}.{new}.weight", matrix)]
        table += [Rename(f"{theirs}.{old}.bias", f"{ours}.{new}.bias")]
    return table


def matrix(x: Tensor) -> Tensor:
    """(C', C, 1, 1) → (C', C)."""
    return x.flatten(1)


# --- Diffusers ---


def _diffusers(checkpoint: Checkpoint) -> bool:
    return {CODEBOOK, "quant_conv.weight", "encoder.down_blocks.0.resnets.0.norm1.weight"} <= set(checkpoint.shapes)


def _build_diffusers(checkpoint: Checkpoint, answers: Answers) -> nn.Module:
    shapes, config = checkpoint.shapes, checkpoint.config("config.json")
    if config.get("norm_type", "group") != "group":
        raise InputError(f"{checkpoint.path} has norm_type = {config['norm_type']!r}; only 'group' is handled")
    levels = range(layers(checkpoint, "encoder.down_blocks.*.resnets.0.conv2.weight"))
    groups: Any = config.get("norm_num_groups", 32) if config else None
    return Vqgan(
        VqganConfig(
            image_size=int(config.get("sample_size", 256)),
            channels=shapes["encoder.conv_in.weight"][1],
            widths=tuple(shapes[f"encoder.down_blocks.{i}.resnets.0.conv2.weight"][0] for i in levels),
            blocks=layers(checkpoint, "encoder.down_blocks.0.resnets.*.conv2.weight"),
            attention=tuple(
                i for i in levels if any(name.startswith(f"encoder.down_blocks.{i}.attentions.0.") for name in shapes)
            ),
            middle_attention="encoder.mid_block.attentions.0.group_norm.weight" in shapes,
            z_channels=shapes["encoder.conv_out.weight"][0],
            codes=shapes[CODEBOOK][0],
            embed=shapes[CODEBOOK][1],
            groups=int(answers.ask("norm_num_groups", groups, usual="32")),
        )
    )


def _renames_diffusers(model: nn.Module) -> Sequence[Rename]:
    names = {**BLOCK, "conv_shortcut": "skip"}
    middle = ("mid_block.resnets.0", "mid_block.attentions.0", "mid_block.resnets.1")
    table = _outer("conv_norm_out")
    for side, way in (("encoder", "down"), ("decoder", "up")):
        theirs, ours = f"{side}.{way}_blocks.*", f"{side}.levels.*"
        table += _middle(side, middle, names, _diffusers_attention)
        table += same(*((f"{theirs}.resnets.*.{old}", f"{ours}.blocks.*.{new}") for old, new in names.items()))
        table += _diffusers_attention(f"{theirs}.attentions.*", f"{ours}.attention.*")
        table += same((f"{theirs}.{way}samplers.0.conv", f"{ours}.resample.conv"))
    return table


def _diffusers_attention(theirs: str, ours: str) -> list[Rename]:
    """Under today's names, and under the first ones."""
    names = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "out"}
    first = {"query": "q", "key": "k", "value": "v", "proj_attn": "out"}
    return same(*((f"{theirs}.{old}", f"{ours}.{new}") for old, new in [*names.items(), *first.items()]))


# --- both ---


def _outer(norm: str) -> list[Rename]:
    """What both call alike but for the last norm."""
    table = [Rename(CODEBOOK, "codebook.weight"), *same(*OUTER)]
    for side in ("encoder", "decoder"):
        ends = (("conv_in", "stem"), (norm, "norm"), ("conv_out", "out"))
        table += same(*((f"{side}.{old}", f"{side}.{new}") for old, new in ends))
    return table


def _middle(
    side: str, theirs: tuple[str, str, str], names: dict[str, str], attention: Callable[[str, str], list[Rename]]
) -> list[Rename]:
    first, between, last = (f"{side}.{name}" for name in theirs)
    table = attention(between, f"{side}.middle.1")
    for block, place in ((first, 0), (last, 2)):
        table += same(*((f"{block}.{old}", f"{side}.middle.{place}.{new}") for old, new in names.items()))
    return table


FORMATS = [
    Format("taming VQGAN", _taming, build=_build_taming, renames=_renames_taming, ignored=("loss.**",)),
    Format("Diffusers VQModel", _diffusers, build=_build_diffusers, renames=_renames_diffusers),
]
