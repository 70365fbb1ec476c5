"""Guidance: the published formulae and values, nothing at scale 0, and gradients that are what they claim to be."""

import math

import pytest
import torch
from torch import Tensor

from ateneo.errors import EngineError, InputError, SettingsError
from ateneo.models.clip import Clip, ClipConfig, TextConfig
from ateneo.models.diffusion import Denoiser, Prediction
from ateneo.models.guidance import (
    ClassifierFree,
    ClassifierLogP,
    ClipLogP,
    Cutouts,
    Guided,
    NoisyClipLogP,
    frozen,
    spherical_distance,
)
from ateneo.models.noisy_tower import NoisyTower, NoisyTowerConfig
from ateneo.models.samplers import Step, ancestral, ddim, dpmpp_2m, heun
from ateneo.models.schedules import Level, schedule
from ateneo.models.unet import Classifier, UNet, UNetConfig
from ateneo.models.vit import ViTConfig
from tests.models.deterministic import LINEAR, X, gaussian, network, with_sigma

SMALL = UNetConfig(image_size=16, channels=32, widths=(32, 64), blocks=1, attention=(1,), resample="block")
TEN = LINEAR.levels("10")


def towards_a_quarter(x_t: Tensor, level: Level, prediction: Prediction) -> Tensor:
    """log p with gradient 0.25 - x_t, as the references' values have it."""
    return -0.5 * ((0.25 - x_t) ** 2).flatten(1).sum(dim=1)


def brighter_x0(x_t: Tensor, level: Level, prediction: Prediction) -> Tensor:
    """log p of the picture to come."""
    return prediction.x0.flatten(1).sum(dim=1)


def unet(seed: int = 0, **choices: object) -> UNet:
    """A small one whose every weight counts."""
    torch.manual_seed(seed)
    model = UNet(UNetConfig(**{**SMALL.__dict__, **choices}))  # type: ignore[arg-type]
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.05)
    return model.eval()


def clip() -> Clip:
    """Tiny, with random weights."""
    torch.manual_seed(0)
    image = ViTConfig(16, 8, 32, 2, 2, 64)
    return Clip(ClipConfig(24, image, TextConfig("transformer", 50, 8, width=32, layers=1, heads=2, mlp_width=64)))


def noise(*shape: int, seed: int = 1) -> Tensor:
    """The same each time."""
    return torch.randn(*shape, generator=torch.manual_seed(seed))


# --- the published values ---


@pytest.mark.parametrize(
    ("t", "mean", "variance", "x0", "by_mean", "by_score"),
    [
        (1, 0.51875854, 5.45318762e-05, 0.51702839, 0.51871425, 0.51866108),
        (500, 0.51800025, 0.01005134, 0.07768512, 0.50983351, 0.50978506),
        (999, 0.51560897, 0.01999998, 0.08363342, 0.49935898, 0.49919400),
    ],
)
def test_one_step_equals_guided_diffusion_in_both_forms(
    t: int, mean: float, variance: float, x0: float, by_mean: float, by_score: float
) -> None:
    levels, steps = LINEAR.levels([t, t - 1])[:2], []
    for form in ("mean", "score"):
        guided = Guided(Denoiser(network), towards_a_quarter, form, scale=3.0)  # type: ignore[arg-type]
        ancestral(guided, X[:1], levels=levels, callback=steps.append)
    found = [value.flatten()[100].item() for step in steps for value in (step.mu, step.mu_guided)]
    assert found == pytest.approx([mean, by_mean, mean, by_score], abs=2e-7)
    assert steps[0].Sigma == pytest.approx(variance, rel=1e-6)
    assert steps[0].prediction.x0.flatten()[100].item() == pytest.approx(x0, abs=2e-5)  # float32, times 1/α = 157


