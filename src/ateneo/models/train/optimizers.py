"""What changes the weights: AdamW for all, or Muon for the matrices of the blocks and AdamW for the rest.

A module that is no transformer may offer its own by a method `matrices()`: filters of convolutions as matrices.

Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks",
https://kellerjordan.github.io/posts/muon/) replaces the momentum of a matrix by the nearest semi-orthogonal one, so
that all its directions are learned alike. Its steps are scaled to the length of AdamW's (Liu et al. 2025, "Muon is
scalable for LLM training", section 2.2: 0.2 √max(rows, columns)), so that one learning rate and one weight decay
serve both.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from ateneo.errors import SettingsError
from ateneo.models.layers import Transformer

OPTIMIZERS = ("adamw", "muon")
FEW = (
    3  # steps of Newton and Schulz towards an orthogonal matrix, for what modules offer: Muon's five gain little there
)


def optimizers_of(
    model: nn.Module, name: str, *, lr: float, weight_decay: float, betas: tuple[float, float]
) -> dict[str, torch.optim.Optimizer]:
    """The optimizers that share a model's parameters: "optimizer" is AdamW, and where it is asked for, "muon".

    Raises SettingsError where Muon has no matrices.
    """
    hidden = matrices_of_blocks(model) if name == "muon" else []
    offered = offered_by(model) if name == "muon" else []
    rest = torch.optim.AdamW(groups_of(model, weight_decay, without=[*hidden, *offered]), lr=lr, betas=betas)
    if name != "muon":
        return {"optimizer": rest}
    both: list[dict[str, Any]] = [{"params": hidden}, {"params": offered, "ns_steps": FEW}]
    groups = [group for group in both if group["params"]]
    if not groups:
        raise SettingsError("cannot use optimizer 'muon': the model has no transformer blocks; give 'adamw'")
    muon = torch.optim.Muon(groups, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
    return {"optimizer": rest, "muon": muon}


def matrices_of_blocks(model: nn.Module) -> list[nn.Parameter]:
    """The weights of the linear layers within transformers, which is what Muon is for."""
    transformers = [module for module in model.modules() if isinstance(module, Transformer)]
    return [p for module in transformers for p in module.parameters() if p.ndim == 2 and p.requires_grad]


def offered_by(model: nn.Module) -> list[nn.Parameter]:
    """The matrices that modules of the model offer to Muon by their method `matrices`."""
    offers = (getattr(module, "matrices", None) for module in model.modules())
    return [p for offer in offers if callable(offer) for p in offer() if p.requires_grad]


def groups_of(model: nn.Module, weight_decay: float, *, without: Sequence[nn.Parameter] = ()) -> list[dict[str, Any]]:
    """Parameters for AdamW: matrices decay; biases, gains, embeddings, positions and the temperature do not."""
    embeddings = {id(p) for m in model.modules() if isinstance(m, nn.Embedding) for p in m.parameters(recurse=False)}
    elsewhere = set(map(id, without))
    decayed: list[nn.Parameter] = []
    kept: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad or id(parameter) in elsewhere:
            continue
        apart = (
            parameter.ndim < 2 or id(parameter) in embeddings or any(word in name for word in ("position", "class_"))
        )
        (kept if apart else decayed).append(parameter)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": kept, "weight_decay": 0.0}]
