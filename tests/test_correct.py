"""What people correct through the library and the command line, and what follows from it."""

from pathlib import Path

import pytest

from ateneo import Archive, ArchiveLocked, InputError, TalkNotFound
from tests.conftest import Command, write_vtt


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    write_vtt(tmp_path / "charla.es.vtt", ["El hidrójeno mueve el coche.", "La pila emite agua.", "Gracias a todos."])
    archive = Archive(tmp_path / "archive")
    archive.add(tmp_path / "charla.es.vtt")
    return archive


def test_a_corrected_title_and_speaker_are_found_and_stay(archive: Archive, tmp_path: Path) -> None:
    talk = archive.correct("charla", title=" Pilas\nde combustible ", speakers=["Ana Gil", " "], date="31/5/2024")
    assert (talk.title, talk.speakers, talk.date) == ("Pilas de combustible", ("Ana Gil",), "2024-05-31")
    archive.add(tmp_path / "charla.es.vtt")
    assert archive.talk("charla").title == "Pilas de combustible"
    assert {hit.talk.title for hit in archive.search("agua", where={"speaker": "gil"})} == {"Pilas de combustible"}


def test_what_is_not_given_stays_and_an_empty_text_empties(archive: Archive) -> None:
    archive.correct("charla", date="2024", number="7")
    talk = archive.correct("charla", number="")
    assert (talk.date, talk.number, talk.title) == ("2024", None, "charla")


@pytest.mark.parametrize(
    ("given", "why"),
    [({"title": " "}, "title is empty"), ({"date": "ayer"}, "is no date"), ({"language": "??"}, "no language"),
     ({"title": "a" * 501}, "longer than")],
)  # fmt: skip
def test_a_correction_that_cannot_be_is_refused_and_changes_nothing(
    archive: Archive, given: dict[str, str], why: str
) -> None:
    before = archive.talk("charla")
    with pytest.raises(InputError, match=why):
        archive.correct("charla", **given)  # type: ignore[arg-type]
    assert archive.talk("charla") == before


def test_a_corrected_caption_is_found_and_quoted(archive: Archive) -> None:
    archive.correct_caption("charla", language="es", start=0.0, text="El <hidrógeno> mueve\nel coche.")
    assert archive.transcript("charla").cues[0].text == "El <hidrógeno> mueve\nel coche."
    assert "hidrógeno" in archive.search("hidrógeno")[0].text


def test_an_empty_text_takes_a_caption_out_but_not_the_last_one(archive: Archive) -> None:
    for start in (0.0, 4.0):
        archive.correct_caption("charla", language="es", start=start, text="")
    with pytest.raises(InputError, match="the only one"):
        archive.correct_caption("charla", language="es", start=8.0, text=" ")
    assert [cue.text for cue in archive.transcript("charla").cues] == ["Gracias a todos."]


def test_a_caption_that_somebody_else_changed_meanwhile_is_not_overwritten(archive: Archive) -> None:
    archive.correct_caption("charla", language="es", start=4.0, text="La pila da agua.")
    with pytest.raises(InputError, match=r"now says 'La pila da agua.'"):
        archive.correct_caption("charla", language="es", start=4.0, text="Otra cosa.", was="La pila emite agua.")


def test_a_caption_that_is_not_there_is_named(archive: Archive) -> None:
    with pytest.raises(InputError, match=r"none begins at 5\.000 s"):
        archive.correct_caption("charla", language="es", start=5.0, text="Nada.")
    with pytest.raises(InputError, match="no transcript of charla in en; it has: es"):
        archive.correct_caption("charla", language="en", start=0.0, text="Nada.")
    with pytest.raises(TalkNotFound):
        archive.correct("otra", title="Otra")


def test_while_another_writes_a_correction_waits_and_then_says_so(archive: Archive) -> None:
    with archive.storage.lock(), pytest.raises(ArchiveLocked, match="another ateneo is writing"):
        Archive(archive.path, wait=0.1).correct("charla", title="Otra")
    assert archive.talk("charla").title == "charla"


def test_the_command_corrects_and_shows_what_it_became(ateneo: Command, archive: Archive) -> None:
    ended = ateneo("correct", "charla", "--title", "Pilas", "--speaker", "Ana Gil", "--speaker", "Luis Sanz")
    assert ended.returncode == 0, ended.stderr
    assert "PILAS. Ana Gil, Luis Sanz" in ateneo("show", "charla").stdout
    assert ateneo("correct", "charla", "--at", "0:04", "--text", "La pila da vapor.").returncode == 0
    assert "vapor" in ateneo("search", "vapor").stdout
    assert "give --title" in ateneo("correct", "charla").stderr
