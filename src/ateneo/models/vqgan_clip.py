"""VQGAN+CLIP: a picture by changing the codes of a VQGAN until CLIP finds the words in it (Crowson et al. 2022,
"VQGAN-CLIP: Open domain image generation and editing with natural language guidance").

What is changed is the grid before it is quantized; the gradient of CLIP's distance reaches it through decoder and
codebook as if nothing had been replaced. No model of noise is needed, and none helps the picture to look like one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ateneo.errors import EngineError, SettingsError
from ateneo.models.vqgan import Vqgan

Distance = Callable[[Tensor], Tensor]
Progress = Callable[[range], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Change:
    """What a callback sees after each step: the grid z (B, embed, h, w), its picture before the step, the distance of
    each picture from the words (B,), and the gradient of the grid."""

    index: int
    total: int
    z: Tensor
    pictures: Tensor
    distance: Tensor
    gradient: Tensor


def random_grid(vqgan: Vqgan, rows: int, columns: int, *, generators: list[torch.Generator]) -> Tensor:
    """A grid of codes drawn evenly from the codebook, one picture for each generator: (B, embed, rows, columns)."""
    count = vqgan.config.codes
    codes = torch.stack([torch.randint(count, (rows, columns), generator=generator) for generator in generators])
    return vqgan.codebook.weight.detach()[codes].permute(0, 3, 1, 2).contiguous()


def vqgan_clip(
    vqgan: Vqgan,
    distance: Distance,
    z: Tensor,
    *,
    steps: int,
    lr: float = 0.1,
    progress: Progress | None = None,
    callback: Callable[[Change], None] | None = None,
) -> Tensor:
    """Pictures (B, C, H, W) whose `distance` (B,) was lessened from the grid z (B, embed, h, w) on, by Adam.

    distance: of pictures in [-1, 1] from the words, such as ClipLogP.distance. Raises EngineError where it is not
    finite, SettingsError where there is no step.
    """
    if steps < 1:
        raise SettingsError(f"cannot take {steps} steps; take at least one")
    low, high = (bound.view(1, -1, 1, 1) for bound in vqgan.codebook.weight.detach().aminmax(dim=0))
    z = z.detach().clone().requires_grad_()
    adam = torch.optim.Adam([z], lr=lr)
    for i in progress(range(steps)) if progress else range(steps):
        with torch.enable_grad():
            pictures = vqgan.decode(vqgan.quantize(z).z).clamp(-1, 1)
            found = distance(pictures)
            (gradient,) = torch.autograd.grad(found.sum(), z)
        if not bool(torch.isfinite(gradient).all()):
            raise EngineError(f"the gradient of the distance is not finite at step {i}: check the words and the VQGAN")
        z.grad = gradient
        adam.step()
        with torch.no_grad():
            z.copy_(z.clamp(low, high))  # what no code is near to cannot be drawn
        if callback:
            callback(Change(i, steps, z.detach(), pictures.detach(), found.detach(), gradient))
    with torch.no_grad():
        return vqgan.decode(vqgan.quantize(z).z).clamp(-1, 1)
