"""Samplers: the references' values, Diffusers live, and what is known in closed form."""

import math
from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
)
from torch import Tensor

from ateneo.errors import InputError, SettingsError
from ateneo.models.diffusion import Denoiser, Prediction
from ateneo.models.losses import add_noise
from ateneo.models.samplers import Step, ancestral, ddim, dpmpp_2m, euler, heun, posteriors
from ateneo.models.schedules import CLEAN, Level, Schedule, linear_betas, schedule, spaced
from tests.models.deterministic import LINEAR, NOISE, N, X, gaussian, network, with_sigma

TEN = LINEAR.levels(spaced(1000, 10))
DPM = LINEAR.levels(spaced(1000, 10, spacing="linspace"), final="first")
FREE = Denoiser(network, clip=None)
FREE_V = Denoiser(network, predicts="v", clip=None)
SAMPLERS = ["ancestral small", "ancestral large", "ddim", "ddim eta", "dpmpp_2m", "euler", "heun"]
NUMPY_2 = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # from Diffusers


def total(x: Tensor) -> float:
    """The sum of magnitudes, as the references report it."""
    return float(x.abs().sum())


def never(x: Tensor) -> Tensor:
    """A source of noise that must not be asked."""
    raise AssertionError("noise was drawn")


# --- values of the references ---


@pytest.mark.parametrize(
    ("choices", "value"),
    [({}, 258.961121), ({"predicts": "v"}, 202.029922), ({"variance": "large"}, 261.207123)],
)
def test_ancestral_loop_equals_the_published_values(choices: dict[str, str], value: float) -> None:
    found = ancestral(Denoiser(network, **choices), X, levels=LINEAR.levels(), noise=torch.manual_seed(0))  # type: ignore[arg-type]
    assert total(found) == pytest.approx(value, rel=1.5e-5)


def noised(t: int) -> Tensor:
    """The deterministic picture with the deterministic noise of step t."""
    return add_noise(LINEAR, X, i=torch.full((4,), t), noise=NOISE)


def test_loops_from_a_noised_picture_equal_the_published_values() -> None:
    last_two = ancestral(Denoiser(network), noised(1), levels=LINEAR.levels()[-3:], noise=torch.manual_seed(0))
    assert total(last_two) == pytest.approx(387.9466, rel=1e-4)  # in float64 theirs gives 387.9669
    assert total(ddim(Denoiser(network), noised(100), levels=TEN[-3:])) == pytest.approx(354.5418, abs=1e-2)
    dpm = dpmpp_2m(FREE, noised(500), levels=DPM[5:], lower_order_final=False)
    assert total(dpm) == pytest.approx(318.4111, abs=1e-2)


@pytest.mark.parametrize(
    ("choices", "steps", "value"),
    [
        ({}, 10, 172.006714),
        ({}, 50, 192.537445),
        ({}, "ddim10", 172.006699),
        ({}, "ddim25", 187.323715),
        ({}, "ddim50", 192.537460),
        ({}, None, 198.580109),
        ({"predicts": "v"}, 10, 52.5302),
    ],
)
def test_ddim_equals_the_published_values(choices: dict[str, str], steps: int | str | None, value: float) -> None:
    kept = spaced(1000, steps) if isinstance(steps, int) else steps
    found = ddim(Denoiser(network, **choices), X, levels=LINEAR.levels(kept), noise=never)  # type: ignore[arg-type]
    assert total(found) == pytest.approx(value, rel=1e-5)


def test_ddim_on_other_schedules_equals_the_published_values() -> None:
    cosine = ddim(Denoiser(network), X, levels=schedule("cosine").levels("ddim25"))
    assert total(cosine) == pytest.approx(189.089600, rel=1e-5)
    noisy, ten = Schedule(linear_betas(1000, start=0.01, end=0.02)), spaced(1000, 10)
    assert total(ddim(Denoiser(network), X, levels=noisy.levels(ten))) == pytest.approx(149.8295, abs=1e-3)
    ending_at_first = ddim(Denoiser(network), X, levels=noisy.levels(ten, final="first"))
    assert total(ending_at_first) == pytest.approx(149.0784, abs=1e-3)


