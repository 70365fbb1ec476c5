"""A CLIP exported to ONNX, searched without torch: the same vectors, and clear errors."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ateneo.engines.onnx_clip import OnnxClip
from ateneo.errors import EngineError, InputError, ModelMissing
from ateneo.models.clip import Clip, ClipConfig, TextConfig
from ateneo.models.export import export_onnx
from ateneo.models.preprocess import Preprocess
from ateneo.models.resnet import ResNetConfig
from ateneo.models.tokenizer import Tokenizer
from ateneo.models.vit import ViTConfig

TEXTS = ["una montaña nevada", "Un pueblo   de MONTAÑA", "a bar chart", "", "niño, año & pingüino"]
WORDS = Tokenizer.train([*TEXTS, "una diapositiva con una gráfica de barras"] * 3, vocabulary=560, context=16)
PREPROCESS = Preprocess(32)


def clip(image: ViTConfig | ResNetConfig, *, tower: str = "transformer") -> Clip:
    """A tiny CLIP with random weights."""
    torch.manual_seed(0)
    text = TextConfig(tower, WORDS.vocabulary, 16, width=32, layers=2, heads=2, mlp_width=64)  # type: ignore[arg-type]
    return Clip(ClipConfig(24, image, text)).eval()


def vit_clip() -> Clip:
    """With a ViT."""
    return clip(ViTConfig(32, 8, 48, 2, 2, 96, activation="quick_gelu", eps=1e-5, pre_norm=True, patch_bias=False))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ViT CLIP with its 8-bit twin."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    export_onnx(vit_clip(), WORDS, folder, preprocess=PREPROCESS, quantize=True)
    return folder


def picture(width: int, height: int) -> Image.Image:
    """Noise."""
    return Image.fromarray(np.random.default_rng(width).integers(0, 255, (height, width, 3), np.uint8))


def unit(vectors: torch.Tensor) -> np.ndarray:
    """Of length 1."""
    return torch.nn.functional.normalize(vectors, dim=-1).detach().numpy()


def test_texts_have_the_same_vectors_without_torch(exported: Path) -> None:
    found = OnnxClip(exported).embed_texts(TEXTS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, unit(vit_clip().encode_text(WORDS.encode(TEXTS))), atol=2e-5)


def test_pictures_of_any_shape_have_the_same_vectors_without_torch(exported: Path) -> None:
    pictures = [picture(64, 48), picture(33, 90), picture(32, 32), picture(20, 25)]
    wanted = unit(vit_clip().encode_image(PREPROCESS(pictures)))
    np.testing.assert_allclose(OnnxClip(exported).embed_pictures(pictures), wanted, atol=2e-5)


def test_weights_of_8_bits_are_nearly_the_same_and_another_space(exported: Path) -> None:
    whole, small = OnnxClip(exported), OnnxClip(exported, quantized=True)
    assert (whole.embed_texts(TEXTS) * small.embed_texts(TEXTS)).sum(1).min() > 0.99
    assert whole.space != small.space
    assert whole.space.startswith("tiny@")


def test_a_text_longer_than_the_model_reads_keeps_its_end(exported: Path) -> None:
    long = " ".join(["montaña"] * 40)
    wanted = unit(vit_clip().encode_text(WORDS.encode([long], truncate=True)))
    np.testing.assert_allclose(OnnxClip(exported).embed_texts([long]), wanted, atol=2e-5)


def test_transformers_reads_the_configuration_and_the_tokenizer(exported: Path) -> None:
    from transformers import AutoTokenizer, CLIPConfig

    config = CLIPConfig.from_pretrained(exported)
    assert (config.projection_dim, config.vision_config.patch_size, config.text_config.hidden_size) == (24, 8, 32)
    ids = AutoTokenizer.from_pretrained(exported)(TEXTS[0])["input_ids"]
    assert ids == [WORDS.start, *WORDS.ids(TEXTS[:1])[0], WORDS.end]


def test_a_resnet_with_a_bag_of_words_is_exported_too(tmp_path: Path) -> None:
    model = clip(ResNetConfig(32, (1, 1, 1, 1), width=8, heads=4, output=24), tower="bag of words")
    made = export_onnx(model, WORDS, tmp_path / "bag", preprocess=PREPROCESS)
    assert [one.path.name for one in made] == ["text_model.onnx", "vision_model.onnx"]
    assert max(one.difference for one in made) < 1e-4
    wanted = unit(model.encode_text(WORDS.encode(TEXTS)))
    np.testing.assert_allclose(OnnxClip(tmp_path / "bag").embed_texts(TEXTS), wanted, atol=2e-5)


def test_searching_needs_no_torch(exported: Path) -> None:
    script = (
        "import sys; from ateneo.engines.onnx_clip import OnnxClip; "
        f"print(OnnxClip({str(exported)!r}).embed_texts(['montaña']).shape, 'torch' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.split("\n")[0] == "(1, 24) False"


def test_no_items_have_no_vectors(exported: Path) -> None:
    assert OnnxClip(exported).embed_texts([]).shape == (0, 24)


def test_a_folder_that_is_not_empty_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        export_onnx(vit_clip(), WORDS, tmp_path, preprocess=PREPROCESS)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tokens"):
        export_onnx(vit_clip(), Tokenizer.train(TEXTS, vocabulary=520), tmp_path / "new", preprocess=PREPROCESS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "onnx/text_model.onnx"])
def test_a_missing_file_is_named(exported: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(exported, tmp_path / "copy")
    (tmp_path / "copy" / name).unlink()
    with pytest.raises(ModelMissing, match=Path(name).name):
        OnnxClip(tmp_path / "copy").embed_texts(TEXTS)


def test_a_damaged_file_is_named(exported: Path, tmp_path: Path) -> None:
    shutil.copytree(exported, tmp_path / "copy")
    model = tmp_path / "copy" / "onnx" / "text_model.onnx"
    model.write_bytes(model.read_bytes()[:1000])
    with pytest.raises(EngineError, match=r"text_model\.onnx"):
        OnnxClip(tmp_path / "copy").embed_texts(TEXTS)
    (tmp_path / "copy" / "tokenizer.json").write_text("{")
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        OnnxClip(tmp_path / "copy")


def test_the_space_follows_the_weights(exported: Path, tmp_path: Path) -> None:
    shutil.copytree(exported, tmp_path / "tiny")
    assert OnnxClip(tmp_path / "tiny").space == OnnxClip(exported).space
    other = vit_clip()
    with torch.no_grad():
        other.W_t.mul_(-1)
    export_onnx(other, WORDS, tmp_path / "other" / "tiny", preprocess=PREPROCESS)
    assert OnnxClip(tmp_path / "other" / "tiny").space != OnnxClip(exported).space
    assert json.loads((exported / "config.json").read_text())["model_type"] == "clip"
