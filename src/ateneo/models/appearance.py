"""What a guided picture should look like beside its words: terms of log p that are added to CLIP's.

CLIP alone is content with patterns that no person sees anything in; the predicted x₀ held in range and without grain is
closer to a picture (as in the notebooks of CLIP-guided diffusion, Crowson 2021).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ateneo.errors import InputError
from ateneo.models.diffusion import Prediction
from ateneo.models.guidance import LogP
from ateneo.models.schedules import Level


@dataclass(frozen=True)
class Sum:
    """Several terms of log p, each with its weight."""

    terms: Sequence[tuple[float, LogP]]

    def __post_init__(self) -> None:
        """InputError where there is no term."""
        if not self.terms:
            raise InputError("a sum of log p needs at least one term")

    def __call__(self, x_t: Tensor, level: Level, prediction: Prediction, /) -> Tensor:
        """(B,)."""
        (weight, first), *others = self.terms
        total = weight * first(x_t, level, prediction)
        for weight, term in others:
            total = total + weight * term(x_t, level, prediction)
        return total


class Smooth:
    """Minus the mean squared difference of neighbouring pixels of x₀ (total variation, squared)."""

    def __call__(self, x_t: Tensor, level: Level, prediction: Prediction, /) -> Tensor:
        """(B,), at most 0."""
        x0 = prediction.x0
        across, down = x0.diff(dim=3).square(), x0.diff(dim=2).square()
        return -(across.mean(dim=(1, 2, 3)) + down.mean(dim=(1, 2, 3)))


class InRange:
    """Minus the mean squared amount by which x₀ leaves [-1, 1]."""

    def __call__(self, x_t: Tensor, level: Level, prediction: Prediction, /) -> Tensor:
        """(B,), at most 0."""
        x0 = prediction.x0
        return -(x0 - x0.clamp(-1, 1)).square().mean(dim=(1, 2, 3))
