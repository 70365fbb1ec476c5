"""Gradient caching: the gradients of one large contrastive batch in the memory of small parts of it.

A contrastive loss needs all embeddings at once, but not all activations (Gao et al. 2021, "Scaling deep contrastive
learning batch size under memory limited setup"). First all parts are embedded without gradients, and the loss gives
the gradient of each embedding; then each part is embedded again and takes its share of that gradient back. The result
is that of the direct way, to rounding, for one forward pass more.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

Embed = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a batch, and the gradients of the loss by its embeddings and, in the last part, by the temperature."""

    pixels: Tensor  # (n, 3, H, W)
    tokens: Tensor  # (n, L)
    I_grad: Tensor  # (n, d_e)
    T_grad: Tensor  # (n, d_e)
    t_grad: Tensor  # ()

    def surrogate(self, embed: Embed, t: Tensor) -> Tensor:
        """A number whose gradient by the weights is this part's share of the loss's gradient."""
        I_e, T_e = embed(self.pixels, self.tokens)
        return (I_e * self.I_grad).sum() + (T_e * self.T_grad).sum() + t * self.t_grad


def cached_backward(
    forward: Callable[[Part], Tensor], embed: Embed, loss_of: Callable[[Tensor, Tensor, Tensor], Tensor],
    *, pixels: Tensor, tokens: Tensor, t: Tensor, size: int, scale: Callable[[Tensor], Tensor],
) -> Tensor:  # fmt: skip
    """Adds the gradients of loss_of(I_e, T_e, t) part by part, and returns the loss.

    `forward` turns a Part into its surrogate; where it is a DistributedDataParallel, processes meet in the last part.
    Chance inside `embed` (patches left out) is the same in both passes.
    """
    parts = list(zip(torch.split(pixels, size), torch.split(tokens, size), strict=True))
    states, embedded = [], []
    with torch.no_grad():
        for part in parts:
            states.append(torch.get_rng_state())
            embedded.append(embed(*part))
    leaves = [torch.cat(column).detach().requires_grad_() for column in zip(*embedded, strict=True)]
    temperature = t.detach().clone().requires_grad_()
    with torch.enable_grad():
        loss = loss_of(leaves[0], leaves[1], temperature)
        scale(loss).backward()  # type: ignore[no-untyped-call]
    I_grads, T_grads = (torch.split(_gradient(leaf), size) for leaf in leaves)
    after = torch.get_rng_state()
    for n, (part, state, I_grad, T_grad) in enumerate(zip(parts, states, I_grads, T_grads, strict=True)):
        torch.set_rng_state(state)
        last = n == len(parts) - 1
        t_grad = _gradient(temperature) if last else torch.zeros_like(temperature)
        with nullcontext() if last else apart(forward):
            forward(Part(part[0], part[1], I_grad, T_grad, t_grad)).backward()  # type: ignore[no-untyped-call]
    torch.set_rng_state(after)
    return loss.detach()


def apart(forward: object) -> AbstractContextManager[None]:
    """Within it, gradients are not yet joined with those of other processes."""
    return forward.no_sync() if isinstance(forward, DistributedDataParallel) else nullcontext()


def _gradient(leaf: Tensor) -> Tensor:
    assert leaf.grad is not None
    return leaf.grad
