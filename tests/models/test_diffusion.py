"""The denoiser contract and the losses: identities, closed forms, and clear refusals."""

import math

import pytest
import torch
from diffusers import DDPMScheduler
from torch import Tensor

from ateneo.errors import EngineError, InputError, SettingsError
from ateneo.models.diffusion import Denoiser, Prediction
from ateneo.models.losses import (
    add_noise,
    bits_per_dimension,
    grey_log_likelihood,
    hybrid_loss,
    normal_kl,
    posterior,
    simple_loss,
    step_distribution,
    vlb_loss,
)
from ateneo.models.schedules import Level, schedule
from tests.models.deterministic import LINEAR, NOISE, X, network, with_sigma

STEPS = torch.tensor([0, 1, 500, 999])
GREYS = torch.randint(0, 256, (4, 3, 8, 8), generator=torch.manual_seed(5)) / 127.5 - 1


@pytest.mark.parametrize("predicts", ["eps", "x0", "v"])
@pytest.mark.parametrize("clip", [None, 0.25])
def test_a_prediction_always_adds_up_to_x_t(predicts: str, clip: float | None) -> None:
    level = LINEAR.levels([300])[0]
    prediction = Denoiser(network, predicts=predicts, clip=clip)(X, level)  # type: ignore[arg-type]
    torch.testing.assert_close(level.alpha * prediction.x0 + level.sigma * prediction.eps, X, rtol=1e-5, atol=1e-6)
    assert clip is None or float(prediction.x0.abs().max()) <= clip * (1 + 1e-6)


@pytest.mark.parametrize("predicts", ["eps", "x0", "v"])
def test_a_network_that_knows_the_answer_has_no_loss(predicts: str) -> None:
    alpha, sigma = LINEAR.at("alpha", STEPS, X), LINEAR.at("sigma", STEPS, X)
    answers = {"eps": NOISE, "x0": X, "v": alpha * NOISE - sigma * X}
    denoiser = Denoiser(lambda x, t: answers[predicts], predicts=predicts)  # type: ignore[arg-type]
    assert simple_loss(denoiser, X, schedule=LINEAR, i=STEPS, noise=NOISE).tolist() == [0, 0, 0, 0]
    x_t = add_noise(LINEAR, X, i=STEPS, noise=NOISE)
    torch.testing.assert_close(denoiser(x_t, LINEAR.level(STEPS, X)).x0, X, rtol=1e-4, atol=1e-4)


def test_noise_is_added_as_diffusers_adds_it() -> None:
    reference = DDPMScheduler(beta_start=1e-4, beta_end=0.02)
    theirs = reference.add_noise(X, NOISE, STEPS)  # type: ignore[arg-type]
    torch.testing.assert_close(add_noise(LINEAR, X, i=STEPS, noise=NOISE), theirs, rtol=1e-5, atol=1e-6)
    v = reference.get_velocity(X, NOISE, STEPS)  # type: ignore[arg-type]
    known = Denoiser(lambda x, t: v, predicts="v")
    assert float(simple_loss(known, X, schedule=LINEAR, i=STEPS, noise=NOISE).max()) < 1e-11


def test_learned_variance_reaches_from_small_to_large() -> None:
    x_t = X[1:]
    level = LINEAR.level(STEPS[1:], x_t)

    def log_sigma(v: float) -> Tensor:
        net = lambda x, t: torch.cat([network(x, t), torch.full_like(x, v)], dim=1)  # noqa: E731
        prediction = Denoiser(net, variance="learned")(x_t, level)
        return step_distribution(LINEAR, prediction, i=STEPS[1:])[1][:, 0, 0, 0]

    torch.testing.assert_close(log_sigma(-1), LINEAR.posterior_log_variance[STEPS[1:]].float())
    torch.testing.assert_close(log_sigma(+1), LINEAR.betas.log()[STEPS[1:]].float())
    torch.testing.assert_close(log_sigma(0), (log_sigma(-1) + log_sigma(1)) / 2)


def test_posterior_is_what_bayes_gives() -> None:
    i, x0, x_t = torch.tensor([400]), X[:1].double(), NOISE[:1].double()
    mean, log_variance = posterior(LINEAR, x0, x_t=x_t, i=i)
    beta, before = LINEAR.betas[400], LINEAR.alpha_bar[399]
    precision = (1 - beta) / beta + 1 / (1 - before)  # of x_{t-1}: from x_t, and from x_0
    expected = ((1 - beta).sqrt() / beta * x_t + before.sqrt() / (1 - before) * x0) / precision
    torch.testing.assert_close(mean, expected, rtol=1e-9, atol=1e-12)
    assert float(log_variance) == pytest.approx(-math.log(float(precision)), rel=1e-9)


def test_bound_of_a_perfect_model_is_its_last_term_alone() -> None:
    cosine = schedule("cosine", 50)
    bits = bits_per_dimension(lambda x, level: Prediction(x, level, x0=GREYS), GREYS, schedule=cosine)
    assert bits.terms.shape == (4, 50)
    assert float(bits.terms[:, 1:].abs().max()) < 1e-6
    assert float(bits.prior.max()) < 1e-4
    sigma = float(cosine.posterior_variance[1].sqrt())  # the decoder's: its mass on a bin two 255ths wide
    mass = math.erf(1 / 255 / sigma / math.sqrt(2))
    inner = GREYS.abs() < 1
    expected = torch.where(inner, -math.log2(mass), -math.log2((1 + mass) / 2)).flatten(1).mean(dim=1)
    torch.testing.assert_close(bits.total - bits.prior, expected, rtol=1e-3, atol=1e-5)