@pytest.mark.parametrize(
    ("denoiser", "levels", "mean"),
    [
        (FREE, DPM, 253.551422 / N),
        (FREE_V, DPM, 0.22509633),
        (FREE_V, LINEAR.karras(10, round_t=True, final="first"), 0.20919818),
        (FREE_V, LINEAR.exponential(10, round_t=True, final="first"), 0.1554),
        (Denoiser(network, threshold=0.87, threshold_limit=0.5), DPM, 1.1364),
    ],
    ids=["eps", "v", "karras", "exponential", "threshold"],
)
def test_dpm_solver_equals_the_published_values(denoiser: Denoiser, levels: list[Level], mean: float) -> None:
    found = dpmpp_2m(denoiser, X, levels=levels, lower_order_final=False)
    assert float(found.abs().mean()) == pytest.approx(mean, rel=2e-4)


def test_dpm_solver_of_lower_order_equals_the_published_values() -> None:
    assert float(dpmpp_2m(FREE, X, levels=DPM).abs().mean()) == pytest.approx(0.24421002, rel=1e-5)
    assert float(ddim(FREE, X, levels=DPM).abs().mean()) == pytest.approx(0.22430231, rel=1e-5)  # first order is DDIM


def test_published_posterior_variances_of_ddim() -> None:
    for t, before, variance in ((420, 400, 0.14771), (980, 960, 0.32460), (487, 486, 0.00979), (999, 998, 0.02)):
        (step,) = posteriors(LINEAR.levels([t, before])[:2])
        assert step.beta_tilde == pytest.approx(variance, abs=1e-5)


# --- Diffusers, live ---


