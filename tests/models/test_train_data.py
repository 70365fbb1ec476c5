"""Pictures to learn from: where they lie, what is said of them, in which order they come."""

import re
import tarfile
from pathlib import Path

import pytest
import torch

from ateneo.errors import InputError, SettingsError
from ateneo.models.train.data import Pictures
from ateneo.models.train.items import class_names, find_items, hold_apart
from ateneo.models.train.pictures import decode, erased, jittered, normalised, sheet, to_bytes, varied
from ateneo.models.train.wordings import captioned, plain, read_wordings
from tests.models.pictures import class_folders, png, shards, table, zipped


def test_a_folder_a_zip_shards_and_a_table_hold_the_same_pictures(tmp_path: Path) -> None:
    places = [class_folders(tmp_path / "a"), zipped(tmp_path / "b.zip"), shards(tmp_path / "c"), table(tmp_path / "d")]
    found = [find_items(place) for place in places]
    assert [len(items) for items in found] == [80] * 4
    for items in found:
        assert {item.picture.read() for item in items} == {item.picture.read() for item in found[0]}
        assert {item.picture.read(): item.label for item in items} == {i.picture.read(): i.label for i in found[0]}


def test_shards_and_a_table_bring_captions(tmp_path: Path) -> None:
    for place in (shards(tmp_path / "c"), table(tmp_path / "d")):
        assert {(item.captions, item.label) for item in find_items(place)} == {
            (("a red thing",), "red"),
            (("a blue thing",), "blue"),
        }


