"""docs/json.md, docs/archive.md and the public names, held against the program."""

import dataclasses
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

import ateneo
from ateneo import Archive, records
from ateneo.archive.store import STAGES
from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.settings import Settings, new_file
from tests.conftest import ROOT, Command, write_video, write_vtt

JSON = (ROOT / "docs" / "json.md").read_text()
TALK = {"id", "title", "speakers", "date", "number", "language", "duration"}
HIT = {"talk", "start", "end", "text", "language", "source", "score"}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    write_video(tmp_path / "charla.mp4", ["PILA DE COMBUSTIBLE"], seconds=9.0)
    write_vtt(tmp_path / "charla.es.vtt", ["El hidrógeno mueve el coche.", "La pila de combustible emite agua."])
    Archive(tmp_path / "archive").add(tmp_path / "charla.mp4")
    return tmp_path / "archive"


def run(ateneo: Command, *arguments: str) -> Any:
    ended = ateneo(*arguments, "--json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_every_document_has_the_documented_fields(ateneo: Command, archive: Path) -> None:
    assert set(run(ateneo, "talks")) == {"version", "talks"}
    assert set(run(ateneo, "talks")["talks"][0]) == TALK
    shown = run(ateneo, "show", "charla")
    assert set(shown) == {"version", "summary", "chapters", "captions", "frames", "repairs", "stages"} | TALK
    assert set(shown["frames"][0]) == {"start", "end", "path", "text", "kind"}
    assert set(shown["captions"][0]) == {"language", "path"}
    assert list(shown["stages"]) == list(STAGES)
    assert set(shown["stages"]["probe"]) == {"state", "engine", "seconds"}
    found = run(ateneo, "search", "hidrógeno")
    assert set(found) == {"version", "query", "hits"}
    assert set(found["hits"][0]) == HIT
    assert set(found["hits"][0]["talk"]) == TALK


def test_an_answer_cites_word_for_word(ateneo: Command, archive: Path) -> None:
    asked = run(ateneo, "ask", "¿Qué emite la pila de combustible?")
    assert set(asked) == {"version", "question", "answer", "talks", "nearest", "dropped"}
    (sentence,) = [s for s in asked["answer"]["sentences"] if "agua" in s["text"]]
    (citation,) = sentence["citations"]
    assert set(citation) == {"talk", "start", "end", "quote"}
    assert citation["quote"] in " ".join((archive / "talks/charla/transcript.es.vtt").read_text().split())
    assert citation["start"] == pytest.approx(4.0, abs=0.5)
    assert set(asked["talks"][0]) == {"talk", "sentences"}


def test_what_was_seen_has_the_documented_fields(ateneo: Command, archive: Path) -> None:
    found = run(ateneo, "see", "pila", "de", "combustible")
    assert set(found) == {"version", "query", "hits"}
    assert set(found["hits"][0]) == {"talk", "frame", "score"}
    assert set(found["hits"][0]["talk"]) == TALK
    assert set(found["hits"][0]["frame"]) == {"start", "end", "path", "text", "kind"}
    picture = str(archive / "talks" / "charla" / found["hits"][0]["frame"]["path"])
    assert run(ateneo, "see", "--image", picture) | {"hits": []} == {"version": 1, "query": picture, "hits": []}


def test_a_picture_looked_at_has_the_documented_fields(ateneo: Command, archive: Path) -> None:
    picture = str(next((archive / "talks").rglob("*.jpg")))
    found = run(ateneo, "look", picture, "¿Qué pone?")
    contract = {"version", "answer", "text_in_image", "tables", "arithmetic"}
    assert set(found) == contract | {"names", "drawings", "words", "word_list", "notes"}
    assert (found["text_in_image"], found["answer"]) == ("PILA DE COMBUSTIBLE", "Pone: PILA DE COMBUSTIBLE")


def test_where_the_archive_does_not_say_the_answer_is_null(ateneo: Command, archive: Path) -> None:
    asked = run(ateneo, "ask", "¿Quién pintó las Meninas en el siglo XVII?")
    assert (asked["answer"], asked["talks"]) == (None, [])


@pytest.mark.parametrize(
    "name", ["Talk", "Hit", "Frame", "Citation", "Sentence", "Sight", "Named", "Drawing", "Looked"]
)
def test_the_documented_fields_are_those_of_the_records(name: str) -> None:
    line = re.search(rf"^- {name.upper()} .*$", JSON.replace("SENTENCE", "SENTENCE"), re.MULTILINE)
    fields = {field.name for field in dataclasses.fields(getattr(records, name))}
    documented = JSON if line is None else line.group()
    assert all(f'"{field}"' in documented for field in fields)


def test_the_layout_on_disk_is_the_documented_one(archive: Path) -> None:
    files = {str(p.relative_to(archive)) for p in archive.rglob("*") if p.is_file() and "index" not in p.parts}
    engines = [SentenceVectors(), Archive(archive).picture_engine]
    vectors = {f"cache/vectors/{engine.space}/charla.npy" for engine in engines if engine}
    assert files == {".lock", "ateneo.toml", "cache/spaces.json"} | vectors | {
        f"talks/charla/{name}"
        for name in ("talk.json", "transcript.es.vtt", "frames/000000.000.jpg", "frames.json", "passages.json",
                     "summary.json", "chapters.vtt", "done.json")
    }  # fmt: skip
    documented = (ROOT / "docs" / "archive.md").read_text()
    assert all(
        name in documented for name in ("talk.json", "frames.json", "passages.json", "summary.json", "done.json")
    )


def test_the_library_has_the_documented_signatures() -> None:
    def arguments(name: str) -> list[str]:
        return [name for name in inspect.signature(getattr(Archive, name)).parameters if name != "self"]

    assert arguments("add")[:6] == ["paths", "language", "speech", "thorough", "jobs", "progress"]
    assert arguments("search") == ["words", "limit", "where"]
    assert arguments("describe") == ["id", "start", "end", "style", "language", "seen"]
    assert arguments("look")[:2] == ["image", "question"]
    assert arguments("see") == ["words", "image", "limit", "where"]
    assert arguments("ask")[:2] == ["question", "limit"]
    assert arguments("talk") == arguments("remove") == ["id"]
    assert arguments("talks") == []


def test_the_public_names_are_there_and_no_others() -> None:
    assert all(getattr(ateneo, name) is not None for name in ateneo.__all__)
    assert sorted(ateneo.__all__) == sorted(name for names in ateneo._HOMES.values() for name in names)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ateneo.nothing  # noqa: B018


def test_every_setting_is_documented_and_in_a_new_archives_file() -> None:
    documented = (ROOT / "docs" / "settings.md").read_text()
    for name in Settings.model_fields:
        assert f"| {name} | ATENEO_{name.upper()} |" in documented
        assert f"# {name} = " in new_file()


def test_every_command_is_documented(ateneo: Command) -> None:
    listed = re.findall(r"^  ([a-z]+) ", ateneo("--help").stdout.split("Commands:")[1], re.MULTILINE)
    assert {"add", "talks", "show", "search", "ask", "see", "look", "export", "remove", "reindex", "doctor"} <= set(
        listed
    )
    assert all(f"`{name}" in JSON for name in listed)
