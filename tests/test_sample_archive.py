"""The main job on the sample archive: three questions, headings, near misses, and the transcript of the README."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ateneo import Archive, Asked
from tests.conftest import COMMAND, ROOT, SAMPLE

TRUTH: dict[str, Any] = json.loads((ROOT / "recipes" / "sample" / "truth.json").read_text(encoding="utf-8"))
FILMED = [talk["file"] for talk in TRUTH["talks"] if talk["filmed"]]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """The sample archive, made as a user would make it."""
    archive = Archive(tmp_path_factory.mktemp("sample") / "archive")
    report = archive.add(SAMPLE, jobs=2)
    assert report.count("indexed") == len(TRUTH["talks"]), report
    return archive


def answering(archive: Archive, asked: Asked) -> list[str]:
    """The recordings of the talks that answer, best first."""
    return [Path(archive.source(part.talk.id)).name for part in asked.talks]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("question", TRUTH["questions"], ids=lambda question: question["question"][:30])
def test_each_question_is_answered_by_its_talks_and_no_near_miss(archive: Archive, question: dict[str, Any]) -> None:
    asked = archive.ask(question["question"])
    found = answering(archive, asked)
    assert found
    assert set(found) <= set(question["answers"])
    assert asked.answer is not None
    assert {citation.talk for s in asked.answer.sentences for citation in s.citations} <= {
        p.talk.id for p in asked.talks
    }


@pytest.mark.timeout(900)
def test_every_quote_stands_word_for_word_where_it_is_cited(archive: Archive) -> None:
    asked = archive.ask(TRUTH["questions"][0]["question"])
    citations = [c for part in asked.talks for sentence in part.sentences for c in sentence.citations]
    assert len(citations) >= 5
    for citation in citations:
        transcript = archive.export(citation.talk, format="vtt", language="es")
        spoken = " ".join(line for line in transcript.splitlines() if line and "-->" not in line)
        assert citation.quote in " ".join(spoken.split())
        detail = archive.talk(citation.talk)
        assert detail.duration is not None
        assert 0 <= citation.start < citation.end <= detail.duration


@pytest.mark.timeout(900)
def test_what_no_talk_says_is_refused(archive: Archive) -> None:
    for question in ("¿Quién ganó el mundial de ajedrez de 1972?", "¿Qué dice la Constitución sobre el Senado?"):
        assert archive.ask(question).answer is None, question


@pytest.mark.timeout(900)
def test_every_slide_of_the_slide_talks_is_found_at_its_second(archive: Archive) -> None:
    by_file = {Path(archive.source(talk.id)).name: archive.talk(talk.id) for talk in archive.talks()}
    for truth in TRUTH["talks"]:
        starts = [frame.start for frame in by_file[truth["file"]].frames]
        missed = [s["start"] for s in truth["slides"] if min(abs(s["start"] - start) for start in starts) > 1]
        assert not missed, truth["file"]
        if truth["file"] not in FILMED:
            assert len(starts) == len(truth["slides"]), truth["file"]


@pytest.mark.timeout(900)
def test_both_caption_languages_and_the_metadata_come_through(archive: Archive) -> None:
    by_number = {talk.number: archive.talk(talk.id) for talk in archive.talks()}
    for truth in TRUTH["talks"]:
        talk = by_number[truth["number"]]
        assert (talk.title, list(talk.speakers), talk.date) == (truth["title"], truth["speakers"], truth["date"])
        assert [caption.language for caption in talk.captions] == truth["captions"]


@pytest.mark.timeout(900)
def test_the_transcript_in_the_readme_is_what_the_command_prints(archive: Archive) -> None:
    block = re.search(r"```\n\$ ateneo ask \"(.+)\"\n\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block, "no transcript in README.md"
    command = [COMMAND, "--archive", archive.path, "ask", block[1]]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == block[2]
