"""Samplers: from noise x_T to a picture x₀, each one function on the one contract of denoisers, that of `diffusion`.

Every sampler takes a denoiser, x_T (B, C, H, W) ~ N(0, I) and the levels to walk, noise first, as Schedule.levels
makes them. Every step is linear in x_t and the predicted x₀, with coefficients computed once, as Python floats.

Randomness and progress are arguments. noise: a torch.Generator, or a function x → noise of its shape, or None for
torch's own generator; it is asked once for each step that adds noise, in order (and again where noise is put back), and
never at η = 0 or for a step that ends in no noise. progress: a function that wraps the range of steps, such as tqdm.
callback: called after each step with a Step, which shows x_t, μ, Σ and, under guidance, μ′; its tensors are to be read,
not written.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from ateneo.errors import InputError, SettingsError
from ateneo.models.diffusion import DenoiserLike, Prediction, scaled_sum
from ateneo.models.schedules import Level

Noise = torch.Generator | Callable[[Tensor], Tensor] | None
Progress = Callable[[range], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Step:
    """What a callback sees of one step, from `level` to `next_level`.

    mu: where the step leads without its noise and without guidance; mu_guided: with guidance, None where there is none.
    Sigma: the variance of the noise added, a number or (B, C, H, W). x_next: where the step led.
    """

    index: int
    total: int
    level: Level
    next_level: Level
    x_t: Tensor
    prediction: Prediction
    mu: Tensor
    Sigma: float | Tensor
    mu_guided: Tensor | None
    x_next: Tensor


Callback = Callable[[Step], None]


class Posterior(NamedTuple):
    """q(x_s | x_t, x₀) from one level t to the next, s (Ho et al. 2020, equations 6 and 7), in Python floats."""

    on_x_t: float
    on_x0: float
    beta: float
    beta_tilde: float
    least: float  # β̃, or that of the step before where it is 0

    def variance(self, nu: float | Tensor) -> float | Tensor:
        """Σ for ν: β̃ at 0, β at 1, between them on a logarithmic scale (Nichol & Dhariwal 2021, equation 15)."""
        if isinstance(nu, Tensor):
            log_least = math.log(self.least)
            return nu.mul(math.log(self.beta) - log_least).add_(log_least).exp_()
        if nu == 0:
            return self.beta_tilde
        large = self.beta if self.beta_tilde else self.least
        return math.exp(nu * math.log(large) + (1 - nu) * math.log(self.least))


def posteriors(levels: Sequence[Level]) -> list[Posterior]:
    """The posterior of each step between these levels; InputError where they do not go from noise to picture."""
    steps: list[Posterior] = []
    for (alpha_t, sigma_t), (alpha_s, sigma_s) in _steps(levels):
        ratio = alpha_t / alpha_s  # the square root of 1 - β
        beta = 1 - ratio**2
        beta_tilde = beta * (sigma_s / sigma_t) ** 2
        least = beta_tilde or (steps[-1].least if steps else beta)
        steps.append(Posterior(ratio * (sigma_s / sigma_t) ** 2, beta * alpha_s / sigma_t**2, beta, beta_tilde, least))
    return steps


@torch.no_grad()
def ancestral(
    denoiser: DenoiserLike,
    x: Tensor,
    *,
    levels: Sequence[Level],
    repeats: int = 1,
    noise: Noise = None,
    progress: Progress | None = None,
    callback: Callback | None = None,
) -> Tensor:
    """The reverse process itself, x_s ~ N(μ, Σ) step by step (Ho et al. 2020, algorithm 2): (B, C, H, W).

    Guidance in the mean form enters here: μ′ = μ + Σ·gradient (Dhariwal & Nichol 2021, algorithm 1). repeats: how often
    each step but the first and the last is taken; in between, the noise of x_t is put back, x_t ~ q(x_t | x_s), so that
    guidance and denoiser come to agree (Lugmayr et al. 2022, algorithm 1; Bansal et al. 2023, algorithm 1). The
    callback is told of the last time. SettingsError where a step is never taken.
    """
    if repeats < 1:
        raise SettingsError(f"cannot take each step {repeats} times; take it at least once")
    draw = _source(noise)
    steps = posteriors(levels)
    for i in _walk(x, len(steps), progress):
        step = steps[i]
        for left in reversed(range(repeats if i and levels[i + 1].sigma else 1)):
            prediction = denoiser(x, levels[i])
            Sigma = step.variance(prediction.nu)
            mu = mu_guided = None
            if prediction.gradient is not None:
                mu = prediction.step(step.on_x_t, step.on_x0)
                mu_guided = mu + Sigma * prediction.gradient
            noisy = Sigma if levels[i + 1].sigma else 0.0
            x_next = _with_noise(prediction, step.on_x_t, step.on_x0, centre=mu_guided, Sigma=noisy, draw=draw)
            if left:
                x = x_next.mul_(math.sqrt(1 - step.beta)).add_(draw(x, math.sqrt(step.beta)))
        if callback:
            mu = prediction.step(step.on_x_t, step.on_x0) if mu is None else mu
            _tell(callback, levels, i, x_t=x, prediction=prediction, on_x0=step.on_x0, mu=mu, Sigma=Sigma,
                  mu_guided=mu_guided, x_next=x_next)  # fmt: skip
        x = x_next
    return x


@torch.no_grad()
def ddim(
    denoiser: DenoiserLike,
    x: Tensor,
    *,
    levels: Sequence[Level],
    eta: float = 0.0,
    noise: Noise = None,
    progress: Progress | None = None,
    callback: Callback | None = None,
) -> Tensor:
    """DDIM (Song et al. 2020, equation 12): (B, C, H, W). η = 0 adds no noise, η = 1 as much as `ancestral` does."""
    draw = _source(noise)
    steps = [_ddim_step(*pair, eta=eta) for pair in _steps(levels)]
    for i in _walk(x, len(steps), progress):
        on_x_t, on_x0, Sigma = steps[i]
        prediction = _without_gradient(denoiser(x, levels[i]), "ddim")
        x_next = _with_noise(prediction, on_x_t, on_x0, Sigma=Sigma, draw=draw)
        if callback:
            mu = prediction.step(on_x_t, on_x0)
            _tell(callback, levels, i, x_t=x, prediction=prediction, on_x0=on_x0, mu=mu, Sigma=Sigma, x_next=x_next)
        x = x_next
    return x


@torch.no_grad()
def euler(
    denoiser: DenoiserLike,
    x: Tensor,
    *,
    levels: Sequence[Level],
    progress: Progress | None = None,
    callback: Callback | None = None,
) -> Tensor:
    """Euler's method on the probability flow dx̃/dσ̃ = (x̃ - x₀)/σ̃, x̃ = x/α, σ̃ = σ/α (Karras et al. 2022): (B, C, H, W).

    This is what DDIM does at η = 0.
    """
    return ddim(denoiser, x, levels=levels, progress=progress, callback=callback)


@torch.no_grad()
def heun(
    denoiser: DenoiserLike,
    x: Tensor,
    *,
    levels: Sequence[Level],
    progress: Progress | None = None,
    callback: Callback | None = None,
) -> Tensor:
    """Heun's method, of second order, on the same flow (Karras et al. 2022, algorithm 1): (B, C, H, W).

    Asks the denoiser twice a step, but once for a step that ends in no noise.
    """
    steps = [_ddim_step(*pair, eta=0.0) for pair in _steps(levels)]
    for i in _walk(x, len(steps), progress):
        on_x_t, on_x0, _ = steps[i]
        prediction = _without_gradient(denoiser(x, levels[i]), "heun")
        x_next = prediction.step(on_x_t, on_x0)
        if levels[i + 1].sigma:
            # x̃' = x̃ + (σ̃' - σ̃)(d + d')/2 with d' = (x̃_euler - x₀')/σ̃', all times α'
            second = _without_gradient(denoiser(x_next, levels[i + 1]), "heun")
            (alpha_t, sigma_t), (alpha_s, sigma_s) = _pair(levels, i)
            half = 0.5 * (1 - (sigma_t / alpha_t) / (sigma_s / alpha_s))  # (σ̃' - σ̃)/(2 σ̃'), on x_euler - α' x₀'
            x_next = scaled_sum(x_next, 0.5 + half, second.x0, -half * alpha_s)
            x_next.add_(x, alpha=0.5 * alpha_s / alpha_t)
        if callback:
            _tell(callback, levels, i, x_t=x, prediction=prediction, on_x0=on_x0, mu=x_next, Sigma=0.0, x_next=x_next)
        x = x_next
    return x


@torch.no_grad()
def dpmpp_2m(
    denoiser: DenoiserLike,
    x: Tensor,
    *,
    levels: Sequence[Level],
    lower_order_final: bool = True,
    progress: Progress | None = None,
    callback: Callback | None = None,
) -> Tensor:
    """DPM-Solver++(2M) (Lu et al. 2022, algorithm 2): second order with one call of the denoiser a step: (B, C, H, W).

    lower_order_final: the last step is of first order, steadier with few steps; a step that ends in no noise always is.
    """
    steps = list(_steps(levels))
    x0_before: Tensor | None = None
    h_before = 0.0
    for i in _walk(x, len(steps), progress):
        (alpha_t, sigma_t), (alpha_s, sigma_s) = steps[i]
        prediction = _without_gradient(denoiser(x, levels[i]), "dpmpp_2m")
        h = math.log(alpha_s / sigma_s) - math.log(alpha_t / sigma_t) if sigma_s else math.inf
        on_x0 = -alpha_s * math.expm1(-h)
        last = i == len(steps) - 1
        if x0_before is None or not h_before or not sigma_s or (last and lower_order_final):
            x_next = prediction.step(sigma_s / sigma_t, on_x0)
        else:  # D = x₀ + (x₀ - x₀ before) h / (2 h before)
            extra = on_x0 * h / (2 * h_before)
            on_x0 += extra
            x_next = prediction.step(sigma_s / sigma_t, on_x0).add_(x0_before, alpha=-extra)
        if callback:
            _tell(callback, levels, i, x_t=x, prediction=prediction, on_x0=on_x0, mu=x_next, Sigma=0.0, x_next=x_next)
        x, x0_before, h_before = x_next, prediction.x0, h
    return x


Pair = tuple[float, float]  # α, σ


def _pair(levels: Sequence[Level], i: int) -> tuple[Pair, Pair]:
    """α and σ of level i and of the next."""
    t, s = levels[i], levels[i + 1]
    return (float(t.alpha), float(t.sigma)), (float(s.alpha), float(s.sigma))


def _steps(levels: Sequence[Level]) -> Iterable[tuple[Pair, Pair]]:
    """α and σ at both ends of each step; InputError where a step does not lessen the noise."""
    if len(levels) < 2:
        raise InputError("a sampler needs at least two levels, where it starts and where it ends; see Schedule.levels")
    numbers = [(float(level.alpha), float(level.sigma)) for level in levels]
    for i, ((alpha_t, sigma_t), (alpha_s, sigma_s)) in enumerate(pairwise(numbers)):
        if sigma_s > sigma_t * (1 + 1e-9) or not sigma_t or not alpha_t:
            raise InputError(f"the levels of a sampler go from noise to picture, but from level {i} on they do not")
        yield (alpha_t, sigma_t), (alpha_s, sigma_s)


def _ddim_step(t: Pair, s: Pair, *, eta: float) -> tuple[float, float, float]:
    """What x_t and x₀ count for, and Σ = η² β̃ (Song et al. 2020, equation 16)."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = t, s
    Sigma = eta**2 * (sigma_s / sigma_t) ** 2 * (1 - (alpha_t / alpha_s) ** 2)
    if Sigma > sigma_s**2:
        raise SettingsError(f"η = {eta} asks for more noise than a step leaves; choose η between 0 and 1")
    on_x_t = math.sqrt(sigma_s**2 - Sigma) / sigma_t  # on ε, and ε = (x_t - α_t x₀) / σ_t
    return on_x_t, alpha_s - on_x_t * alpha_t, Sigma


