"""Who writes an answer from numbered evidence: the door for language models, and the writer that needs none.

A writer gets the question and the evidence, best first, and gives sentences that name evidence by number. It never
sees nor writes a time. The built-in writer takes whole sentences as they were said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ateneo import text
from ateneo.records import Talk

MOST = 3  # sentences of an answer
SHARE_OF_BEST = 0.5  # a sentence that scores lower than this next to the best one adds little
ALIKE = 0.7  # share of the shorter one's subject words in the longer: more, and they say the same


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sentence that was said or shown, with its place; `score` compares within one question."""

    number: int
    talk: Talk
    start: float
    end: float
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Written:
    """A sentence of an answer, and the numbers of the evidence that it rests on."""

    text: str
    evidence: tuple[int, ...]


class Writer(Protocol):
    """Writes an answer of at most a few sentences."""

    def write(self, question: str, evidence: Sequence[Evidence]) -> Sequence[Written]:
        """The sentences in reading order; one that names no evidence given to it is dropped by the caller."""


class Extractive:
    """Whole sentences, chosen by score, without repeats: talks in order of their best, each in order of time."""

    def write(self, question: str, evidence: Sequence[Evidence]) -> list[Written]:
        """See Writer.write."""
        chosen: list[Evidence] = []
        for one in sorted(evidence, key=lambda e: -e.score):
            if len(chosen) == MOST or one.score < SHARE_OF_BEST * (chosen or [one])[0].score:
                break
            if not any(alike(one.text, other.text) for other in chosen):
                chosen.append(one)
        order = list(dict.fromkeys(one.talk.id for one in chosen))
        chosen.sort(key=lambda e: (order.index(e.talk.id), e.start, e.number))
        return [Written(one.text, (one.number,)) for one in chosen]


def alike(one: str, other: str) -> bool:
    """Whether two sentences say the same by their subject words."""
    words, others = ({text.stem(w) for w in text.content(text.tokens(t))} for t in (one, other))
    shorter = min(len(words), len(others))
    return shorter == 0 or len(words & others) > ALIKE * shorter
