"""`ateneo draw` as people run it, with the small models that ship."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ateneo.drawing import files
from tests.conftest import Command


def test_words_become_a_file_named_after_them_with_its_settings_inside(ateneo: Command, tmp_path: Path) -> None:
    done = ateneo("draw", "un avión rojo", "--seed", "7", "--steps", "2", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "un-avion-rojo.png\n"
    said = files.read(tmp_path / "un-avion-rojo.png")
    assert (said["words"], said["method"], said["seed"], said["steps"]) == ("un avión rojo", "unclip", "7", "2")


def test_a_trace_is_written_beside_the_picture(ateneo: Command, tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    done = ateneo("draw", "a fish", "--method", "guided", "--trace", "--seed", "1", "--steps", "3", "-o", out)
    assert done.returncode == 0, done.stderr
    written = [Path(line).name for line in done.stdout.splitlines()]
    assert written == ["a.png", "a-trace.png", "a-trace.gif", "a-trace.npz"]
    kept = np.load(tmp_path / "a-trace.npz")
    assert kept["mu_guided"].shape == kept["mu"].shape == (3, 1, 64, 64, 3)


def test_several_variations_of_a_picture(ateneo: Command, tmp_path: Path) -> None:
    Image.new("RGB", (40, 60), "orange").save(tmp_path / "sun.png")
    done = ateneo("draw", "--image", "sun.png", "-n", "2", "--seed", "1", "--steps", "2", "-o", "out.png", cwd=tmp_path)
    assert done.stdout.split() == ["out-1.png", "out-2.png"]
    assert files.read(tmp_path / "out-2.png")["from"] == "sun.png"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there are no words to draw"),
        (["gato " * 10_000], "cannot draw 10000 words"),
        (["gato", "--size", "63"], "a multiple of 8, such as 64"),
        (["gato", "--size", "999999"], "give 16 to 256"),
        (["gato", "--method", "x"], "choose unclip"),
        (["gato", "-o", "a.jpg"], "drawings are PNG files"),
        (["gato", "--method", "guided", "--model", "nothing", "--clip", "none"], "no weights named nothing"),
        (["--image", "absent.png"], "there is no such file"),
    ],
)
def test_what_cannot_be_drawn_costs_one_line(ateneo: Command, tmp_path: Path, arguments: list[str], said: str) -> None:
    done = ateneo("draw", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.glob("*.*"))


def test_without_torch_one_line_says_how_to_get_it(ateneo: Command, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'torch' else find(name, package)\n"
    )
    done = ateneo("draw", "gato", cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("pip install 'ateneo[models]'")
