"""Roles turned round: "the man bites the dog" of a dog that bites a man.

Each word of weight has its place in the evidence, where it is met best and meets best. Two words of one clause that
have changed places around what stands between them turn round what is said; in one language so do two that stand in
each other's place between words that stayed. "By" turns a sentence without turning what it says; in the other language
a row of nouns turns by itself ("clean hydrogen energy"), so that more must stand between.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from ateneo.language.reading import Token

MET = {True: 0.8, False: 0.5}  # of a word, at the least, that has its place; in one language, in two
HELD = {True: 1, False: 2}  # words of weight that must stand between, in their order
REACH = 14  # words from the one to the other
BETWEEN = 10  # words between two that stand in each other's place
AGENT = frozenset(("by", "por"))
JOINS = frozenset("and or y e o u with con plus nor ni".split())

Matrix = NDArray[np.float32]


def turned(sentence: Sequence[Token], evidence: Sequence[Token], met: Matrix, *, same: bool) -> str:
    """The two words that have changed places, or ""; `met` is (N, M), how well their words meet, `same` whether they
    are in one language."""
    places = _places(sentence, evidence, met, least=MET[same])
    for first, (n, m) in enumerate(places):
        for second in range(first + HELD[same] + 1, len(places)):
            k, j = places[second]
            if k - n > REACH or sentence[n].clause != sentence[k].clause:
                break
            held = [place for _, place in places[first + 1 : second]]
            around = j < held[0] and held == sorted(held) and held[-1] < m <= j + REACH
            if around and evidence[j].clause == evidence[m].clause and not _agents(sentence, evidence, (n, k), (j, m)):
                return f"{sentence[n].written} {sentence[k].written}"
    return ""


def exchanged(sentence: Sequence[Token], evidence: Sequence[Token]) -> str:
    """The same of two texts in one language, by what stayed: two words that stand in each other's place, or ""."""
    keys, others = ([token.figure or token.word for token in tokens] for tokens in (sentence, evidence))
    parts = SequenceMatcher(None, keys, others, autojunk=False).get_opcodes()
    apart = [(sentence[a:b], evidence[c:d], a, b) for kind, a, b, c, d in parts if kind != "equal"]
    for n, (now, before, _, end) in enumerate(apart):
        for later, earlier, start, _ in apart[n + 1 :]:
            between = sentence[end:start]
            if len(between) > BETWEEN or all(token.word in JOINS for token in between):
                continue
            one = _weighty(now) & _weighty(earlier) - _weighty(before) - _weighty(later)
            other = _weighty(later) & _weighty(before) - _weighty(now) - _weighty(earlier)
            agents = [AGENT & {token.word for token in tokens} for tokens in ((*now, *later), (*before, *earlier))]
            if one and other and agents[0] == agents[1]:
                return f"{min(one)} {min(other)}"
    return ""


def _weighty(tokens: Sequence[Token]) -> set[str]:
    return {token.figure or token.word for token in tokens if token.weight > 0 or token.figure or token.name}


def _places(
    sentence: Sequence[Token], evidence: Sequence[Token], met: Matrix, *, least: float
) -> list[tuple[int, int]]:
    """The words of weight with their places in the evidence, as far as each has one that it shares with no other."""
    if not met.size:
        return []
    best, back = met.argmax(1), met.argmax(0)
    clear = (met >= least).sum(1)
    return [
        (n, int(best[n])) for n, token in enumerate(sentence)
        if (token.weight > 0 or token.name) and met[n, best[n]] >= least and back[best[n]] == n and clear[n] == 1
        and (evidence[best[n]].weight > 0 or evidence[best[n]].name)
    ]  # fmt: skip


def _agents(sentence: Sequence[Token], evidence: Sequence[Token], one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether one of the two says "by" there, and the other does not."""
    here = any(token.word in AGENT for token in sentence[one[0] : one[1]])
    return here != any(token.word in AGENT for token in evidence[other[0] : other[1]])
