"""The losses that train a diffusion model: the simple one, the variational bound, and the hybrid that learns Σ.

Each takes a `Denoiser`, whose network, kind of prediction and kind of variance it uses, pictures x₀ and one step i for
each, and returns one number for each picture, so that a trainer can weight, log and average them as it likes.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ateneo.errors import EngineError, InputError, SettingsError
from ateneo.models.diffusion import Denoiser, DenoiserLike, Prediction
from ateneo.models.schedules import Schedule


def add_noise(schedule: Schedule, x0: Tensor, *, i: Tensor, noise: Tensor) -> Tensor:
    """x_t ~ q(x_t | x₀) at steps i (B,): √ᾱ x₀ + √(1 - ᾱ) noise (Ho et al. 2020, equation 4)."""
    return schedule.at("alpha", i, x0) * x0 + schedule.at("sigma", i, x0) * noise


def posterior(schedule: Schedule, x0: Tensor, *, x_t: Tensor, i: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log variance of q(x_{t-1} | x_t, x₀) at steps i (B,) (Ho et al. 2020, equations 6 and 7)."""
    mean = schedule.at("posterior_x0", i, x0) * x0 + schedule.at("posterior_x_t", i, x0) * x_t
    return mean, schedule.at("posterior_log_variance", i, x0)


def step_distribution(schedule: Schedule, prediction: Prediction, *, i: Tensor) -> tuple[Tensor, Tensor]:
    """μ and log Σ of p(x_{t-1} | x_t) at steps i (B,) for what a denoiser predicts there."""
    mu, log_small = posterior(schedule, prediction.x0, x_t=prediction.x_t, i=i)
    log_beta = schedule.at("log_betas", i, prediction.x_t)
    if isinstance(prediction.nu, float):  # a fixed Σ is β̃ of the second step at the first, for whose β̃ is 0
        log_beta = torch.where((i == 0).reshape(log_small.shape), log_small, log_beta)
    return mu, prediction.nu * log_beta + (1 - prediction.nu) * log_small


def simple_loss(
    denoiser: Denoiser, x0: Tensor, *, schedule: Schedule, i: Tensor, noise: Tensor, min_snr: float | None = None
) -> Tensor:
    """L_simple of each picture, the mean squared error of what the network predicts (Ho et al. 2020, equation 14).

    x0: pictures (B, C, H, W) in [-1, 1]; i: (B,) steps; noise: (B, C, H, W). Returns (B,).
    min_snr: γ of Hang et al. 2023, which bounds the weight of steps with little noise. Raises EngineError where the
    loss is not finite.
    """
    _, output, _ = _ask(denoiser, x0, schedule=schedule, i=i, noise=noise)
    return _finite(_simple(denoiser, x0, output, schedule=schedule, i=i, noise=noise, min_snr=min_snr), i)


def hybrid_loss(
    denoiser: Denoiser,
    x0: Tensor,
    *,
    schedule: Schedule,
    i: Tensor,
    noise: Tensor,
    weight: float = 0.001,
    min_snr: float | None = None,
) -> Tensor:
    """L_simple + weight · L_vlb, in which only Σ learns from the second (Nichol & Dhariwal 2021, equation 16): (B,).

    The term of one random step stands for L_vlb, T times. The other arguments are those of simple_loss.
    """
    if denoiser.variance != "learned":
        raise SettingsError("the hybrid loss trains Σ: the denoiser needs variance='learned'")
    x_t, output, nu = _ask(denoiser, x0, schedule=schedule, i=i, noise=noise)
    simple = _simple(denoiser, x0, output, schedule=schedule, i=i, noise=noise, min_snr=min_snr)
    free = Denoiser(denoiser.network, predicts=denoiser.predicts, variance="learned", clip=None)
    prediction = free.read(x_t, schedule.level(i, x0), output.detach(), nu=nu)
    bits = vlb_terms(schedule, x0, prediction=prediction, i=i)
    return _finite(simple + weight * len(schedule) * bits, i)


def vlb_loss(denoiser: Denoiser, x0: Tensor, *, schedule: Schedule, i: Tensor, noise: Tensor) -> Tensor:
    """T times the bound's term at steps i, in bits for each dimension: (B,). Arguments as for simple_loss."""
    x_t, output, nu = _ask(denoiser, x0, schedule=schedule, i=i, noise=noise)
    prediction = denoiser.read(x_t, schedule.level(i, x0), output, nu=nu)
    return _finite(len(schedule) * vlb_terms(schedule, x0, prediction=prediction, i=i), i)


def vlb_terms(schedule: Schedule, x0: Tensor, *, prediction: Prediction, i: Tensor) -> Tensor:
    """The terms of the variational bound at steps i, in bits for each dimension: (B,).

    L_{t-1} = KL(q(x_{t-1} | x_t, x₀) ‖ p(x_{t-1} | x_t)), and -log p(x₀ | x_1) at the first step (Ho et al. 2020,
    equation 5); x₀ is then the centre of one of 256 greys in [-1, 1].
    """
    mean, log_variance = posterior(schedule, x0, x_t=prediction.x_t, i=i)
    mu, log_sigma = step_distribution(schedule, prediction, i=i)
    kl = normal_kl(mean, log_variance, mean2=mu, log_variance2=log_sigma)
    nll = -grey_log_likelihood(x0, mean=mu, log_scale=0.5 * log_sigma)
    return torch.where(i == 0, _mean(nll), _mean(kl)) / math.log(2)


