"""The one contract of this library's diffusion models: what a denoiser is.

A denoiser is a function (x_t, level) → Prediction. A Level says how much noise x_t has; a Prediction says what the
denoiser makes of it: x₀ and ε, which always satisfy x_t = α x₀ + σ ε, and ν, where between β̃ (0) and β (1) it puts the
variance of the step, on a logarithmic scale. With x₀ alone every sampler is a few lines, because each of their steps is
linear in x_t and x₀; guidance wraps a denoiser and returns a denoiser. `Denoiser` makes one of a network that predicts
ε, x₀ or v; whatever else keeps the contract, such as a closed form, serves as well.

A network is a function (x_t (B, C, H, W), t (B,)) → (B, C, H, W), or (B, 2C, H, W) where it also predicts ν. Its labels
and other conditions are bound beforehand: `partial(unet, labels=labels)`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, Protocol

import torch
from torch import Tensor

from ateneo.errors import InputError, SettingsError
from ateneo.models.schedules import Level

Network = Callable[[Tensor, Tensor], Tensor]
Predicts = Literal["eps", "x0", "v"]
Variance = Literal["small", "large", "learned"]

_NU: dict[str, float] = {"small": 0.0, "large": 1.0, "learned": 0.0}


class Prediction:
    """What a denoiser makes of x_t. One of x₀, ε and α x₀ is given, the others follow when asked for.

    nu: ν of Nichol & Dhariwal 2021, equation 15: log Σ = ν log β + (1 - ν) log β̃; a number, or a tensor of x_t's shape.
    gradient: of the mean form of guidance, what the ancestral sampler adds as Σ·gradient. unguided: the prediction
    before guidance in the score form.
    """

    __slots__ = ("_eps", "_signal", "_x0", "gradient", "level", "nu", "unguided", "x_t")

    def __init__(
        self,
        x_t: Tensor,
        level: Level,
        *,
        x0: Tensor | None = None,
        eps: Tensor | None = None,
        signal: Tensor | None = None,
        nu: float | Tensor = 0.0,
        gradient: Tensor | None = None,
        unguided: "Prediction | None" = None,
    ) -> None:
        if x0 is None and eps is None and signal is None:
            raise InputError("a prediction needs x0, eps or signal")
        self.x_t, self.level, self.nu, self.gradient, self.unguided = x_t, level, nu, gradient, unguided
        self._x0, self._eps, self._signal = x0, eps, signal

    @property
    def x0(self) -> Tensor:
        """The picture without its noise, (B, C, H, W)."""
        if self._x0 is None:
            self._x0 = self.step(0.0, 1.0)
        return self._x0

    @property
    def eps(self) -> Tensor:
        """The noise in x_t, (B, C, H, W)."""
        if self._eps is None:
            inverse = 1 / self.level.sigma
            if self._x0 is not None:
                self._eps = scaled_sum(self.x_t, inverse, self._x0, -inverse * self.level.alpha)
            else:
                assert self._signal is not None
                self._eps = scaled_sum(self.x_t, inverse, self._signal, -inverse)
        return self._eps

    def step(self, on_x_t: float | Tensor, on_x0: float | Tensor, *, onto: Tensor | None = None) -> Tensor:
        """on_x_t · x_t + on_x0 · x₀, which every step of a sampler is, from what is known.

        onto: a tensor to add it to, in its memory.
        """
        if self._x0 is not None:
            return scaled_sum(self.x_t, on_x_t, self._x0, on_x0, onto=onto)
        on_signal = on_x0 / self.level.alpha
        if self._signal is not None:
            return scaled_sum(self.x_t, on_x_t, self._signal, on_signal, onto=onto)
        assert self._eps is not None
        return scaled_sum(self.x_t, on_x_t + on_signal, self._eps, -on_signal * self.level.sigma, onto=onto)


class DenoiserLike(Protocol):
    """The contract: whatever turns x_t (B, C, H, W) at a level into a Prediction."""

    def __call__(self, x_t: Tensor, level: Level, /) -> Prediction:
        """What it makes of x_t."""


@dataclass(frozen=True)
class Denoiser:
    """A network as a denoiser.

    predicts: what the network was trained to give: "eps", "x0", or "v" = α ε - σ x₀ (Salimans & Ho 2022).
    variance: "small" (β̃), "large" (β), or "learned", where the network's second half of channels is 2ν - 1.
    clip: x₀ is held within ±clip; None leaves it. threshold: instead, each picture is held within the quantile of its
    own |x₀| (at least clip, at most threshold_limit) and divided by it (Saharia et al. 2022, section 2.3).
    Where x₀ is bounded, ε follows from it.
    """

    network: Network
    predicts: Predicts = "eps"
    variance: Variance = "small"
    clip: float | None = 1.0
    threshold: float | None = None
    threshold_limit: float | None = None

    def __post_init__(self) -> None:
        """SettingsError where a choice has no such name."""
        if self.predicts not in ("eps", "x0", "v"):
            raise SettingsError(f"a network cannot predict {self.predicts!r}; choose eps, x0 or v")
        if self.variance not in _NU:
            raise SettingsError(f"there is no variance {self.variance!r}; choose small, large or learned")

    def __call__(self, x_t: Tensor, level: Level, /) -> Prediction:
        """The network asked once. Raises InputError where what it returns has not the shape it should have."""
        t = level.t if isinstance(level.t, Tensor) else torch.full((1,), level.t, device=x_t.device)
        output, nu = self.split(self.network(x_t, t.expand(x_t.shape[0])), x_t)
        return self.read(x_t, level, output, nu=nu)

    def split(self, output: Tensor, x_t: Tensor) -> tuple[Tensor, float | Tensor]:
        """The network's output as its prediction (B, C, H, W) and ν."""
        if self.variance != "learned":
            if output.shape != x_t.shape:
                self._refuse(output, x_t, x_t.shape)
            return output, _NU[self.variance]
        expected = torch.Size((x_t.shape[0], 2 * x_t.shape[1], *x_t.shape[2:]))
        if output.shape != expected:
            self._refuse(output, x_t, expected)
        prediction, v = output.chunk(2, dim=1)
        return prediction, (v + 1) / 2

    def _refuse(self, output: Tensor, x_t: Tensor, expected: torch.Size) -> NoReturn:
        raise InputError(
            f"the network returned {tuple(output.shape)} for pictures {tuple(x_t.shape)} where {tuple(expected)} is"
            f" expected with variance={self.variance!r}; twice the channels are a learned variance"
        )

    def read(self, x_t: Tensor, level: Level, output: Tensor, *, nu: float | Tensor) -> Prediction:
        """The prediction that a network's output stands for, x₀ held within its bounds."""
        alpha, sigma = level.alpha, level.sigma
        if self.predicts == "eps":
            if self.clip is None and self.threshold is None:
                return Prediction(x_t, level, eps=output, nu=nu)
            signal = scaled_sum(x_t, 1.0, output, -sigma)
            if self.threshold is None:
                bound: Any = self.clip * alpha  # type: ignore[operator]  # a number, or a tensor
                signal = signal.clamp(-bound, bound) if signal.requires_grad else signal.clamp_(-bound, bound)
                return Prediction(x_t, level, signal=signal, nu=nu)
            x0 = signal / alpha
        else:
            x0 = output if self.predicts == "x0" else scaled_sum(x_t, alpha, output, -sigma)
        return Prediction(x_t, level, x0=self._bounded(x0), nu=nu)

    def _bounded(self, x0: Tensor) -> Tensor:
        if self.threshold is None:
            return x0 if self.clip is None else x0.clamp(-self.clip, self.clip)
        bound = torch.quantile(x0.flatten(1).abs().float(), self.threshold, dim=1).to(x0.dtype)
        bound = bound.clamp(min=self.clip, max=self.threshold_limit) if self.clip or self.threshold_limit else bound
        bound = bound.reshape(-1, *[1] * (x0.ndim - 1))
        return x0.clamp(-bound, bound) / bound


def scaled_sum(x: Tensor, a: float | Tensor, y: Tensor, b: float | Tensor, *, onto: Tensor | None = None) -> Tensor:
    """a x + b y, with as few passes as numbers allow; x and y stay as they are. onto: what it is added to, in place."""
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        both = a * x + b * y
        return both if onto is None else onto.add_(both)
    if onto is not None:
        return onto.add_(x, alpha=a).add_(y, alpha=b)
    if a == 1:
        return torch.add(x, y, alpha=b)
    return (x * a).add_(y, alpha=b) if a != 0 else y * b
