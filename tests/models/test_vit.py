"""The Vision Transformer equals its references, in size and in numbers."""

import copy
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import ViTConfig as TheirConfig
from transformers import ViTForImageClassification, ViTModel

from ateneo.errors import InputError, SettingsError
from ateneo.models.formats.own import save
from ateneo.models.layers import Linear
from ateneo.models.loading import load
from ateneo.models.vit import ViT, ViTConfig, interpolate_positions, vit
from tests.models import recipe

TINY = ViTConfig(image_size=32, patch_size=8, width=32, layers=3, heads=4, mlp_width=64, classes=5)


def close(found: Tensor, wanted: Tensor | float) -> bool:
    """Within 1e-5 of the largest number."""
    wanted = torch.as_tensor(wanted, dtype=found.dtype)
    return bool((found - wanted).abs().max() <= 1e-5 * wanted.abs().max())


def measured(x: Tensor, total: float, absolute: float, first: list[float]) -> bool:
    """Whether x has the sums and the first numbers that a reference gave."""
    sums = torch.stack([x.double().sum(), x.double().abs().sum()])
    return torch.allclose(sums, torch.tensor([total, absolute]).double(), rtol=1e-5, atol=1e-4) and close(
        x.flatten()[:3], torch.tensor(first)
    )


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


@pytest.mark.parametrize(
    ("name", "bare", "with_head"),
    [
        ("ViT-Ti/16", 5_524_416, 5_717_416),
        ("ViT-S/16", 21_665_664, 22_050_664),
        ("ViT-B/16", 85_798_656, 86_567_656),
        ("ViT-B/32", 87_455_232, 88_224_232),
        ("ViT-Large/16", 303_301_632, 304_326_632),
        ("ViT-H/14", 630_764_800, 632_045_800),
    ],
)
def test_sizes_by_name_have_the_parameters_of_the_references(name: str, bare: int, with_head: int):
    with torch.device("meta"):
        models = vit(name, classes=None), vit(name)
    assert [sum(p.numel() for p in model.parameters()) for model in models] == [bare, with_head]


@pytest.mark.parametrize(
    ("name", "pooled"), [("ViT-B/16", 86_389_248), ("ViT-L/16", 304_351_232), ("ViT-H/14", 632_404_480)]
)
def test_with_a_pooler_they_have_those_of_hugging_face(name: str, pooled: int):
    width = {"B": 768, "L": 1024, "H": 1280}[name[4]]
    with torch.device("meta"):
        model = vit(name, classes=None, representation=width)
    assert sum(p.numel() for p in model.parameters()) == pooled


def theirs(kind: type, tmp_path: Path) -> torch.nn.Module:
    config = TheirConfig(
        hidden_size=64, num_hidden_layers=3, num_attention_heads=4, intermediate_size=128, image_size=32, patch_size=8,
        num_labels=7,
    )  # fmt: skip
    model = kind(config).eval()
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    model.load_state_dict(recipe.weights(shapes))
    model.save_pretrained(tmp_path)
    return model


def test_hugging_face_classifier_is_equalled_with_its_published_names(tmp_path: Path):
    reference, x = theirs(ViTForImageClassification, tmp_path), recipe.pixels(2, 32)
    assert close(load(tmp_path)(x), reference(x).logits)


def test_hugging_face_features_tokens_and_pooler_are_equalled(tmp_path: Path):
    reference, x = theirs(ViTModel, tmp_path), recipe.pixels(2, 32)
    wanted, model = reference(x), load(tmp_path)
    assert close(model.tokens(x), wanted.last_hidden_state)
    assert close(model.features(x), wanted.last_hidden_state[:, 0])
    assert close(model(x), wanted.pooler_output)


def test_hugging_face_names_since_version_5_are_equalled(tmp_path: Path):
    reference, x = theirs(ViTForImageClassification, tmp_path), recipe.pixels(2, 32)
    assert "vit.layers.0.attention.q_proj.weight" in reference.state_dict()
    save_file(reference.state_dict(), tmp_path / "model.safetensors")
    assert close(load(tmp_path)(x), reference(x).logits)


def test_timm_is_equalled_at_its_size_and_at_another(tmp_path: Path):
    torch.save(recipe.weights(recipe.timm_vit()), tmp_path / "timm.pth")
    model = load(tmp_path / "timm.pth", heads=4)
    x = model(recipe.pixels(2, 32))
    assert measured(x, -7.129206, 12.167450, [0.2259359, 0.6728844, 0.8617857])
    x = model(recipe.pixels(2, (48, 40)))
    assert measured(x, 2.386740, 9.400290, [-0.0259947, -0.1304845, 0.8656249])


def test_timm_vit_that_came_from_a_clip_is_equalled(tmp_path: Path):
    save_file(recipe.weights(recipe.timm_clip_vit()), tmp_path / "model.safetensors")
    model = load(tmp_path, heads=4, activation="quick_gelu")
    assert measured(model(recipe.pixels(2, 32)), -7.165450, 10.787807, [0.1517731, -0.0590267, -0.3731222])


