"""Pictures become the published numbers, and bad ones are named."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPImageProcessor, ViTImageProcessor

from ateneo.errors import InputError
from ateneo.models.preprocess import Preprocess


def pattern(height: int, width: int) -> Image.Image:
    return Image.fromarray(((np.indices((height, width)).sum(0)[..., None] * [1, 2, 3]) % 256).astype(np.uint8))


@pytest.mark.parametrize(
    ("size", "total", "corner"),
    [
        ((96, 160), 28044.2362, [-1.339711, -0.806608, -0.143534]),
        ((300, 200), 30418.5173, [-1.062341, -0.25132, 0.65279]),
        ((224, 224), 30711.4141, [-1.79226255, -1.7520971, -1.48021984]),
    ],
)
def test_published_numbers(size: tuple[int, int], total: float, corner: list[float]):
    pixels = Preprocess()(pattern(*size))
    assert tuple(pixels.shape) == (1, 3, 224, 224)
    assert pixels.double().sum().item() == pytest.approx(total, abs=2e-3)
    assert pixels[0, :, 0, 0].tolist() == pytest.approx(corner, abs=1e-6)


def test_black_and_white_have_the_published_values():
    black, white = Preprocess()([Image.new("RGB", (5, 9)), Image.new("L", (640, 480), 255)])
    assert black[:, 7, 7].tolist() == pytest.approx([-1.79226255, -1.7520971, -1.48021984], abs=1e-6)
    assert white[:, 7, 7].tolist() == pytest.approx([1.93033612, 2.0748837, 2.14589691], abs=1e-6)


def test_every_mode_and_source_becomes_rgb(tmp_path: Path):
    image = pattern(40, 30)
    image.save(tmp_path / "a.png")
    content = io.BytesIO()
    image.save(content, "PNG")
    several = [image, tmp_path / "a.png", str(tmp_path / "a.png"), content.getvalue(), image.convert("RGBA")]
    pixels = Preprocess(32)(several)
    assert all(torch.equal(one, pixels[0]) for one in pixels[:4])
    assert torch.allclose(pixels[4], pixels[0], atol=0.02)
    for mode in ("P", "1", "LA", "CMYK"):
        assert Preprocess(32)(image.convert(mode)).isfinite().all()


def test_clip_settings_of_hugging_face_are_written_and_read(tmp_path: Path):
    ours = Preprocess(64, short=80)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(ours.document()))
    assert Preprocess.beside(tmp_path / "model.safetensors") == ours
    theirs = CLIPImageProcessor.from_pretrained(tmp_path)(pattern(100, 150), return_tensors="np")["pixel_values"]
    assert np.abs(ours.arrays(pattern(100, 150)) - theirs).max() < 0.03  # theirs may resize tensors: a grey level


def test_vit_settings_of_hugging_face_are_written_and_read(tmp_path: Path):
    ours = Preprocess.vit(48)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(ours.document()))
    assert Preprocess.beside(tmp_path) == ours
    theirs = ViTImageProcessor.from_pretrained(tmp_path)(pattern(100, 150), return_tensors="np")["pixel_values"]
    assert np.abs(ours.arrays(pattern(100, 150)) - theirs).max() < 0.03


def test_settings_of_open_clip_and_of_timm_are_read(tmp_path: Path):
    squash = {
        "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "resize_mode": "squash"},
        "model_cfg": {"vision_cfg": {"image_size": 96}},
    }
    (tmp_path / "open_clip_config.json").write_text(json.dumps(squash))
    found = Preprocess.beside(tmp_path)
    assert (found.size, found.mean, found.crop) == (96, (0.5, 0.5, 0.5), False)
    (tmp_path / "open_clip_config.json").unlink()
    cfg = {
        "input_size": [3, 224, 224],
        "crop_pct": 0.9,
        "mean": [0.5] * 3,
        "std": [0.5] * 3,
        "interpolation": "bicubic",
    }
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "vit_base_patch16_224", "pretrained_cfg": cfg}))
    assert Preprocess.beside(tmp_path) == Preprocess(224, mean=(0.5,) * 3, std=(0.5,) * 3, short=248)


def test_settings_that_are_absent_or_not_handled_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="has neither preprocessor_config"):
        Preprocess.beside(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(
        '{"size": 224, "resample": 0, "image_mean": [0], "image_std": [1]}'
    )
    with pytest.raises(InputError, match=r"preprocessor_config.json: the resampling"):
        Preprocess.beside(tmp_path)


def test_bad_pictures_are_named(tmp_path: Path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "words.jpg").write_text("no picture")
    noise = np.random.RandomState(0).randint(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:6000])
    for name in ("empty.png", "words.jpg", "half.png", "absent.png"):
        with pytest.raises(InputError, match=rf"cannot read .*{name}"):
            Preprocess(32)(tmp_path / name)
    with pytest.raises(InputError, match="cannot read picture 1"):
        Preprocess(32)([pattern(9, 9), b"no picture"])
    with pytest.raises(InputError, match="no pictures"):
        Preprocess(32)([])


def test_tiny_and_long_pictures_pass_and_endless_ones_are_refused():
    assert Preprocess()([Image.new("RGB", (1, 1)), Image.new("RGB", (900, 2))]).isfinite().all()
    with pytest.raises(InputError, match="100000 x 1 pixels: too narrow"):
        Preprocess()(Image.new("RGB", (100_000, 1)))


def test_huge_files_are_refused_before_they_are_decoded(tmp_path: Path):
    Image.new("1", (20_000, 10_000)).save(tmp_path / "huge.png")
    with pytest.raises(InputError, match=r"huge\.png"):
        Preprocess()(tmp_path / "huge.png")


def test_neither_pictures_nor_tokens_need_torch():
    code = (
        "import sys\nfrom ateneo.models.preprocess import Preprocess\nfrom ateneo.models.tokenizer import Tokenizer\n"
        "from PIL import Image\nPreprocess(8).arrays(Image.new('RGB', (9, 9)))\nTokenizer([]).rows(['a'])\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