@pytest.mark.parametrize(
    ("levels", "net", "form", "scale", "value"),
    [
        (LINEAR.levels(), network, "mean", 0.0, 0.660935),
        (LINEAR.levels(), network, "mean", 3.0, 89.392609),
        (LINEAR.levels("250"), network, "mean", 0.0, 0.674315),
        (LINEAR.levels("250"), network, "mean", 3.0, 88.457809),
        (LINEAR.levels("250"), with_sigma, "mean", 3.0, 90.244385),
        (schedule("cosine").levels("250"), with_sigma, "mean", 0.0, 0.012823),
        (LINEAR.levels("ddim25"), network, "score", 3.0, 124.934708),
    ],
)
def test_guided_loops_equal_guided_diffusion(levels, net, form: str, scale: float, value: float) -> None:  # type: ignore[no-untyped-def]
    denoiser = Denoiser(net, variance="learned" if net is with_sigma else "small")
    guided = Guided(denoiser, towards_a_quarter, form, scale=scale)  # type: ignore[arg-type]
    if form == "mean":
        found = ancestral(guided, X, levels=levels, noise=torch.zeros_like)
    else:
        found = ddim(guided, X, levels=levels)
    assert float(found.abs().sum()) == pytest.approx(value, rel=2e-6, abs=1e-6)


