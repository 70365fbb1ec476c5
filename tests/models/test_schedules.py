"""Noise schedules against the values of guided-diffusion and, live, Diffusers."""

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler, EulerDiscreteScheduler
from hypothesis import given, settings
from hypothesis import strategies as st

from ateneo.errors import InputError, SettingsError
from ateneo.models.schedules import (
    CLEAN,
    Schedule,
    cosine_betas,
    karras_sigmas,
    linear_betas,
    scaled_linear_betas,
    schedule,
    space_timesteps,
    spaced,
)
from tests.models.deterministic import LINEAR

TABLES = ("betas", "alpha_bar", "posterior_variance", "posterior_log_variance", "posterior_x0", "posterior_x_t")


@pytest.mark.parametrize(
    ("name", "i", "values"),
    [
        ("linear", 0, (1e-4, 0.9999, 0, -9.8167251353, 1, 0)),
        ("linear", 1, (1.1991991992e-4, 0.999780092072, 5.4531876613e-05, -9.8167251353, 0.54529149951, 0.4547084989)),
        ("linear", 500, (0.01005995996, 0.077796658365, 0.0100513357789, -4.60004973998, 0.00305805707, 0.99410435076)),
        ("linear", 999, (0.02, 4.03582976538e-05, 0.0199999835266, -3.9120238291, 0.000128351487172, 0.989948678268)),
        ("cosine", 0, (4.1284224822e-05, 0.999958715775)),
        ("cosine", 1, (4.61417527367e-05, 0.999912575927, 2.17894961457e-05)),
        ("cosine", 500, (0.00315569144159, 0.492285172449, 0.00314600512546)),
        ("cosine", 998, (0.749999392901,)),
        ("cosine", 999, (0.999, 2.42876690703e-09)),
    ],
)  # fmt: skip
def test_tables_equal_those_of_guided_diffusion(name: str, i: int, values: tuple[float, ...]) -> None:
    tables = schedule(name)
    found = [float(getattr(tables, table)[i]) for table in TABLES]
    assert found[: len(values)] == pytest.approx(values, rel=2e-9)


def test_betas_sum_to_the_published_sums() -> None:
    assert float(schedule("linear").betas.sum()) == pytest.approx(10.05, rel=1e-12)
    assert float(schedule("cosine").betas.sum()) == pytest.approx(12.441496417056296, rel=1e-12)


@pytest.mark.parametrize(
    ("ours", "theirs"), [(scaled_linear_betas, "scaled_linear"), (cosine_betas, "squaredcos_cap_v2")]
)
def test_betas_equal_those_of_diffusers(ours, theirs: str) -> None:  # type: ignore[no-untyped-def]
    reference = DDPMScheduler(num_train_timesteps=600, beta_schedule=theirs, beta_start=0.00085, beta_end=0.012)
    torch.testing.assert_close(ours(600).float(), reference.betas, rtol=1e-5, atol=0)


def test_variance_of_a_step_equals_that_of_ddpm() -> None:
    for i, variance in ((0, 0), (1, 5.45348e-05), (487, 0.00979154), (999, 0.01999996)):
        assert float(LINEAR.posterior_variance[i]) == pytest.approx(variance, abs=5e-8)  # theirs in float32
    assert float(LINEAR.betas[487]) == pytest.approx(0.009801001, abs=1e-9)
    assert float(LINEAR.alpha_bar[487]) == pytest.approx(0.0885857344, abs=1e-7)


def test_steps_are_kept_as_guided_diffusion_keeps_them() -> None:
    assert space_timesteps(1000, "ddim25") == list(range(0, 961, 40))
    assert space_timesteps(1000, "ddim50") == list(range(0, 981, 20))
    some = space_timesteps(1000, "25")
    assert some[:6] + some[-4:] == [0, 42, 83, 125, 166, 208, 874, 916, 957, 999]
    many = space_timesteps(1000, "250")
    assert many[:6] + many[-4:] == [0, 4, 8, 12, 16, 20, 987, 991, 995, 999]
    mixed = space_timesteps(300, "10,15,20")
    assert len(mixed) == 45
    assert mixed[:6] + mixed[-4:] == [0, 11, 22, 33, 44, 55, 283, 289, 294, 299]
    assert space_timesteps(300, [10, 15, 20]) == mixed