@dataclass(frozen=True)
class Bits:
    """The bound on -log₂ p(x₀) in bits for each dimension: its terms (B, T), first step first, and its prior (B,)."""

    terms: Tensor
    prior: Tensor

    @property
    def total(self) -> Tensor:
        """The sum, (B,)."""
        return self.terms.sum(dim=1) + self.prior


@torch.no_grad()
def bits_per_dimension(
    denoiser: DenoiserLike, x0: Tensor, *, schedule: Schedule, generator: torch.Generator | None = None
) -> Bits:
    """The whole variational bound for pictures x0 (B, C, H, W) in [-1, 1], one sample of noise at each step."""
    terms = []
    drawn_on = generator.device if generator is not None else x0.device
    for step in range(len(schedule)):
        i = torch.full((x0.shape[0],), step, device=x0.device)
        noise = torch.randn(x0.shape, generator=generator, dtype=x0.dtype, device=drawn_on).to(x0.device)
        x_t = add_noise(schedule, x0, i=i, noise=noise)
        terms.append(vlb_terms(schedule, x0, prediction=denoiser(x_t, schedule.level(i, x0)), i=i))
    last = torch.full((x0.shape[0],), len(schedule) - 1, device=x0.device)
    mean, sigma = schedule.at("alpha", last, x0) * x0, schedule.at("sigma", last, x0)
    prior = normal_kl(mean, 2 * sigma.log(), mean2=torch.zeros_like(x0), log_variance2=torch.zeros_like(sigma))
    return Bits(torch.stack(terms, dim=1), _mean(prior) / math.log(2))


def normal_kl(mean: Tensor, log_variance: Tensor, *, mean2: Tensor, log_variance2: Tensor) -> Tensor:
    """KL(N(mean, e^log_variance) ‖ N(mean2, e^log_variance2)) in nats, elementwise."""
    difference = log_variance - log_variance2
    return 0.5 * (difference.exp() - 1 - difference + (mean - mean2) ** 2 * torch.exp(-log_variance2))


def grey_log_likelihood(x0: Tensor, *, mean: Tensor, log_scale: Tensor) -> Tensor:
    """log of what N(mean, e^(2 log_scale)) puts on x0's bin of 2/255, the outer two being endless; elementwise.

    Source: Ho et al. 2020, equation 13.
    """
    inverse = torch.exp(-log_scale)
    above, below = (x0 - mean + 1 / 255) * inverse, (x0 - mean - 1 / 255) * inverse
    flip = torch.where(x0 > mean, 1.0, -1.0)  # differences of the upper tail are taken in the lower one, exact there
    inside = (torch.special.ndtr(-flip * above) - torch.special.ndtr(-flip * below)).abs().clamp(min=1e-12).log()
    inside = torch.where(x0 < -0.999, torch.special.log_ndtr(above), inside)
    return torch.where(x0 > 0.999, torch.special.log_ndtr(-below), inside)


def _ask(
    denoiser: Denoiser, x0: Tensor, *, schedule: Schedule, i: Tensor, noise: Tensor
) -> tuple[Tensor, Tensor, float | Tensor]:
    """x_t, and what the network says of it."""
    if not x0.is_floating_point():
        raise InputError(f"pictures must be floating point in [-1, 1], not {x0.dtype}; use x / 127.5 - 1")
    if i.shape != x0.shape[:1] or noise.shape != x0.shape:
        raise InputError(
            f"for pictures {tuple(x0.shape)} the steps must be ({x0.shape[0]},) and the noise of their shape,"
            f" not {tuple(i.shape)} and {tuple(noise.shape)}"
        )
    x_t = add_noise(schedule, x0, i=i, noise=noise)
    return x_t, *denoiser.split(denoiser.network(x_t, schedule.level(i, x0).t), x_t)  # type: ignore[arg-type]


def _simple(
    denoiser: Denoiser,
    x0: Tensor,
    output: Tensor,
    *,
    schedule: Schedule,
    i: Tensor,
    noise: Tensor,
    min_snr: float | None,
) -> Tensor:
    alpha, sigma = schedule.at("alpha", i, x0), schedule.at("sigma", i, x0)
    target = {"eps": lambda: noise, "x0": lambda: x0, "v": lambda: alpha * noise - sigma * x0}[denoiser.predicts]()
    error = _mean((target - output) ** 2)
    if min_snr is None:
        return error
    snr = ((alpha / sigma) ** 2).flatten()
    per_x0 = {"eps": snr, "x0": torch.ones_like(snr), "v": snr + 1}[denoiser.predicts]
    return error * snr.clamp(max=min_snr) / per_x0


def _mean(x: Tensor) -> Tensor:
    """The mean of each picture, (B,)."""
    return x.flatten(1).mean(dim=1)


def _finite(loss: Tensor, i: Tensor) -> Tensor:
    """The loss, or EngineError where it is not finite."""
    bad = ~torch.isfinite(loss.detach())
    if bool(bad.any()):
        raise EngineError(
            f"the loss is not finite at steps {i[bad].tolist()[:8]}: the pictures or the weights hold NaN, or training"
            " diverged; check the pictures, lower the learning rate or clip the gradients"
        )
    return loss
