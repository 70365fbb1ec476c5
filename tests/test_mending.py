"""Summaries by a language model, and words put right: only what the talk bears out, and all of it can be taken back."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ateneo import Archive
from ateneo.engines import Message
from ateneo.errors import EngineError, InputError
from ateneo.ingest import transcripts
from ateneo.ingest.repairs import Evidence, Proposal, applied, from_slides, judged, undone
from ateneo.records import Cue, Frame, Track, Word
from tests.conftest import Command, write_vtt

SAID = [
    "Hoy hablamos de la pila de combustivle.", "La pila emite agua limpia y calor.",
    "Irene Baldemora dirige el laboratorio.", "El tanque se llena en quince minutos.", "El coche no hace ruido.",
]  # fmt: skip
SLIDES = [Frame(0, 20, "frames/0.jpg", "PILA DE COMBUSTIBLE\n50 minutos")]
ARCHIVE = ["Coches de hidrógeno", "Irene Valdemora"]


def heard(said: Sequence[str] = SAID, *, doubtful: Sequence[str] = ("combustivle",)) -> Track:
    """What a recogniser wrote, a caption every four seconds."""
    words = [
        Word(4 * n + k * 0.4, 4 * n + k * 0.4 + 0.3, word, 0.2 if word.strip(".") in doubtful else 0.95)
        for n, sentence in enumerate(said)
        for k, word in enumerate(sentence.split())
    ]
    cues = tuple(Cue(4.0 * n, 4.0 * n + 4, sentence) for n, sentence in enumerate(said))
    return Track("es", cues, tuple(words), (), "scripted")


class Mending:
    """A language model that answers what it is told to, and keeps what it was asked."""

    name = "mending"
    sees = False

    def __init__(self, **answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def stream(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, max_tokens: int
    ) -> Iterator[str]:
        self.asked.append(messages[-1].text)
        assert schema is not None
        yield json.dumps(self.answers["repairs" if "repairs" in schema["properties"] else "summary"])


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """One talk, of which the transcript is a recogniser's."""
    write_vtt(tmp_path / "charla.es.vtt", SAID)
    made = Archive(tmp_path / "archive")
    made.add(tmp_path / "charla.es.vtt")
    made.correct("charla", speakers=["Irene Valdemora"])
    made.store.save_frames("charla", SLIDES)
    transcripts.save_repaired(made.storage, "charla", heard())
    return made


def as_heard(archive: Archive) -> bool:
    """Whether the transcript is as the recogniser left it."""
    now, then = archive.transcript("charla"), heard()
    return (now.cues, now.words, now.marks) == (then.cues, then.words, then.marks)


def using(archive: Archive, model: Mending | None) -> Archive:
    vars(archive)["language_engine"] = model
    return archive


@pytest.mark.parametrize(
    ("start", "was", "now", "source"),
    [
        (0.0, "combustivle", "combustible", "slide"),
        (8.0, "Baldemora", "Valdemora", "archive"),
        (12.0, "quince", "cincuenta", ""),  # sounds otherwise
        (12.0, "quince minutos", "50 minutos", ""),
        (8.0, "Baldemora", "Valdemoro", ""),  # a name that stands nowhere
        (16.0, "no hace", "hace", ""),
        (16.0, "no hace ruido", "nos hace ruido", ""),
        (4.0, "agua", "yegua", ""),
        (4.0, "nieve", "combustible", ""),  # not in this caption
    ],
)
def test_a_repair_needs_evidence_and_must_sound_alike(start: float, was: str, now: str, source: str) -> None:
    track = heard()
    assert judged(Proposal(start, was, now, "it is so"), track, Evidence(track, SLIDES, ARCHIVE)) == source


def test_a_doubtful_word_is_put_right_by_a_slide_without_any_model() -> None:
    found = list(from_slides(heard(), SLIDES, ARCHIVE))
    assert [(one.start, one.was, one.now) for one in found] == [(0.0, "combustivle", "combustible")]
    assert list(from_slides(heard(doubtful=()), SLIDES, ARCHIVE)) == []


def test_what_somebody_corrected_is_not_repaired() -> None:
    track = heard()
    corrected = Track("es", (Cue(0.0, 4.0, "Hoy hablamos de la pila de combustiple."), *track.cues[1:]), track.words)
    proposal = Proposal(0.0, "combustiple", "combustible", "slide")
    assert judged(proposal, corrected, Evidence(corrected, SLIDES, ARCHIVE)) == ""


def test_a_repair_is_marked_and_can_be_taken_back() -> None:
    track = heard()
    evidence = Evidence(track, SLIDES, ARCHIVE)
    changed, made = applied(track, [Proposal(0.0, "combustivle", "combustible", "heard badly")], evidence, first=1)
    assert changed.cues[0].text == "Hoy hablamos de la pila de combustible."
    assert [(mark.mark, mark.note) for mark in changed.marks] == [
        ("repaired", "combustivle → combustible (slide: heard badly)")
    ]
    assert changed.words == track.words
    assert undone(changed, made[0]) == track


