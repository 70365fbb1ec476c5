"""Passages get the vectors of their text, and frames those of their picture, each embedded once.

What is embedded is kept in the archive's `cache/vectors/SPACE/TALK.npy`, known by the fingerprint of the text or of the
picture's file: the index can be made again, and a talk that a person corrected indexed again, at the price of what
changed. Another model is another space, and all is embedded again; the vectors of the model before it stay, so that
going back costs nothing. The cache is derived: without it nothing is lost but time.
"""

import dataclasses
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ateneo.archive.index import Vectors
from ateneo.archive.storage import Storage
from ateneo.archive.store import fingerprint
from ateneo.engines import PictureEngine, TextEngine
from ateneo.errors import InputError
from ateneo.records import Frame, Passage

FOLDER = "cache/vectors"
SAMPLED = 24  # talks, to know what pictures of this archive are usually like
USED = "cache/spaces.json"  # kind → the spaces in use, the last first
KEPT = 2  # spaces of a kind

Vector = NDArray[np.float16]
Row = NDArray[np.float32]
Thing = TypeVar("Thing")


def with_vectors(passages: Sequence[Passage], engine: TextEngine, *, talk_id: str, storage: Storage) -> list[Passage]:
    """The passages of a talk, each with its vector (d,) in the engine's space. Raises EngineError."""
    texts = {fingerprint(passage.text): passage.text for passage in passages}
    name = f"{FOLDER}/{engine.space}/{talk_id}.npy"
    known = _embedded(texts, lambda some: list(engine.embed(some)), name=name, storage=storage)
    return [
        dataclasses.replace(
            passage, vectors={**passage.vectors, engine.space: known[fingerprint(passage.text)].astype(np.float32)}
        )
        for passage in passages
    ]


def frame_vectors(
    frames: Sequence[Frame], engine: PictureEngine, *, talk_id: str, storage: Storage
) -> tuple[list[Vectors], list[str]]:
    """What `Index.upsert` takes as the vectors of a talk's frames; and a line for each picture that cannot be read,
    whose frames have no vector. Raises EngineError."""
    problems: list[str] = []
    keys = _keys(frames, talk_id=talk_id, storage=storage, problems=problems)
    pictures = {key: storage.local(f"talks/{talk_id}/{path}") for path, key in keys.items()}

    def embed(some: Sequence[Path]) -> Sequence[Row | None]:
        return _readable(some, engine, problems)

    known = _embedded(pictures, embed, name=f"{FOLDER}/{engine.space}/{talk_id}.npy", storage=storage)
    rows = {path: known[key].astype(np.float32) for path, key in keys.items() if key in known}
    return [{engine.space: rows[frame.path]} if frame.path in rows else {} for frame in frames], problems


def _keys(frames: Sequence[Frame], *, talk_id: str, storage: Storage, problems: list[str]) -> dict[str, str]:
    """Path of a picture → the fingerprint of its file, for those that are there."""
    keys = {}
    for path in dict.fromkeys(frame.path for frame in frames):
        try:
            keys[path] = fingerprint(storage.read(f"talks/{talk_id}/{path}"))
        except OSError as error:
            why = error.strerror or error
            problems.append(f"cannot read talks/{talk_id}/{path}: {why}; add the recording again to have it")
    return keys


def _readable(pictures: Sequence[Path], engine: PictureEngine, problems: list[str]) -> Sequence[Row | None]:
    """The vectors of the pictures; None for one that cannot be read, which is told in `problems`."""
    try:
        return list(engine.embed_pictures(pictures))
    except InputError as error:
        if len(pictures) == 1:
            problems.append(str(error))
            return [None]
        return [row for picture in pictures for row in _readable([picture], engine, problems)]


def _embedded(
    things: Mapping[str, Thing], embed: Callable[[list[Thing]], Sequence[Row | None]], *, name: str, storage: Storage
) -> dict[str, Vector]:
    """Key → vector of what can be embedded, out of the cache's file `name` or made now; the file then holds just
    these."""
    kept = _kept(storage, name)
    known = {key: kept[key] for key in things if key in kept}
    missing = {key: thing for key, thing in things.items() if key not in known}
    if missing:
        made = zip(missing, embed(list(missing.values())), strict=True)
        known |= {key: row.astype(np.float16) for key, row in made if row is not None}
    if known.keys() != kept.keys() or missing:
        _keep(storage, name, vectors=known)
    return known


def picture_vector(frame: Frame, *, space: str, talk_id: str, storage: Storage) -> Row | None:
    """The vector (d,) of a frame's picture out of the cache; None where it is not there."""
    try:
        key = fingerprint(storage.read(f"talks/{talk_id}/{frame.path}"))
    except OSError:
        return None
    found = _kept(storage, f"{FOLDER}/{space}/{talk_id}.npy").get(key)
    return None if found is None else found.astype(np.float32)


def sample(space: str, *, storage: Storage) -> Row:
    """Vectors (n, d) of a space out of the cache, of talks that lie evenly among all; (0, 0) where there are none."""
    names = storage.names(f"{FOLDER}/{space}")
    chosen = names[:: max(1, len(names) // SAMPLED)]
    rows = [row for name in chosen for row in _kept(storage, f"{FOLDER}/{space}/{name}").values()]
    return np.asarray(rows, np.float32) if rows else np.zeros((0, 0), np.float32)


def forget(talk_id: str, *, storage: Storage) -> None:
    """Takes a talk's vectors, of every space, out of the cache."""
    for space in storage.names(FOLDER):
        storage.remove(f"{FOLDER}/{space}/{talk_id}.npy")


def note(in_use: Mapping[str, str], *, storage: Storage) -> list[str]:
    """Writes down the space in use of each kind ("text", "pictures"); the spaces that stay: those in use and, of each
    kind, the one before. [] where nothing was written down yet."""
    try:
        before: dict[str, list[str]] = json.loads(storage.read(USED))
    except (FileNotFoundError, ValueError):
        before = {}
    used = before | {kind: list(dict.fromkeys([space, *before.get(kind, [])]))[:KEPT] for kind, space in in_use.items()}
    if used != before:
        storage.write(USED, json.dumps(used, indent=1).encode())
    return [space for spaces in used.values() for space in spaces] if before else []


def tidy(in_use: Mapping[str, str], *, storage: Storage) -> None:
    """Takes out of the cache what other models have made than those in use and the ones before them. To be called when
    all is indexed with these spaces."""
    stays = note(in_use, storage=storage)
    for space in storage.names(FOLDER):
        if stays and space not in stays:
            storage.remove(f"{FOLDER}/{space}")


def _kept(storage: Storage, name: str) -> dict[str, Vector]:
    """Key of a text or picture → its vector; empty where the file is absent or damaged: it is made again."""
    try:
        rows = np.load(io.BytesIO(storage.read(name)))
        return {key.decode(): vector for key, vector in zip(rows["key"].tolist(), rows["vector"], strict=True)}
    except (FileNotFoundError, ValueError, IndexError, EOFError):
        return {}


def _keep(storage: Storage, name: str, *, vectors: dict[str, Vector]) -> None:
    size = len(next(iter(vectors.values()))) if vectors else 0
    rows = np.zeros(len(vectors), [("key", "S32"), ("vector", np.float16, (size,))])
    rows["key"], rows["vector"] = list(vectors), list(vectors.values()) or np.zeros((0, size))
    file = io.BytesIO()
    np.save(file, rows)
    storage.write(name, file.getvalue())
