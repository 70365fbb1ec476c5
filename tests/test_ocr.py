"""OCR engines on slides drawn here, whose text is known to the letter."""

import shutil
import stat
import unicodedata
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from ateneo.engines import available, load
from ateneo.engines.rapid_ocr import RapidOcr, in_lines
from ateneo.engines.tesseract import Tesseract, best_ocr
from ateneo.errors import EngineError, InputError

LINES = ("La aeronáutica en Teruel", "Enseñanza: 1.200 niños y jóvenes", "Qué señal dará el pingüino", "Año 2030")


def write(draw: ImageDraw.ImageDraw, x: float, y: float, *, text: str) -> None:
    """Pillow's own font has no accented letters, so the accents are drawn over plain ones."""
    font = ImageFont.load_default(44)
    for letter in unicodedata.normalize("NFC", text):
        base, *marks = unicodedata.normalize("NFD", letter)
        width = font.getlength(base)
        draw.text((x, y), base, "black", font)
        middle, top = x + width / 2, y + 10
        if "\u0301" in marks:
            draw.line((middle - 2, top + 2, middle + 6, top - 7), "black", 4)
        if "\u0303" in marks:
            draw.line([(middle - 9, top), (middle - 4, top - 5), (middle + 4, top), (middle + 9, top - 5)], "black", 4)
        if "\u0308" in marks:
            draw.ellipse((middle - 9, top - 4, middle - 4, top + 1), "black")
            draw.ellipse((middle + 4, top - 4, middle + 9, top + 1), "black")
        x += width


def slide(path: Path, *, lines: tuple[str, ...] = LINES) -> Path:
    """A white slide of 1280 x 720 with these lines."""
    image = Image.new("RGB", (1280, 720), "white")
    draw = ImageDraw.Draw(image)
    for n, line in enumerate(lines):
        write(draw, 90, 80 + 110 * n, text=line)
    image.save(path, quality=88)
    return path


def program(path: Path, script: str) -> str:
    """A stand-in for the tesseract program."""
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_rapidocr_reads_spanish_accents_line_by_line(tmp_path: Path) -> None:
    text = RapidOcr().read(slide(tmp_path / "slide.jpg"), languages=["es"])
    assert tuple(text.splitlines()) == LINES


def test_a_slide_without_text_reads_as_nothing(tmp_path: Path) -> None:
    assert RapidOcr().read(slide(tmp_path / "slide.jpg", lines=()), languages=["es"]) == ""


def test_rapidocr_says_nothing_on_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    RapidOcr().read(slide(tmp_path / "slide.jpg"), languages=[])
    assert capfd.readouterr() == ("", "")


def test_a_broken_picture_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "slide.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"slide\.jpg"):
        RapidOcr().read(tmp_path / "slide.jpg", languages=["es"])


def test_boxes_side_by_side_are_one_line_from_left_to_right() -> None:
    boxes = [
        (500.0, 12.0, 700.0, 52.0, "derecha"),
        (0.0, 100.0, 200.0, 140.0, "abajo"),
        (0.0, 10.0, 200.0, 50.0, "izda"),
    ]
    assert in_lines(boxes) == "izda derecha\nabajo"


def test_both_engines_come_through_the_registry() -> None:
    assert {"rapidocr", "tesseract"} <= set(available("ocr"))
    assert load("ocr", "rapidocr").name == "rapidocr"


def test_an_absent_tesseract_says_how_to_get_it() -> None:
    with pytest.raises(EngineError, match="install tesseract-ocr"):
        Tesseract("no-such-tesseract")


def test_tesseract_reads_in_the_languages_it_has_and_marks_bullets(tmp_path: Path) -> None:
    script = """case "$1" in
    --version) echo "tesseract 5.3.0" ;;
    --list-langs) printf 'List of languages:\\neng\\nspa\\n' ;;
    *) printf 'Título %s\\n\\n+ uno   dos\\ne tres\\n' "$4" ;;
    esac"""
    engine = Tesseract(program(tmp_path / "tess", script))
    assert engine.version == "5.3.0"
    assert engine.read(tmp_path / "x.jpg", languages=["es-ES", "an"]) == "Título spa+eng\n• uno dos\n• tres"


def test_a_failing_tesseract_passes_on_its_reason(tmp_path: Path) -> None:
    engine_script = 'case "$1" in --version) echo "tesseract 5" ;; *) echo "bad image" >&2; exit 1 ;; esac'
    with pytest.raises(EngineError, match="bad image"):
        Tesseract(program(tmp_path / "tess", engine_script)).knows(["es"])


def test_tesseract_is_chosen_only_for_what_rapidocr_cannot_read(tmp_path: Path) -> None:
    script = 'case "$1" in --version) echo "tesseract 5" ;; *) printf "List:\\neng\\nrus\\nspa\\n" ;; esac'
    stand_in = program(tmp_path / "tess", script)
    assert best_ocr(["es", "en"], program=stand_in).name == "rapidocr"
    assert best_ocr(["ru"], program=stand_in).name == "tesseract"
    assert best_ocr(["ru"], program="no-such-tesseract").name == "rapidocr"


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_tesseract_reads_spanish(tmp_path: Path) -> None:
    engine = Tesseract()
    if not engine.knows(["es"]):
        pytest.skip("tesseract has no Spanish data")
    assert "Enseñanza: 1.200 niños y jóvenes" in engine.read(slide(tmp_path / "slide.jpg"), languages=["es"])