def test_spherical_distance_is_half_the_squared_angle() -> None:
    def distance(x: list[float], y: list[float]) -> float:
        return float(spherical_distance(torch.tensor(x).float(), torch.tensor(y).float()))

    assert distance([1, 0], [0, 1]) == pytest.approx(1.23370039, rel=1e-6)
    assert distance([1, 0], [-1, 0]) == pytest.approx(4.9348025, rel=1e-6)
    assert distance([1, 2, 3], [3, 1, -2]) == pytest.approx(1.34855092, rel=1e-6)
    assert distance([1, 2, 3], [2, 4, 6]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("y", [[1.0, 0.0], [-1.0, 0.0]])
def test_spherical_distance_has_a_gradient_where_vectors_meet_or_are_opposite(y: list[float]) -> None:
    x = torch.tensor([1.0, 0.0], requires_grad=True)
    spherical_distance(x, torch.tensor(y)).backward()
    assert x.grad is not None
    assert bool(torch.isfinite(x.grad).all())


# --- scale 0 ---


@pytest.mark.parametrize("sampler", [ancestral, ddim, dpmpp_2m, heun])
def test_clip_guidance_of_scale_0_is_unguided_bit_for_bit(sampler) -> None:  # type: ignore[no-untyped-def]
    denoiser, model = Denoiser(unet()), clip()
    log_p = ClipLogP(model.encode_image, noise(1, 24), cutouts=Cutouts(16, count=2))
    form = "mean" if sampler is ancestral else "score"
    x = noise(2, 3, 16, 16)
    torch.manual_seed(3)
    plain = sampler(denoiser, x, levels=TEN[-4:])
    for scale, same in ((0.0, True), (5.0, False)):
        torch.manual_seed(3)
        guided = sampler(Guided(denoiser, log_p, form, scale=scale), x, levels=TEN[-4:])  # type: ignore[arg-type]
        assert torch.equal(guided, plain) is same


def test_classifier_free_of_scale_0_and_1_is_one_call_bit_for_bit() -> None:
    model, x, t = unet(classes=4, unlabelled=True), noise(2, 3, 16, 16), torch.tensor([10]).expand(2)
    labels, none = torch.tensor([1, 2]), torch.tensor([4])
    with torch.no_grad():
        guided = [ClassifierFree(model, {"labels": labels}, {"labels": none}, scale=s)(x, t) for s in (0, 1)]
        assert torch.equal(guided[0], model(x, t))
        assert torch.equal(guided[1], model(x, t, labels=labels))


# --- gradients ---


def test_classifier_gradient_is_that_of_log_softmax_and_leaves_its_weights_alone() -> None:
    torch.manual_seed(0)
    judge = Classifier(UNetConfig(**{**SMALL.__dict__, "out_channels": 5}))
    for weights in judge.parameters():
        torch.nn.init.normal_(weights, std=0.2)
    x, labels, level = noise(2, 3, 16, 16), torch.tensor([1, 3]), LINEAR.levels([400])[0]
    log_p = ClassifierLogP(judge, labels)
    _, gradient = Guided(Denoiser(network), log_p, "mean", scale=2.0).gradient(x, level)
    assert all(not weights.requires_grad and weights.grad is None for weights in judge.parameters())
    direction, eps = noise(2, 3, 16, 16, seed=9), 1e-2

    def value(x: Tensor) -> Tensor:
        return torch.log_softmax(judge(x, torch.tensor([400, 400])), 1)[[0, 1], labels]

    slope = (value(x + eps * direction) - value(x - eps * direction)) / (2 * eps)
    torch.testing.assert_close((gradient * direction).flatten(1).sum(1), 2 * slope, rtol=2e-2, atol=1e-3)


@pytest.mark.parametrize("through", [False, True])
def test_gradient_on_x0_goes_through_the_network_or_holds_eps(through: bool) -> None:
    level = LINEAR.levels([400])[0]
    guided = Guided(gaussian(std=0.5), brighter_x0, "score", through_network=through)
    _, gradient = guided.gradient(X, level)
    a, s = level.alpha, level.sigma
    slope = a * 0.25 / (a**2 * 0.25 + s**2) if through else 1 / a  # type: ignore[operator]
    torch.testing.assert_close(gradient, torch.full_like(X, slope))


def test_score_form_shifts_eps_and_does_not_clip_again() -> None:
    level = LINEAR.levels([400])[0]
    denoiser = Denoiser(network, clip=0.25)
    plain, guided = denoiser(X, level), Guided(denoiser, brighter_x0, "score", scale=2.0)(X, level)
    a, s = level.alpha, level.sigma
    torch.testing.assert_close(guided.eps, plain.eps - s * 2.0 / a)  # type: ignore[operator]
    torch.testing.assert_close(guided.x0, plain.x0 + (s / a) ** 2 * 2.0, rtol=1e-4, atol=1e-5)  # type: ignore[operator]
    assert float(guided.x0.max()) > 0.25


def test_guidance_by_the_exact_posterior_reaches_it() -> None:
    # pixels N(0, 1), y = pixel + N(0, 1) seen as 1: the posterior is N(1/2, 1/2)
    x = torch.randn(1, 1, 120, 120, generator=torch.manual_seed(0), dtype=torch.float64)

    def seen_as_one(x_t: Tensor, level: Level, prediction: Prediction) -> Tensor:
        spread = 1 + level.sigma**2  # type: ignore[operator] - of y given x_t, whose E[x₀] is α x_t
        return -0.5 * ((1 - level.alpha * x_t) ** 2 / spread).flatten(1).sum(1)

    levels = LINEAR.levels()
    for found in (
        ancestral(Guided(gaussian(), seen_as_one, "mean"), x, levels=levels, noise=torch.manual_seed(1)),
        ddim(Guided(gaussian(), seen_as_one, "score"), x, levels=levels),
    ):
        assert float(found.mean()) == pytest.approx(0.5, abs=0.02)
        assert float(found.var()) == pytest.approx(0.5, rel=0.04)


def test_callback_sees_the_means_before_and_after_guidance() -> None:
    for sampler, form in ((ancestral, "mean"), (ddim, "score"), (heun, "score"), (dpmpp_2m, "score")):
        steps: list[Step] = []
        guided = Guided(Denoiser(network), towards_a_quarter, form, scale=3.0)  # type: ignore[arg-type]
        sampler(guided, X, levels=TEN, callback=steps.append)  # type: ignore[operator]
        assert all(step.mu_guided is not None for step in steps)
        for step in steps:
            shift, wanted = step.mu_guided - step.mu, 0.25 - step.x_t  # type: ignore[operator]
            assert bool((shift * wanted >= 0).all())
            if form == "mean":
                torch.testing.assert_close(shift, step.Sigma * 3.0 * wanted, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("sampler", "form"), [(ancestral, "mean"), (ddim, "score")])
def test_two_guidances_around_each_other_are_the_guidance_by_their_sum(sampler, form: str) -> None:  # type: ignore[no-untyped-def]
    def darker(x_t: Tensor, level: Level, prediction: Prediction) -> Tensor:
        return -x_t.flatten(1).sum(dim=1)

    def both(x_t: Tensor, level: Level, prediction: Prediction) -> Tensor:
        return towards_a_quarter(x_t, level, prediction) + 2 * darker(x_t, level, prediction)

    denoiser = Denoiser(network, clip=None)
    nested = Guided(Guided(denoiser, towards_a_quarter, form), darker, form, scale=2.0)  # type: ignore[arg-type]
    steps: list[list[Step]] = [[], []]
    for guided, seen in zip((nested, Guided(denoiser, both, form)), steps, strict=True):  # type: ignore[arg-type]
        torch.manual_seed(0)
        sampler(guided, X, levels=TEN, callback=seen.append)
    for one, other in zip(*steps, strict=True):
        torch.testing.assert_close(one.mu, other.mu, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(one.mu_guided, other.mu_guided, rtol=1e-4, atol=1e-4)


def test_similarity_to_the_words_rises_with_the_scale() -> None:
    model, words = clip(), noise(1, 24, seed=4)
    log_p = ClipLogP(model.encode_image, words, cutouts=Cutouts(16, count=1))
    assert not any(weights.requires_grad for weights in model.parameters())
    x, distances = noise(2, 3, 16, 16), []
    for scale in (0.0, 10.0, 100.0):
        guided = Guided(gaussian(std=0.5), log_p, "score", scale=scale)
        distances.append(float(log_p.distance(ddim(guided, x, levels=LINEAR.levels("ddim50"))).detach().mean()))
    assert distances[0] > distances[1] > distances[2]


# --- cutouts and CLIP ---


def test_a_clip_of_noisy_pictures_leads_by_the_product_of_the_vectors() -> None:
    model, words = frozen(clip()), noise(1, 24, seed=4)
    told: list[Tensor] = []

    def encode(x: Tensor, t: Tensor) -> Tensor:
        told.append(t)
        return model.encode_image(x)

    log_p = NoisyClipLogP(encode, words[0])
    x = noise(2, 3, 16, 16)
    found = log_p(x, TEN[0], Prediction(x, TEN[0], x0=torch.zeros_like(x)))  # of x_t, whatever x₀ will be
    torch.testing.assert_close(found, torch.cosine_similarity(model.encode_image(x), words))
    assert told[0].tolist() == [TEN[0].t] * 2
    plain = NoisyClipLogP(encode, words[0], unit=False)(x, TEN[0], Prediction(x, TEN[0], x0=torch.zeros_like(x)))
    torch.testing.assert_close(plain, model.encode_image(x) @ words[0])
    alike = []
    for scale in (0.0, 100.0, 1000.0):
        guided = Guided(gaussian(std=0.5), log_p, "mean", scale=scale)
        drawn = ancestral(guided, x, levels=LINEAR.levels("50"), noise=torch.manual_seed(0))
        alike.append(float(torch.cosine_similarity(model.encode_image(drawn), words).mean()))
    assert alike[0] < alike[1] < alike[2]


def test_the_weights_of_what_guides_are_frozen() -> None:
    tower = NoisyTower(
        NoisyTowerConfig(image_size=16, widths=(8, 16), blocks=(1, 1), hidden=8, times=8, embed=4, text=4)
    )
    NoisyClipLogP(tower.leading, torch.ones(9), unit=False)
    assert not any(weights.requires_grad for weights in tower.parameters())


def test_cutouts_are_pieces_of_the_picture_the_whole_first() -> None:
    pictures = torch.arange(2 * 3 * 20 * 24.0).reshape(2, 3, 20, 24)
    cut = Cutouts(8, count=5, smallest=0.4, generator=torch.manual_seed(0))
    pieces = cut(pictures)
    assert pieces.shape == (10, 3, 8, 8)
    for top, left, side in cut.places(20, 24):
        assert 8 <= side <= 20
        assert 0 <= top <= 20 - side
        assert 0 <= left <= 24 - side
    assert Cutouts(8, count=1).places(20, 24) == [(0, 2, 20)]
    assert torch.equal(Cutouts(20, count=1)(pictures), pictures[:, :, :, 2:22])


def test_clip_sees_all_cutouts_in_one_call_normalised() -> None:
    calls: list[Tensor] = []

    def encode(pixels: Tensor) -> Tensor:
        calls.append(pixels)
        return pixels.flatten(2).mean(dim=2)

    log_p = ClipLogP(encode, torch.tensor([[1.0, 1.0, 1.0]]), cutouts=Cutouts(8, count=6))
    log_p(X, TEN[0], Prediction(X, TEN[0], x0=torch.ones_like(X)))
    assert [call.shape for call in calls] == [(24, 3, 8, 8)]
    white = torch.tensor([1.93033612, 2.0748837, 2.14589691])
    torch.testing.assert_close(calls[0][0, :, 0, 0], white, rtol=1e-6, atol=1e-6)


def test_several_texts_are_weighed() -> None:
    words = torch.eye(3)
    encode = lambda pixels: torch.tensor([[0.0, 1.0, 0.0]]).expand(len(pixels), 3)  # noqa: E731
    towards_second_from_third = ClipLogP(encode, words, cutouts=Cutouts(8, count=2), weights=[0.0, 1.0, -0.5])
    expected = -0.5 * math.pi**2 / 8
    assert towards_second_from_third.distance(X).tolist() == pytest.approx([expected] * 4, abs=1e-6)


# --- without a classifier ---


def test_classifier_free_asks_once_with_a_doubled_batch() -> None:
    model, x, t = unet(classes=4, unlabelled=True, out_channels=6), noise(2, 3, 16, 16), torch.tensor([10]).expand(2)
    labels, calls = torch.tensor([1, 2]), []

    def net(x: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        calls.append((x.shape[0], t.tolist(), labels.tolist()))
        return model(x, t, labels=labels)

    with torch.no_grad():
        guided = ClassifierFree(net, {"labels": labels}, {"labels": torch.tensor([4])}, scale=3.0)(x, t)
        y, none = model(x, t, labels=labels), model(x, t)
    assert calls == [(4, [10] * 4, [1, 2, 4, 4])]
    torch.testing.assert_close(guided[:, :3], none[:, :3] + 3 * (y - none)[:, :3], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(guided[:, 3:], y[:, 3:], rtol=1e-4, atol=1e-5)


# --- refusals ---


def test_guidance_that_cannot_be_is_refused() -> None:
    level = TEN[0]
    with pytest.raises(EngineError, match="does not depend on x_t"):
        Guided(Denoiser(network), lambda x, level, p: torch.zeros(4), "mean")(X, level)
    with pytest.raises(EngineError, match="gradient of log p is not finite at t = 999"):
        Guided(Denoiser(network), lambda x, level, p: x.flatten(1).sum(1) * math.nan, "mean")(X, level)
    with pytest.raises(InputError, match="one number for each of 4 pictures"):
        Guided(Denoiser(network), lambda x, level, p: x.sum(), "mean")(X, level)
    with pytest.raises(SettingsError, match="choose mean"):
        Guided(Denoiser(network), towards_a_quarter, "both")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="2 texts need as many weights, not 1"):
        ClipLogP(lambda x: x, torch.eye(2), cutouts=Cutouts(8), weights=[1.0])
    with pytest.raises(InputError, match="have 4 numbers, the words' 2"):
        ClipLogP(lambda x: x[:, 0, 0, :4], torch.eye(2), cutouts=Cutouts(8)).distance(X)
    with pytest.raises(InputError, match="have 4 numbers, the words' 2"):
        Guided(Denoiser(network), NoisyClipLogP(lambda x, t: x[:, 0, 0, :4], torch.eye(2)[0]), "mean")(X, level)
    with pytest.raises(SettingsError, match="count of 1 or more"):
        Cutouts(8, count=0)
    with pytest.raises(SettingsError, match="same names"):
        ClassifierFree(network, {"labels": X}, {}, scale=2.0)
    with pytest.raises(InputError, match="between 0 and 2"):
        ClassifierLogP(lambda x, t: x[:, :3, 0, 0], torch.tensor([7]))(X, level, Prediction(X, level, x0=X))
