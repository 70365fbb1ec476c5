"""Which caption files belong to which talk, told by their names.

talk.vtt, talk.es.vtt, talk.es-419.srt and talk_es.vtt belong to talk.mp4; talk.2.vtt belongs to talk.2.mp4 and to no
other. What looks like captions but holds chapters, descriptions or metadata is told by name or header and left out.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from ateneo.ingest.language import tag
from ateneo.ingest.media import RECORDINGS

SUFFIXES = (".vtt", ".srt", ".ass", ".ssa", ".sbv")  # the first is taken first where a language comes twice
HEAD = 400  # bytes in which a file says its kind

_OTHER_KINDS = re.compile(
    r"[_.](?:chapters?|cap[ií]tulos?|kapitel|chapitres?|descriptions?|descripci[oó]n|descripciones|meta|metadata|thumbnails?"
    r"|thumbs|sprites?|storyboards?)$",
    re.IGNORECASE,
)
_KIND_WORD = re.compile(
    r"[._-](?:captions?|subtitles?|subs?|subt[ií]tulos?|transcript|transcripci[oó]n)$", re.IGNORECASE
)
_FLAG = re.compile(r"[._](?:cc|sdh|forced|default|auto|asr|orig)$", re.IGNORECASE)
_DOTTED = re.compile(r"^(.+)\.([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*?)(?:-orig|-[A-Za-z0-9_-]{11})?$", re.DOTALL)
_JOINED = re.compile(r"^(.+?)[_-]([a-z]{2}(?:-(?:[A-Za-z]{2}|419)|_[A-Z]{2})?)$", re.DOTALL)
_BARE = re.compile(
    r"^(?:(?:captions?|subtitles?|subs|subt[ií]tulos|transcript)[._-]?)?([a-z]{2}(?:-[A-Za-z0-9]{2,4})?)?$", re.I
)
_ROMAN = re.compile(r"^[IVXLCDM]+$")


def is_caption_file(path: Path) -> bool:
    """Whether a file is captions by its name, and not chapters, descriptions or metadata by name or header."""
    if path.suffix.lower() not in SUFFIXES:
        return False
    try:
        with path.open("rb") as file:
            head = file.read(HEAD).decode("utf-8", errors="replace").replace("\0", "")
    except OSError:
        head = ""
    return not is_other_kind(path.stem, head)


def beside(path: Path) -> list[Path]:
    """The caption files that belong to a recording: of its name, with or without a language.

    A file belongs to the recording with the longest name that fits, so talk.mp4 and talk.2.mp4 keep theirs apart.
    """
    folder = path.parent
    try:
        files = _files(folder, folder.stat().st_mtime_ns)
    except OSError:
        return []
    recordings = {name for name in files if Path(name).suffix.lower() in RECORDINGS} | {path.name}
    stems = {Path(name).stem for name in recordings}
    found = [
        folder / name for name in files if Path(name).suffix.lower() in SUFFIXES and _owner(name, stems) == path.stem
    ]
    return sorted(filter(is_caption_file, found), key=lambda file: (SUFFIXES.index(file.suffix.lower()), file.name))


def split_name(path: Path) -> tuple[str, str | None]:
    """The name of the talk and the language in the name of a file: talk.es.vtt → ("talk", "es").

    A caption file named by its language alone (es.sbv) has its folder's name.
    """
    if path.suffix.lower() in SUFFIXES and (bare := _BARE.match(path.stem)):
        written = tag(bare[1]) if bare[1] else None
        if (written or not bare[1]) and path.absolute().parent.name:
            return path.absolute().parent.name, written
    *_, (stem, known) = _names(path.stem, loose=False)
    return stem, known


@lru_cache(maxsize=4)
def _files(folder: Path, changed: int) -> tuple[str, ...]:
    """The names in a folder; `changed` is its time of change, by which a kept list is known to be fresh."""
    return tuple(sorted(entry.name for entry in folder.iterdir()))


def _owner(name: str, stems: set[str]) -> str | None:
    """Which of these recordings a caption file belongs to."""
    stem = Path(name).stem
    for candidate, _ in _names(stem, loose=True):
        if candidate in stems:
            return candidate
        folded = [other for other in stems if other.casefold() == candidate.casefold()]
        if folded:
            return folded[0]
    return next(iter(stems)) if len(stems) == 1 and _BARE.match(stem) else None


def _names(stem: str, *, loose: bool) -> Iterator[tuple[str, str | None]]:
    """What a talk may be called whose captions are called `stem`, longest first; `loose` takes talk_es for talk too."""
    known: str | None = None
    yield stem, known
    if (flag := _FLAG.search(stem)) and stem[: flag.start()]:
        stem = stem[: flag.start()]
        yield stem, known
    dotted, joined = _DOTTED.match(stem), _JOINED.match(stem)
    if dotted and not _ROMAN.match(dotted[2]) and (found := _written(dotted[2])):
        stem, known = dotted[1], found
        yield stem, known
    elif joined and (loose or _KIND_WORD.search(joined[1])) and (found := _written(joined[2])):
        stem, known = joined[1], found
        yield stem, known
    for ending in (_FLAG, _KIND_WORD):
        if (match := ending.search(stem)) and stem[: match.start()]:
            stem = stem[: match.start()]
            yield stem, known
    if Path(stem).suffix.lower() in RECORDINGS and Path(stem).stem:
        yield Path(stem).stem, known


def _written(text: str) -> str | None:
    """A language as it stands in a file name: its code has two letters, or is a known one of three."""
    found = tag(text)
    if not found:
        return None
    return found if len(found.split("-")[0]) == 2 or found in ("ast", "ext", "mwl", "fil") else None


def is_other_kind(stem: str, head: str) -> bool:
    """Whether name or header say that this is no caption file."""
    kind = re.search(r"^kind:\s*(\w+)", head, re.IGNORECASE | re.MULTILINE)
    if kind:
        return kind[1].lower() not in ("captions", "subtitles", "caption", "subtitle")
    return any(_OTHER_KINDS.search(name) for name, _ in _names(stem, loose=True)) or ".jpg#xywh=" in head
