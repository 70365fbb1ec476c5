"""Vectors of an index on disk: one memory-mapped array a commit and space, searched exactly.

A segment is two files, `NAME.npy` (float16, (rows, d)) and `NAME.json` (which rows belong to which upsert of which
talk). It is written before the words are committed, and a row counts only while its upsert is a committed one, so a
segment that a killed process left behind is never seen. Exact search reads 40 MB for 40,000 vectors of 512 numbers.
"""

import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ateneo.archive.index import IndexDamaged
from ateneo.errors import InputError

MOST_SEGMENTS = 16  # a space; more are merged into one at the next commit
CHUNK = 16_384  # rows multiplied at a time, so that the float32 copy stays small


@dataclass(frozen=True, slots=True)
class Row:
    """One vector of a segment: the upsert it came with, the key of its entry, its kind and language."""

    upsert: str
    key: str
    kind: str
    language: str


@dataclass(frozen=True, slots=True)
class Segment:
    """Vectors of one space, (rows, d), and what each row stands for."""

    path: Path
    space: str
    vectors: NDArray[np.float16]
    rows: Sequence[Row]


def write_segment(folder: Path, *, name: str, space: str, rows: Sequence[Row], vectors: NDArray[np.float32]) -> None:
    """Write a segment so that it is either whole or absent."""
    if not np.isfinite(vectors).all():
        raise InputError(f"cannot index vectors of {space}: some are not finite; check the engine that made them")
    folder.mkdir(parents=True, exist_ok=True)
    table = {"space": space, "rows": [[r.upsert, r.key, r.kind, r.language] for r in rows]}
    with (folder / f"{name}.npy").open("wb") as file:
        np.save(file, vectors.astype(np.float16))
        file.flush()
        os.fsync(file.fileno())
    draft = folder / f"{name}.json.tmp"
    with draft.open("w", encoding="utf-8") as text:
        json.dump(table, text)
        text.flush()
        os.fsync(text.fileno())
    draft.replace(folder / f"{name}.json")


def read_segments(folder: Path, live: Iterable[str]) -> dict[str, list[Segment]]:
    """Space → its segments with rows of a live upsert. Raises IndexDamaged where one cannot be read."""
    live = frozenset(live)
    segments: dict[str, list[Segment]] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            table = json.loads(path.read_text(encoding="utf-8"))
            vectors = np.load(path.with_suffix(".npy"), mmap_mode="r")
            rows = [Row(*row) for row in table["rows"]]
            if len(rows) != len(vectors):
                raise ValueError("row counts differ")
        except FileNotFoundError:
            continue  # merged away by a writer since the folder was listed
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise IndexDamaged(f"cannot read {path}: {error}; run `ateneo reindex`") from error
        if any(row.upsert in live for row in rows):
            segments.setdefault(table["space"], []).append(Segment(path, table["space"], vectors, rows))
    return segments


def tidy(folder: Path, *, live: Iterable[str], name: str) -> None:
    """Merge the segments of a space where they are many, and delete those without a live row."""
    live = frozenset(live)
    kept = read_segments(folder, live)
    for n, (space, segments) in enumerate(sorted(kept.items())):
        if len(segments) > MOST_SEGMENTS:
            merged = {row.key: vector for s in segments for row, vector in zip(s.rows, s.vectors, strict=True)}
            rows = {row.key: row for s in segments for row in s.rows if row.upsert in live}
            vectors = np.stack([merged[key] for key in rows]).astype(np.float32)
            write_segment(folder, name=f"{name}-merged-{n}", space=space, rows=list(rows.values()), vectors=vectors)
            kept[space] = []
    needed = {s.path for segments in kept.values() for s in segments} | set(folder.glob(f"{name}-merged-*.json"))
    for path in folder.glob("*"):
        if path.with_suffix("").with_suffix(".json") not in needed:
            path.unlink(missing_ok=True)


def nearest(
    segments: Sequence[Segment], vector: NDArray[np.float32], *, upserts: Collection[str], kinds: frozenset[str],
    language: str | None, limit: int
) -> list[tuple[str, float]]:  # fmt: skip
    """Keys and dot products of the nearest rows of the given upserts, kinds and language, best first."""
    found: dict[str, float] = {}
    for segment in segments:
        if segment.vectors.shape[1] != len(vector):
            raise InputError(
                f"cannot compare a vector of {len(vector)} numbers with those of {segment.space}, "
                f"which have {segment.vectors.shape[1]}; use the engine of that space"
            )
        wanted = [
            n for n, row in enumerate(segment.rows)
            if row.upsert in upserts and row.kind in kinds and (language is None or speaks(row.language, language))
        ]  # fmt: skip
        for first in range(0, len(wanted), CHUNK):
            part = wanted[first : first + CHUNK]
            scores = segment.vectors[part].astype(np.float32) @ vector  # (n, d) @ (d,) → (n,)
            for n in np.argsort(-scores, kind="stable")[:limit]:
                found[segment.rows[part[n]].key] = float(scores[n])
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:limit]


def speaks(language: str, wanted: str) -> bool:
    """Whether a language tag is the wanted one or a variety of it."""
    return language.lower() == wanted.lower() or language.lower().startswith(wanted.lower() + "-")
