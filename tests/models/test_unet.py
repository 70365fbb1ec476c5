"""The U-Net: the published sizes, the timestep embeddings, and what it refuses."""

import pytest
import torch
from torch import Tensor, nn

from ateneo.errors import InputError, SettingsError
from ateneo.models.unet import Classifier, UNet, UNetConfig, classifier, convolved_up, resized, timestep_embedding, unet

TINY = UNetConfig(image_size=16, channels=32, widths=(32, 64), blocks=1, attention=(1,))
T = torch.tensor([10, 999])


def tiny(**choices: object) -> UNet:
    """A small U-Net whose every weight counts."""
    torch.manual_seed(0)
    model = UNet(UNetConfig(**{**TINY.__dict__, **choices}))  # type: ignore[arg-type]
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.05)
    return model.eval()


def pictures(batch: int = 2, size: int = 16) -> Tensor:
    """Noise, the same each time."""
    return torch.randn(batch, 3, size, size, generator=torch.manual_seed(1))


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("ADM-64", 295_904_454),
        ("ADM-128", 421_529_606),
        ("ADM-256", 553_838_086),
        ("ADM-256-uncond", 552_814_086),
        ("ADM-512", 558_997_638),
        ("ADM-64-classifier", 65_438_568),
        ("ADM-128-classifier", 42_568_040),
        ("ADM-256-classifier", 54_096_360),
        ("ADM-512-classifier", 54_448_360),
        ("ddpm-cifar10-32", 35_746_307),
        ("ddpm-celebahq-256", 113_673_219),
        ("ddpm-church-256", 113_673_219),
        ("ddpm-bedroom-256", 113_673_219),
    ],
)
def test_published_sizes_have_exactly_the_published_parameters(name: str, count: int) -> None:
    with torch.device("meta"):
        model = classifier(name) if name.endswith("classifier") else unet(name)
    assert sum(weights.numel() for weights in model.parameters()) == count


@pytest.mark.parametrize(
    ("choices", "values"),
    [
        (
            {"sin_first": True, "freq_shift": 1.0},
            [0.9646, 0.9804, 0.9892, 0.9615, 0.9787, 0.9882, 0.9582, 0.9769, 0.9872],
        ),
        ({}, [0.3019, 0.2280, 0.1716, 0.3146, 0.2377, 0.1790, 0.3272, 0.2474, 0.1864]),
        (
            {"scale": 1000.0, "sin_first": True, "freq_shift": 1.0},
            [-0.9801, -0.9464, -0.9349, -0.3952, 0.8887, -0.9709, 0.5299, -0.2853, -0.9927],
        ),
    ],
)
def test_timestep_embeddings_equal_those_of_diffusers(choices: dict[str, float], values: list[float]) -> None:
    table = timestep_embedding(torch.arange(128), 64, **choices)  # type: ignore[arg-type]
    assert table[23:26, 47:50].flatten().tolist() == pytest.approx(values, abs=1e-3)


def test_timestep_embedding_equals_that_of_guided_diffusion() -> None:
    expected = [0.54030234, 0.99500418, 0.99994999, 0.99999952, 0.84147096, 0.09983341, 0.00999983, 0.00099999981]
    assert timestep_embedding(torch.tensor([1]), 8)[0].tolist() == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("labels", [None, torch.tensor([0, 3])])
def test_one_t_for_all_gives_what_a_t_for_each_gives(labels: Tensor | None) -> None:
    model = tiny(classes=4, unlabelled=True, scale_shift=True)
    with torch.no_grad():
        each = model(pictures(), torch.tensor([700, 700]), labels=labels)
        torch.testing.assert_close(model(pictures(), torch.tensor([700]).expand(2), labels=labels), each)
        torch.testing.assert_close(model(pictures(), torch.tensor(700), labels=labels), each)


def test_rows_of_a_batch_do_not_meet() -> None:
    model, x = tiny(resample="block"), pictures(3)
    t = torch.tensor([1, 500, 999])
    with torch.no_grad():
        whole = model(x, t)
        for row in range(3):
            torch.testing.assert_close(model(x[row : row + 1], t[row : row + 1])[0], whole[row], rtol=1e-4, atol=1e-5)


