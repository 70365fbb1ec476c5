"""Negations of a sentence against those of its evidence, each with the words that it stands for.

A negation stands for the few words of weight that follow it (before it, for "nobody" and the like, is looked at too).
Where those words are met on the other side and nothing near them negates there, one of the two says the contrary.
Negations that stand together are one ("no hay nada"); what negates by its meaning counts: unable, imperfect.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ateneo.language.reading import LEAST_WORD, NEGATIVE_BEGINNINGS, OTHER_BEGINNINGS, Token

TOGETHER = 5  # words between negations that are one
REACH = 6  # words after a negation among which it stands for
STANDS_FOR = 2  # words of weight
BEFORE = 7  # words before a met word, among which the other side's negation is looked for
AFTER = 3
MET = 0.45  # of a word, at the least
WHOLE = 0.4  # share of the words of each that are met by the other
PART = 0.15  # the same, of texts that are
ALIKE = 0.7  # as long as one another

Matrix = NDArray[np.float32]


def contrary(sentence: Sequence[Token], evidence: Sequence[Token], met: Matrix) -> bool:
    """Whether a negation is missing or added; `met` is (N, M), how well their words meet."""
    if _unanswered(evidence, sentence, met.T) or _unanswered(sentence, evidence, met):
        return True
    strong, others = _groups(sentence), _groups(evidence)
    if met.size and _tells_all(sentence, evidence, met):
        more, weaker = len(others) - len(strong), _weak(sentence) - _weak(evidence)
        return more > max(0, weaker) or -more > max(0, -weaker)
    return False


def _tells_all(sentence: Sequence[Token], evidence: Sequence[Token], met: Matrix) -> bool:
    """Whether the sentence tells all of the evidence, so that negations can be counted: by its words, or its length."""
    both = min(_share_met(evidence, met.T), _share_met(sentence, met))
    return both >= WHOLE or (both >= PART and ALIKE <= len(sentence) / len(evidence) <= 1 / ALIKE)


def _unanswered(negating: Sequence[Token], other: Sequence[Token], met: Matrix) -> bool:
    """Whether a negation here stands for words that are met there, where nothing negates."""
    for group in _groups(negating):
        places = [n for n in range(group + 1, min(len(negating), group + 1 + REACH)) if negating[n].weight > 0]
        for n in places[:STANDS_FOR]:
            if not met.size or met[n].max() < MET:
                if negating[n].weight == 1:
                    break  # what it stands for is not told there
                continue
            there = np.flatnonzero(met[n] >= MET)
            if not any(_negated(other, int(m)) for m in there) and not _negates(negating[n]):
                return True
            break
    return False


def _negated(tokens: Sequence[Token], place: int) -> bool:
    near = tokens[max(0, place - BEFORE) : place + AFTER + 1]
    return any(t.negation or t.weak for t in near) or _negates(tokens[place])


def _negates(token: Token) -> bool:
    word = token.word
    return (
        len(word) >= LEAST_WORD + 2 and word.startswith(NEGATIVE_BEGINNINGS) and not word.startswith(OTHER_BEGINNINGS)
    )


def _groups(tokens: Sequence[Token]) -> list[int]:
    """The place of the last negation of each group of them; tags ("..., no?") left out."""
    found: list[int] = []
    last = -TOGETHER - 1
    for n, token in enumerate(tokens):
        if not token.negation or _empty(tokens, n):
            continue
        if n - last <= TOGETHER and token.clause == tokens[last].clause:
            found[-1] = n if token.word not in ("nada", "nadie", "nothing", "ningun", "ninguna", "any") else found[-1]
        else:
            found.append(n)
        last = n
    return found


def _empty(tokens: Sequence[Token], n: int) -> bool:
    """Whether a negation denies nothing: a tag, an answer."""
    after = tokens[n + 1] if n + 1 < len(tokens) else None
    alone = (after is None or after.clause != tokens[n].clause) and (n == 0 or tokens[n - 1].clause != tokens[n].clause)
    return alone


def _weak(tokens: Sequence[Token]) -> int:
    return sum(token.weak or _negates(token) for token in tokens)


def _share_met(tokens: Sequence[Token], met: Matrix) -> float:
    weights = np.array([token.weight for token in tokens], np.float32)
    return float((weights * (met.max(1) >= MET)).sum() / (weights.sum() or 1.0))
