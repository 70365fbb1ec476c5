"""Noise schedules: how much of the picture and how much noise there is at each timestep.

x_t = α x₀ + σ ε with α = √ᾱ_t and σ = √(1 - ᾱ_t) (Ho et al. 2020, equation 4). A Schedule holds β_t in float64 and what
follows from it; a Level is one place on the way, as samplers and denoisers speak of it: the t that the network is told,
with α and σ as Python floats (or tensors, where each picture of a batch has its own t). A sampler walks a list of
levels; `Schedule.levels`, `karras` and `exponential` make such lists.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ateneo.errors import InputError, SettingsError

Spacing = Literal["leading", "linspace", "trailing"]
Final = Literal["clean", "first"]
Row = NDArray[np.float64]  # (n,)


@dataclass(frozen=True, slots=True)
class Level:
    """A level of noise: x_t = α x₀ + σ ε. Floats, or tensors t (B,) and α, σ (B, 1, 1, 1)."""

    t: float | Tensor
    alpha: float | Tensor
    sigma: float | Tensor


CLEAN = Level(t=-1, alpha=1.0, sigma=0.0)  # where sampling ends: no noise is left, and no network is asked


def linear_betas(T: int, *, start: float | None = None, end: float | None = None) -> Tensor:
    """β from `start` to `end` in equal steps: (T,), float64.

    By default 1e-4 to 0.02 at T = 1000 (Ho et al. 2020), scaled so that every T ends in
    the same noise (guided-diffusion).
    """
    start = 0.1 / T if start is None else start
    end = 20 / T if end is None else end
    return torch.linspace(start, end, T, dtype=torch.float64)


def scaled_linear_betas(T: int, *, start: float = 0.00085, end: float = 0.012) -> Tensor:
    """√β in equal steps, as latent diffusion uses it (Rombach et al. 2021): (T,), float64."""
    return torch.linspace(start**0.5, end**0.5, T, dtype=torch.float64) ** 2


def cosine_betas(T: int, *, s: float = 0.008, largest: float = 0.999) -> Tensor:
    """β such that ᾱ falls as a squared cosine (Nichol & Dhariwal 2021, equation 17): (T,), float64."""

    def alpha_bar(t: float) -> float:
        return math.cos((t + s) / (1 + s) * math.pi / 2) ** 2

    betas = [min(1 - alpha_bar((i + 1) / T) / alpha_bar(i / T), largest) for i in range(T)]
    return torch.tensor(betas, dtype=torch.float64)


SCHEDULES: dict[str, Callable[[int], Tensor]] = {
    "linear": linear_betas,
    "cosine": cosine_betas,
    "scaled_linear": scaled_linear_betas,
}


def schedule(name: str, T: int = 1000) -> "Schedule":
    """The schedule of this name with T steps; SettingsError where there is none."""
    if name not in SCHEDULES:
        raise SettingsError(f"there is no noise schedule {name!r}; the names are {', '.join(SCHEDULES)}")
    return Schedule(SCHEDULES[name](T))


@dataclass(frozen=True, eq=False)
class Schedule:
    """β_t and all that follows from it. Tables are (T,) in float64; an index i counts the steps kept.

    `timesteps[i]` is what the network is told at step i: i itself, or the step of the longer schedule that was kept.
    """

    betas: Tensor
    timesteps: tuple[int, ...] = ()
    _tables: dict[tuple[str, torch.device, torch.dtype], Tensor] = field(default_factory=dict, repr=False, init=False)

    def __post_init__(self) -> None:
        """SettingsError where some β is not between 0 and 1."""
        if self.betas.ndim != 1 or not len(self.betas):
            raise SettingsError(f"betas must be a row of numbers, not of shape {tuple(self.betas.shape)}")
        if not bool(((self.betas > 0) & (self.betas < 1)).all()):
            raise SettingsError("every β of a schedule must lie between 0 and 1; check its start and end")
        object.__setattr__(self, "betas", self.betas.to(torch.float64))
        object.__setattr__(self, "timesteps", self.timesteps or tuple(range(len(self.betas))))

    def __len__(self) -> int:
        return len(self.betas)

    @cached_property
    def alpha_bar(self) -> Tensor:
        """ᾱ_t, the product of 1 - β up to t."""
        return torch.cumprod(1 - self.betas, dim=0)

    @cached_property
    def alpha_bar_prev(self) -> Tensor:
        """ᾱ_{t-1}, with 1 before the first step."""
        return torch.cat([self.alpha_bar.new_ones(1), self.alpha_bar[:-1]])

    @cached_property
    def alpha(self) -> Tensor:
        """√ᾱ_t."""
        return self.alpha_bar.sqrt()

    @cached_property
    def sigma(self) -> Tensor:
        """√(1 - ᾱ_t)."""
        return (1 - self.alpha_bar).sqrt()

    @cached_property
    def posterior_variance(self) -> Tensor:
        """β̃_t, the variance of q(x_{t-1} | x_t, x₀) (Ho et al. 2020, equation 7); 0 at the first step."""
        return self.betas * (1 - self.alpha_bar_prev) / (1 - self.alpha_bar)

    @cached_property
    def posterior_log_variance(self) -> Tensor:
        """log β̃_t, with that of the second step in place of log 0 at the first."""
        known = self.posterior_variance[1:] if len(self) > 1 else self.betas
        return torch.cat([known[:1], self.posterior_variance[1:]]).log()

    @cached_property
    def log_betas(self) -> Tensor:
        """log β_t."""
        return self.betas.log()

    @cached_property
    def posterior_x0(self) -> Tensor:
        """What x₀ counts for in the mean of q(x_{t-1} | x_t, x₀)."""
        return self.betas * self.alpha_bar_prev.sqrt() / (1 - self.alpha_bar)

    @cached_property
    def posterior_x_t(self) -> Tensor:
        """What x_t counts for in the mean of q(x_{t-1} | x_t, x₀)."""
        return (1 - self.alpha_bar_prev) * (1 - self.betas).sqrt() / (1 - self.alpha_bar)

    @cached_property
    def ratio(self) -> Tensor:
        """σ/α, the level of noise as Karras et al. 2022 count it: noise for each unit of picture."""
        return self.sigma / self.alpha

    def at(self, table: str, i: Tensor, x: Tensor) -> Tensor:
        """Entries i (B,) of a table, on the device of x, ready to be multiplied with x: (B, 1, ..., 1)."""
        dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
        key = (table, x.device, dtype)
        if key not in self._tables:
            self._tables[key] = torch.as_tensor(getattr(self, table)).to(x.device, dtype)
        return self._tables[key][i].reshape(-1, *[1] * (x.ndim - 1))

    def level(self, i: Tensor, x: Tensor) -> Level:
        """The level of each picture of a batch: i (B,) are indices, x (B, ...) says the device and the dimensions."""
        key = ("timesteps", x.device, torch.int64)
        if key not in self._tables:
            self._tables[key] = torch.tensor(self.timesteps).to(x.device)
        return Level(self._tables[key][i], self.at("alpha", i, x), self.at("sigma", i, x))

    def respaced(self, kept: str | Sequence[int]) -> "Schedule":
        """The schedule that visits only these steps, with ᾱ unchanged: β_i = 1 - ᾱ_i / ᾱ of the kept step before."""
        steps = sorted(set(space_timesteps(len(self), kept) if isinstance(kept, str) else kept))
        if not steps or steps[0] < 0 or steps[-1] >= len(self):
            raise InputError(f"the steps to keep must lie between 0 and {len(self) - 1}")
        kept_bar = self.alpha_bar[steps]
        before = torch.cat([kept_bar.new_ones(1), kept_bar[:-1]])
        return Schedule(1 - kept_bar / before, tuple(self.timesteps[i] for i in steps))

    def levels(self, steps: str | Sequence[float] | None = None, *, final: Final | Level = "clean") -> list[Level]:
        """The levels that a sampler walks, noise first, and where it ends.

        steps: indices, which may lie between two (then σ/α is interpolated); a text such as "ddim25", "250" or
        "10,15,20" (see space_timesteps); or all. final: "clean", no noise; "first", the noise of the first step; or a
        level. Raises InputError where an index lies outside the schedule.
        """
        chosen = range(len(self)) if steps is None else steps
        numbers = space_timesteps(len(self), chosen) if isinstance(chosen, str) else chosen
        return [*(self._level_at(i) for i in sorted(numbers, reverse=True)), self._final(final)]

    def karras(self, n: int, *, rho: float = 7.0, round_t: bool = False, final: Final | Level = "clean") -> list[Level]:
        """n levels from the most noise to the least, even in (σ/α)^(1/ρ) (Karras et al. 2022, equation 5), and the end.

        round_t: whether the network is told whole timesteps.
        """
        ratios = karras_sigmas(n, float(self.ratio[0]), float(self.ratio[-1]), rho=rho)
        return self._levels_of(ratios, round_t=round_t, final=final)

    def exponential(self, n: int, *, round_t: bool = False, final: Final | Level = "clean") -> list[Level]:
        """n levels from the most noise to the least, even in log(σ/α) (Lu et al. 2022), and the end."""
        first, last = float(self.ratio[-1].log()), float(self.ratio[0].log())
        return self._levels_of(np.exp(np.linspace(first, last, n)), round_t=round_t, final=final)

    def _final(self, final: Final | Level) -> Level:
        if isinstance(final, Level):
            return final
        return CLEAN if final == "clean" else self._level_at(0)

    def _level_at(self, i: float) -> Level:
        if not 0 <= i <= len(self) - 1:
            raise InputError(
                f"there is no step {i} in a schedule of {len(self)}; steps count from 0 to {len(self) - 1}"
            )
        if float(i).is_integer():
            return Level(self.timesteps[int(i)], float(self.alpha[int(i)]), float(self.sigma[int(i)]))
        whole = np.arange(len(self))
        t = float(np.interp(i, whole, np.asarray(self.timesteps)))
        return _level_of(t, float(np.interp(i, whole, self.ratio.numpy())))

    def _levels_of(self, ratios: Row, *, round_t: bool, final: Final | Level) -> list[Level]:
        times = np.interp(np.log(ratios), self.ratio.log().numpy(), np.asarray(self.timesteps))
        told = [round(t) if round_t else float(t) for t in times]
        return [*(_level_of(t, float(r)) for t, r in zip(told, ratios, strict=True)), self._final(final)]


def _level_of(t: float, ratio: float) -> Level:
    """The level at which noise is `ratio` times the picture, their squares adding to one."""
    alpha = 1 / math.sqrt(1 + ratio**2)
    return Level(t, alpha, ratio * alpha)


def karras_sigmas(n: int, smallest: float, largest: float, *, rho: float = 7.0) -> Row:
    """n levels of noise from the largest to the smallest (Karras et al. 2022, equation 5): (n,), float64."""
    return np.linspace(largest ** (1 / rho), smallest ** (1 / rho), n) ** rho


def spaced(T: int, n: int, *, spacing: Spacing = "leading", offset: int = 0) -> list[int]:
    """n of T timesteps, the noisiest first, as Diffusers names the ways to choose them.

    "leading": multiples of ⌊T/n⌋, plus an offset; "linspace": from T-1 down to the last before 0,
    evenly; "trailing": from T-1 in steps of T/n. Raises SettingsError where n is not between 1 and T.
    """
    if not 1 <= n <= T:
        raise SettingsError(f"cannot take {n} steps of {T}; ask for 1 to {T}")
    if spacing == "leading":
        return [min(i * (T // n) + offset, T - 1) for i in reversed(range(n))]
    if spacing == "trailing":
        return [round(T - i * T / n) - 1 for i in range(n)]
    return [round(float(t)) for t in np.linspace(0, T - 1, n + 1)[:0:-1]]


def space_timesteps(T: int, sections: str | Sequence[int]) -> list[int]:
    """Which of T steps to keep, ascending, as guided-diffusion writes it.

    "ddimN": N steps at one whole stride from 0 (Song et al. 2020); "10,15,20" or its numbers: T is cut into as many
    equal sections, of which so many steps are kept, both ends among them. The stride is summed rather than multiplied,
    since halves are rounded and published models were sampled so. SettingsError where it cannot be done.
    """
    if isinstance(sections, str) and sections.startswith("ddim"):
        return _one_stride(T, sections)
    try:
        counts = [int(part) for part in (sections.split(",") if isinstance(sections, str) else sections)]
    except ValueError:
        raise SettingsError(
            f"cannot read the steps {sections!r}; write them as '250', '10,15,20' or 'ddim25'"
        ) from None
    kept: list[int] = []
    start = 0
    for section, count in enumerate(counts):
        size = T // len(counts) + (section < T % len(counts))
        if not 1 <= count <= size:
            raise SettingsError(f"cannot keep {count} steps of a section of {size}; ask for 1 to {size}")
        stride = (size - 1) / (count - 1) if count > 1 else 1.0
        kept += [start + round(place) for place in accumulate([0.0] + [stride] * (count - 1))]
        start += size
    return kept


def _one_stride(T: int, text: str) -> list[int]:
    wanted = int(text[4:]) if text[4:].isdecimal() else 0
    for stride in range(1, T):
        if len(range(0, T, stride)) == wanted:
            return list(range(0, T, stride))
    raise SettingsError(f"no whole stride takes {text[4:] or 'no'} steps of {T}; choose a divisor of {T}")
