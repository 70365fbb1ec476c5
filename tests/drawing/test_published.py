"""Published weights and pipelines of diffusers, with tiny models of their layouts."""

import warnings
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ateneo.drawing import Order, draw
from ateneo.errors import EngineError, InputError, ModelMissing
from ateneo.models.clip import Clip, ClipConfig, TextConfig
from ateneo.models.formats.own import save
from ateneo.models.tokenizer import Tokenizer
from ateneo.models.vit import ViTConfig
from tests.tiny_models import SAID

ORDER = Order("Bees make honey", method="guided", seed=1, steps=3, size=32, scale=50.0)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP as `ateneo train clip` leaves it."""
    words = Tokenizer.train(SAID * 3, vocabulary=560, context=16)
    torch.manual_seed(0)
    text = TextConfig("transformer", words.vocabulary, 16, width=32, layers=1, heads=2, mlp_width=64)
    config = ClipConfig(24, ViTConfig(32, 8, 48, 1, 2, 96), text)
    folder = tmp_path_factory.mktemp("clip")
    said = {"ateneo": "clip", "config": asdict(config)}
    save(folder, Clip(config), said, companions=words.files())
    return folder


def unet(folder: Path, *, learned: bool) -> Path:
    """A U-Net as Diffusers publishes it."""
    from diffusers import UNet2DModel

    torch.manual_seed(0)
    UNet2DModel(
        sample_size=32, out_channels=6 if learned else 3, layers_per_block=1, block_out_channels=(8, 16),
        norm_num_groups=4, down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    ).save_pretrained(folder)  # fmt: skip
    return folder


@pytest.mark.parametrize("learned", [False, True])
def test_a_published_unet_is_led_by_a_published_clip(tmp_path: Path, clip: Path, learned: bool) -> None:
    order = replace(ORDER, model=str(unet(tmp_path, learned=learned)), clip=str(clip))
    drawn = draw(order)
    assert drawn.pixels.shape == (1, 32, 32, 3)
    assert np.array_equal(drawn.pixels, draw(order).pixels)
    assert not np.array_equal(drawn.pixels, draw(replace(order, scale=0.0)).pixels)
    assert drawn.told(0)["model"] == str(tmp_path)


def test_a_published_vqgan_is_led_by_a_published_clip(tmp_path: Path, clip: Path) -> None:
    from diffusers import VQModel

    torch.manual_seed(0)
    VQModel(
        block_out_channels=(8, 16), norm_num_groups=4, down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    ).save_pretrained(tmp_path)  # fmt: skip
    far: list[float] = []
    order = replace(ORDER, method="vqgan", model=str(tmp_path), clip=str(clip), steps=12, scale=1.0)
    draw(order, watch=lambda moment: far.extend(moment.distance))
    assert min(far) < far[0]


def test_what_is_no_clip_or_no_generator_is_told(tmp_path: Path, clip: Path) -> None:
    model = str(unet(tmp_path, learned=False))
    with pytest.raises(InputError, match="a CLIP is needed"):
        draw(replace(ORDER, model=model, clip=model))
    with pytest.raises(InputError, match="a U-Net or a VQGAN is needed"):
        draw(replace(ORDER, model=str(clip), clip=str(clip)))


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion pipeline with tiny parts."""
    folder = tmp_path_factory.mktemp("pipeline")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _pipeline(folder)
    return folder


def _pipeline(folder: Path) -> None:
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    words = Tokenizer.train(SAID * 3, vocabulary=560, context=16)
    words.save(folder / "tokenizer")
    text = CLIPTextConfig(
        vocab_size=words.vocabulary, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=16, bos_token_id=words.start, eos_token_id=words.end, pad_token_id=words.end,
    )  # fmt: skip
    StableDiffusionPipeline(
        vae=AutoencoderKL(block_out_channels=(8,), norm_num_groups=4, latent_channels=4),
        text_encoder=CLIPTextModel(text),
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        unet=UNet2DConditionModel(
            sample_size=8, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, cross_attention_dim=16,
            attention_head_dim=4, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        ),
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder)  # fmt: skip


def test_stable_diffusion_is_drawn_by_the_library_that_people_use_for_it(pipeline: Path) -> None:
    steps: list[int] = []
    order = Order("Bees make honey", method="stable-diffusion", seed=4, steps=3, size=16, n=2)
    drawn = draw(order, pipeline=str(pipeline), watch=lambda moment: steps.append(moment.index))
    assert drawn.pixels.shape == (2, 16, 16, 3)
    assert steps == [0, 1, 2]
    second = draw(replace(order, n=1, seed=5), pipeline=str(pipeline))
    assert np.abs(drawn.pixels[1].astype(int) - second.pixels[0]).max() <= 2


def test_a_pipeline_that_is_not_there_or_not_set_is_told(tmp_path: Path) -> None:
    order = Order("Bees", method="stable-diffusion")
    with pytest.raises(EngineError, match="cannot load"):
        draw(order, pipeline=str(tmp_path))
    with pytest.raises(Exception, match="ATENEO_DRAWING_MODEL"):
        draw(order)
    assert issubclass(ModelMissing, EngineError)
