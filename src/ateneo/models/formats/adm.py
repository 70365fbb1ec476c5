"""guided-diffusion: the U-Nets of ADM and their classifiers of noisy pictures.

The file tells the shape of the network but not how its attention is split: the size or number of the heads, and whether
q, k and v are rows of each head (the first models) or all heads' q come first (use_new_attention_order, the 64 x 64
model). Nor does a classifier's file tell the size of its pictures. These are asked for under guided-diffusion's own
names, or read from a config.json with them beside the file.
"""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from ateneo.errors import InputError
from ateneo.models.checkpoint import Checkpoint
from ateneo.models.formats import Answers, Format, Rename
from ateneo.models.formats.vit import parted, same
from ateneo.models.unet import Classifier, Encoder, PictureAttention, Resample, ResBlock, UNet, UNetConfig

BLOCK = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "embed",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "skip",
}


def _recognise(checkpoint: Checkpoint) -> bool:
    return {"time_embed.0.weight", "input_blocks.0.0.weight", "middle_block.1.qkv.weight"} <= set(checkpoint.shapes)


def _build(checkpoint: Checkpoint, answers: Answers) -> nn.Module:
    """The network that the shapes describe."""
    shapes, config = checkpoint.shapes, checkpoint.config("config.json")
    is_classifier = not any(key.startswith("output_blocks.") for key in shapes)
    if is_classifier and "out.2.positional_embedding" not in shapes:
        raise InputError(f"{checkpoint.path} is a classifier that does not pool by attention; only those are handled")
    stages = len(
        {key.split(".")[1] for key in shapes if key.startswith("input_blocks.")}
    )  # the stem, then blocks and changes of size
    size, levels = _levels(checkpoint, answers, config, is_classifier=is_classifier)
    if stages % levels:
        raise InputError(f"{checkpoint.path} has {stages} input blocks, which {levels} levels cannot share evenly")
    each = stages // levels
    firsts = [f"input_blocks.{1 + level * each}" for level in range(levels)]
    embed = shapes["input_blocks.1.0.emb_layers.1.weight"][0]
    widths = tuple(shapes[f"{first}.0.out_layers.3.weight"][0] for first in firsts)
    out = shapes["out.2.c_proj.weight" if is_classifier else "out.2.weight"][0]
    made = UNetConfig(
        image_size=size,
        in_channels=shapes["input_blocks.0.0.weight"][1],
        out_channels=out,
        channels=shapes["time_embed.0.weight"][1],
        widths=widths,
        blocks=each - 1,
        attention=tuple(level for level, first in enumerate(firsts) if f"{first}.1.qkv.weight" in shapes),
        classes=shapes["label_emb.weight"][0] if "label_emb.weight" in shapes else None,
        scale_shift=embed == 2 * widths[0],
        resample="conv" if f"input_blocks.{each}.0.op.weight" in shapes else "block",
        dropout=float(answers.take("dropout", config.get("dropout", 0.0))),
        **_heads(answers, config),
    )
    model = Classifier(made) if is_classifier else UNet(made)
    new_order = answers.ask(
        "use_new_attention_order", config.get("use_new_attention_order"),
        usual="True for the published 64 x 64 diffusion model, False for all others",
    )  # fmt: skip
    model.__dict__["new_order"] = bool(new_order)  # for _renames alone: our own order is always the new one
    return model


