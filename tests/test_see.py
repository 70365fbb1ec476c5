"""Finding what was shown: by words and by a picture, by the frame's colours, its text, and what was said then."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ateneo import Archive
from ateneo.errors import EngineError, InputError, SettingsError
from ateneo.records import Sights
from tests.conftest import Command, write_video, write_vtt

CSV = (
    "file,title,speakers,date,number,language\n"
    "trenes.mp4,Los trenes,Ana Prueba,2019-05-06,12,es\nabejas.mp4,Las abejas,Luis Ejemplo,2021-02-03,31,es\n"
)


def names(found: Sights) -> list[tuple[str, int]]:
    return [(hit.talk.id.rpartition("-")[2], round(hit.frame.start)) for hit in found]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    write_video(folder / "trenes.mp4", ["LOCOMOTORA DE VAPOR", "EL VAGON"], seconds=8, grounds=["white", "red"])
    grounds = ["yellow", "blue", "white"]
    write_video(folder / "abejas.mp4", ["LA COLMENA", "X Y Z", "LA REINA"], seconds=8, grounds=grounds)
    write_vtt(folder / "trenes.es.vtt", ["La locomotora quema carbón.", "Lleva grano a la ciudad."], seconds=8)
    write_vtt(folder / "abejas.es.vtt", ["Hay flores.", "El cielo se ve despejado.", "Pone huevos."], seconds=8)
    (folder / "talks.csv").write_text(CSV)
    return folder


@pytest.fixture(scope="module")
def archive(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    archive.choose("picture_engine", "colours")
    archive.add(recordings, isolated=False)
    return archive


@pytest.fixture
def plain(recordings: Path, tmp_path: Path) -> Archive:
    """An archive of one talk, made new."""
    archive = Archive(tmp_path / "plain")
    archive.choose("picture_engine", "colours")
    archive.add([recordings / "trenes.mp4", recordings / "trenes.es.vtt"], isolated=False)
    return archive


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("algo rojo", ("trenes", 8)),  # the picture alone
        ("a blue picture", ("abejas", 8)),
        ("la colmena", ("abejas", 0)),  # the text on it
        ("carbón", ("trenes", 0)),  # what was said then
        ("despejado", ("abejas", 8)),
        ("a steam engine", ("trenes", 0)),  # by meaning, in the other language
    ],
)
def test_a_frame_is_found_by_what_it_shows_what_is_written_and_what_is_said(
    archive: Archive, words: str, first: tuple[str, int]
) -> None:
    assert names(archive.see(words))[0] == first


def test_a_picture_finds_itself_first_and_a_crop_its_whole(archive: Archive) -> None:
    for sight in archive.see("rojo azul amarillo vagon reina vapor", limit=20):
        file = archive.picture(sight)
        assert archive.see(image=file)[0].frame == sight.frame
    with Image.open(archive.picture(archive.see("locomotora")[0])) as whole:
        crop = whole.crop((10, 20, whole.width - 90, whole.height - 60)).rotate(3, fillcolor="white")
    assert names(archive.see(image=crop))[0] == ("trenes", 0)


def test_filters_narrow_what_is_seen_and_unknown_ones_are_refused(archive: Archive) -> None:
    assert {talk for talk, _ in names(archive.see("rojo", where={"speaker": "luis"}))} == {"abejas"}
    assert {talk for talk, _ in names(archive.see("azul", where={"until": "2020"}))} == {"trenes"}
    assert len(archive.see("azul", limit=2)) == 2
    with pytest.raises(InputError, match="no such key"):
        archive.see("azul", where={"colour": "blue"})


def test_what_shows_the_same_is_one_hit_also_across_talks(archive: Archive, tmp_path: Path) -> None:
    twice = Archive(tmp_path / "twice")
    twice.choose("picture_engine", "colours")
    for name, seconds in (("una", 5), ("otra", 6)):
        texts = ["PAZ", "PLAN DE OBRAS DEL AÑO"]
        write_video(tmp_path / f"{name}.mp4", texts, seconds=seconds, grounds=["red", "white"])
        write_vtt(tmp_path / f"{name}.es.vtt", [f"Esta es {name}."])
    twice.add(tmp_path, isolated=False)
    assert len(twice.talks()) == 2
    assert {start for _, start in names(twice.see("rojo"))} in ({0, 5}, {0, 6})
    assert len(twice.see("rojo")) == 2


def test_a_picture_is_embedded_once_and_by_another_engine_again(plain: Archive) -> None:
    seen = plain.picture_engine.seen
    plain.storage.remove("index")
    again = Archive(plain.path)
    again.reindex()
    assert (seen, again.picture_engine.seen) == (2, 0)
    again.choose("picture_engine", "colours:2")
    assert "ateneo reindex" in again.unseen()
    assert names(again.see("vagon"))[0] == ("trenes", 8)
    again.reindex()
    assert (again.picture_engine.seen, again.unseen()) == (2, "")
    assert "colours-2" in again.index.spaces()
    assert "colours-1" not in again.index.spaces()


def test_vectors_of_a_removed_talk_are_gone(plain: Archive) -> None:
    kept = plain.storage.names("cache/vectors/colours-1")
    plain.remove(plain.talks()[0].id)
    assert (len(kept), plain.storage.names("cache/vectors/colours-1")) == (1, [])


def test_a_picture_that_cannot_be_read_is_noted_and_the_others_are_found(plain: Archive) -> None:
    [talk] = plain.talks()
    first, second = plain.store.frames(talk.id)
    plain.storage.write(f"talks/{talk.id}/{first.path}", b"no picture")
    plain.storage.remove("index")
    plain.storage.remove("cache")
    plain = Archive(plain.path)
    plain.reindex()
    assert first.path in plain.store.done(talk.id)["index"].note
    assert plain.see("rojo")[0].frame == second
    assert plain.contact_sheet(plain.see("locomotora")).height > 150


def test_without_a_picture_engine_words_still_find_and_a_missing_engine_is_told(
    plain: Archive, recordings: Path
) -> None:
    plain.choose("picture_engine", "onnx-clip:/nowhere")
    with pytest.raises(EngineError, match="nowhere"):
        plain.see("rojo")
    plain.__dict__["picture_engine"] = None
    assert names(plain.see("carbón"))[0] == ("trenes", 0)
    with pytest.raises(SettingsError):
        plain.choose("picture_motor", "x")


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), (b"hello", "no picture that can be read"), (b"", "no picture that can be read")],
)
def test_a_bad_picture_is_refused_by_name(
    archive: Archive, tmp_path: Path, content: bytes | None, message: str
) -> None:
    file = tmp_path / "foto.png"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=rf"foto\.png.*{message}"):
        archive.see(image=file)


def test_a_decompression_bomb_and_a_folder_are_refused(archive: Archive, tmp_path: Path) -> None:
    Image.new("1", (30_000, 30_000)).save(tmp_path / "bomb.png")
    with pytest.raises(InputError, match=r"bomb\.png.*too many pixels"):
        archive.see(image=tmp_path / "bomb.png")
    with pytest.raises(InputError, match="it is a folder"):
        archive.see(image=tmp_path)


def test_a_photo_that_lies_on_its_side_is_looked_at_upright(archive: Archive, tmp_path: Path) -> None:
    with Image.open(archive.picture(archive.see("locomotora")[0])) as whole:
        turned = whole.rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: turned by 90 degrees
    turned.save(tmp_path / "photo.jpg", exif=exif)
    assert names(archive.see(image=tmp_path / "photo.jpg"))[0] == ("trenes", 0)


def test_neither_or_both_of_words_and_picture_are_refused(archive: Archive, tmp_path: Path) -> None:
    for given in ({}, {"words": " "}, {"words": "rojo", "image": Image.new("RGB", (8, 8))}):
        with pytest.raises(InputError, match="one of the two"):
            archive.see(**given)


def test_an_archive_without_frames_says_so(tmp_path: Path) -> None:
    empty = Archive(tmp_path / "empty")
    with pytest.raises(InputError, match="no talk has frames; add recordings"):
        empty.see("rojo")
    write_vtt(tmp_path / "sola.es.vtt", ["Aquí no se ve nada."])
    empty.add(tmp_path / "sola.es.vtt", isolated=False)
    with pytest.raises(InputError, match="no talk has frames"):
        empty.see("nada")


def test_the_command_prints_number_heading_file_and_second_and_draws_a_sheet(
    ateneo: Command, archive: Archive, tmp_path: Path
) -> None:
    ended = ateneo("--archive", archive.path, "see", "el", "vagón", "--sheet", tmp_path / "sheet.png", "--limit", "3")
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("12. LOS TRENES. Ana Prueba. 2019-05-06  [")
    assert lines[1].split() == ["0:08", "EL", "VAGON"]
    assert lines[2].strip().endswith("frames/000008.000.jpg")
    assert lines[3].strip().endswith("trenes.mp4#t=8")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert np.asarray(sheet)[60:200, 12:312].std() > 20  # pictures are on it


def test_the_command_takes_a_picture_and_refuses_nothing_and_unknown_formats(
    ateneo: Command, archive: Archive, tmp_path: Path
) -> None:
    here = ("--archive", archive.path, "see")
    picture = archive.picture(archive.see("vagon")[0])
    found = json.loads(ateneo(*here, "--image", picture, "--json").stdout)
    assert (found["query"], found["hits"][0]["frame"]["text"]) == (str(picture), "EL VAGON")
    assert ateneo(*here).returncode == 2
    refused = ateneo(*here, "rojo", "--sheet", tmp_path / "sheet.txt")
    assert (refused.returncode, "name a .png" in refused.stderr) == (2, True)
