"""Diffusers' UNet2DModel: the DDPMs as Diffusers publishes them, with their first names of attention and today's.

config.json beside the file says what the weights cannot: the size of a head, the epsilon of the norms, the padding of
the strided convolutions, and the order and frequencies of the timestep embedding. A key that a configuration leaves out
has the value that Diffusers defines for it. Where there is no configuration, each is asked for under Diffusers' name.
"""

from collections.abc import Sequence
from typing import Any

from torch import nn

from ateneo.errors import InputError
from ateneo.models.checkpoint import Checkpoint
from ateneo.models.formats import Answers, Format, Rename
from ateneo.models.formats.vit import layers, same
from ateneo.models.unet import Encoder, UNet, UNetConfig

BLOCK = {
    "norm1": "norm1",
    "conv1": "conv1",
    "time_emb_proj": "embed",
    "norm2": "norm2",
    "conv2": "conv2",
    "conv_shortcut": "skip",
}
ONLY: dict[str, tuple[Any, ...]] = {  # what a configuration may say where only one way is handled
    "time_embedding_type": ("positional",),
    "time_embedding_dim": (None,),
    "act_fn": ("silu", "swish"),
    "mid_block_type": ("UNetMidBlock2D",),
    "mid_block_scale_factor": (1,),
    "center_input_sample": (False,),
    "class_embed_type": (None,),
}
OURS = ("q", "k", "v", "out")  # the layers of attention
DEFAULTS: dict[str, Any] = {  # of UNet2DModel
    "attention_head_dim": 8,
    "norm_eps": 1e-5,
    "norm_num_groups": 32,
    "downsample_padding": 1,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
}
USUAL = {
    "attention_head_dim": "0 (one head) in the published DDPMs, 8 by default",
    "norm_eps": "1e-6 in the published DDPMs, 1e-5 by default",
    "norm_num_groups": "32",
    "downsample_padding": "0 in the published DDPMs, 1 by default",
    "flip_sin_to_cos": "False in the published DDPMs, True by default",
    "freq_shift": "1 in the published DDPMs, 0 by default",
}


def _recognise(checkpoint: Checkpoint) -> bool:
    names = set(checkpoint.shapes)
    conditional = any(".transformer_blocks." in name for name in names)
    return {"time_embedding.linear_1.weight", "conv_in.weight", "down_blocks.0.resnets.0.norm1.weight"} <= names and (
        not conditional
    )


def _build(checkpoint: Checkpoint, answers: Answers) -> nn.Module:
    """The network that the shapes and the configuration describe."""
    shapes, config = checkpoint.shapes, checkpoint.config("config.json")
    for name, handled in ONLY.items():
        if config.get(name, handled[0]) not in handled:
            raise InputError(f"{checkpoint.path} has {name} = {config[name]!r}; only {handled[0]!r} is handled")

    def ask(name: str) -> Any:
        found = config.get(name, DEFAULTS[name]) if config else None
        return answers.ask(name, 0 if config and found is None else found, usual=USUAL[name])

    levels = range(layers(checkpoint, "down_blocks.*.resnets.0.conv1.weight"))
    widths = tuple(shapes[f"down_blocks.{i}.resnets.0.conv2.weight"][0] for i in levels)
    attention = tuple(i for i in levels if any(k.startswith(f"down_blocks.{i}.attentions.0.") for k in shapes))
    size = config.get("sample_size") or 32
    head_channels = int(ask("attention_head_dim"))
    return UNet(
        UNetConfig(
            image_size=size if isinstance(size, int) else size[0],
            in_channels=shapes["conv_in.weight"][1],
            out_channels=shapes["conv_out.weight"][0],
            channels=shapes["time_embedding.linear_1.weight"][1],
            widths=widths,
            blocks=layers(checkpoint, "down_blocks.0.resnets.*.conv1.weight"),
            attention=attention,
            head_channels=head_channels or None,
            classes=shapes["class_embedding.weight"][0] if "class_embedding.weight" in shapes else None,
            dropout=float(config.get("dropout", 0.0)),
            scale_shift=shapes["down_blocks.0.resnets.0.time_emb_proj.weight"][0] == 2 * widths[0],
            resample="block" if "down_blocks.0.downsamplers.0.conv1.weight" in shapes else "conv",
            pad_after=int(ask("downsample_padding")) == 0,
            middle_attention="mid_block.attentions.0.group_norm.weight" in shapes,
            sin_first=not ask("flip_sin_to_cos"),
            freq_shift=float(ask("freq_shift")),
            groups=int(ask("norm_num_groups")),
            eps=float(ask("norm_eps")),
        )
    )


def _renames(model: nn.Module) -> Sequence[Rename]:
    """Theirs are numbered by level, ours in one row: `blocks` stages and a change of size on the way down."""
    assert isinstance(model, Encoder)
    config = model.config
    each, table = config.blocks + 1, [Rename("class_embedding.weight", "labels.weight")]
    table += same(
        ("conv_in", "stem"),
        ("time_embedding.linear_1", "time.0"),
        ("time_embedding.linear_2", "time.2"),
        ("conv_norm_out", "norm"),
        ("conv_out", "out"),
    )
    for level in range(len(config.widths)):
        for j in range(each):
            table += _stage(f"down_blocks.{level}", j, f"down.{level * each + j}")
            table += _stage(f"up_blocks.{level}", j, f"up.{level * each + j}")
        table += _resample(f"down_blocks.{level}.downsamplers.0", f"down.{level * each + config.blocks}.after")
        table += _resample(f"up_blocks.{level}.upsamplers.0", f"up.{level * each + config.blocks}.after")
    return [*table, *_stage("mid_block", 0, "middle"), *_block("mid_block.resnets.1", "middle.after")]


def _stage(theirs: str, j: int, ours: str) -> list[Rename]:
    """The j-th residual block of a level, and its attention."""
    return _block(f"{theirs}.resnets.{j}", f"{ours}.block") + _attention(
        f"{theirs}.attentions.{j}", f"{ours}.attention"
    )


def _block(theirs: str, ours: str) -> list[Rename]:
    return same(*((f"{theirs}.{old}", f"{ours}.{new}") for old, new in BLOCK.items()))


def _resample(theirs: str, ours: str) -> list[Rename]:
    """By a convolution, or in a residual block."""
    return same((f"{theirs}.conv", f"{ours}.conv")) + _block(theirs, ours)


def _attention(theirs: str, ours: str) -> list[Rename]:
    """Under today's names, and under the first ones."""
    today, first = ("to_q", "to_k", "to_v", "to_out.0"), ("query", "key", "value", "proj_attn")
    names = [
        (f"{theirs}.{old}", f"{ours}.attention.{new}")
        for olds in (today, first)
        for old, new in zip(olds, OURS, strict=True)
    ]
    return same((f"{theirs}.group_norm", f"{ours}.norm"), *names)


FORMATS = [Format("Diffusers UNet2DModel", _recognise, build=_build, renames=_renames)]