def test_captions_beside_a_picture_are_read_from_txt_and_json(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(png("red", 0))
    (tmp_path / "one.txt").write_text("un coche\na car\n", encoding="utf-8")
    (tmp_path / "two.v2.png").write_bytes(png("red", 1))
    (tmp_path / "two.v2.json").write_text('{"caption": "un gato", "label": 3}', encoding="utf-8")
    one, two = find_items(tmp_path)
    assert (one.captions, one.label) == (("un coche", "a car"), None)
    assert (two.captions, two.label) == (("un gato",), "3")


def test_a_broken_picture_costs_one_line_and_the_next_takes_its_place(tmp_path: Path) -> None:
    class_folders(tmp_path, 3)
    (tmp_path / "blue" / "001.png").write_bytes(png("blue", 1)[:60])
    said: list[str] = []
    pictures = Pictures(find_items(tmp_path), 16, complain=said.append)
    batch = pictures.batch(range(6))
    pictures.batch(range(6))
    assert [item.key for item in batch.items[:3]] == ["blue/000.png", "blue/002.png", "blue/002.png"]
    assert len(said) == 1
    assert said[0].startswith("ateneo: skipped blue/001.png: ")
    assert sum(len(batch.items) for batch in pictures.in_order(4)) == 5


def test_data_in_which_no_picture_can_be_read_is_refused(tmp_path: Path) -> None:
    class_folders(tmp_path, 3)
    for path in tmp_path.rglob("*.png"):
        path.write_bytes(b"no picture")
    pictures = Pictures(find_items(tmp_path), 16, complain=lambda line: None)
    with pytest.raises(InputError, match=r"blue/000\.png and those after it cannot be read as pictures"):
        pictures.batch([0])


def test_an_empty_folder_and_an_absent_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pictures found"):
        find_items(tmp_path)
    with pytest.raises(InputError, match="there is no such file or folder"):
        find_items(tmp_path / "nowhere")
    (tmp_path / "talk.pdf").write_bytes(b"")
    with pytest.raises(InputError, match="neither a folder nor"):
        find_items(tmp_path / "talk.pdf")


def test_damaged_archives_are_named(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(zipped(tmp_path / "y.zip").read_bytes()[:500])
    with pytest.raises(InputError, match=r"cannot read .*x\.zip"):
        find_items(tmp_path / "x.zip")
    (tmp_path / "x.tar").write_bytes(b"no tar" * 200)
    with pytest.raises(InputError, match=r"cannot read .*x\.tar.*uncompressed"):
        find_items(tmp_path / "x.tar")
    with tarfile.open(tmp_path / "z.tar", "w") as tar:
        (tmp_path / "a.json").write_text("[1]")
        (tmp_path / "a.png").write_bytes(png("red", 0))
        tar.add(tmp_path / "a.json", "a.json")
        tar.add(tmp_path / "a.png", "a.png")
    with pytest.raises(InputError, match=r"what is said of z/a\.png \(\.json\)"):
        find_items(tmp_path / "z.tar")


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("picture,words\na.png,a cat\n")
    with pytest.raises(
        InputError, match=r"must name the columns `file` and `caption` or `class`; it says picture, words"
    ):
        find_items(tmp_path / "t.csv")


def test_one_class_or_none_is_refused(tmp_path: Path) -> None:
    items = find_items(class_folders(tmp_path))
    with pytest.raises(InputError, match=r"all 40 pictures are \['red'\]; at least two"):
        class_names([item for item in items if item.label == "red"])
    (tmp_path / "loose.png").write_bytes(png("red", 0))
    with pytest.raises(InputError, match=r"loose\.png has none"):
        class_names(find_items(tmp_path))


def test_classes_that_are_numbers_stand_in_their_order(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "a.png").write_bytes(png("red", number))
    assert class_names(find_items(tmp_path)) == [str(number) for number in range(12)]


def test_what_is_held_apart_is_the_same_every_time_and_stays_apart_when_data_grows(tmp_path: Path) -> None:
    learn, held = hold_apart(find_items(class_folders(tmp_path, 100)), 0.2)
    assert 20 < len(held) < 60
    more_learn, more_held = hold_apart(find_items(class_folders(tmp_path, 120)), 0.2)
    assert {item.key for item in held} <= {item.key for item in more_held}
    assert {item.key for item in learn} <= {item.key for item in more_learn}
    with pytest.raises(SettingsError, match="between 0 and 1"):
        hold_apart(learn, 1.5)
    with pytest.raises(InputError, match="too few"):
        hold_apart(learn[:1], 0.1)


def test_an_epoch_shows_each_picture_once_whatever_the_number_of_processes(tmp_path: Path) -> None:
    pictures = Pictures(find_items(class_folders(tmp_path)), 16)
    alone = [
        item.key for _, batch in zip(range(10), pictures.shuffled(8, seed=1), strict=False) for item in batch.items
    ]
    assert sorted(alone) == sorted(item.key for item in pictures.items)
    both = [pictures.shuffled(4, seed=1, rank=rank, ranks=2) for rank in range(2)]
    joint = [item.key for _ in range(10) for batches in both for item in next(batches).items]
    assert joint == alone
    assert [item.key for item in next(pictures.shuffled(8, seed=1, start=3)).items] == alone[24:32]
    second = [item.key for item in next(pictures.shuffled(80, seed=1, start=1)).items]
    assert sorted(second) == sorted(alone)
    assert second != alone


def test_pictures_are_cut_to_a_square_from_their_middle() -> None:
    picture = decode(png("red", 0, size=16), 8)
    assert picture.shape == (3, 8, 8)
    assert picture.dtype == torch.uint8
    assert picture.float().mean((1, 2)).sub(torch.tensor([215.0, 40.0, 40.0])).abs().max() < 10


def test_variation_moves_mirrors_and_keeps_the_pixels() -> None:
    pixels = torch.arange(16).view(1, 1, 1, 16).expand(64, 3, 16, 16).to(torch.uint8)
    torch.manual_seed(0)
    rows = varied(pixels)[:, 0, 0].int()
    steps = {tuple(row.tolist()) for row in rows}
    assert tuple(range(16)) in steps
    assert tuple(range(15, -1, -1)) in steps
    assert len(steps) == 10  # five places, each mirrored or not
    jittered_ = jittered(normalised(pixels), 0.2)
    assert jittered_.shape == pixels.shape
    assert torch.equal(jittered(normalised(pixels), 0), normalised(pixels))
    assert (erased(torch.ones(8, 3, 16, 16), 0.5) == 0).any()


def test_bytes_come_back_from_floats() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(2, 3, 16, 16)
    assert torch.equal(to_bytes(normalised(pixels)), pixels)
    assert sheet(pixels, columns=2, under=["a\nb", "c"]).size == (2 * 34, 32 + 2 + 22)


def test_wordings_must_name_every_class(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text('[{"language": "es", "templates": ["una foto de {}"], "names": {"red": ["algo rojo"]}}]')
    assert read_wordings(path, ["red"])[0].captions("red") == ["una foto de algo rojo"]
    with pytest.raises(InputError, match="no es names for the class 'blue'"):
        read_wordings(path, ["red", "blue"])
    path.write_text('[{"language": "es", "templates": ["una foto"], "names": {"red": ["algo rojo"]}}]')
    with pytest.raises(InputError, match=re.escape("needs {} for the name")):
        read_wordings(path, ["red"])
    path.write_text("{}")
    with pytest.raises(InputError, match="holds no wordings"):
        read_wordings(path, ["red"])


def test_a_picture_without_words_or_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png("red", 0))
    with pytest.raises(InputError, match=r"a\.png has neither a caption nor a class"):
        captioned(find_items(tmp_path), None, None)
    classes, learned, held = captioned(find_items(class_folders(tmp_path / "c")), None, None)
    assert (classes, learned, held) == (["blue", "red"], plain(["blue", "red"]), [])
