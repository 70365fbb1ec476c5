"""From the paths a person gives to the talks in them: each recording with its caption files, or captions alone."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ateneo.ingest import captions
from ateneo.ingest.media import RECORDINGS

ARCHIVE = "ateneo.toml"  # a folder that holds it is an archive, and what is in it is no recording


@dataclass(frozen=True, slots=True)
class Item:
    """One talk to add: a recording with the caption files beside it, or caption files alone."""

    recording: Path | None
    captions: tuple[Path, ...] = ()

    @property
    def path(self) -> Path:
        """What the item is called in messages and known by."""
        return self.recording or self.captions[0]


@dataclass(frozen=True, slots=True)
class Discovered:
    """The items in order, and one line for each path that could not be looked at."""

    items: tuple[Item, ...]
    problems: tuple[str, ...]


def discover(paths: Iterable[Path]) -> Discovered:
    """All talks under these files and folders, each once. Files of other kinds inside folders are passed over; a file
    that is named is always tried. Hidden files, hidden folders and archives are left out."""
    problems: list[str] = []
    files: dict[Path, None] = {}
    for path in paths:
        files.update(dict.fromkeys(_files(path, problems)))
    recordings = [path for path in files if not captions.is_caption_file(path)]
    beside = {path: tuple(captions.beside(path)) for path in recordings}
    taken = {caption for found in beside.values() for caption in found}
    alone: dict[tuple[Path, str], list[Path]] = {}
    for path in files:
        if captions.is_caption_file(path) and path not in taken:
            alone.setdefault((path.parent, captions.split_name(path)[0]), []).append(path)
    items = [Item(path, beside[path]) for path in recordings]
    items += [Item(None, tuple(sorted(group, key=_best_first))) for group in alone.values()]
    return Discovered(tuple(items), tuple(problems))


def _best_first(path: Path) -> tuple[bool, str]:
    """WebVTT before the others: of two files in one language the first is read."""
    return path.suffix.lower() != ".vtt", path.name


def _files(path: Path, problems: list[str]) -> Iterator[Path]:
    """The files to try under one given path, absolute and sorted; what cannot be looked at becomes a problem line."""
    path = Path(os.path.abspath(path))
    if not path.is_dir():
        if path.exists():
            yield path
        else:
            problems.append(f"cannot read {path}: no such file or folder; check the path")
        return

    def unreadable(error: OSError) -> None:
        reason = error.strerror or error
        problems.append(f"cannot read the folder {error.filename}: {reason}; change its permissions and add it again")

    for folder, folders, names in os.walk(path, onerror=unreadable):
        if ARCHIVE in names:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            known = file.suffix.lower() in RECORDINGS or captions.is_caption_file(file)
            if known and not name.startswith("."):
                yield file
