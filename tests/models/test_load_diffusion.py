"""Published U-Nets from files: guided-diffusion's and Diffusers', by values and live."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from diffusers import UNet2DModel
from safetensors.torch import load_file, save_file
from torch import Tensor

from ateneo.errors import InputError
from ateneo.models.formats import adm
from ateneo.models.loading import load
from ateneo.models.unet import Classifier, UNet, UNetConfig
from tests.models.deterministic import made_weights

PICTURES = torch.tensor(np.random.RandomState(0).standard_normal((2, 3, 16, 16)), dtype=torch.float32)
T = torch.tensor([10, 999])
ADM = UNetConfig(
    image_size=16, channels=32, widths=(32, 64), blocks=1, attention=(1,), out_channels=6, head_channels=16,
    scale_shift=True, resample="block",
)  # fmt: skip
ANSWERS = {"num_head_channels": 16, "use_new_attention_order": False}


def published(model: UNet | Classifier, *, new_order: bool = False) -> dict[str, Tensor]:
    """Weights of a guided-diffusion network of this shape, made from their published names."""
    model.__dict__["new_order"] = new_order
    old = {new: (rename.olds[0], len(rename.news)) for rename in adm.FORMATS[0].renames(model) for new in rename.news}
    shapes = {}
    for name, value in model.state_dict().items():
        (key, sharing), shape = old[name], tuple(value.shape)
        pixelwise = key.endswith(("qkv.weight", "proj_out.weight", "qkv_proj.weight", "c_proj.weight"))
        if key.endswith("positional_embedding"):
            shape = shape[::-1]
        shape = (shape[0] * sharing, *shape[1:])
        shapes[key] = (*shape, 1) if pixelwise else shape
    return made_weights(shapes)


def ddpm(**choices: object) -> UNet2DModel:
    """A small UNet2DModel with weights made from its names; as the published DDPMs where nothing else is said."""
    usual = {
        "sample_size": 16, "block_out_channels": (32, 64), "layers_per_block": 1, "norm_eps": 1e-6,
        "down_block_types": ("DownBlock2D", "AttnDownBlock2D"), "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
        "attention_head_dim": None, "downsample_padding": 0, "flip_sin_to_cos": False, "freq_shift": 1,
    }  # fmt: skip
    model = UNet2DModel(**{**usual, **choices}).eval()
    model.load_state_dict(made_weights({name: tuple(value.shape) for name, value in model.state_dict().items()}))
    return model


@torch.no_grad()
def test_adm_gives_the_published_output(tmp_path: Path) -> None:
    torch.save(published(UNet(ADM)), tmp_path / "16x16_diffusion.pt")
    model = load(tmp_path / "16x16_diffusion.pt", image_size=16, **ANSWERS)
    found = model(PICTURES, T)
    assert model.config == ADM
    assert float(found.sum()) == pytest.approx(-607.347363, rel=1e-6)
    assert float(found.abs().sum()) == pytest.approx(1463.527225, rel=1e-6)


@torch.no_grad()
def test_ddpm_gives_the_published_output(tmp_path: Path) -> None:
    ddpm().save_pretrained(tmp_path)
    found = load(tmp_path)(PICTURES, T)
    assert float(found.sum()) == pytest.approx(-187.839879, rel=1e-5)
    assert float(found.abs().sum()) == pytest.approx(726.677553, rel=1e-6)


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"downsample_padding": 1, "flip_sin_to_cos": True, "freq_shift": 0, "attention_head_dim": 8, "norm_eps": 1e-5},
        {"num_class_embeds": 5, "layers_per_block": 2, "block_out_channels": (32, 32, 64),
         "down_block_types": ("AttnDownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
         "up_block_types": ("AttnUpBlock2D", "UpBlock2D", "AttnUpBlock2D")},
        {"down_block_types": ("ResnetDownsampleBlock2D", "AttnDownBlock2D"), "downsample_type": "resnet",
         "up_block_types": ("AttnUpBlock2D", "ResnetUpsampleBlock2D"), "upsample_type": "resnet",
         "resnet_time_scale_shift": "scale_shift", "attn_norm_num_groups": 32},
        {"add_attention": False, "down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2},
    ],
    ids=["ddpm", "defaults", "classes", "resnet", "no attention"],
)  # fmt: skip
@torch.no_grad()
def test_ddpm_equals_diffusers(tmp_path: Path, choices: dict[str, object]) -> None:
    reference = ddpm(**choices)
    reference.save_pretrained(tmp_path)
    labels = torch.tensor([1, 4]) if "num_class_embeds" in choices else None
    theirs = reference(PICTURES, T, class_labels=labels).sample
    found = load(tmp_path)(PICTURES, T, labels=labels)
    assert float((found - theirs).abs().max()) < 1e-5 * float(theirs.abs().max())


@torch.no_grad()
def test_first_names_of_attention_load_too(tmp_path: Path) -> None:
    reference = ddpm()
    reference.save_pretrained(tmp_path)
    first = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    weights = load_file(tmp_path / "diffusion_pytorch_model.safetensors")
    for new, old in first.items():
        weights = {name.replace(f".{new}.", f".{old}."): value for name, value in weights.items()}
    assert "mid_block.attentions.0.proj_attn.bias" in weights
    (tmp_path / "diffusion_pytorch_model.safetensors").unlink()
    torch.save(weights, tmp_path / "diffusion_pytorch_model.bin")
    theirs = reference(PICTURES, T).sample
    assert float((load(tmp_path)(PICTURES, T) - theirs).abs().max()) < 1e-5 * float(theirs.abs().max())


@pytest.mark.parametrize(
    "choices",
    [
        {"resample": "conv", "scale_shift": False, "attention": (0, 1), "classes": 7},
        {"widths": (32, 32, 64), "blocks": 2, "heads": 2, "head_channels": None},
    ],
)
@torch.no_grad()
def test_adm_of_any_shape_is_read_from_its_shapes(tmp_path: Path, choices: dict[str, object]) -> None:
    config = UNetConfig(**{**ADM.__dict__, **choices})  # type: ignore[arg-type]
    torch.save(published(UNet(config)), tmp_path / "model.pt")
    heads = {"num_heads": 2} if config.head_channels is None else {"num_head_channels": 16}
    model = load(tmp_path / "model.pt", image_size=16, use_new_attention_order=False, **heads)
    assert model.config == config
    labels = torch.tensor([0, 6]) if config.classes else None
    assert model(PICTURES, T, labels=labels).shape == (2, 6, 16, 16)


@torch.no_grad()
def test_order_of_heads_is_what_one_says(tmp_path: Path) -> None:
    weights = published(UNet(ADM))
    torch.save(weights, tmp_path / "legacy.pt")
    for name, value in weights.items():
        if ".qkv." in name:  # rows (head, q k v, channel) → (q k v, head, channel), by hand
            heads = value.shape[0] // 3 // 16
            rows = [(part, head, c) for part in range(3) for head in range(heads) for c in range(16)]
            weights[name] = value[[(head * 3 + part) * 16 + c for part, head, c in rows]]
    torch.save(weights, tmp_path / "new.pt")
    legacy = load(tmp_path / "legacy.pt", **ANSWERS)(PICTURES, T)
    new = load(tmp_path / "new.pt", num_head_channels=16, use_new_attention_order=True)(PICTURES, T)
    wrong = load(tmp_path / "new.pt", **ANSWERS)(PICTURES, T)
    assert torch.equal(legacy, new)
    assert not torch.allclose(legacy, wrong, atol=1e-3)


@torch.no_grad()
def test_classifier_equals_its_formula_written_out(tmp_path: Path) -> None:
    config = UNetConfig(**{**ADM.__dict__, "out_channels": 10})  # type: ignore[arg-type]
    weights = published(Classifier(config))
    torch.save(weights, tmp_path / "classifier.pt")
    model = load(tmp_path / "classifier.pt", image_size=16, **ANSWERS)
    assert isinstance(model, Classifier)
    h = F.silu(model.norm(model._encode(PICTURES, F.silu(model._time(PICTURES, T)))[-1]))
    tokens = h.flatten(2)  # (B, C, N), as guided-diffusion has them
    tokens = torch.cat([tokens.mean(dim=2, keepdim=True), tokens], dim=2) + weights["out.2.positional_embedding"]
    qkv = F.conv1d(tokens, weights["out.2.qkv_proj.weight"], weights["out.2.qkv_proj.bias"])
    q, k, v = (part.reshape(2 * 4, 16, -1) for part in qkv.chunk(3, dim=1))
    seen = torch.einsum("bts,bcs->bct", torch.softmax(torch.einsum("bct,bcs->bts", q, k) / 4, -1), v).reshape(2, 64, -1)
    expected = F.conv1d(seen, weights["out.2.c_proj.weight"], weights["out.2.c_proj.bias"])[:, :, 0]
    torch.testing.assert_close(model(PICTURES, T), expected, rtol=1e-5, atol=1e-5)


def test_what_the_file_cannot_tell_is_asked_for(tmp_path: Path) -> None:
    torch.save(published(UNet(ADM)), tmp_path / "adm.pt")
    with pytest.raises(InputError, match=r"pass load\(..., num_heads=...\).*num_head_channels=64 for all others"):
        load(tmp_path / "adm.pt")
    with pytest.raises(InputError, match=r"use_new_attention_order.*True for the published 64 x 64"):
        load(tmp_path / "adm.pt", num_head_channels=16)
    (tmp_path / "config.json").write_text(json.dumps(ANSWERS))
    assert isinstance(load(tmp_path / "adm.pt"), UNet)
    torch.save(published(Classifier(ADM)), tmp_path / "classifier.pt")
    with pytest.raises(InputError, match=r"image_size.*published file's name"):
        load(tmp_path / "classifier.pt")


def test_ddpm_without_its_configuration_asks(tmp_path: Path) -> None:
    ddpm().save_pretrained(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(InputError, match=r"attention_head_dim.*0 .one head. in the published DDPMs"):
        load(tmp_path)
    answers = {"attention_head_dim": 0, "downsample_padding": 0, "flip_sin_to_cos": False, "freq_shift": 1}
    model = load(tmp_path, norm_eps=1e-6, norm_num_groups=32, **answers)
    with torch.no_grad():
        assert float(model(PICTURES, T).sum()) == pytest.approx(-187.839879, rel=1e-5)


def test_a_part_of_a_file_or_another_kind_is_refused(tmp_path: Path) -> None:
    reference = ddpm()
    reference.save_pretrained(tmp_path)
    file = tmp_path / "diffusion_pytorch_model.safetensors"
    weights = load_file(file)
    save_file({name: value for name, value in weights.items() if name != "mid_block.resnets.1.conv2.bias"}, file)
    with pytest.raises(InputError, match=r"lacks weights for middle\.after\.conv2\.bias"):
        load(tmp_path)
    save_file({**weights, "extra.weight": torch.zeros(2)}, file)
    with pytest.raises(InputError, match=r"no place for: extra\.weight"):
        load(tmp_path)
    save_file(weights, file)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "time_embedding_type": "fourier"}))
    with pytest.raises(InputError, match="time_embedding_type = 'fourier'; only 'positional' is handled"):
        load(tmp_path)
