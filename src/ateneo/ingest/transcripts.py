"""The transcripts of a talk inside an archive: `transcript.LANG.vtt` to read and correct, `transcript.LANG.json` for
words with times and marks.

A transcript that a person corrected is never overwritten: it is known by its hash, which differs from what the machine
wrote. A mark (loop, gap) holds as long as the text under it is as the machine left it.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ateneo.archive.storage import Storage
from ateneo.errors import ArchiveError
from ateneo.ingest import captions
from ateneo.records import Caption, Cue, MarkedSpan, Track, Word


def listed(storage: Storage, talk_id: str) -> list[Caption]:
    """The transcripts of a talk, by language."""
    names = [name for name in storage.names(f"talks/{talk_id}") if _language(name)]
    return [Caption(_language(name), name) for name in names]


def read(storage: Storage, talk_id: str) -> list[Track]:
    """The transcripts with their words and the marks that still hold."""
    tracks: list[Track] = []
    for caption in listed(storage, talk_id):
        folder = f"talks/{talk_id}"
        track: Track = captions.read(storage.local(f"{folder}/{caption.path}"), language=caption.language)
        timed = f"{folder}/{_timed(caption.path)}"
        if storage.exists(timed):
            track = _with_words(track, _parse(storage.read(timed), timed))
        tracks.append(track)
    return tracks


def write(storage: Storage, talk_id: str, tracks: Iterable[Track], *, written: Mapping[str, str]) -> dict[str, str]:
    """Writes what a machine made, given the hashes of what it `written` last time; returns the new hashes. Files that
    a person corrected stay as they are; files of an earlier run that are no longer made go."""
    folder = f"talks/{talk_id}"
    corrected = {
        c.path for c in listed(storage, talk_id) if c.path in written and not _as_written(storage, folder, c, written)
    }
    hashes = {name: written[name] for name in corrected}
    for track in tracks:
        name = f"transcript.{track.language}.vtt"
        if name in corrected:
            continue
        content = captions.write_vtt(track).encode()
        if track.words or track.marks:
            storage.write(f"{folder}/{_timed(name)}", _format(track))
        else:
            storage.remove(f"{folder}/{_timed(name)}")
        storage.write(f"{folder}/{name}", content)
        hashes[name] = _hash(content)
    for name in set(written) - set(hashes):
        storage.remove(f"{folder}/{name}")
        storage.remove(f"{folder}/{_timed(name)}")
    return dict(sorted(hashes.items()))


def save_corrected(storage: Storage, talk_id: str, track: Track) -> None:
    """Writes what a person corrected; the words and marks of the recogniser stay beside it."""
    storage.write(f"talks/{talk_id}/transcript.{track.language}.vtt", captions.write_vtt(track).encode())


def save_repaired(storage: Storage, talk_id: str, track: Track) -> None:
    """Writes a transcript with its marks; the words of the recogniser are as they were."""
    name = f"transcript.{track.language}.vtt"
    storage.write(f"talks/{talk_id}/{_timed(name)}", _format(track))
    storage.write(f"talks/{talk_id}/{name}", captions.write_vtt(track).encode())


def corrected(storage: Storage, talk_id: str, *, written: Mapping[str, str]) -> list[str]:
    """The transcripts that a person changed since the machine wrote them."""
    folder = f"talks/{talk_id}"
    return [c.path for c in listed(storage, talk_id) if not _as_written(storage, folder, c, written)]


def _as_written(storage: Storage, folder: str, caption: Caption, written: Mapping[str, str]) -> bool:
    return written.get(caption.path) == _hash(storage.read(f"{folder}/{caption.path}"))


def _language(name: str) -> str:
    """The language in `transcript.LANG.vtt`, "" for other names."""
    if name.startswith("transcript.") and name.endswith(".vtt"):
        return name.removeprefix("transcript.").removesuffix(".vtt")
    return ""


def _timed(name: str) -> str:
    return name.removesuffix(".vtt") + ".json"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _format(track: Track) -> bytes:
    marks = [dataclasses.asdict(mark) | {"text": _under(track.cues, mark)} for mark in track.marks]
    words = [[word.start, word.end, word.text, round(word.probability, 3)] for word in track.words]
    content = {"version": 1, "language": track.language, "origin": track.origin, "marks": marks, "words": words}
    return (json.dumps(content, ensure_ascii=False) + "\n").encode()


def _parse(content: bytes, name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(content)
    except ValueError as error:
        raise ArchiveError(
            "cannot read {name}: {error}; remove it and run `ateneo reindex`", name=name, error=error
        ) from error
    return found


def _with_words(track: Track, timed: dict[str, Any]) -> Track:
    marks = tuple(
        MarkedSpan(mark["start"], mark["end"], mark["mark"], mark["note"])
        for mark in timed["marks"]
        if _under(track.cues, mark) == mark["text"]
    )
    words = tuple(Word(*word) for word in timed["words"])
    return dataclasses.replace(track, words=words, marks=marks, origin=timed["origin"])


def _under(cues: Iterable[Cue], mark: MarkedSpan | Mapping[str, Any]) -> str:
    """The text of the cues that a mark touches."""
    start, end = (mark.start, mark.end) if isinstance(mark, MarkedSpan) else (mark["start"], mark["end"])
    return " ".join(" ".join(cue.text.split()) for cue in cues if cue.start < end and start < cue.end)
