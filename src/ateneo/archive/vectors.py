"""Vectors of an index on disk: one memory-mapped array a commit and space, searched exactly.

A segment is two files, `NAME.npy` (float16, (rows, d)) and `NAME.json` (which rows belong to which upsert of which
talk). It is written before the words are committed, and a row counts only while its upsert is a committed one, so a
segment that a killed process left behind is never seen. Exact search reads 40 MB for 40,000 vectors of 512 numbers.
A segment never changes once written, so what is read of it serves until it is gone.
"""

import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numkong
import numpy as np
from numpy.typing import NDArray

from ateneo.archive.index import IndexDamaged
from ateneo.errors import InputError

MOST_SEGMENTS = 16  # a space; more are merged into one at the next commit
FEW = 5  # a part of the rows smaller than one in so many is copied; of a larger one, all are multiplied
ROUNDING = 1e-5  # of sums of products of float32


@dataclass(frozen=True, slots=True)
class Row:
    """One vector of a segment: the upsert it came with, the key of its entry, its kind and language."""

    upsert: str
    key: str
    kind: str
    language: str


@dataclass(frozen=True)
class Segment:
    """Vectors of one space, (rows, d), and what each row stands for."""

    path: Path
    space: str
    vectors: NDArray[np.float16]
    rows: Sequence[Row]

    @cached_property
    def groups(self) -> tuple[Mapping[tuple[str, str, str], int], NDArray[np.int32]]:
        """(upsert, kind, language) → its number, and the number of each row (rows,): a filter looks at each once."""
        numbers: dict[tuple[str, str, str], int] = {}
        of_rows = [numbers.setdefault((row.upsert, row.kind, row.language), len(numbers)) for row in self.rows]
        return numbers, np.asarray(of_rows, np.int32)

    def wanted(self, upserts: Collection[str], kinds: frozenset[str], language: str | None) -> NDArray[np.bool_]:
        """(rows,): which rows are of these upserts and kinds, and of the language where one is given."""
        numbers, of_rows = self.groups
        passes = [
            upsert in upserts and kind in kinds and (language is None or speaks(spoken, language))
            for upsert, kind, spoken in numbers
        ]
        return np.asarray(passes, np.bool_)[of_rows]

    def nearest(self, vector: NDArray[np.float32], rows: NDArray[np.intp], limit: int) -> list[tuple[int, float]]:
        """The rows, of these in ascending order, whose dot products with a vector (d,) are highest, best first; of
        equal ones the first.

        All are found with the vector rounded to float16, which moves none by more than the length of what was rounded
        away, for rows have unit length; those that this leaves in doubt are multiplied exactly.
        """
        if limit < 1 or not len(rows):
            return []
        rounded = vector.astype(np.float16)
        part = self.vectors[rows] if FEW * len(rows) < len(self.vectors) else self.vectors
        scores = np.asarray(numkong.cdist(rounded[None], part, "dot"), np.float32)[0]
        scores = scores if len(scores) == len(rows) else scores[rows]
        if limit < len(scores):
            doubt = 2 * float(np.linalg.norm(vector - rounded.astype(np.float32))) + ROUNDING
            rows = rows[scores >= np.partition(scores, -limit)[-limit] - doubt]
        exact = self.vectors[rows].astype(np.float32) @ vector
        return [(int(rows[n]), float(exact[n])) for n in np.argsort(-exact, kind="stable")[:limit]]


def write_segment(folder: Path, *, name: str, space: str, rows: Sequence[Row], vectors: NDArray[np.float32]) -> None:
    """Write a segment so that it is either whole or absent."""
    if not np.isfinite(vectors).all():
        raise InputError(
            "cannot index vectors of {space}: some are not finite; check the engine that made them", space=space
        )
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


def read_segments(
    folder: Path, live: Iterable[str], *, known: Mapping[Path, Segment] | None = None
) -> dict[str, list[Segment]]:
    """Space → its segments with rows of a live upsert; those in `known` are not read again. Raises IndexDamaged where
    one cannot be read."""
    live = frozenset(live)
    segments: dict[str, list[Segment]] = {}
    for path in sorted(folder.glob("*.json")):
        segment = (known or {}).get(path) or _read(path)
        if segment and any(upsert in live for upsert, _, _ in segment.groups[0]):
            segments.setdefault(segment.space, []).append(segment)
    return segments


def _read(path: Path) -> Segment | None:
    """The segment; None where a writer has merged it away since the folder was listed."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        vectors = np.asarray(np.load(path.with_suffix(".npy"), mmap_mode="r"))  # plain: parts cost less
        rows = [Row(*row) for row in table["rows"]]
        if len(rows) != len(vectors):
            raise ValueError("row counts differ")
        return Segment(path, table["space"], vectors, rows)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise IndexDamaged("cannot read {path}: {error}; run `ateneo reindex`", path=path, error=error) from error


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
                "cannot compare a vector of {vector} numbers with those of {space}, which have {shape}; "
                "use the engine of that space",
                vector=len(vector),
                space=segment.space,
                shape=segment.vectors.shape[1],
            )
        rows = np.flatnonzero(segment.wanted(upserts, kinds, language))
        found |= {segment.rows[row].key: score for row, score in segment.nearest(vector, rows, limit)}
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:limit]


def speaks(language: str, wanted: str) -> bool:
    """Whether a language tag is the wanted one or a variety of it."""
    return language.lower() == wanted.lower() or language.lower().startswith(wanted.lower() + "-")
