"""From files to talks: what is taken, what is skipped, what is done again and what is not."""

import json
import os
import shutil
from pathlib import Path

import pytest

from ateneo import Archive, ArchiveLocked, ArchiveNotFound, InputError, NewerFormat
from tests.conftest import write_video, write_vtt

SENTENCES = [
    "El hidrógeno verde se produce con electricidad renovable.",
    "El coche de hidrógeno reposta en cinco minutos.",
    "La pila de combustible solo emite vapor de agua.",
]


def stages(archive: Path, talk: str) -> dict[str, dict[str, object]]:
    """The stages of a talk as done.json has them."""
    found: dict[str, dict[str, object]] = json.loads((archive / "talks" / talk / "done.json").read_text())["stages"]
    return found


def test_a_recording_with_captions_becomes_a_talk_with_slides_and_text(tmp_path: Path) -> None:
    write_video(tmp_path / "charla.mp4", ["PILA DE COMBUSTIBLE", "CONCLUSIONES"], seconds=4.0)
    write_vtt(tmp_path / "charla.es.vtt", SENTENCES)
    archive = Archive(tmp_path / "archive")
    report = archive.add(tmp_path / "charla.mp4")
    assert (report.count("indexed"), report.problems) == (1, ())
    talk = archive.talk("charla")
    assert (talk.title, talk.language) == ("charla", "es")
    assert talk.duration == pytest.approx(8.0, abs=0.2)
    assert [caption.path for caption in talk.captions] == ["transcript.es.vtt"]
    assert [round(frame.start) for frame in talk.frames] == [0, 4]
    assert "COMBUSTIBLE" in talk.frames[0].text.upper()
    assert all((tmp_path / "archive/talks/charla" / frame.path).exists() for frame in talk.frames)
    assert [stage.state for stage in talk.stages.values()] == ["done"] * 7


def test_adding_again_does_nothing(tmp_path: Path) -> None:
    write_vtt(tmp_path / "charla.es.vtt", SENTENCES)
    archive = Archive(tmp_path / "archive")
    archive.add(tmp_path / "charla.es.vtt")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "archive/talks").rglob("*")}
    report = archive.add(tmp_path / "charla.es.vtt")
    assert report.count("unchanged") == 1
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "archive/talks").rglob("*")} == before


def test_the_same_recording_under_another_name_is_the_same_talk(tmp_path: Path) -> None:
    write_video(tmp_path / "uno.mp4", ["UNO"], seconds=1.0)
    shutil.copy(tmp_path / "uno.mp4", tmp_path / "dos.mp4")
    archive = Archive(tmp_path / "archive")
    report = archive.add(tmp_path)
    assert [talk.id for talk in archive.talks()] == ["dos"]
    assert report.count("duplicate") == 1


def test_a_moved_recording_keeps_its_talk_and_is_not_worked_on_again(tmp_path: Path) -> None:
    write_video(tmp_path / "uno.mp4", ["UNO"], seconds=1.0)
    archive = Archive(tmp_path / "archive")
    archive.add(tmp_path / "uno.mp4")
    before = stages(tmp_path / "archive", "uno")
    (tmp_path / "uno.mp4").rename(tmp_path / "dos.mp4")
    archive.add(tmp_path / "dos.mp4")
    assert [talk.id for talk in archive.talks()] == ["uno"]
    assert archive.source("uno") == str(tmp_path / "dos.mp4")
    assert stages(tmp_path / "archive", "uno")["frames"] == before["frames"]


def test_two_talks_of_one_name_in_two_folders_are_two_talks(tmp_path: Path) -> None:
    for folder, sentence in (("a", "El agua es vida."), ("b", "El fuego calienta.")):
        (tmp_path / folder).mkdir()
        write_vtt(tmp_path / folder / "charla.es.vtt", [sentence])
    archive = Archive(tmp_path / "archive")
    archive.add([tmp_path / "a", tmp_path / "b"], jobs=2)
    assert [talk.id for talk in archive.talks()] == ["charla", "charla-2"]
    assert archive.search("fuego")[0].talk.id == "charla-2"