@given(st.integers(2, 400), st.data())
@settings(deadline=None, max_examples=50)
def test_respacing_leaves_the_noise_of_kept_steps_as_it_was(T: int, data: st.DataObject) -> None:
    kept = data.draw(st.sets(st.integers(0, T - 1), min_size=1))
    whole = Schedule(linear_betas(T, start=1e-4, end=0.02))
    part = whole.respaced(sorted(kept))
    assert part.timesteps == tuple(sorted(kept))
    torch.testing.assert_close(part.alpha_bar, whole.alpha_bar[sorted(kept)], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("spacing", ["leading", "linspace", "trailing"])
def test_spacing_equals_that_of_diffusers(spacing: str) -> None:
    reference = DDIMScheduler(timestep_spacing=spacing, steps_offset=1 if spacing == "leading" else 0)
    reference.set_timesteps(7)
    if spacing == "linspace":  # DDIM's linspace keeps step 0, DPM-Solver's does not: ours is the latter
        assert spaced(1000, 10, spacing="linspace") == [999, 899, 799, 699, 599, 500, 400, 300, 200, 100]
    else:
        offset = 1 if spacing == "leading" else 0
        assert spaced(1000, 7, spacing=spacing, offset=offset) == reference.timesteps.tolist()  # type: ignore[arg-type]
    assert spaced(1000, 5, offset=1) == [801, 601, 401, 201, 1]


def test_karras_levels_are_even_in_the_seventh_root() -> None:
    expected = [10, 6.802165, 4.524204, 2.93412, 1.849302, 1.128182, 0.662886, 0.372822, 0.199141, 0.1]
    assert karras_sigmas(10, 0.1, 10).tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("kind", ["karras", "exponential"])
def test_levels_off_the_grid_equal_those_of_diffusers(kind: str) -> None:
    reference = EulerDiscreteScheduler(
        beta_start=1e-4, beta_end=0.02, use_karras_sigmas=kind == "karras", use_exponential_sigmas=kind == "exponential"
    )
    reference.set_timesteps(12)
    levels = LINEAR.karras(12) if kind == "karras" else LINEAR.exponential(12)
    assert levels[-1] is CLEAN
    assert [level.t for level in levels[:-1]] == pytest.approx(reference.timesteps.tolist(), rel=2e-4, abs=2e-3)
    assert [level.sigma / level.alpha for level in levels] == pytest.approx(reference.sigmas.tolist(), rel=1e-4)  # type: ignore[operator]


def test_a_level_between_two_steps_has_noise_between_theirs() -> None:
    before, between, after, clean = LINEAR.levels([499, 499.5, 500])
    assert after.sigma < between.sigma < before.sigma
    assert between.t == 499.5
    assert (clean.alpha, clean.sigma) == (1, 0)


def test_final_level_may_be_that_of_the_first_step() -> None:
    assert LINEAR.levels("ddim10", final="first")[-1].alpha == pytest.approx(0.9999**0.5)


@pytest.mark.parametrize("steps", ["ddim999", "ddimx", "ddim", "1001", "10;20", "0", "-5"])
def test_steps_that_cannot_be_taken_are_refused(steps: str) -> None:
    with pytest.raises(SettingsError):
        LINEAR.levels(steps)


def test_unknown_names_and_numbers_are_refused() -> None:
    with pytest.raises(SettingsError, match="no noise schedule 'square'; the names are linear, cosine"):
        schedule("square")
    with pytest.raises(SettingsError, match="between 0 and 1"):
        Schedule(torch.tensor([0.1, 1.5]))
    with pytest.raises(InputError, match="no step 1000 in a schedule of 1000"):
        LINEAR.levels([0, 1000])
    with pytest.raises(InputError, match="between 0 and 999"):
        LINEAR.respaced([1000])
    with pytest.raises(SettingsError, match="cannot take 0 steps"):
        spaced(1000, 0)
