"""What runs on an accelerator is what runs on a CPU; schedules, labels, generators may lie elsewhere."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ateneo.models.clip import Clip, ClipConfig, TextConfig, contrastive_loss
from ateneo.models.diffusion import Denoiser
from ateneo.models.guidance import ClassifierLogP, ClipLogP, Cutouts, Guided
from ateneo.models.losses import bits_per_dimension, hybrid_loss, simple_loss
from ateneo.models.samplers import ancestral, ddim, dpmpp_2m, heun
from ateneo.models.schedules import schedule
from ateneo.models.unet import Classifier, UNet, UNetConfig
from ateneo.models.vit import ViTConfig

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no accelerator here")

SMALL = UNetConfig(image_size=16, channels=32, widths=(32, 64), blocks=1, head_channels=32, out_channels=6)
COSINE = schedule("cosine", 100)
LEVELS = COSINE.levels([79, 59, 39, 19, 0])  # not from 99: Heun's step there divides by α = 0.0005, rounding and all


@pytest.fixture(autouse=True)
def whole_float32() -> Iterator[None]:
    """Convolutions without TF32, which keeps 10 bits."""
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


def filled(model: nn.Module) -> nn.Module:
    """Random weights everywhere, also where a fresh network has zeros."""
    for weights in model.parameters():
        if weights.ndim > 1:
            nn.init.normal_(weights, std=weights[0].numel() ** -0.5)
    return model.eval()


def small_clip() -> Clip:
    image = ViTConfig(image_size=16, patch_size=8, width=64, layers=2, heads=2, mlp_width=128)
    model = Clip(ClipConfig(32, image, TextConfig(vocabulary=600, width=64, layers=2, heads=2, mlp_width=128)))
    filled(model)
    return model


def noise(count: int = 2) -> Tensor:
    return torch.randn(count, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def from_cpu() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def same(run: Callable[[torch.device], Tensor]) -> bool:
    """Whether a run gives on the accelerator what it gives on the CPU."""
    torch.manual_seed(0)
    here = run(torch.device("cpu"))
    torch.manual_seed(0)
    there = run(torch.device("cuda"))
    return there.is_cuda and bool((there.cpu() - here).abs().max() < 2e-3 * here.abs().max())


def test_towers_and_their_loss() -> None:
    words = torch.tensor([[598, 5, 7, 599, 0], [598, 9, 599, 0, 0]])

    def run(device: torch.device) -> Tensor:
        model = small_clip().to(device)
        return contrastive_loss(*model(noise().to(device), words.to(device)), model.t)

    assert same(run)


@pytest.mark.parametrize("sampler", [ancestral, ddim, heun, dpmpp_2m])
def test_samplers_with_learned_variance_and_noise_of_a_cpu_generator(sampler: Callable[..., Tensor]) -> None:
    def run(device: torch.device) -> Tensor:
        choices = {"noise": from_cpu()} if sampler in (ancestral, ddim) else {}
        choices |= {"eta": 0.5} if sampler is ddim else {}
        denoiser = Denoiser(filled(UNet(SMALL)).to(device), variance="learned")
        return sampler(denoiser, noise().to(device), levels=LEVELS, **choices)

    assert same(run)


@pytest.mark.parametrize("form", ["mean", "score"])
def test_guidance_with_labels_on_the_cpu(form: str) -> None:
    def run(device: torch.device) -> Tensor:
        judge = filled(Classifier(replace(SMALL, out_channels=10))).to(device)
        denoiser = Denoiser(filled(UNet(SMALL)).to(device), variance="learned")
        guided = Guided(denoiser, ClassifierLogP(judge, torch.tensor([3, 4])), form, scale=2.0)
        sampler = ancestral if form == "mean" else ddim
        return sampler(guided, noise().to(device), levels=LEVELS, noise=from_cpu())

    assert same(run)


def test_guidance_by_words_with_cutouts() -> None:
    def run(device: torch.device) -> Tensor:
        model = small_clip().to(device)
        words = model.encode_text(torch.tensor([[598, 5, 7, 599]], device=device))
        pieces = Cutouts(16, count=3, generator=from_cpu())
        guided = Guided(
            Denoiser(filled(UNet(SMALL)).to(device), variance="learned"),
            ClipLogP(model.encode_image, words, cutouts=pieces),
            "score",
            scale=5.0,
        )
        return ddim(guided, noise().to(device), levels=LEVELS)

    assert same(run)


@pytest.mark.parametrize("loss", [simple_loss, hybrid_loss])
def test_losses(loss: Callable[..., Tensor]) -> None:
    def run(device: torch.device) -> Tensor:
        denoiser = Denoiser(filled(UNet(SMALL)).to(device), variance="learned")
        i = torch.tensor([0, 60], device=device)
        return loss(denoiser, noise().clamp(-1, 1).to(device), schedule=COSINE, i=i, noise=noise(2).to(device))

    assert same(run)


def test_generators_of_the_accelerator_serve_everywhere() -> None:
    drawn = torch.Generator("cuda").manual_seed(0)
    x = noise().cuda()
    denoiser = Denoiser(lambda x_t, t: x_t * 0.5)
    assert ancestral(denoiser, x, levels=LEVELS, noise=drawn).is_cuda
    assert bits_per_dimension(denoiser, x.clamp(-1, 1), schedule=schedule("cosine", 4), generator=drawn).total.is_cuda
    assert Cutouts(8, count=3, generator=drawn)(x).shape == (6, 3, 8, 8)


def test_a_batch_in_bf16_is_near_that_in_float32() -> None:
    model, x = small_clip().cuda(), noise().cuda()
    full = model.encode_image(x)
    half = model.to(torch.bfloat16).encode_image(x.bfloat16())
    assert (half - full).norm() < 0.05 * full.norm()