def test_names_with_spaces_accents_newlines_and_dashes_are_taken(tmp_path: Path) -> None:
    names = ["con espacios", "Aragón ñandú", "dos\nlíneas", "-guion", "日本語"]
    for name in names:
        write_vtt(tmp_path / f"{name}.es.vtt", [f"Esta es la charla llamada {name!r}."])
    archive = Archive(tmp_path / "archive")
    report = archive.add(tmp_path)
    assert report.count("indexed") == len(names)
    assert {talk.id for talk in archive.talks()} == {"con-espacios", "aragon-nandu", "dos-lineas", "guion", "talk"}


def test_a_name_that_is_not_text_is_taken(tmp_path: Path) -> None:
    write_vtt(Path(os.fsdecode(os.fsencode(tmp_path) + b"/mal\xe9.vtt")), SENTENCES)
    archive = Archive(tmp_path / "archive")
    assert archive.add(tmp_path).count("indexed") == 1
    assert archive.search("hidrógeno")[0].talk.title.startswith("mal")


def test_a_transcript_corrected_by_hand_is_followed_and_never_overwritten(tmp_path: Path) -> None:
    captions = write_vtt(tmp_path / "charla.es.vtt", SENTENCES)
    archive = Archive(tmp_path / "archive")
    archive.add(captions)
    transcript = tmp_path / "archive/talks/charla/transcript.es.vtt"
    transcript.write_text(transcript.read_text().replace("vapor de agua", "vapor de menta"))
    archive.reindex()
    assert archive.search("menta").hits
    write_vtt(captions, [*SENTENCES, "Una frase más."])
    archive.add(captions)
    assert "menta" in transcript.read_text()
    assert [talk.id for talk in archive.talks()] == ["charla"]


def test_a_title_corrected_by_hand_stays_and_the_id_too(tmp_path: Path) -> None:
    captions = write_vtt(tmp_path / "charla.es.vtt", SENTENCES)
    archive = Archive(tmp_path / "archive")
    archive.add(captions)
    path = tmp_path / "archive/talks/charla/talk.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"title": "El coche de hidrógeno"}))
    archive.reindex()
    assert archive.search("pila")[0].talk.title == "El coche de hidrógeno"
    write_vtt(captions, SENTENCES[:2])
    archive.add(captions)
    assert [(talk.id, talk.title) for talk in archive.talks()] == [("charla", "El coche de hidrógeno")]


def test_a_deleted_index_is_made_again_by_itself(tmp_path: Path) -> None:
    write_vtt(tmp_path / "charla.es.vtt", SENTENCES)
    Archive(tmp_path / "archive").add(tmp_path)
    shutil.rmtree(tmp_path / "archive/index")
    assert Archive(tmp_path / "archive").search("hidrógeno").hits


def test_a_removed_talk_is_gone_and_its_recording_stays(tmp_path: Path) -> None:
    captions = write_vtt(tmp_path / "charla.es.vtt", SENTENCES)
    archive = Archive(tmp_path / "archive")
    archive.add(captions)
    archive.remove("charla")
    assert archive.talks() == []
    assert not archive.search("hidrógeno").hits
    assert captions.exists()
    assert not (tmp_path / "archive/talks/charla").exists()


def test_what_cannot_be_used_is_refused_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(ArchiveNotFound, match="make one with"):
        Archive(tmp_path / "nowhere", make=False)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="it is a file"):
        Archive(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="nothing to add"):
        Archive(tmp_path / "archive").add(tmp_path / "empty")
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer/ateneo.toml").write_text("format = 99\n")
    with pytest.raises(NewerFormat, match="install a newer Ateneo"):
        Archive(tmp_path / "newer")


def test_a_second_writer_is_refused_while_the_first_writes(tmp_path: Path) -> None:
    write_vtt(tmp_path / "charla.es.vtt", SENTENCES)
    archive = Archive(tmp_path / "archive")
    with archive.storage.lock(), pytest.raises(ArchiveLocked):
        archive.add(tmp_path / "charla.es.vtt")
    assert archive.add(tmp_path / "charla.es.vtt").count("indexed") == 1


def test_an_archive_among_the_recordings_is_not_taken_for_recordings(tmp_path: Path) -> None:
    write_vtt(tmp_path / "charla.es.vtt", SENTENCES)
    archive = Archive(tmp_path / "ateneo-archive")
    archive.add(tmp_path)
    assert archive.add(tmp_path).count("unchanged") == 1
    assert [talk.id for talk in archive.talks()] == ["charla"]
