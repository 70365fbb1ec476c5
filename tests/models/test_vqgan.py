"""The VQGAN: its published layouts, its codebook, and drawing by changing codes."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from ateneo.errors import InputError, SettingsError
from ateneo.models import load
from ateneo.models.vqgan import Vqgan, VqganConfig, vqgan
from ateneo.models.vqgan_clip import random_grid, vqgan_clip
from tests.models import recipe

TINY = VqganConfig(
    image_size=16, widths=(8, 16), blocks=1, attention=(1,), z_channels=4, codes=12, embed=3, groups=4
)  # fmt: skip
ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def reference(**choices: object) -> torch.nn.Module:
    """Diffusers' VQModel with attention at its smallest level."""
    from diffusers import VQModel

    model = VQModel(
        block_out_channels=(32, 64), down_block_types=("DownEncoderBlock2D", "AttnDownEncoderBlock2D"),
        up_block_types=("AttnUpDecoderBlock2D", "UpDecoderBlock2D"), layers_per_block=2, latent_channels=8,
        num_vq_embeddings=40, vq_embed_dim=6, **choices,
    )  # fmt: skip
    model.load_state_dict(recipe.weights({name: tuple(w.shape) for name, w in model.state_dict().items()}))
    return model.eval()


def in_taming(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights under taming's names: levels of the decoder from the largest, attention by convolution."""
    return {_taming_name(name): _as_convolution(name, value) for name, value in weights.items()}


def _taming_name(name: str) -> str:
    for old, new in (("mid_block.resnets.0", "mid.block_1"), ("mid_block.resnets.1", "mid.block_2"),
                     ("mid_block.attentions.0", "mid.attn_1"), ("conv_norm_out", "norm_out"),
                     ("down_blocks", "down"), (".resnets.", ".block."), (".attentions.", ".attn."),
                     ("downsamplers.0", "downsample"), ("upsamplers.0", "upsample"), ("conv_shortcut", "nin_shortcut"),
                     ("up_blocks.0", "up.1"), ("up_blocks.1", "up.0")):  # fmt: skip
        name = name.replace(old, new)
    if ".attn" in name:
        for old, new in ATTENTION.items():
            name = name.replace(f".{old}.", f".{new}.")
    return name


def _as_convolution(name: str, value: Tensor) -> Tensor:
    return value[:, :, None, None] if ".to_" in name and value.ndim == 2 else value


def test_diffusers_layout_gives_what_diffusers_gives(tmp_path: Path) -> None:
    theirs = reference(norm_num_groups=16)
    theirs.save_pretrained(tmp_path)
    ours, x = load(tmp_path), recipe.pixels(2, 16)
    assert isinstance(ours, Vqgan)
    assert ours.config.attention == (1,)
    with torch.no_grad():
        torch.testing.assert_close(ours.encode(x), theirs.encode(x).latents, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(ours(x), theirs(x).sample, rtol=1e-5, atol=1e-5)


def test_taming_layout_gives_what_diffusers_gives_and_drops_its_loss(tmp_path: Path) -> None:
    theirs = reference()
    weights = in_taming(theirs.state_dict()) | {"loss.discriminator.main.0.weight": torch.zeros(4, 3, 4, 4)}
    save_file({name: value.contiguous() for name, value in weights.items()}, tmp_path / "taming.safetensors")
    ours, x = load(tmp_path / "taming.safetensors"), recipe.pixels(1, 16)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x).sample, rtol=1e-5, atol=1e-5)


def test_a_checkpoint_of_lightning_is_read_without_lightning(tmp_path: Path) -> None:
    module = ModuleType("pytorch_lightning.callbacks.model_checkpoint")
    module.ModelCheckpoint = type("ModelCheckpoint", (), {"__module__": module.__name__})  # type: ignore[attr-defined]
    weights = in_taming(reference().state_dict())
    state = {"best_model_score": torch.tensor(1.0)}
    parents = {name: ModuleType(name) for name in ("pytorch_lightning", "pytorch_lightning.callbacks")}
    sys.modules.update({**parents, module.__name__: module})
    try:
        whole = {"epoch": 3, "callbacks": {module.ModelCheckpoint: state}, "state_dict": weights}
        torch.save(whole, tmp_path / "last.ckpt")
    finally:
        for name in (*parents, module.__name__):
            del sys.modules[name]
    assert isinstance(load(tmp_path / "last.ckpt"), Vqgan)


def test_published_vqgan_has_the_parameters_of_the_reference() -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in vqgan("vqgan-imagenet-f16-1024").parameters()) == 72_141_699
    with pytest.raises(SettingsError, match="vqgan-imagenet-f16-16384"):
        vqgan("vqgan-f99")


def test_each_vector_becomes_the_nearest_code_and_gradients_pass() -> None:
    model = Vqgan(TINY)
    torch.nn.init.normal_(model.codebook.weight)
    z = torch.randn(2, 3, 4, 4, requires_grad=True)
    found = model.quantize(z)
    rows = z.permute(0, 2, 3, 1).reshape(-1, 3)
    assert torch.equal(found.codes.flatten(), torch.cdist(rows, model.codebook.weight).argmin(1))
    found.z.square().sum().backward()
    torch.testing.assert_close(z.grad, 2 * found.z.detach())
    with torch.no_grad():
        torch.testing.assert_close(model.pictures(found.codes), model.decode(found.z))


def test_what_a_vqgan_cannot_take_is_named() -> None:
    model = Vqgan(TINY)
    with pytest.raises(InputError, match="2 x 2 pixels"):
        model.encode(torch.zeros(1, 3, 15, 16))
    with pytest.raises(InputError, match=r"\(B, 3, H, W\)"):
        model.encode(torch.zeros(3, 16, 16))
    with pytest.raises(InputError, match="from 0 to 11"):
        model.pictures(torch.tensor([[[12]]]))


def test_changing_codes_brings_the_picture_nearer_to_what_is_asked() -> None:
    torch.manual_seed(0)
    model = Vqgan(TINY)
    torch.nn.init.normal_(model.codebook.weight)
    grid = random_grid(model, 8, 8, generators=[torch.Generator().manual_seed(seed) for seed in (1, 2)])
    seen = []

    def darkness(pictures: Tensor) -> Tensor:
        return (pictures + 1).mean(dim=(1, 2, 3))

    drawn = vqgan_clip(model, darkness, grid, steps=15, callback=seen.append)
    assert [change.index for change in seen] == list(range(15))
    assert bool((darkness(drawn) < seen[0].distance).all())
    assert drawn.shape == (2, 3, 16, 16)