@pytest.mark.parametrize(("theirs", "ours"), [("fixed_small", "small"), ("fixed_large", "large")])
@pytest.mark.parametrize(("kind", "predicts"), [("epsilon", "eps"), ("sample", "x0"), ("v_prediction", "v")])
def test_ancestral_equals_diffusers(theirs: str, ours: str, kind: str, predicts: str) -> None:
    reference = DDPMScheduler(beta_start=1e-4, beta_end=0.02, variance_type=theirs, prediction_type=kind)
    reference.set_timesteps(50)
    x, generator = 3 * X, torch.manual_seed(1)
    for t in reference.timesteps:
        x = reference.step(network(x, t[None]), t, x, generator=generator).prev_sample  # type: ignore[union-attr]
    denoiser = Denoiser(network, predicts=predicts, variance=ours)  # type: ignore[arg-type]
    found = ancestral(denoiser, 3 * X, levels=LINEAR.levels(spaced(1000, 50)), noise=torch.manual_seed(1))
    torch.testing.assert_close(found, x, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
@pytest.mark.parametrize(("kind", "predicts"), [("epsilon", "eps"), ("sample", "x0"), ("v_prediction", "v")])
def test_ddim_equals_diffusers(eta: float, kind: str, predicts: str) -> None:
    reference = DDIMScheduler(beta_start=1e-4, beta_end=0.02, prediction_type=kind)
    reference.set_timesteps(20)
    x, generator = 3 * X, torch.manual_seed(1)
    for t in reference.timesteps:
        e = network(x, t[None])
        x = reference.step(e, t, x, eta=eta, use_clipped_model_output=True, generator=generator).prev_sample  # type: ignore[union-attr]
    denoiser = Denoiser(network, predicts=predicts)  # type: ignore[arg-type]
    found = ddim(denoiser, 3 * X, levels=LINEAR.levels(spaced(1000, 20)), eta=eta, noise=torch.manual_seed(1))
    torch.testing.assert_close(found, x, rtol=2e-5, atol=2e-5)


@NUMPY_2
@pytest.mark.parametrize("karras", [False, True])
@pytest.mark.parametrize("final", ["zero", "sigma_min"])
@pytest.mark.parametrize(("kind", "predicts"), [("epsilon", "eps"), ("v_prediction", "v")])
def test_dpm_solver_equals_diffusers(karras: bool, final: str, kind: str, predicts: str) -> None:
    reference = DPMSolverMultistepScheduler(
        beta_start=1e-4, beta_end=0.02, use_karras_sigmas=karras, final_sigmas_type=final, prediction_type=kind
    )
    reference.set_timesteps(15)
    x = X
    for t in reference.timesteps:
        x = reference.step(network(x, t[None]), t, x).prev_sample  # type: ignore[union-attr]
    end = "clean" if final == "zero" else "first"
    steps = spaced(1000, 15, spacing="linspace")
    levels = LINEAR.karras(15, round_t=True, final=end) if karras else LINEAR.levels(steps, final=end)  # type: ignore[arg-type]
    found = dpmpp_2m(Denoiser(network, predicts=predicts, clip=None), X, levels=levels, lower_order_final=False)  # type: ignore[arg-type]
    torch.testing.assert_close(found, x, rtol=1e-4, atol=1e-4)


@NUMPY_2
@pytest.mark.parametrize("karras", [False, True])
@pytest.mark.parametrize("order", [1, 2])
def test_euler_and_heun_equal_diffusers(karras: bool, order: int) -> None:
    kind = EulerDiscreteScheduler if order == 1 else HeunDiscreteScheduler
    reference = kind(beta_start=1e-4, beta_end=0.02, use_karras_sigmas=karras)
    reference.set_timesteps(12)
    levels = LINEAR.karras(12) if karras else LINEAR.levels([i * 999 / 11 for i in range(12)])
    x = X * float(reference.sigmas[0])  # theirs is x/α
    for t in reference.timesteps:
        asked = reference.scale_model_input(x, t)
        x = reference.step(network(asked, t[None]), t, x).prev_sample  # type: ignore[union-attr]
    sampler = euler if order == 1 else heun
    start = X * (levels[0].sigma)  # α x/α = α σ̃ X
    found = sampler(FREE, start, levels=levels)  # type: ignore[arg-type]
    torch.testing.assert_close(found, x, rtol=2e-4, atol=2e-4)


# --- what is known in closed form ---


def test_ddim_at_eta_1_is_the_ancestral_sampler() -> None:
    levels = LINEAR.levels("50")
    seen: list[float] = []
    a = ddim(FREE, X, levels=levels, eta=1.0, noise=torch.manual_seed(3), callback=lambda s: seen.append(s.Sigma))  # type: ignore[arg-type]
    b = ancestral(FREE, X, levels=levels, noise=torch.manual_seed(3))
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
    assert seen == pytest.approx([step.beta_tilde for step in posteriors(levels)], rel=1e-9)


def test_ddim_keeps_the_variance_of_a_standard_normal() -> None:
    x = torch.randn(1, 1, 128, 128, generator=torch.manual_seed(0), dtype=torch.float64)
    found = ddim(gaussian(), x, levels=LINEAR.levels())
    assert float(found.std() / x.std()) == pytest.approx(1, abs=5e-3)


@pytest.mark.parametrize(
    "name",
    ["ancestral small", "ancestral large", "ancestral repeated", "ddim", "ddim eta", "dpmpp_2m", "euler", "heun"],
)
def test_samplers_reach_the_mean_and_the_deviation_of_the_data(name: str) -> None:
    x = torch.randn(1, 1, 160, 160, generator=torch.manual_seed(0), dtype=torch.float64)
    data = gaussian(mean=0.4, std=0.3, nu=1.0 if "large" in name else 0.0)
    noise, many, few = torch.manual_seed(1), LINEAR.levels(), LINEAR.levels(spaced(1000, 50, spacing="trailing"))
    found = {
        "ancestral": lambda: ancestral(data, x, levels=many, noise=noise, repeats=3 if "repeated" in name else 1),
        "ddim": lambda: ddim(data, x, levels=many, noise=noise, eta=0.5 if "eta" in name else 0.0),
        "dpmpp_2m": lambda: dpmpp_2m(data, x, levels=few),
        "euler": lambda: euler(data, x, levels=many),
        "heun": lambda: heun(data, x, levels=few),
    }[name.split()[0]]()
    assert float(found.mean()) == pytest.approx(0.4, abs=0.01)
    assert float(found.std()) == pytest.approx(
        0.3, rel=0.04 if "repeated" in name else 0.02
    )  # β̃ is less than Σ each time


@pytest.mark.parametrize(("sampler", "order"), [(euler, 1), (heun, 2), (dpmpp_2m, 2)])
def test_halving_the_steps_shows_the_order_of_a_solver(sampler, order: int) -> None:  # type: ignore[no-untyped-def]
    x, std = torch.ones(1, 1, 1, 1, dtype=torch.float64), 0.5

    def error(n: int) -> float:
        levels = LINEAR.exponential(n)[:-1]  # the last with noise left, where the flow is still smooth
        first, last = ((level.alpha, level.sigma) for level in (levels[0], levels[-1]))
        spread = [math.hypot(alpha * std, sigma) for alpha, sigma in (first, last)]  # type: ignore[arg-type,operator]
        return abs(float(sampler(gaussian(std=std), x, levels=levels)) - spread[1] / spread[0])

    assert math.log2(error(40) / error(80)) == pytest.approx(order, abs=0.3)


def test_a_step_that_is_repeated_takes_noise_twice_more_each_time_and_is_told_once() -> None:
    asked, told = [], []

    def noise(x: Tensor) -> Tensor:
        asked.append(x.shape)
        return torch.ones_like(x)

    once = ancestral(FREE, X, levels=TEN, repeats=1, noise=noise)
    assert torch.equal(once, ancestral(FREE, X, levels=TEN, noise=lambda x: torch.ones_like(x)))
    asked.clear()
    ancestral(FREE, X, levels=TEN, repeats=3, noise=noise, callback=lambda step: told.append(step.index))
    assert len(asked) == 9 + 8 * 2 * 2  # the first step and the last are taken once, the last without noise
    assert told == list(range(10))
    with pytest.raises(SettingsError, match="at least once"):
        ancestral(FREE, X, levels=TEN, repeats=0)


def test_euler_is_ddim_without_noise() -> None:
    assert torch.equal(euler(FREE, X, levels=TEN), ddim(FREE, X, levels=TEN))


# --- randomness, progress, callbacks ---


def test_noise_is_drawn_once_for_each_step_that_adds_it() -> None:
    drawn: list[torch.Size] = []

    def source(x: Tensor) -> Tensor:
        drawn.append(x.shape)
        return torch.zeros_like(x)

    ancestral(FREE, X, levels=TEN, noise=source)
    assert drawn == [X.shape] * 9
    ddim(FREE, X, levels=TEN, eta=0.0, noise=never)
    dpmpp_2m(FREE, X, levels=TEN)


def test_a_seed_repeats_a_picture_and_leaves_its_start_alone() -> None:
    start = X.clone()
    first, second = (ancestral(FREE, start, levels=TEN, noise=torch.manual_seed(s)) for s in (7, 7))
    other = ancestral(FREE, start, levels=TEN, noise=torch.manual_seed(8))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert torch.equal(start, X)


@pytest.mark.parametrize("sampler", [ancestral, ddim, euler, heun, dpmpp_2m])
def test_callback_sees_every_step_and_changes_nothing(sampler) -> None:  # type: ignore[no-untyped-def]
    steps: list[Step] = []
    torch.manual_seed(0)
    seen = sampler(FREE, X, levels=TEN, callback=steps.append)
    torch.manual_seed(0)
    assert torch.equal(seen, sampler(FREE, X, levels=TEN))
    assert [step.index for step in steps] == list(range(10))
    assert (steps[0].level, steps[-1].next_level, steps[0].total) == (TEN[0], CLEAN, 10)
    assert torch.equal(steps[0].x_t, X)
    assert torch.equal(steps[-1].x_next, seen)
    assert all(torch.equal(a.x_next, b.x_t) for a, b in pairwise(steps))
    assert all(step.mu_guided is None for step in steps)


def test_callback_of_the_ancestral_sampler_sees_mean_and_variance() -> None:
    steps: list[Step] = []
    learned = Denoiser(with_sigma, variance="learned")
    ancestral(learned, X, levels=TEN, noise=torch.ones_like, callback=steps.append)
    for step in steps[:-1]:
        torch.testing.assert_close(step.x_next, step.mu + step.Sigma**0.5)
    assert torch.equal(steps[-1].x_next, steps[-1].mu)


def test_progress_wraps_the_steps() -> None:
    passed = []

    def progress(steps: range) -> Iterator[int]:
        for step in steps:
            passed.append(step)
            yield step

    heun(FREE, X, levels=TEN, progress=progress)
    assert passed == list(range(10))


def test_levels_that_lead_nowhere_are_refused() -> None:
    with pytest.raises(InputError, match="at least two levels"):
        ddim(FREE, X, levels=TEN[:1])
    with pytest.raises(InputError, match="from level 0 on they do not"):
        heun(FREE, X, levels=TEN[::-1])
    with pytest.raises(InputError, match="noise in floating point"):
        euler(FREE, X.long(), levels=TEN)
    with pytest.raises(SettingsError, match="choose η between 0 and 1"):
        ddim(FREE, X, levels=TEN, eta=3.0)
    with pytest.raises(SettingsError, match="guide it in the score form"):
        ddim(lambda x, level: Prediction(x, level, x0=x, gradient=x), X, levels=TEN)