def test_google_npz_is_equalled(tmp_path: Path):
    shapes = recipe.google_vit()
    np.savez(tmp_path / "ViT-tiny.npz", **{name: recipe.array(name, shape) for name, shape in shapes.items()})
    x = load(tmp_path / "ViT-tiny.npz")(recipe.pixels(2, 32))
    assert measured(x, 1.756384, 7.287660, [-0.1750091, 0.0123082, -0.4817728])


def test_computing_only_the_class_token_at_the_end_changes_nothing():
    model, x = ViT(TINY), torch.randn(3, 3, 32, 32)
    assert torch.allclose(model.features(x), model.tokens(x)[:, 0], atol=1e-6)


def test_mean_pooling_is_the_norm_of_the_mean_of_the_patches():
    model = vit("ViT-Ti/16", image_size=32, classes=None, pool="mean")
    x = torch.randn(2, 3, 32, 32)
    before = model.transformer(model._embed(x))[:, 1:].mean(1)
    assert torch.allclose(model(x), model.norm(before))


def test_checkpointing_gives_the_same_gradients():
    plain = ViT(TINY)
    saving = copy.deepcopy(plain)
    saving.transformer.checkpointing = True
    x = torch.randn(2, 3, 32, 32)
    with torch.enable_grad():
        for model in (plain, saving):
            model.features(x).square().sum().backward()
    pairs = zip(plain.parameters(), saving.parameters(), strict=True)
    assert all(a.grad is None or torch.allclose(a.grad, b.grad, atol=1e-6) for a, b in pairs)


def test_the_product_without_gradients_equals_the_one_with_them():
    x, layer = torch.randn(2, 7, 64), Linear(64, 48)
    with torch.enable_grad():
        plain = layer(x)
    assert plain.requires_grad
    assert not layer(x).requires_grad
    assert close(layer(x), plain)
    assert close(layer(x[:, 3]), plain[:, 3])
    assert layer.bfloat16()(x.bfloat16()).dtype == torch.bfloat16
    with torch.autocast("cpu", torch.bfloat16):
        assert layer.float()(x).dtype == torch.bfloat16


def test_positions_of_the_same_grid_stay_and_the_class_token_never_moves():
    positions = torch.randn(1 + 12, 8)
    assert torch.allclose(interpolate_positions(positions, old=(3, 4), new=(3, 4)), positions, atol=1e-6)
    assert torch.equal(interpolate_positions(positions, old=(3, 4), new=(7, 5))[0], positions[0])


def test_patches_go_left_to_right_and_then_down():
    model, x = ViT(TINY), torch.zeros(1, 3, 32, 32)
    x[:, :, 8:16, 16:24] = 1  # second row, third column
    rows = model.patches(x)[0] - model.patches.convolution.bias
    assert rows.abs().sum(1).nonzero().flatten().tolist() == [1 * 4 + 2]


@pytest.mark.parametrize("name", ["ViT-X/16", "ViT-B", "ViT-B/0", "", "B/sixteen"])
def test_unknown_names_are_refused_with_the_known_ones(name: str):
    with pytest.raises(SettingsError, match=r"ViT-B/16.*Ti, S, B, L, H"):
        vit(name)


@pytest.mark.parametrize(
    ("shape", "words"),
    [((2, 3, 30, 32), "30 x 32 pixels do not divide into patches of 8"), ((2, 1, 32, 32), "3, height, width"),
     ((3, 32, 32), "must be a tensor"), ((1, 3, 0, 32), "0 x 32")],
)  # fmt: skip
def test_pictures_that_do_not_fit_are_refused_by_size(shape: tuple[int, ...], words: str):
    with pytest.raises(InputError, match=words):
        ViT(TINY)(torch.zeros(shape))


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(SettingsError, match="width of 768 cannot be split into 7 heads"):
        vit("ViT-B/16", heads=7)


def test_convolutions_make_the_tokens_of_a_hybrid(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = replace(TINY, stem="convolutions")
    model = ViT(config).eval()
    assert [tuple(c.weight.shape) for c in model.patches.convolutions] == [(8, 3, 3, 3), (16, 8, 3, 3), (32, 16, 3, 3)]
    pixels = recipe.pixels(2, 32)
    assert model.patches(pixels).shape == (2, 16, 32)
    save(tmp_path, model, {"ateneo": "vit", "config": asdict(config)}, companions={})
    assert torch.equal(load(tmp_path)(pixels), model(pixels))


def test_a_hybrids_patch_sees_its_own_place_and_a_little_around_it() -> None:
    model = ViT(replace(TINY, stem="convolutions"))
    pixels = torch.zeros(1, 3, 32, 32)
    changed = pixels.clone()
    changed[..., 16:24, 8:16] = 1.0  # row 2, column 1 of the patches
    differs = (model.patches(changed) - model.patches(pixels)).abs().sum(-1).view(4, 4) > 0
    assert differs[2, 1]
    assert not differs[0].any()
    assert not differs[:, 3].any()


@pytest.mark.parametrize(("changes", "said"), [({"patch_size": 6}, "no patches of 6"), ({"stem": "x"}, "no stem 'x'")])
def test_a_stem_that_cannot_be_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        ViT(replace(TINY, **{"stem": "convolutions", **changes}))
