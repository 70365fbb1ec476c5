"""One picture without a vision model: its names, its text, and riddles; an engine that sees colours makes it exact."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from ateneo_test_engines.colours import Colours
from PIL import Image, ImageDraw, ImageFilter

from ateneo import Archive
from ateneo.errors import EngineError, InputError
from ateneo.looking import look
from ateneo.looking.drawings import cut, separate
from ateneo.looking.labels import Labels, read, shipped
from ateneo.looking.riddle import letters, solve, usual
from ateneo.looking.words import WordList, known, word_list
from tests.conftest import Command

RED, GREEN, BLUE, YELLOW = (220, 20, 20), (20, 150, 40), (20, 50, 220), (240, 220, 30)
GROUNDS = ["white", (235, 240, 228), (30, 34, 60)]


def drawn(colours: list[tuple[int, int, int]], *, columns: int = 3, ground: object = "white") -> Image.Image:
    """Ellipses, triangles and pairs of bars of these colours, in rows."""
    rows = -(-len(colours) // columns)
    page = Image.new("RGB", (40 + 160 * columns, 40 + 170 * rows), ground)
    pen = ImageDraw.Draw(page)
    for n, colour in enumerate(colours):
        x, y = 40 + n % columns * 160, 40 + n // columns * 170 + 7 * (n % 2)
        if n % 3 == 0:
            pen.ellipse((x, y, x + 110, y + 90), fill=colour)
        elif n % 3 == 1:
            pen.polygon([(x + 50, y), (x + 100, y + 110), (x, y + 100)], fill=colour)
        else:
            pen.rectangle((x, y, x + 45, y + 100), fill=colour)
            pen.rectangle((x + 52, y + 10, x + 100, y + 100), fill=colour)
    return page


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    path.write_text("rojo\tcolorado\nverde\nazul\namarillo\tgualda\n", encoding="utf-8")
    return path


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text("arara\nvarar\nrara\nravá/S\naaaa\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("columns", [1, 3, 5])
def test_drawings_are_separated_on_any_plain_ground_in_reading_order(ground: object, columns: int) -> None:
    colours = [RED, BLUE, GREEN, YELLOW, RED]
    page = drawn(colours, columns=columns, ground=ground)
    noisy = Image.fromarray(
        (np.asarray(page, np.int16) + np.random.default_rng(0).integers(-6, 7, (page.height, page.width, 3)))
        .clip(0, 255)
        .astype(np.uint8)
    )
    for picture in (
        page,
        noisy,
        page.filter(ImageFilter.GaussianBlur(1.5)),
        page.resize((900, 900 * page.height // page.width)),
    ):
        boxes = separate(picture)
        assert len(boxes) == len(colours)
        middles = [
            cut(picture, box).getpixel((cut(picture, box).width // 3, cut(picture, box).height // 2)) for box in boxes
        ]
        assert all(np.abs(np.subtract(m, c)).max() < 40 for m, c in zip(middles, colours, strict=True))


def test_an_empty_page_has_no_drawings_and_a_full_one_is_not_cut_to_pieces() -> None:
    assert separate(Image.new("RGB", (300, 200), "white")) == []
    assert len(separate(Image.effect_mandelbrot((300, 200), (-2, -1, 1, 1), 60).convert("RGB"))) <= 1


def test_the_riddle_is_solved_by_all_names_together(names: Path, words: Path) -> None:
    found = look(drawn([RED, YELLOW, RED, BLUE]), pictures=Colours(), labels=names, words=words, riddle=True)
    assert [drawing.names[0].name for drawing in found.drawings] == ["rojo", "amarillo", "rojo", "azul"]
    assert found.answer == "rojo, amarillo, rojo, azul: RARA"
    assert (found.words[0].name, found.word_list) == ("rara", str(words))
    assert found.words[0].probability > 0.9


def test_the_question_tells_that_it_is_a_riddle_and_a_name_that_errs_is_overruled(names: Path, words: Path) -> None:
    muddy = (110, 100, 30)  # nearer to green than to red
    found = look(
        drawn([muddy, YELLOW, RED, BLUE]), "¿Qué palabra forman?", pictures=Colours(), labels=names, words=words
    )
    assert found.drawings[0].names[0].name == "verde"
    assert found.words[0].name == "rara"
    assert (found.drawings[0].name, found.drawings[0].letter) == ("rojo", "r")


def test_letters_are_the_sum_over_labels_and_over_their_names() -> None:
    labels = Labels((("casa", "hogar"), ("coche",), ("hoja",)), "test")
    found = letters([0.5, 0.3, 0.2], labels)
    assert found["c"] == pytest.approx(0.98 * (0.5 * 0.8 + 0.3), abs=1e-3)
    assert found["h"] == pytest.approx(0.98 * (0.5 * 0.2 + 0.2), abs=1e-3)
    assert sum(found.values()) == pytest.approx(1)


def test_a_letter_that_many_labels_begin_with_weighs_no_more_for_it() -> None:
    labels = Labels((("casa",), ("coche",), ("cama",), ("hoja",)), "test")
    nothing_seen, listed = [letters([0.25] * 4, labels)] * 4, WordList({4: {"caca": "caca", "hoho": "hoho"}}, "test")
    even = solve(nothing_seen, WordList({4: {"cccc": "cccc", "hhhh": "hhhh"}}, "test"), before=usual(labels))
    assert [guess.probability for guess in even] == pytest.approx([0.5, 0.5])
    assert solve(nothing_seen, listed)[0].word == "caca"


def test_of_two_words_that_fit_the_one_in_use_is_offered_and_accents_do_not_matter() -> None:
    listed = WordList({4: {"xasa": "xasa", "casa": "cása"}}, "test")
    even = dict.fromkeys("abcdefghijklmnñopqrstuvwxyz", 1 / 27)
    best, other = solve([even] * 4, listed)
    assert (best.word, other.word) == ("cása", "xasa")
    assert best.probability == pytest.approx(0.9)
    assert solve([even] * 5, listed) == []


def test_a_letter_that_no_label_begins_with_is_unlikely() -> None:
    labels = Labels((("casa",), ("coche",), ("cama",), ("hoja",)), "test")
    seen = [letters([0.3, 0.2, 0.2, 0.3], labels)] * 4
    listed = WordList({4: {"hhhh": "hhhh", "ñhhh": "ñhhh"}}, "test")
    best, other = solve(seen, listed, before=usual(labels))
    assert (best.word, other.word) == ("hhhh", "ñhhh")
    assert other.probability < 0.1


def test_a_name_with_a_capital_is_not_a_word_in_use() -> None:
    listed = WordList({4: {"casa": "Casa", "mesa": "mesa"}}, "test")
    even = dict.fromkeys("abcdefghijklmnñopqrstuvwxyz", 1 / 27)
    assert [guess.word for guess in solve([even] * 4, listed)] == ["mesa", "Casa"]


def test_the_sharper_the_letters_the_surer_the_word_whatever_the_list() -> None:
    dice, listed = random.Random(3), word_list("es")
    for word in dice.sample(sorted(listed.by_length[7]), 20):
        rows = [
            letters([0.6, *[0.4 / 25] * 25], Labels(((c,), *((o,) for o in "bcdfghjlmnpqrstvwxyzaeiou")), "t"))
            for c in word
        ]
        assert word in {guess.word for guess in solve(rows, listed)}


def test_a_picture_is_named_and_its_text_is_read(names: Path, tmp_path: Path) -> None:
    page = drawn([GREEN], columns=1)
    found = look(page, pictures=Colours(), labels=names)
    assert found.names[0].name == "verde"
    assert sum(one.probability for one in found.names) == pytest.approx(1)
    assert found.answer.startswith("Parece: verde")
    sign = Image.new("RGB", (700, 160), "white")
    ImageDraw.Draw(sign).text((30, 50), "SALIDA DE EMERGENCIA", fill="black", font_size=44)
    read_out = look(sign, "¿qué pone?", pictures=None)
    assert read_out.answer == "Pone: SALIDA DE EMERGENCIA"
    assert look(sign, "what does it say?", pictures=None).answer == "It says: SALIDA DE EMERGENCIA"


def test_labels_ship_in_both_languages_and_words_are_there_without_any_list() -> None:
    spanish, english = shipped("es"), shipped("en-GB")
    assert len(spanish.names) == len(english.names) > 1000
    assert "elephant" in english.names
    assert {"caballo", "hoja", "avión", "luna", "elefante", "casa", "oreja"} <= {n for t in spanish.things for n in t}
    assert {"chaleco", "teclado", "rocket"} <= known()
    assert (Path(__file__).parent.parent / "src/ateneo/small/labels/card.md").read_text().count("Unicode") > 0


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "No such file"), (b"", "there are none"), (b"\xff\xfe\x00x", "not text"), (b"a" * 300, "at most")],
)
def test_bad_label_files_are_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "labels.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(path)


def test_what_cannot_be_looked_at_is_told_with_the_next_step(names: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="0 separate drawings"):
        look(Image.new("RGB", (90, 90)), pictures=Colours(), labels=names, riddle=True)
    with pytest.raises(EngineError, match="no picture model"):
        look(drawn([RED, RED, RED]), pictures=None, riddle=True)
    with pytest.raises(InputError, match="no labels in 'fr'"):
        look(drawn([RED]), language="fr", pictures=Colours())
    with pytest.raises(InputError, match="no such file"):
        look(tmp_path / "nothing.png", pictures=Colours())
    with pytest.raises(InputError, match="cannot read the words"):
        look(drawn([RED] * 4), pictures=Colours(), labels=names, words=tmp_path / "none", riddle=True)


def test_vectors_of_labels_are_kept_and_made_again_where_damaged(names: Path, ateneo: Command, tmp_path: Path) -> None:
    drawn([RED, YELLOW, RED, BLUE]).save(tmp_path / "riddle.png")
    environment = {"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path),
                   "ATENEO_PICTURE_ENGINE": "colours"}  # fmt: skip
    command = ("look", tmp_path / "riddle.png", "--riddle", "--labels", names, "--json")
    first = json.loads(ateneo(*command, env=environment).stdout)
    [kept] = (tmp_path / "cache").rglob("colours-1-*.npy")
    content = kept.read_bytes()
    kept.write_bytes(content[:40])
    assert json.loads(ateneo(*command, env=environment).stdout) == first
    assert kept.read_bytes() == content


def test_the_command_prints_letters_and_names_and_its_document_is_the_documented_one(
    ateneo: Command, names: Path, words: Path, tmp_path: Path
) -> None:
    drawn([RED, YELLOW, RED, BLUE]).save(tmp_path / "riddle.png")
    archive = Archive(tmp_path / "archive")
    archive.choose("picture_engine", "colours")
    given = ("look", tmp_path / "riddle.png", "--riddle", "--labels", names, "--words", words)
    lines = ateneo(*given).stdout.splitlines()
    assert lines[0] == "rojo, amarillo, rojo, azul: RARA"
    assert lines[1].split()[:2] == ["R", "rojo"]
    found = json.loads(ateneo(*given, "--json").stdout)
    assert set(found) >= {"version", "answer", "text_in_image", "tables", "arithmetic", "names"}
    assert set(found["drawings"][0]) == {"box", "letter", "name", "names"}
    assert ateneo("look", tmp_path / "none.png").returncode == 2


@pytest.mark.parametrize("ink", ["black", "white"])
def test_what_is_drawn_on_nothing_is_laid_on_what_it_can_be_seen_on(ink: str, tmp_path: Path) -> None:
    page = Image.new("RGBA", (500, 120), (0, 0, 0, 0))
    ImageDraw.Draw(page).text((40, 30), "AGUA LIMPIA", fill=ink, font_size=50)
    page.save(tmp_path / "drawn.png")
    assert look(tmp_path / "drawn.png", "¿Qué pone?", pictures=None).answer == "Pone: AGUA LIMPIA"


def test_a_file_that_is_no_picture_gets_one_error_with_the_next_step(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), "white").save(tmp_path / "whole.jpg")
    files = {
        "empty.png": (b"", "no picture that can be read; give a JPEG"),
        "page.png": (b"<!doctype html><p>404", "no picture that can be read; give a JPEG"),
        "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC photo saved as JPEG"),
        "cut.jpg": ((tmp_path / "whole.jpg").read_bytes()[:700], "cut short or damaged"),
        "none.png": (None, "no such file; name a picture's file"),
    }
    Image.new("1", (20_000, 20_000)).save(tmp_path / "huge.png")
    files["huge.png"] = ((tmp_path / "huge.png").read_bytes(), "too many pixels; make it smaller")
    for name, (content, why) in files.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=why) as raised:
            look(tmp_path / name, pictures=None)
        assert str(raised.value).startswith(f"cannot read {tmp_path / name}: ")
