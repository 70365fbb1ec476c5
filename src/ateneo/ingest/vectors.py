"""Passages get the vectors of their text, each text embedded once.

What is embedded is kept in the archive's `cache/vectors/SPACE/TALK.npy`: the index can be made again, and a talk that a
person corrected indexed again, at the price of the texts that changed. Another model is another space, and all is
embedded again. The cache is derived: without it nothing is lost but time.
"""

import dataclasses
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ateneo.archive.storage import Storage
from ateneo.archive.store import fingerprint
from ateneo.engines import TextEngine
from ateneo.records import Passage

FOLDER = "cache/vectors"

Vector = NDArray[np.float16]


def with_vectors(passages: Sequence[Passage], engine: TextEngine, *, talk_id: str, storage: Storage) -> list[Passage]:
    """The passages of a talk, each with its vector (d,) in the engine's space. Raises EngineError."""
    name = f"{FOLDER}/{engine.space}/{talk_id}.npy"
    keys = [fingerprint(passage.text) for passage in passages]
    known = _kept(storage, name)
    missing = {key: passage.text for key, passage in zip(keys, passages, strict=True) if key not in known}
    if missing:
        vectors = engine.embed(list(missing.values())).astype(np.float16)
        known |= dict(zip(missing, vectors, strict=True))
    if missing or set(known) != set(keys):
        _keep(storage, name, vectors={key: known[key] for key in dict.fromkeys(keys)})
    return [
        dataclasses.replace(passage, vectors={**passage.vectors, engine.space: known[key].astype(np.float32)})
        for key, passage in zip(keys, passages, strict=True)
    ]


def forget(talk_id: str, *, storage: Storage) -> None:
    """Takes a talk's vectors, of every space, out of the cache."""
    for space in storage.names(FOLDER):
        storage.remove(f"{FOLDER}/{space}/{talk_id}.npy")


def _kept(storage: Storage, name: str) -> dict[str, Vector]:
    """Key of a text → its vector; empty where there is no such file, or it cannot be read: it is made again."""
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