def _walk(x: Tensor, steps: int, progress: Progress | None) -> Iterable[int]:
    if not x.is_floating_point():
        raise InputError(f"a sampler starts from noise in floating point, not {x.dtype}; use torch.randn")
    return progress(range(steps)) if progress else range(steps)


Draw = Callable[[Tensor, float], Tensor]


def _source(noise: Noise) -> Draw:
    """A function (x, s) → s times noise of the shape, type and device of x, in memory of its own."""
    if noise is None:
        return lambda x, s: torch.empty_like(x).normal_(0.0, s)
    if isinstance(noise, torch.Generator):
        generator, where = noise, noise.device

        def drawn(x: Tensor, s: float) -> Tensor:
            z = torch.empty(x.shape, dtype=x.dtype, device=where).normal_(0.0, s, generator=generator)
            return z if x.device == where else z.to(x.device)

        return drawn
    return lambda x, s: noise(x) * s


def _with_noise(
    prediction: Prediction,
    on_x_t: float,
    on_x0: float,
    *,
    Sigma: float | Tensor,
    draw: Draw,
    centre: Tensor | None = None,
) -> Tensor:
    """μ + √Σ z, where μ is the centre or else what the prediction's step gives.

    Where Σ is a number, z is drawn as wide as it is to be, and μ summed in its memory, which spares a pass over it.
    """
    if isinstance(Sigma, Tensor):
        mu = prediction.step(on_x_t, on_x0) if centre is None else centre
        return torch.addcmul(mu, Sigma.sqrt(), draw(mu, 1.0))
    if not Sigma:
        return prediction.step(on_x_t, on_x0) if centre is None else centre
    z = draw(prediction.x_t, math.sqrt(Sigma))
    return prediction.step(on_x_t, on_x0, onto=z) if centre is None else z.add_(centre)


def _without_gradient(prediction: Prediction, sampler: str) -> Prediction:
    if prediction.gradient is not None:
        raise SettingsError(f"{sampler} has no Σ for guidance in the mean form; guide it in the score form")
    return prediction


def _tell(
    callback: Callback,
    levels: Sequence[Level],
    i: int,
    *,
    x_t: Tensor,
    prediction: Prediction,
    on_x0: float,
    mu: Tensor,
    Sigma: float | Tensor,
    x_next: Tensor,
    mu_guided: Tensor | None = None,
) -> None:
    """Calls back; under the score form μ is what it would be with the x₀ before guidance, and mu what it is with it."""
    if prediction.unguided is not None:
        mu_guided = mu if mu_guided is None else mu_guided
        mu = mu.add(prediction.unguided.x0 - prediction.x0, alpha=on_x0)
    ends = {"level": levels[i], "next_level": levels[i + 1]}
    callback(
        Step(index=i, total=len(levels) - 1, **ends, x_t=x_t, prediction=prediction, mu=mu, Sigma=Sigma,
             mu_guided=mu_guided, x_next=x_next)
    )  # fmt: skip
