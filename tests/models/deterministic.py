"""What several tests of diffusion share: the references' inputs without chance, and weights made of key names."""

import zlib
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from ateneo.models.diffusion import Prediction
from ateneo.models.schedules import Level, Schedule, linear_betas

N = 4 * 3 * 8 * 8
RAMP = torch.arange(N) / N
X = RAMP.reshape(3, 8, 8, 4).permute(3, 0, 1, 2)  # (4, 3, 8, 8)
NOISE = RAMP.flip(0).reshape(3, 8, 8, 4).permute(3, 0, 1, 2)
LINEAR = Schedule(linear_betas(1000, start=1e-4, end=0.02))


def network(x: Tensor, t: Tensor) -> Tensor:
    """The references' stand-in for a network: x t/(t+1)."""
    return x * (t / (t + 1)).reshape(-1, 1, 1, 1)


def with_sigma(x: Tensor, t: Tensor) -> Tensor:
    """The same with a learned variance."""
    e = network(x, t)
    return torch.cat([e, torch.tanh(e)], dim=1)


def gaussian(*, mean: float = 0.0, std: float = 1.0, nu: float = 0.0):  # type: ignore[no-untyped-def]
    """The exact denoiser of pixels N(mean, std²): E[x₀ | x_t]."""

    def denoiser(x_t: Tensor, level: Level) -> Prediction:
        a, s = level.alpha, level.sigma
        gain = a * std**2 / (a**2 * std**2 + s**2)
        return Prediction(x_t, level, x0=mean + gain * (x_t - a * mean), nu=nu)

    return denoiser


def made_weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Weights that depend on nothing but their published names and shapes."""
    weights = {}
    for name, shape in shapes.items():
        values = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
        if len(shape) == 1:
            values = 0.1 * values + name.endswith("weight")
        else:
            values /= np.sqrt(np.prod(shape[1:]))
        weights[name] = torch.tensor(values, dtype=torch.float32)
    return weights
