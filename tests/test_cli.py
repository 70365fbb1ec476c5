"""The command: exit status, stdout, stderr."""

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Command, write_video, write_vtt

SENTENCES = [
    "El hidrógeno verde se produce con electricidad renovable.",
    "El coche de hidrógeno reposta en cinco minutos.",
    "La pila de combustible solo emite vapor de agua.",
]


@pytest.fixture
def charla(tmp_path: Path) -> Path:
    folder = tmp_path / "talks"
    folder.mkdir()
    write_video(folder / "charla.mp4", ["PILA DE COMBUSTIBLE", "CONCLUSIONES"], seconds=6.0)
    write_vtt(folder / "charla.es.vtt", SENTENCES)
    (folder / "talks.csv").write_text(
        "file,title,speakers,date,number,language\n"
        "charla.mp4,El coche de hidrógeno,Ana Prueba;Luis Ejemplo,2019-05-06,12,es\n"
    )
    return folder


def test_add_ends_with_a_count_and_says_nothing_on_stdout(ateneo: Command, charla: Path) -> None:
    ended = ateneo("add", charla)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr.splitlines()[-1] == "1 indexed"
    assert ateneo("add", charla).stderr.splitlines()[-1] == "1 unchanged"


def test_ask_prints_the_answer_the_heading_and_the_second(ateneo: Command, charla: Path) -> None:
    ateneo("add", charla)
    ended = ateneo("ask", "¿En cuántos minutos reposta el coche de hidrógeno?")
    assert ended.returncode == 0
    assert "El coche de hidrógeno reposta en cinco minutos. [" in " ".join(ended.stdout.split())
    assert "EL COCHE DE HIDRÓGENO. Ana Prueba, Luis Ejemplo. 2019-05-06" in ended.stdout
    assert "0:04" in ended.stdout
    assert f"{charla / 'charla.mp4'}#t=4" in ended.stdout


def test_what_the_archive_does_not_say_is_not_said_in_the_language_of_the_question(
    ateneo: Command, charla: Path
) -> None:
    ateneo("add", charla)
    ended = ateneo("ask", "¿Quién ganó el mundial de ajedrez de 1972?")
    assert ended.returncode == 0
    assert ended.stdout.startswith("El archivo no lo dice.")
    assert ateneo("ask", "Who won the chess championship of 1972?").stdout.startswith("The archive does not say.")


def test_show_search_and_talks_print_what_is_there(ateneo: Command, charla: Path) -> None:
    ateneo("add", charla)
    assert "2019-05-06" in ateneo("talks").stdout
    assert ateneo("talks").stdout.endswith("1 talk\n")
    shown = ateneo("show", "12").stdout
    assert "Chapters" in shown
    assert "PILA DE COMBUSTIBLE" in shown.upper()
    assert "0:08" in ateneo("search", "vapor").stdout or "0:00" in ateneo("search", "vapor").stdout


@pytest.mark.parametrize(("format", "beginning"), [("vtt", "WEBVTT"), ("srt", "1\n00:00:00,000"), ("md", "# El coche")])
def test_export_writes_each_format(ateneo: Command, charla: Path, format: str, beginning: str) -> None:
    ateneo("add", charla)
    ended = ateneo("export", "12", "--format", format)
    assert ended.stdout.startswith(beginning)
    assert "vapor de agua" in " ".join(ended.stdout.split())


def test_exported_chapters_begin_at_zero_as_video_sites_ask(ateneo: Command, charla: Path, tmp_path: Path) -> None:
    ateneo("add", charla)
    ateneo("export", "12", "-f", "chapters", "-o", tmp_path / "chapters.txt")
    assert (tmp_path / "chapters.txt").read_text().startswith("0:00 ")


def test_remove_and_reindex_report_what_they_did(ateneo: Command, charla: Path) -> None:
    ateneo("add", charla)
    assert ateneo("reindex").stderr.splitlines()[-1] == "1 unchanged"
    assert ateneo("remove", "12").returncode == 0
    assert json.loads(ateneo("talks", "--json").stdout) == {"version": 1, "talks": []}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["talks"], "no archive at"),
        (["add", "/nowhere/at/all.mp4"], "no such file or folder"),
        (["frobnicate"], "No such command"),
    ],
)
def test_nothing_done_is_status_two_with_a_reason(ateneo: Command, arguments: list[str], message: str) -> None:
    ended = ateneo(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert message in " ".join(ended.stderr.split())


def test_unknown_talks_and_filters_are_named(ateneo: Command, charla: Path) -> None:
    ateneo("add", charla)
    assert "no talk 'nada'" in ateneo("show", "nada").stderr
    assert ateneo("show", "nada").returncode == 2
    assert ateneo("export", "12", "--language", "fr").returncode == 2


def test_filters_narrow_what_is_found(ateneo: Command, charla: Path) -> None:
    ateneo("add", charla)
    for arguments, count in [(["--speaker", "luis"], 1), (["--speaker", "marta"], 0), (["--since", "2020"], 0)]:
        found = json.loads(ateneo("search", "hidrógeno", "--json", *arguments).stdout)["hits"]
        assert (len(found) > 0) == bool(count), arguments


def test_doctor_lists_engines_and_what_gets_the_missing(ateneo: Command) -> None:
    found = json.loads(ateneo("doctor", "--json").stdout)
    assert {row["name"] for row in found["engines"]} >= {"speech.faster-whisper", "ocr.rapidocr", "ocr.tesseract"}
    assert all(
        row["ok"] or row["get"] for section in ("engines", "models", "programs", "packages") for row in found[section]
    )
    assert "Engines" in ateneo("doctor").stdout


def test_doctor_tries_the_language_model_and_tells_what_to_do(ateneo: Command) -> None:
    gone = {"ATENEO_LANGUAGE_ENGINE": "openai", "ATENEO_LANGUAGE_URL": "http://127.0.0.1:9/v1"}
    [language, vision] = json.loads(ateneo("doctor", "--json", env=os.environ | gone).stdout)["assistant"]
    assert (language["ok"], "cannot reach http://127.0.0.1:9/v1" in language["detail"]) == (False, True)
    assert (vision["ok"], "which fails above" in vision["detail"]) == (False, True)  # one server, asked once
    assert "docs/assistant.md" in vision["get"]
    [none, _] = json.loads(ateneo("doctor", "--json").stdout)["assistant"]
    assert (none["ok"], "none is set" in none["detail"]) == (True, True)


def test_without_whisper_weights_one_line_says_so_and_the_slides_are_indexed(
    ateneo: Command, shared: Path, tmp_path: Path
) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "HF_ENDPOINT": "http://127.0.0.1:9",
    }
    ended = ateneo("add", shared / "speech/whisper_jfk/jfk.flac", shared / "video/opencast/av.mov", env=environment)
    assert ended.returncode == 1
    lines = [line for line in ended.stderr.splitlines() if line.startswith("ateneo: ")]
    assert len(lines) == 1, ended.stderr
    assert "Whisper" in lines[0]
    assert "--no-speech" in lines[0]
    assert "2 indexed" in ended.stderr
