"""The tower that knows noise: what it sees, what leads, and pictures of other sizes."""

from pathlib import Path

import pytest
import torch

from ateneo.models.loading import load
from ateneo.models.losses import add_noise
from ateneo.models.noisy_tower import NoisyTower, NoisyTowerConfig

SMALL = NoisyTowerConfig(image_size=16, widths=(8, 16), blocks=(1, 1), hidden=12, times=8, embed=6, text=5)
SHIPPED = Path(__file__).resolve().parents[2] / "src" / "ateneo" / "small" / "drawing" / "tower.safetensors"


@pytest.fixture
def tower() -> NoisyTower:
    """Small, every weight of which counts."""
    torch.manual_seed(0)
    made = NoisyTower(SMALL)
    for weights in made.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    return made.eval()


def test_what_is_seen_is_of_unit_length_and_hangs_on_the_noise_that_it_is_told_of(tower: NoisyTower) -> None:
    x = torch.randn(2, 3, 16, 16)
    seen = tower(x)
    assert seen.shape == (2, 6)
    torch.testing.assert_close(seen.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(tower(x, torch.zeros(2)), seen)
    assert (tower(x, torch.tensor([500, 500])) - seen).abs().max() > 1e-3


def test_at_first_nothing_is_known_of_t_and_nothing_leads_far() -> None:
    fresh, x = NoisyTower(SMALL), torch.randn(1, 3, 16, 16)
    torch.testing.assert_close(fresh(x, torch.tensor([900])), fresh(x))
    assert fresh.lead(fresh.hidden(x, torch.tensor([500]))).norm() < 1


def test_what_is_asked_for_is_standardised_and_what_is_not_leads_no_way(tower: NoisyTower) -> None:
    tower.mean.fill_(1.0)
    tower.text_std.fill_(2.0)
    vectors, texts = torch.full((1, 6), 3.0), torch.full((1, 5), 4.0)
    asked = tower.asked(vectors, texts) * 6**0.5
    torch.testing.assert_close(asked, torch.tensor([[2.0] * 11 + [1.0]]))
    assert tower.asked(None, texts)[0, :6].abs().max() == 0
    assert tower.asked(vectors, None)[0, 6:-1].abs().max() == 0


def test_s_times_sigma_squared_by_alpha_of_the_gradient_is_how_far_a_picture_moves(tower: NoisyTower) -> None:
    """Whatever the step, it is the gradient of what `lead` says, times the gain."""
    asked = tower.asked(torch.randn(1, 6), torch.randn(1, 5))
    for t in (50, 500, 950):
        x, i = torch.randn(1, 3, 16, 16, requires_grad=True), torch.tensor([t])
        (g,) = torch.autograd.grad((tower.leading(x, i) * asked).sum(), x)
        (plain,) = torch.autograd.grad((tower.lead(tower.hidden(x, i)) * asked).sum(), x)
        alpha, sigma = float(tower.noise.alpha[t]), float(tower.noise.sigma[t])
        torch.testing.assert_close(g * sigma**2 / alpha, plain * tower.gain(i), rtol=1e-3, atol=1e-3)


def test_pictures_of_another_size_have_the_noise_that_averaging_leaves(tower: NoisyTower) -> None:
    torch.manual_seed(0)
    x, t = torch.full((64, 3, 32, 32), 0.5), torch.full((64,), 600)
    noisy = add_noise(tower.noise, x, i=t, noise=torch.randn_like(x))
    small, left = tower.resized(noisy, t)
    assert small.shape == (64, 3, 16, 16)
    assert left[0] < 600
    alpha, sigma = float(tower.noise.alpha[left[0]]), float(tower.noise.sigma[left[0]])
    assert float(small.mean()) == pytest.approx(0.5 * alpha, abs=0.01)
    assert float(small.std()) == pytest.approx(sigma, rel=0.02)
    same, at = tower.resized(small, t)
    assert same is small
    assert at is t
    large, at = tower.resized(torch.ones(1, 3, 8, 8), torch.zeros(1))
    torch.testing.assert_close(large, torch.ones(1, 3, 16, 16))
    assert at.tolist() == [0]


def test_the_tower_that_ships_is_read_by_its_kind() -> None:
    found = load(SHIPPED, dtype=torch.float32)
    assert isinstance(found, NoisyTower)
    assert found(torch.zeros(1, 3, 64, 64)).shape == (1, found.config.embed)
