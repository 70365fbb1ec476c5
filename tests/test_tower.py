"""The engine of the image tower: equal to torch, tied to its sentence encoder, refused with a reason where broken."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ateneo import Archive, engines
from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.engines.tower import SHIPPED, PictureTower
from ateneo.errors import EngineError, InputError, ModelMissing
from tests.conftest import ROOT, write_video

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
sys.path.insert(0, str(ROOT / "recipes" / "pictures"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, object]:
    """A tiny tower with random weights, written as the recipe writes what ships."""
    import shipped

    from ateneo.models.tower import Tower, TowerConfig

    torch.manual_seed(0)
    tower = Tower(TowerConfig(image_size=32, widths=(8, 16), blocks=(0, 1), head=16, embed=384)).eval()
    folder = tmp_path_factory.mktemp("tower")
    shipped.write(tower, folder, space=SentenceVectors().space, small=False)
    return folder, tower


@pytest.fixture
def folder(made: tuple[Path, object], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[0], tmp_path / "tower"))


def test_vectors_are_those_of_torch_in_any_number(made: tuple[Path, object]) -> None:
    engine = PictureTower(made[0])
    pictures = [Image.effect_noise((40 + n, 30), 80.0).convert("RGB") for n in range(20)]
    with torch.no_grad():
        wanted = made[1](torch.from_numpy(engine._preprocess.arrays(pictures))).numpy()
    np.testing.assert_allclose(engine.embed_pictures(pictures), wanted, atol=1e-4)
    assert engine.embed_pictures([]).shape == (0, 384)


def test_words_are_vectors_of_the_sentence_encoder_it_was_trained_to_meet(folder: Path) -> None:
    encoder = SentenceVectors()
    engine = PictureTower(folder, text=encoder)
    np.testing.assert_array_equal(engine.embed_texts(["un gráfico"]), encoder.embed(["un gráfico"]))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"text_space": "sentences-0000000000"}))
    other = PictureTower(folder, text=encoder)
    assert other.space != engine.space
    assert other.embed_pictures([Image.new("RGB", (9, 9))]).shape == (1, 384)
    with pytest.raises(EngineError, match="meets the sentence encoder sentences-0000000000"):
        other.embed_texts(["un gráfico"])


def test_a_broken_folder_is_refused_with_what_is_wrong(folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    with pytest.raises(EngineError, match=r"config\.json: no text_space"):
        PictureTower(folder)
    (folder / "config.json").unlink()
    with pytest.raises(ModelMissing, match=r"config\.json is missing"):
        PictureTower(folder)


def test_a_damaged_model_and_a_bad_picture_are_named(folder: Path) -> None:
    with pytest.raises(InputError, match=r"not-here\.png"):
        PictureTower(folder).embed_pictures([folder / "not-here.png"])
    (folder / "vision_model.onnx").write_bytes(b"nothing")
    with pytest.raises(EngineError, match=r"cannot read .*vision_model\.onnx"):
        PictureTower(folder).embed_pictures([Image.new("RGB", (9, 9))])


def test_an_archive_uses_it_by_name(folder: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "charla.mp4", ["UNO", "DOS"], seconds=5, grounds=["red", "white"])
    archive = Archive(tmp_path / "archive")
    archive.choose("picture_engine", f"tower:{folder}")
    archive.add(tmp_path / "charla.mp4", isolated=False)
    assert PictureTower(folder).space in archive.index.spaces()
    first, second = archive.store.frames("charla")
    for frame in (first, second):
        assert archive.see(image=archive.path / "talks" / "charla" / frame.path)[0].frame == frame
    assert archive.see("dos")[0].frame == second


@pytest.mark.skipif(not SHIPPED.is_dir(), reason="the image tower is not there yet: recipes/pictures makes it")
def test_the_shipped_tower_meets_the_shipped_encoder_and_tells_things_apart() -> None:
    engine = engines.load("pictures", "tower")
    assert engine.text_space == SentenceVectors().space
    chart, page = (Image.new("RGB", (640, 360), "white") for _ in range(2))
    for n, height in enumerate((90, 200, 150, 260, 120)):
        ImageDraw.Draw(chart).rectangle((60 + 110 * n, 330 - height, 130 + 110 * n, 330), fill=(40, 90, 170))
    for n in range(6):
        ImageDraw.Draw(page).text((40, 30 + 50 * n), "- una línea de texto en la página", fill="black", font_size=26)
    said = engine.embed_texts(["un gráfico de barras", "una página llena de texto"])
    assert (engine.embed_pictures([chart, page]) @ said.T).argmax(1).tolist() == [0, 1]
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 25_000_000