def test_the_command_repairs_shows_and_takes_back(ateneo: Command, archive: Archive) -> None:
    where = ("--archive", archive.path)
    done = ateneo(*where, "repair", "charla")
    assert (done.returncode, done.stderr) == (0, "charla: 1 repaired\n")
    assert re.search(r"0:00  1\. combustivle → combustible \(slide: heard with 20% certainty\)", done.stdout)
    shown = ateneo(*where, "show", "charla").stdout
    assert "Repairs\n      0:00  1. combustivle → combustible" in shown
    assert archive.search("combustible").hits
    assert ateneo(*where, "repair", "charla", "--undo", "7").returncode == 2
    assert "1. combustible → combustivle" in ateneo(*where, "repair", "charla", "--undo", "1").stdout
    assert as_heard(archive)
    assert archive.talk("charla").repairs == ()


def test_a_model_repairs_only_with_evidence_and_numbers_stay(archive: Archive) -> None:
    told = {"repairs": [
        {"caption": 3, "was": "Baldemora", "now": "Valdemora", "reason": "the speaker's name"},
        {"caption": 4, "was": "quince", "now": "cinco", "reason": "sure of it"},
        {"caption": 2, "was": "agua limpia", "now": "agua limpísima", "reason": "style"},
        {"caption": 99, "was": "a", "now": "b", "reason": "no such caption"},
    ]}  # fmt: skip
    model = Mending(repairs=told)
    made = using(archive, model).repair("charla")
    assert [(one.was, one.now, one.source) for one in made] == [
        ("combustivle", "combustible", "slide"), ("Baldemora", "Valdemora", "archive")]  # fmt: skip
    assert archive.repair("charla") == []  # kept answers, and nothing is repaired twice
    assert [(mark.start, mark.mark) for mark in archive.transcript("charla").marks] == [
        (0, "repaired"),
        (8, "repaired"),
    ]
    assert len(archive.undo_repairs("charla")) == 2
    assert as_heard(archive)


def test_captions_made_by_people_are_not_repaired(tmp_path: Path) -> None:
    write_vtt(tmp_path / "charla.es.vtt", SAID)
    made = Archive(tmp_path / "archive")
    made.add(tmp_path / "charla.es.vtt")
    with pytest.raises(InputError, match="made by people"):
        made.repair("charla")


def test_a_summary_keeps_what_the_talk_bears_out_and_can_be_put_back(archive: Archive) -> None:
    own = archive.talk("charla").summary
    told = {"title": "La pila emite agua limpia", "sentences": [
        {"text": "La pila emite calor y agua limpia.", "evidence": [2]},
        {"text": "El tanque se llena en cinco minutos.", "evidence": [4]},
        {"text": "El coche hace ruido.", "evidence": [5]},
        {"text": "Todo esto se aprobó en el Senado.", "evidence": []},
    ]}  # fmt: skip
    found = using(archive, Mending(summary=told)).summarise("charla")
    assert found.summary == "La pila emite calor y agua limpia."
    assert found.chapters[0].title == "La pila emite agua limpia"
    assert found.title == "La pila emite agua limpia"
    assert archive.store.summary("charla").engine == "mending"  # type: ignore[union-attr]
    archive.reindex()
    assert archive.talk("charla").summary == found.summary
    assert archive.summarise("charla", own=True).summary == own


def test_a_summary_is_not_written_twice_and_needs_a_model(archive: Archive) -> None:
    model = Mending(summary={"title": "", "sentences": [{"text": "La pila emite agua limpia.", "evidence": [2]}]})
    using(archive, model).summarise("charla")
    asked = len(model.asked)
    archive.summarise("charla")
    assert len(model.asked) == asked
    with pytest.raises(EngineError, match="set language_engine"):
        using(archive, None).summarise("charla")


def test_what_is_left_out_of_a_summary_is_told_and_wrong_sums_are_put_right(tmp_path: Path) -> None:
    write_vtt(tmp_path / "suma.es.vtt", ["El solar mide 5,53 × 5,16 = 28,54 m² en total.", "La casa es nueva."])
    made = Archive(tmp_path / "a")
    made.add(tmp_path / "suma.es.vtt")
    sentences = [
        {"text": "El solar mide 5,53 × 5,16 = 28,54 m² en total.", "evidence": [1]},
        {"text": "La casa tiene 7 puertas.", "evidence": [2]},
    ]
    notes: list[str] = []
    told = using(made, Mending(summary={"title": "", "sentences": sentences})).summarise("suma", noted=notes.append)
    assert told.summary == "El solar mide 5,53 × 5,16 = 28,54 m² [recalculado: 28,53] en total."
    assert notes == ["suma: 1 sentences and titles left out because the talk does not bear them out"]


def test_one_talk_that_fails_stops_no_other(ateneo: Command, archive: Archive, tmp_path: Path) -> None:
    write_vtt(tmp_path / "otra.es.vtt", SAID[::-1])
    archive.add(tmp_path / "otra.es.vtt")
    ended = ateneo("--archive", archive.path, "repair", "otra", "charla")
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "ateneo: cannot repair otra in es: its captions were made by people; correct them", "charla: 1 repaired"
    ]  # fmt: skip
    ended = ateneo("--archive", archive.path, "summarise", "otra")
    assert ended.returncode == 2
    assert ended.stderr.startswith("ateneo: cannot summarise")


def test_random_words_leave_the_talks_own_summary(archive: Archive) -> None:
    own = archive.talk("charla").summary
    noise = {"title": "zxq 77", "sentences": [{"text": "Qwer 9 asdf Mnbv.", "evidence": [1]}]}
    assert using(archive, Mending(summary=noise)).summarise("charla").summary == own
