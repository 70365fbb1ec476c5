"""The text side, locked: every caption as a vector of the sentence encoder, computed once and kept.

A text belongs to a concept (a named thing) or states facts of a slide; with both, it says that the thing is drawn on a
slide. It is true of a picture that has all of its facts, and its concept where it names one.
"""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import facts
import numpy as np
from names import Concept
from numpy.typing import NDArray

from ateneo.engines.sentence_vectors import SentenceVectors

NOTHING = -1  # in place of a concept
PART = 2000  # texts encoded between two lines of progress


@dataclass(frozen=True)
class Texts:
    """What is said: texts, the place of each one's concept or NOTHING, the facts it states as bits."""

    texts: tuple[str, ...]
    concept: NDArray[np.int64]
    states: NDArray[np.int64]
    languages: tuple[str, ...]


@dataclass(frozen=True)
class Bank:
    """Texts with their vectors (n, d) of unit length, and the space these are in."""

    said: Texts
    vectors: NDArray[np.float32]
    space: str


def gather(concepts: Sequence[Concept]) -> Texts:
    """All captions of slides and of the concepts, in both languages."""
    rows: dict[tuple[str, int, str], int] = {}
    for caption in facts.captions():
        rows.setdefault((caption.text, NOTHING, caption.language), caption.states)
    on_slide = facts.bits(("slide", "drawing"))
    for n, concept in enumerate(concepts):
        for place, language in enumerate(("es", "en")):
            name, frames = concept.names[language], facts.NAMED[place]
            own = [frames[0], frames[1 + n % (len(frames) - 1)], frames[1 + (n // 7) % (len(frames) - 1)]]
            for frame in own:
                rows.setdefault((frame.format(name), n, language), 0)
            for keyword in concept.keywords[language]:
                rows.setdefault((keyword, n, language), 0)
            frame = facts.NAMED_SLIDES[place][n % 2]
            rows.setdefault((frame.format(name), n, language), on_slide)
    return Texts(
        tuple(text for text, _, _ in rows),
        np.array([concept for _, concept, _ in rows], np.int64),
        np.array(list(rows.values()), np.int64),
        tuple(language for _, _, language in rows),
    )


def embed(said: Texts, encoder: SentenceVectors, *, folder: Path) -> Bank:
    """The vectors of all texts; kept in the folder under the name of the space and of what is said."""
    digest = hashlib.sha256("\n".join(said.texts).encode()).hexdigest()[:10]
    path = folder / f"{encoder.space}-{digest}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        parts = []
        for first in range(0, len(said.texts), PART):
            parts.append(encoder.embed(said.texts[first : first + PART]))
            print(f"texts: {first + len(parts[-1])} of {len(said.texts)}", file=sys.stderr)
        np.save(path.with_suffix(".partial.npy"), np.concatenate(parts))
        path.with_suffix(".partial.npy").replace(path)
    return Bank(said, np.load(path), encoder.space)