def _levels(
    checkpoint: Checkpoint, answers: Answers, config: dict[str, Any], *, is_classifier: bool
) -> tuple[int, int]:
    """The size of pictures, and how many levels there are."""
    if is_classifier:
        usual = "pixels, the number in the published file's name"
        size = int(answers.ask("image_size", config.get("image_size"), usual=usual))
        side = round((checkpoint.shapes["out.2.positional_embedding"][1] - 1) ** 0.5)
        return size, max(size // side, 1).bit_length()
    growing = {
        key.split(".")[1]
        for key in checkpoint.shapes
        if key.startswith("output_blocks.") and not key.startswith(f"output_blocks.{key.split('.')[1]}.0.")
        and (key.endswith(".conv.weight") or key.endswith("in_layers.2.weight"))
    }  # fmt: skip
    return int(answers.take("image_size", config.get("image_size", 64))), len(growing) + 1


def _heads(answers: Answers, config: dict[str, Any]) -> dict[str, Any]:
    """heads or head_channels, as guided-diffusion's num_heads and num_head_channels say; -1 leaves it to the former."""
    heads = answers.take("num_heads", config.get("num_heads"))
    channels = answers.take("num_head_channels", config.get("num_head_channels"))
    if channels not in (None, -1):
        return {"head_channels": int(channels)}
    usual = "num_heads=4 for the published 128 x 128 diffusion model, num_head_channels=64 for all others"
    return {"heads": int(answers.ask("num_heads", heads, usual=usual))}


def _renames(model: nn.Module) -> Sequence[Rename]:
    """The names of each stage, in order: the first of `down` is the second of theirs, the stem being the first."""
    assert isinstance(model, Encoder)
    new_order: bool = model.__dict__["new_order"]
    table = same(
        ("time_embed.0", "time.0"), ("time_embed.2", "time.2"), ("input_blocks.0.0", "stem"), ("out.0", "norm")
    )
    stages = [(f"input_blocks.{n + 1}", f"down.{n}", stage) for n, stage in enumerate(model.down)]
    stages.append(("middle_block", "middle", model.middle))
    if isinstance(model, UNet):
        table += [*same(("out.2", "out")), Rename("label_emb.weight", "labels.weight")]
        stages += [(f"output_blocks.{n}", f"up.{n}", stage) for n, stage in enumerate(model.up)]
    else:
        table.append(Rename("out.2.positional_embedding", "pool.positions", lambda x: x.T))
        table += parted("out.2.qkv_proj.", "pool.attention", squeezed)
        table += _linear("out.2.c_proj", "pool.attention.out", squeezed)
    for theirs, ours, stage in stages:
        parts = [name for name in ("block", "attention", "after") if getattr(stage, name) is not None]
        for place, name in enumerate(parts):
            table += _part(f"{theirs}.{place}", f"{ours}.{name}", getattr(stage, name), new_order=new_order)
    return table


def _part(theirs: str, ours: str, module: nn.Module, *, new_order: bool) -> list[Rename]:
    """The names of a residual block, of a change of size by convolution, or of attention."""
    if isinstance(module, ResBlock):
        return same(*((f"{theirs}.{old}", f"{ours}.{new}") for old, new in BLOCK.items()))
    if isinstance(module, Resample):
        return same((f"{theirs}.{'op' if module.direction == 'down' else 'conv'}", f"{ours}.conv"))
    assert isinstance(module, PictureAttention)
    heads = module.attention.heads
    order = squeezed if new_order else lambda x: heads_last(squeezed(x), heads)
    return [
        *same((f"{theirs}.norm", f"{ours}.norm")),
        *parted(f"{theirs}.qkv.", f"{ours}.attention", order),
        *_linear(f"{theirs}.proj_out", f"{ours}.attention.out", squeezed),
    ]


def _linear(theirs: str, ours: str, transform: Callable[[Tensor], Tensor]) -> list[Rename]:
    return [Rename(f"{theirs}.{part}", f"{ours}.{part}", transform) for part in ("weight", "bias")]


def squeezed(x: Tensor) -> Tensor:
    """(C', C, 1), a convolution over single pixels, → (C', C); a bias stays."""
    return x.squeeze(-1) if x.ndim == 3 else x


def heads_last(x: Tensor, heads: int) -> Tensor:
    """Rows in the order (head, q k v, channel) → (q k v, head, channel)."""
    return x.reshape(heads, 3, -1, *x.shape[1:]).transpose(0, 1).flatten(0, 2)


FORMATS = [Format("guided-diffusion", _recognise, build=_build, renames=_renames)]
