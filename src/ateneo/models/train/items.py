"""Pictures with captions or classes, wherever they lie: class folders, a zip of them, webdataset tars, a CSV.

All four become one list of items that can be read in any order, so that shuffling, holding apart and resuming are
the same for each. What is said of a picture is read at once, the picture itself when it is needed.
"""

import csv
import json
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Protocol

from ateneo.errors import InputError, SettingsError

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".ppm")
TABLES = ("captions.csv", "metadata.csv")  # in a folder, they say what its pictures are
FILE_COLUMNS = ("file", "file_name", "filename", "filepath", "image", "path")
CAPTION_COLUMNS = ("caption", "text", "title")
CLASS_COLUMNS = ("class", "label")


class Member(Protocol):
    """Bytes that can be read at any time."""

    def read(self) -> bytes:
        """All of them. Raises OSError, KeyError or zipfile.BadZipFile where they are not there."""
        ...


@dataclass(frozen=True, slots=True)
class File:
    """A file of its own."""

    path: Path

    def read(self) -> bytes:
        """The file."""
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class Zipped:
    """A member of a zip."""

    archive: Path
    name: str

    def read(self) -> bytes:
        """The member, unpacked."""
        return _zip(self.archive).read(self.name)


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a file: a member of an uncompressed tar."""

    path: Path
    offset: int
    size: int

    def read(self) -> bytes:
        """The bytes from the offset on."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


@dataclass(frozen=True, slots=True)
class Item:
    """A picture and what is said of it; the key is its place in the data and names it in messages."""

    key: str
    picture: Member
    captions: tuple[str, ...] = ()
    label: str | None = None


def find_items(data: Path) -> list[Item]:
    """All pictures of a folder, a zip, a .csv, a .tar or a folder of .tar shards, in the order of their keys.

    Raises:
        InputError: nothing is there, or it holds no pictures.
    """
    if not data.exists():
        raise InputError(f"cannot read {data}: there is no such file or folder; give --data a folder of pictures")
    items = sorted(_items(data), key=lambda item: item.key)
    if not items:
        kinds = "pictures in class folders, pictures with .txt captions, webdataset .tar shards, or a CSV"
        raise InputError(f"cannot train on {data}: no pictures found ({', '.join(PICTURES)}); it may hold {kinds}")
    return items


def _items(data: Path) -> Iterable[Item]:
    suffix = data.suffix.lower()
    if data.is_dir():
        return _folder(data)
    if suffix in (".csv", ".tsv"):
        return _table(data)
    if suffix == ".zip":
        return _grouped({name: Zipped(data, name) for name in _zip(data).namelist()})
    if suffix == ".tar":
        return _shards([data])
    raise InputError(f"cannot read {data}: neither a folder nor .csv, .zip or .tar; unpack it and give the folder")


def _folder(folder: Path) -> Iterable[Item]:
    for table in TABLES:
        if (folder / table).is_file():
            return _table(folder / table)
    shards = sorted(folder.glob("*.tar"))
    if shards:
        return _shards(shards)
    files = (path for path in folder.rglob("*") if path.is_file())
    return _grouped({path.relative_to(folder).as_posix(): File(path) for path in files})


def _shards(paths: Iterable[Path]) -> Iterator[Item]:
    for path in paths:
        try:
            with tarfile.open(path, "r:") as tar:
                members = {m.name: Slice(path, m.offset_data, m.size) for m in tar if m.isfile()}
        except (OSError, tarfile.TarError) as error:
            raise InputError(f"cannot read {path}: {error}; webdataset shards are uncompressed .tar files") from error
        yield from _grouped(members, prefix=f"{path.stem}/", folders_are_classes=False)


def _grouped(members: Mapping[str, Member], *, prefix: str = "", folders_are_classes: bool = True) -> Iterator[Item]:
    """Members of one name are one item: NAME.jpg the picture, NAME.txt, NAME.cls and NAME.json what is said of it."""
    for name, picture in members.items():
        path = PurePosixPath(name)
        if path.suffix.lower() not in PICTURES or path.name.startswith("."):
            continue
        folder = path.parent.as_posix()
        label = folder if folders_are_classes and folder != "." else None
        captions: tuple[str, ...] = ()
        for suffix, said in ((s, members.get(str(path.with_suffix(s)))) for s in (".txt", ".cls", ".json")):
            if said is not None:
                captions, label = _said(prefix + name, suffix, said, captions=captions, label=label)
        yield Item(prefix + name, picture, captions, label)


