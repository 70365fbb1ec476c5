"""One line of an ateneo.toml is changed, and nothing else."""

import tomllib

import pytest

from ateneo.errors import SettingsError
from ateneo.settings import edited, load, new_file

MINE = "format = 1\n# mine\nlanguage = \"es\"   # of all talks\ntext_engine = 'sentences'  # small\n\n# the end"


def test_a_setting_is_changed_on_its_line() -> None:
    made = edited(MINE, "text_engine", "onnx:a/b")
    assert made == MINE.replace("'sentences'", '"onnx:a/b"')


def test_a_setting_that_is_a_comment_takes_its_place() -> None:
    made = edited(new_file(), "text_engine", 'onnx:C:\\a "b"')
    assert load(made).text_engine == 'onnx:C:\\a "b"'
    changed = [(a, b) for a, b in zip(new_file().split("\n"), made.split("\n"), strict=True) if a != b]
    assert [(a[:15], b[:13]) for a, b in changed] == [("# text_engine =", "text_engine =")]


def test_a_setting_that_is_nowhere_is_added() -> None:
    made = edited(MINE, "picture_engine", "tower")
    assert made.startswith(MINE)
    assert tomllib.loads(made)["picture_engine"] == "tower"
    assert edited("", "picture_engine", "tower") == 'picture_engine = "tower"\n'


def test_a_line_that_cannot_be_changed_safely_is_left_to_the_person() -> None:
    with pytest.raises(SettingsError, match='write the line text_engine = "x" in it'):
        edited('text_engine = """\nsentences"""\n', "text_engine", "x")