def test_labels_and_vectors_change_the_prediction_and_their_absence_has_a_meaning() -> None:
    model, x = tiny(classes=4, unlabelled=True, vector=5), pictures()
    with torch.no_grad():
        plain = model(x, T)
        assert torch.equal(plain, model(x, T, labels=torch.tensor([4, 4])))
        torch.testing.assert_close(plain, model(x, T, vector=torch.zeros(2, 5)))
        assert not torch.allclose(plain, model(x, T, labels=torch.tensor([1, 1])), atol=1e-5)
        assert not torch.allclose(plain, model(x, T, vector=torch.ones(2, 5)), atol=1e-5)


def test_pictures_of_any_multiple_of_the_stride_fit() -> None:
    model = tiny()
    assert model.config.stride == 2
    assert model(torch.zeros(1, 3, 10, 14), torch.tensor([3])).shape == (1, 3, 10, 14)


def test_a_fresh_network_predicts_nothing_so_that_training_starts_gently() -> None:
    assert float(UNet(TINY)(pictures(), T).detach().abs().max()) == 0


def test_a_network_learns_one_picture() -> None:
    torch.manual_seed(0)
    model, target = UNet(TINY), pictures()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(25):
        loss = ((model(target, T) - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


def test_what_does_not_fit_is_refused() -> None:
    model = tiny(classes=4)
    labels = torch.tensor([1, 2])
    with pytest.raises(InputError, match=r"takes pictures \(B, 3, H, W\), not \(2, 1, 16, 16\)"):
        model(torch.zeros(2, 1, 16, 16), T, labels=labels)
    with pytest.raises(InputError, match="15 x 16 pixels are not multiples of 2"):
        model(torch.zeros(2, 3, 15, 16), T, labels=labels)
    with pytest.raises(InputError, match="one for each of 2 pictures"):
        model(pictures(), torch.tensor([1, 2, 3]), labels=labels)
    with pytest.raises(InputError, match="needs a label from 0 to 3"):
        model(pictures(), T)
    with pytest.raises(InputError, match="labels must be 2 integers"):
        model(pictures(), T, labels=torch.tensor([1, 2, 3]))
    with pytest.raises(InputError, match="without a conditioning vector"):
        model(pictures(), T, labels=labels, vector=torch.zeros(2, 5))
    with pytest.raises(InputError, match="without classes"):
        tiny()(pictures(), T, labels=labels)
    with pytest.raises(InputError, match="pictures of 16 x 16 pixels"):
        Classifier(TINY)(pictures(size=32), T)


def test_configurations_that_cannot_be_are_refused() -> None:
    with pytest.raises(SettingsError, match="there is no U-Net 'ADM-65'; the names are ADM-64"):
        unet("ADM-65")
    with pytest.raises(SettingsError, match="there is no classifier"):
        classifier("ADM-64")
    with pytest.raises(SettingsError, match="48 wide cannot be split into 32 groups"):
        UNetConfig(widths=(48, 64))
    with pytest.raises(SettingsError, match="names a level"):
        UNetConfig(widths=(32, 64), attention=(2,))
    with pytest.raises(SettingsError, match="cannot be split into 3 heads"):
        UNet(UNetConfig(channels=32, widths=(32, 64), heads=3))


def test_repeated_and_convolved_is_one_transposed_convolution() -> None:
    torch.manual_seed(0)
    convolution, x = nn.Conv2d(5, 7, 3, padding=1), torch.randn(2, 5, 6, 4)
    with torch.no_grad():
        quick = convolved_up(x, convolution)
        plain = convolution(resized(x, "up"))
    assert quick.shape == (2, 7, 12, 8)
    torch.testing.assert_close(quick, plain, rtol=1e-5, atol=1e-6)
    assert torch.equal(convolved_up(x, convolution), convolution(resized(x, "up")))  # where gradients are wanted