def _said(
    key: str, suffix: str, said: Member, *, captions: tuple[str, ...], label: str | None
) -> tuple[tuple[str, ...], str | None]:
    try:
        text = said.read().decode("utf-8-sig").strip()
        if suffix == ".txt":
            return captions + tuple(line.strip() for line in text.splitlines() if line.strip()), label
        if suffix == ".cls":
            return captions, text or label
        record = json.loads(text)
        found = [record[name] for name in (*CAPTION_COLUMNS, "captions") if record.get(name)]
        flat = [caption for entry in found for caption in ([entry] if isinstance(entry, str) else entry)]
        labels = [str(record[name]) for name in CLASS_COLUMNS if record.get(name) is not None]
        return captions + tuple(map(str, flat)), labels[0] if labels else label
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, AttributeError, TypeError) as error:
        raise InputError(
            f"cannot read what is said of {key} ({suffix}): {error}; repair or remove that file"
        ) from error


def _table(path: Path) -> Iterator[Item]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        columns = {(name or "").strip().lower(): name for name in rows.fieldnames or []}
        where, caption, label = (
            next((columns[name] for name in names if name in columns), None)
            for names in (FILE_COLUMNS, CAPTION_COLUMNS, CLASS_COLUMNS)
        )
        if where is None or (caption is None and label is None):
            raise InputError(
                f"cannot read {path}: its first line must name the columns `file` and `caption` or `class`; "
                f"it says {', '.join(rows.fieldnames or ['nothing'])}"
            )
        captions: dict[str, tuple[str, ...]] = {}
        labels: dict[str, str | None] = {}
        for row in rows:
            key = (row[where] or "").strip()
            said = (row.get(caption) or "").strip() if caption else ""
            captions[key] = captions.get(key, ()) + ((said,) if said else ())
            labels[key] = ((row.get(label) or "").strip() if label else "") or labels.get(key)
    return (Item(key, File(path.parent / key), captions[key], labels[key]) for key in captions)


@lru_cache(maxsize=8)
def _zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"cannot read {path}: {error}; is it a whole zip file?") from error


def hold_apart(items: Sequence[Item], fraction: float) -> tuple[list[Item], list[Item]]:
    """Items to learn from and items held apart, told by a hash of the key: the same however often it is asked."""
    if not 0 < fraction < 1:
        raise SettingsError(f"cannot hold {fraction} of the pictures apart: give --holdout between 0 and 1, as 0.1")
    held = [zlib.crc32(item.key.encode()) / 2**32 < fraction for item in items]
    learn = [item for item, apart in zip(items, held, strict=True) if not apart]
    apart = [item for item, apart in zip(items, held, strict=True) if apart]
    if not learn or not apart:
        raise InputError(f"{len(items)} pictures are too few to hold {fraction:.0%} of them apart; give more pictures")
    return learn, apart


def split(data: Path, held_data: Path | None, *, holdout: float) -> tuple[list[Item], list[Item]]:
    """Items to learn from and items to measure on: those of another place, or a part of the data held apart."""
    items = find_items(data)
    return (items, find_items(held_data)) if held_data else hold_apart(items, holdout)


def class_names(items: Iterable[Item]) -> list[str]:
    """The classes in order (numbers as numbers). Raises InputError where there are none, or but one."""
    items = list(items)
    without = next((item for item in items if item.label is None), None)
    if without is not None:
        raise InputError(
            f"cannot learn classes: {without.key} has none; put pictures in a folder a class, or use a CSV"
        )
    names = sorted({item.label for item in items if item.label is not None})
    if len(names) < 2:
        raise InputError(f"cannot learn classes: all {len(items)} pictures are {names}; at least two are needed")
    return sorted(names, key=int) if all(name.isdigit() for name in names) else names
