"""Single words → vectors, from the word embeddings of the sentence encoder that ships, before any of its layers.

They are a dictionary between Spanish and English: a word and its translation have one direction
(`ateneo/small/sentences`, its card says why). A word costs a look into a table.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ateneo.engines.sentence_vectors import SHIPPED, TABLES, TOKENIZER, read_tokenizer
from ateneo.errors import EngineError, ModelMissing

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PIECES = 8  # of one word that count
TINY = 1e-6  # of a length: no piece, no direction

Vectors = NDArray[np.float32]


class WordVectors:
    """A `WordEngine`. `folder` holds the embeddings.npy, int8 (V, D), scales.npy, float32 (V, 1), and tokenizer.json of
    a sentence encoder; None is the one that ships. Raises ModelMissing where a file is absent."""

    def __init__(self, folder: str | Path | None = None) -> None:
        self._folder = Path(folder or SHIPPED)
        for file in (*TABLES, TOKENIZER):
            if not (self._folder / file).is_file():
                raise ModelMissing(
                    "no word vectors at {folder}: {file} is missing; install Ateneo again",
                    folder=self._folder,
                    file=file,
                )

    def embed_words(self, words: Sequence[str]) -> Vectors:
        """Unit vectors (N, D), those of a word and of its translation alike; 0 for what has no piece. Raises
        EngineError."""
        rows = [e.ids[:PIECES] for e in self._tokenizer.encode_batch(list(words), add_special_tokens=False)]
        ids = np.zeros((len(rows), max(map(len, rows), default=0)), np.int64)  # (N, T)
        mask = np.zeros((*ids.shape, 1), np.float32)
        for n, row in enumerate(rows):
            ids[n, : len(row)], mask[n, : len(row)] = row, 1
        return _unit((self._rows(ids) * mask).sum(1))

    def vocabulary(self) -> tuple[tuple[str, ...], Vectors]:
        """The whole words that the encoder knows, folded, in its own order, and their vectors (V, D) as of
        `embed_words`."""
        known = self._tokenizer.get_vocab().items()  # in an order that changes from run to run
        pieces = sorted((n, piece) for piece, n in known if len(piece) > 1 and piece.isalpha())
        return tuple(piece for _, piece in pieces), _unit(self._rows(np.array([n for n, _ in pieces])))

    def _rows(self, ids: NDArray[np.int64]) -> Vectors:
        """(..., D), from their common centre: what all words have in common tells none apart."""
        table, scales = self._tables
        rows: Vectors = table[ids] * scales[ids] - self._centre
        return rows

    @cached_property
    def _centre(self) -> Vectors:
        table, scales = self._tables
        centre: Vectors = np.stack([part.T @ s for part, s in _parts(table, scales)]).sum(0)[:, 0] / len(table)
        return centre

    @cached_property
    def _tables(self) -> tuple[NDArray[np.int8], Vectors]:
        try:
            table, scales = (np.load(self._folder / name, mmap_mode="r") for name in TABLES)
        except (OSError, ValueError) as error:
            raise EngineError(
                "cannot read the word vectors of {folder}: {error}; install Ateneo again",
                folder=self._folder,
                error=error,
            ) from error
        return table, np.asarray(scales)

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        return read_tokenizer(self._folder)


def _parts(table: NDArray[np.int8], scales: Vectors) -> list[tuple[Vectors, Vectors]]:
    """The table as float32 and its scales, a few thousand rows at a time."""
    return [(table[n : n + 4096].astype(np.float32), scales[n : n + 4096]) for n in range(0, len(table), 4096)]


def _unit(rows: Vectors) -> Vectors:
    unit: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), TINY)
    return unit
