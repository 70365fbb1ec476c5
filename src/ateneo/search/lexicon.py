"""Which words mean nearly the same, in one language or across two: what a question asks with and a talk says otherwise.

Words are compared by their vectors (`engines.WordEngine`), so that "retos" is met by "challenges". Figures are never
alike: 2015 is not nearly 2016.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ateneo.engines import WordEngine

ALIKE = 0.55  # cosine; two words with less do not mean the same
TRANSLATES = 0.6  # cosine; a word is looked for by words as near as this, and by
MOST = 3  # of them
LETTERS = 3  # a shorter word says too little by itself

Vectors = NDArray[np.float32]


class Lexicon:
    """Likeness of words, by the vectors of an engine. What was asked for once is kept. Threads may share one."""

    def __init__(self, engine: WordEngine) -> None:
        self._engine = engine
        self._row: dict[str, int] = {}  # of `_known`, which has room for more
        self._known = np.zeros((0, 0), np.float32)
        self._translated: dict[str, tuple[str, ...]] = {}
        self._keeping = threading.Lock()  # one thread at a time gives new words their rows

    def likeness(self, asked: Sequence[str], said: Collection[str]) -> Mapping[str, Vectors]:
        """Each word said that is ALIKE to some word asked → its cosine (N,) with every one of them, 0 where it is not.
        Words are folded. Raises EngineError."""
        words = list(dict.fromkeys(said))
        if not words or not any(map(_counts, asked)):
            return {}
        cosines = self._vectors(words) @ self._vectors(asked).T  # (M, N)
        cosines[cosines < ALIKE] = 0
        return {words[n]: cosines[n] for n in np.flatnonzero(cosines.any(1))}

    def cosines(self, words: Sequence[str], others: Sequence[str]) -> Vectors:
        """The cosine of each folded word with each of the others, (N, M), as it is; 0 for those that say too little by
        themselves. Raises EngineError."""
        cosines: Vectors = np.maximum(self._vectors(list(words)) @ self._vectors(list(others)).T, 0)
        return cosines

    def translations(self, words: Sequence[str]) -> list[tuple[str, ...]]:
        """For each folded word at most MOST others that mean the same, nearest first, in whatever language."""
        new = [word for word in dict.fromkeys(words) if word not in self._translated and _counts(word)]
        if new:
            self._translated |= dict(zip(new, self._translate(new), strict=True))
        return [self._translated.get(word, ()) for word in words]

    def _translate(self, words: Sequence[str]) -> Iterator[tuple[str, ...]]:
        others, vectors = self._vocabulary
        for word, row in zip(words, self._vectors(words) @ vectors.T, strict=True):  # (V,)
            best = np.argpartition(-row, MOST)[: MOST + 1]
            nearest = [n for n in best[np.argsort(-row[best])] if row[n] >= TRANSLATES and others[n] != word]
            yield tuple(others[n] for n in nearest[:MOST])

    def _vectors(self, words: Sequence[str]) -> Vectors:
        """(N, D); 0 for a word that says too little by itself."""
        with self._keeping:
            new = [word for word in dict.fromkeys(words) if word not in self._row]
            if new:
                self._keep(new, self._engine.embed_words([word if _counts(word) else "" for word in new]))
            return self._known[[self._row[word] for word in words]]

    def _keep(self, new: Sequence[str], made: Vectors) -> None:
        start = len(self._row)
        if start + len(new) > len(self._known):
            room = np.zeros((2 * start + len(new), made.shape[1]), np.float32)
            room[:start] = self._known[:start].reshape(start, made.shape[1])
            self._known = room
        self._known[start : start + len(new)] = made
        self._row |= {word: start + n for n, word in enumerate(new)}

    @cached_property
    def _vocabulary(self) -> tuple[tuple[str, ...], Vectors]:
        return self._engine.vocabulary()


def _counts(word: str) -> bool:
    return len(word) >= LETTERS and not any(letter.isdigit() for letter in word)