def test_a_worse_model_has_a_larger_bound() -> None:
    cosine = schedule("cosine", 50)
    totals = [
        bits_per_dimension(lambda x, level, e=error: Prediction(x, level, x0=GREYS + e), GREYS, schedule=cosine).total
        for error in (0.0, 0.05, 0.2)
    ]
    assert bool((totals[0] < totals[1]).all() and (totals[1] < totals[2]).all())


def test_likelihood_of_all_greys_sums_to_one() -> None:
    greys = torch.arange(256, dtype=torch.float64) / 127.5 - 1
    for mean, scale in ((0.0, 0.1), (0.9, 0.3), (-1.2, 0.01), (0.0, 0.002)):
        logs = grey_log_likelihood(greys, mean=greys.new_tensor(mean), log_scale=greys.new_tensor(scale).log())
        assert float(logs.exp().sum()) == pytest.approx(1, abs=1e-6)


def test_divergence_equals_that_of_torch() -> None:
    a, b = torch.distributions.Normal(0.3, 2.0), torch.distributions.Normal(-1.0, 0.7)
    ours = normal_kl(a.mean, a.variance.log(), mean2=b.mean, log_variance2=b.variance.log())
    torch.testing.assert_close(ours, torch.distributions.kl_divergence(a, b))


def test_hybrid_loss_teaches_the_mean_by_the_simple_loss_alone() -> None:
    weights = torch.zeros(6, requires_grad=True)  # a gain and an offset for each of ε and v, three channels apart

    def net(x: Tensor, t: Tensor) -> Tensor:
        return torch.cat([network(x, t), network(x, t)], dim=1) + weights.reshape(1, 6, 1, 1)

    denoiser = Denoiser(net, variance="learned")
    simple = simple_loss(denoiser, X, schedule=LINEAR, i=STEPS, noise=NOISE).mean()
    hybrid = hybrid_loss(denoiser, X, schedule=LINEAR, i=STEPS, noise=NOISE).mean()
    (of_simple,) = torch.autograd.grad(simple, weights)
    (of_hybrid,) = torch.autograd.grad(hybrid, weights)
    torch.testing.assert_close(of_simple[:3], of_hybrid[:3])
    assert of_simple[3:].tolist() == [0, 0, 0]
    assert float(of_hybrid[3:].abs().min()) > 0


def test_hybrid_loss_is_the_simple_loss_and_a_thousandth_of_the_bound() -> None:
    denoiser = Denoiser(with_sigma, variance="learned", clip=None)
    simple = simple_loss(denoiser, X, schedule=LINEAR, i=STEPS, noise=NOISE)
    bound = vlb_loss(denoiser, X, schedule=LINEAR, i=STEPS, noise=NOISE)
    hybrid = hybrid_loss(denoiser, X, schedule=LINEAR, i=STEPS, noise=NOISE)
    torch.testing.assert_close(hybrid, simple + 0.001 * bound)


def test_min_snr_weighs_all_targets_alike() -> None:
    x0 = X + 0.1  # the same mistake in x₀, told in three ways
    alpha, sigma = LINEAR.at("alpha", STEPS, X), LINEAR.at("sigma", STEPS, X)
    x_t = add_noise(LINEAR, X, i=STEPS, noise=NOISE)
    eps = (x_t - alpha * x0) / sigma
    answers = {"eps": eps, "x0": x0, "v": alpha * eps - sigma * x0}
    losses = []
    for name, answer in answers.items():
        denoiser = Denoiser(lambda x, t, answer=answer: answer, predicts=name)  # type: ignore[arg-type,misc]
        losses.append(simple_loss(denoiser, X, schedule=LINEAR, i=STEPS, noise=NOISE, min_snr=5.0))
    snr = (LINEAR.alpha_bar / (1 - LINEAR.alpha_bar))[STEPS].float()
    expected = 0.01 * snr.clamp(max=5.0)
    for loss in losses:
        torch.testing.assert_close(loss, expected, rtol=2e-3, atol=1e-7)


def test_a_loss_that_is_not_finite_names_its_steps() -> None:
    broken = X.clone()
    broken[2, 0, 0, 0] = math.nan
    with pytest.raises(EngineError, match=r"not finite at steps \[500\]"):
        simple_loss(Denoiser(network), broken, schedule=LINEAR, i=STEPS, noise=NOISE)


def test_wrong_shapes_and_choices_are_refused() -> None:
    with pytest.raises(InputError, match=r"returned \(4, 6, 8, 8\).*\(4, 3, 8, 8\) is expected with variance='small'"):
        Denoiser(with_sigma)(X, LINEAR.levels([5])[0])
    with pytest.raises(InputError, match=r"x / 127.5 - 1"):
        simple_loss(Denoiser(network), X.to(torch.uint8), schedule=LINEAR, i=STEPS, noise=NOISE)
    with pytest.raises(InputError, match=r"steps must be \(4,\)"):
        simple_loss(Denoiser(network), X, schedule=LINEAR, i=STEPS[:2], noise=NOISE)
    with pytest.raises(SettingsError, match="choose eps, x0 or v"):
        Denoiser(network, predicts="noise")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="needs variance='learned'"):
        hybrid_loss(Denoiser(network), X, schedule=LINEAR, i=STEPS, noise=NOISE)
    with pytest.raises(InputError, match="needs x0, eps or signal"):
        Prediction(X, Level(0, 1.0, 0.0))
