"""The decoder of unCLIP: one network with a vector and without, on the one contract; what lies between two vectors."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ateneo.errors import InputError
from ateneo.models import Guided, UNetConfig, schedule
from ateneo.models.appearance import InRange, Smooth, Sum
from ateneo.models.diffusion import Denoiser, Prediction
from ateneo.models.samplers import ddim
from ateneo.models.schedules import Level
from ateneo.models.unclip import Decoder, DecoderConfig, slerp

UNET = UNetConfig(
    image_size=4, in_channels=48, out_channels=48, channels=8, widths=(8, 16), blocks=1, attention=(1,), groups=4,
    scale_shift=True, vector=6,
)  # fmt: skip


def decoder() -> Decoder:
    """A tiny decoder whose every layer does something."""
    torch.manual_seed(0)
    model = Decoder(DecoderConfig(image_size=16, patch=4, unet=UNET)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    model.mean.fill_(0.1)
    return model


def test_without_a_vector_it_is_the_mean_of_all_pictures() -> None:
    model, x = decoder(), torch.randn(2, 3, 16, 16)
    level = schedule("cosine").levels([500])[0]
    with torch.no_grad():
        free = model.denoiser()(x, level).x0
        mean = model.denoiser(model.mean[None])(x, level).x0
        given = model.denoiser(torch.randn(2, 6))(x, level).x0
    assert torch.allclose(free, mean)
    assert not torch.allclose(free, given)


def test_a_scale_of_zero_draws_as_if_nothing_was_given() -> None:
    model, x = decoder(), torch.randn(2, 3, 16, 16)
    levels, vectors = schedule("cosine").levels("5"), torch.randn(2, 6)
    drawn = [ddim(model.denoiser(vectors, scale=s), x, levels=levels) for s in (0.0, 1.0, 2.5)]
    assert torch.equal(drawn[0], ddim(model.denoiser(), x, levels=levels))
    assert not torch.allclose(drawn[1], drawn[2])


def test_blocks_of_pixels_are_pixels_in_another_order() -> None:
    model, x = decoder(), torch.randn(1, 3, 16, 16)
    with torch.no_grad():
        whole = model(x, torch.tensor([9]), vector=torch.zeros(1, 6))
        blocks = torch.nn.functional.pixel_unshuffle(x, 4)
        inner = model.unet(blocks, torch.tensor([9]), vector=torch.zeros(1, 6))
    assert torch.equal(torch.nn.functional.pixel_unshuffle(whole, 4), inner)
    with pytest.raises(InputError, match="multiple of 8"):
        model(torch.zeros(1, 3, 18, 16), torch.tensor([9]), vector=torch.zeros(1, 6))


def test_a_sketch_is_seen_beside_the_picture_at_any_size() -> None:
    torch.manual_seed(0)
    config = DecoderConfig(patch=4, unet=replace(UNET, in_channels=51), sketch=4)
    model = Decoder(config).eval()
    torch.nn.init.normal_(model.unet.out.weight)
    x, vector = torch.randn(2, 3, 16, 16), torch.randn(2, 6)
    with torch.no_grad():
        first = model(x, torch.tensor([9]), vector=vector)
        assert model.sketch is not None
        model.sketch.weight.mul_(2)
        assert not torch.allclose(first, model(x, torch.tensor([9]), vector=vector))
        assert model(torch.randn(1, 3, 32, 32), torch.tensor([9]), vector=vector[:1]).shape == (1, 3, 32, 32)


def test_a_text_is_told_beside_the_vector() -> None:
    torch.manual_seed(0)
    config = DecoderConfig(patch=4, unet=replace(UNET, in_channels=51), sketch=4, text=5)
    model = Decoder(config).eval()
    torch.nn.init.normal_(model.unet.out.weight)
    x, vectors, texts = torch.randn(2, 3, 16, 16), torch.randn(2, 6), torch.randn(2, 5)
    level, step, none = schedule("cosine").levels([500])[0], torch.tensor([500]), torch.zeros(2, 5)
    with torch.no_grad():
        assert model.told is not None
        torch.nn.init.normal_(model.told[2].weight)  # type: ignore[arg-type, index]
        torch.testing.assert_close(model(x, step, vector=vectors, text=none), model(x, step, vector=vectors))
        one = model.denoiser(vectors, texts=texts)(x, level).x0
        torch.testing.assert_close(one, model(x, step, vector=model.standardised(vectors), text=texts).clamp(-1, 1))
        assert not torch.allclose(one, model.denoiser(vectors)(x, level).x0)
        free = model.denoiser()(x, level).x0
        led = model.denoiser(vectors, texts=texts, scale=0.0)(x, level).x0
        torch.testing.assert_close(led, free)
    with pytest.raises(InputError, match="no text"):
        decoder()(x, step, vector=vectors, text=texts)


def test_the_way_between_two_pictures_goes_by_even_angles() -> None:
    a, b = torch.tensor([[1.0, 0, 0]]), torch.tensor([[0.0, 2, 0]])
    way = slerp(a, b, torch.linspace(0, 1, 4)[:, None])
    torch.testing.assert_close(way[0], a[0])
    torch.testing.assert_close(way[-1], b[0] / 2)
    angles = torch.acos((way[1:] * way[:-1]).sum(1).clamp(-1, 1))
    torch.testing.assert_close(angles, torch.full((3,), torch.pi / 6))
    torch.testing.assert_close(slerp(a, a, 0.3), a)
    with pytest.raises(InputError, match="opposite"):
        slerp(a, -a, 0.5)


def test_terms_of_appearance_lead_to_calmer_pictures() -> None:
    x = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    levels = schedule("cosine").levels("10")
    plain = Denoiser(lambda x_t, t: torch.zeros_like(x_t), predicts="v", clip=None)  # of pictures that are noise
    terms = Sum(((1.0, Smooth()), (0.1, InRange())))
    calm = Guided(plain, terms, form="score", scale=50.0, through_network=True)

    def grain(picture: Tensor) -> float:
        prediction = Prediction(picture, Level(0, 1.0, 0.0), x0=picture)
        return -Smooth()(picture, prediction.level, prediction).item()

    assert grain(ddim(calm, x, levels=levels)) < 0.9 * grain(ddim(plain, x, levels=levels))
