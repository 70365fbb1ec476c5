"""Typed records on disk and back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ateneo.archive.storage import LocalStorage
from ateneo.archive.store import Done, Recording, Summary, TalkStore, clock, format_chapters, parse_chapters, seconds
from ateneo.errors import ArchiveError, TalkNotFound
from ateneo.records import Chapter, Cue, Frame, Passage, Talk

TALK = Talk("2020-01-02-agua", "Agua", ("Ana Prueba", "Luis Ñu"), "2020-01-02", "7", "es", 61.5)


@pytest.fixture
def store(tmp_path: Path) -> TalkStore:
    return TalkStore(LocalStorage(tmp_path))


def test_every_record_of_a_talk_comes_back_as_it_was_saved(store: TalkStore) -> None:
    recording = Recording(TALK, "/v/agua.mp4", "ab12", 10, 1.5, ("/v/agua.es.vtt",), "sobre el agua", "https://x.test")
    frames = [Frame(0.0, 9.5, "frames/000000.000.jpg", "Título", "slide")]
    passages = [Passage(TALK, 0.0, 9.5, "es", "speech", (Cue(0.0, 4.0, "Uno."), Cue(4.0, 9.5, "Dos.")))]
    store.save_recording(recording)
    store.save_frames(TALK.id, frames)
    store.save_passages(TALK.id, passages)
    store.save_summary(TALK.id, Summary("es", (Cue(0.0, 4.0, "Uno."),)))
    store.save_chapters(TALK.id, [Chapter(0.0, "Inicio"), Chapter(30.25, "Ríos")], end=61.5)
    assert store.recording(TALK.id) == recording
    assert store.frames(TALK.id) == frames
    assert store.passages(TALK) == passages
    assert store.summary(TALK.id) == Summary("es", (Cue(0.0, 4.0, "Uno."),))
    assert store.chapters(TALK.id) == [Chapter(0.0, "Inicio"), Chapter(30.25, "Ríos")]
    assert store.ids() == [TALK.id]


def test_stages_are_noted_in_their_order(store: TalkStore) -> None:
    store.mark(TALK.id, "words", Done("done", "h2", "captions", 0.5))
    store.mark(TALK.id, "probe", Done("done", "h1"))
    assert list(store.done(TALK.id)) == ["probe", "words"]
    assert store.done(TALK.id)["words"] == Done("done", "h2", "captions", 0.5)


def test_an_unknown_talk_and_a_damaged_file_are_told_apart(store: TalkStore) -> None:
    with pytest.raises(TalkNotFound, match="no talk 'x'"):
        store.talk("x")
    store.storage.write("talks/x/talk.json", b"{")
    with pytest.raises(ArchiveError, match=r"cannot read talks/x/talk\.json"):
        store.talk("x")


@given(st.lists(st.floats(0, 500_000), min_size=1, max_size=9, unique_by=lambda s: round(s)))
def test_chapters_survive_their_file(starts: list[float]) -> None:
    chapters = [Chapter(float(round(start)), f"Capítulo {n}") for n, start in enumerate(sorted(starts))]
    assert parse_chapters(format_chapters(chapters, end=600_000.0)) == chapters


@given(st.integers(0, 10**9))
def test_a_time_survives_its_stamp(milliseconds: int) -> None:
    assert round(seconds(clock(milliseconds / 1000)) * 1000) == milliseconds
