"""The diffusion prior: equal to Diffusers' PriorTransformer and to a step of its UnCLIP scheduler."""

from pathlib import Path

import pytest
import torch

from ateneo.errors import InputError, SettingsError
from ateneo.models import load, schedule
from ateneo.models.diffusion import Denoiser
from ateneo.models.prior import Prior, PriorConfig, image_vectors, prior_steps
from ateneo.models.samplers import ancestral
from tests.models import recipe

SMALL = PriorConfig(embed=12, text=10, tokens=0, heads=2, head_width=8, layers=2)


def reference() -> torch.nn.Module:
    """Diffusers' PriorTransformer with few and narrow layers."""
    from diffusers import PriorTransformer

    model = PriorTransformer(
        num_attention_heads=4, attention_head_dim=8, num_layers=3, embedding_dim=12, num_embeddings=7
    )
    model.load_state_dict(recipe.weights({name: tuple(w.shape) for name, w in model.state_dict().items()}))
    return model.eval()


@pytest.mark.parametrize("masked", [True, False])
def test_diffusers_prior_gives_what_diffusers_gives(tmp_path: Path, masked: bool) -> None:
    theirs = reference()
    theirs.save_pretrained(tmp_path)
    ours = load(tmp_path)
    assert isinstance(ours, Prior)
    generator = torch.Generator().manual_seed(0)
    x, text = torch.randn(2, 2, 12, generator=generator)
    tokens, t = torch.randn(2, 7, 12, generator=generator), torch.tensor([3, 700])
    mask = torch.arange(7) < torch.tensor([[4], [7]]) if masked else None
    with torch.no_grad():
        wanted = theirs(x, t, proj_embedding=text, encoder_hidden_states=tokens, attention_mask=mask)
        found = ours(x, t, text=text, tokens=tokens, mask=mask)
        torch.testing.assert_close(found, wanted.predicted_image_embedding, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(ours.restored(x), theirs.post_process_latents(x))


def test_published_size_has_the_parameters_of_the_reference() -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in Prior(PriorConfig()).parameters()) == 1_022_030_080


@pytest.mark.parametrize("steps", [2, 7, 25])
def test_the_walk_is_that_of_the_unclip_scheduler(steps: int) -> None:
    from diffusers import UnCLIPScheduler

    theirs = UnCLIPScheduler(clip_sample_range=0.9, prediction_type="sample")
    theirs.set_timesteps(steps)
    start = torch.randn(3, 12, generator=torch.Generator().manual_seed(1))

    def network(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return x * t.reshape(-1, 1) / (t.reshape(-1, 1) + 300)

    x, noise = start, torch.Generator().manual_seed(2)
    times = theirs.timesteps.tolist()
    for t, before in zip(times, [*times[1:], None], strict=True):
        x = theirs.step(network(x, torch.tensor([t])), t, x, prev_timestep=before, generator=noise).prev_sample
    cosine = schedule("cosine")
    levels = cosine.levels(prior_steps(1000, steps))
    denoiser = Denoiser(network, predicts="x0", clip=0.9)
    ours = ancestral(denoiser, start, levels=levels, noise=torch.Generator().manual_seed(2))
    torch.testing.assert_close(ours, x, rtol=1e-4, atol=1e-5)


def test_a_prior_that_reads_no_tokens_makes_vectors_of_texts() -> None:
    torch.manual_seed(0)
    prior = Prior(SMALL).eval()
    text, start = torch.randn(2, 10), torch.randn(2, 12)
    made = [
        image_vectors(prior, text, schedule=schedule("cosine"), steps=5, scale=s, x_T=start,
                      noise=torch.Generator().manual_seed(3))
        for s in (0.0, 1.0, 3.0, 1.0)
    ]  # fmt: skip
    assert made[0].shape == (2, 12)
    assert torch.equal(made[1], made[3])
    assert not torch.allclose(made[0], made[1])
    assert not torch.allclose(made[1], made[2])


def test_what_a_prior_cannot_take_is_named() -> None:
    prior = Prior(SMALL)
    with pytest.raises(InputError, match=r"\(B, 12\)"):
        prior(torch.zeros(1, 11), torch.zeros(1), text=torch.zeros(1, 10))
    with pytest.raises(InputError, match="0 tokens"):
        prior(torch.zeros(1, 12), torch.zeros(1), text=torch.zeros(1, 10), tokens=torch.zeros(1, 7, 12))
    with pytest.raises(SettingsError, match="2 to 1000"):
        prior_steps(1000, 1)
