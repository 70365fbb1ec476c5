"""Diffusers' PriorTransformer: the diffusion priors of Karlo and Kandinsky.

Shapes say all but the number of heads, which config.json says. Other choices that its configuration knows, such as
those of Shap-E, are refused by name.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from ateneo.errors import InputError
from ateneo.models.checkpoint import Checkpoint
from ateneo.models.formats import Answers, Format, Rename
from ateneo.models.formats.vit import layers, same
from ateneo.models.prior import ADDED, Prior, PriorConfig

ONLY: dict[str, tuple[Any, ...]] = {  # what a configuration may say where only one way is handled
    "added_emb_type": ("prd",),
    "norm_in_type": (None,),
    "embedding_proj_norm_type": (None,),
    "time_embed_act_fn": ("silu",),
    "additional_embeddings": (ADDED,),
}


def _recognise(checkpoint: Checkpoint) -> bool:
    return {"prd_embedding", "proj_to_clip_embeddings.weight", "clip_mean"} <= set(checkpoint.shapes)


def _build(checkpoint: Checkpoint, answers: Answers) -> nn.Module:
    shapes, config = checkpoint.shapes, checkpoint.config("config.json")
    for name, handled in ONLY.items():
        if config.get(name, handled[0]) not in handled:
            raise InputError(f"{checkpoint.path} has {name} = {config[name]!r}; only {handled[0]!r} is handled")
    width = shapes["proj_in.weight"][0]
    found = config.get("num_attention_heads", 32) if config else None
    heads = int(answers.ask("num_attention_heads", found, usual="32"))
    reads = "encoder_hidden_states_proj.weight" in shapes
    return Prior(
        PriorConfig(
            embed=shapes["proj_in.weight"][1],
            text=shapes["embedding_proj.weight"][1],
            tokens=shapes["positional_embedding"][1] - ADDED if reads else 0,
            token_width=shapes["encoder_hidden_states_proj.weight"][1] if reads else shapes["proj_in.weight"][1],
            heads=heads,
            head_width=width // heads,
            layers=layers(checkpoint, "transformer_blocks.*.norm1.weight"),
            bound=float(answers.take("bound", 10.0)),
        )
    )


def _renames(model: nn.Module) -> Sequence[Rename]:
    del model
    theirs, ours = "transformer_blocks.*", "blocks.*"
    table = [
        Rename("positional_embedding", "positions", lambda x: x[0]),
        Rename("prd_embedding", "prediction", Tensor.flatten),
        Rename("clip_mean", "mean", Tensor.flatten),
        Rename("clip_std", "std", Tensor.flatten),
    ]
    table += same(
        ("time_embedding.linear_1", "time.0"),
        ("time_embedding.linear_2", "time.2"),
        ("proj_in", "picture"),
        ("embedding_proj", "text"),
        ("encoder_hidden_states_proj", "tokens"),
        ("norm_out", "norm"),
        ("proj_to_clip_embeddings", "out"),
    )
    inner = {"norm1": "norm1", "norm3": "norm2", "ff.net.0.proj": "mlp.up", "ff.net.2": "mlp.down"}
    inner |= {"attn1.to_q": "attention.q", "attn1.to_k": "attention.k", "attn1.to_v": "attention.v"}
    inner |= {"attn1.to_out.0": "attention.out"}
    return table + same(*((f"{theirs}.{old}", f"{ours}.{new}") for old, new in inner.items()))


FORMATS = [Format("Diffusers PriorTransformer", _recognise, build=_build, renames=_renames)]
