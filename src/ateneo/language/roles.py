"""Roles turned round: "the man bites the dog" of a dog that bites a man.

Each word of weight has its place in the evidence, where it is met best and meets best. The words around it, by theirs,
tell where it ought to stand. Two words of one clause, each of which stands where the other ought to, with a word that
stayed between them, turn round what is said; in one language so do two that stand in each other's place between words
that stayed. "By" turns a sentence without turning what it says; in the other language nouns turn by themselves ("clean
hydrogen energy"), so that the two must be further apart.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from ateneo.language.reading import Token

MET = {True: 0.8, False: 0.45}  # of a word, at the least, that has its place; in one language, in two
NEARER = {True: 4, False: 7}  # words by which the two together are nearer to each other's place than to their own
NEAR = 5  # words from each other's place, together, at the most
APART = {True: 2, False: 3}  # words of the evidence from the one to the other, at the least
TWICE = 0.3  # of a word that is met twice, what the nearer one is better by over the whole length
BETWEEN = 10  # words between two that stand in each other's place
AGENT = frozenset(("by", "por"))
JOINS = frozenset("and or y e o u with con plus nor ni".split())

Matrix = NDArray[np.float32]
Place = tuple[int, int]  # of a word in the sentence, and in the evidence


def turned(sentence: Sequence[Token], evidence: Sequence[Token], met: Matrix, *, same: bool) -> str:
    """The two words that have changed places, or ""; `met` is (N, M), how well their words meet, `same` whether they
    are in one language."""
    places = _places(sentence, evidence, met, least=MET[same])
    for first, one in enumerate(places):
        for second, other in enumerate(places[first + 1 :], first + 1):
            if one[1] - other[1] < APART[same] or not _one_clause(sentence, evidence, one, other):
                continue
            rest = [*places[:first], *places[first + 1 : second], *places[second + 1 :]]
            held = any(one[0] < n < other[0] for n, _ in rest)  # other words may turn it rightly
            if not held or not _in_order(rest, one[0], other[0]):
                continue
            here, there = (_ought(n, rest, met.shape) for n in (one[0], other[0]))
            own = abs(one[1] - here) + abs(other[1] - there)
            swapped = abs(other[1] - here) + abs(one[1] - there)
            if own - swapped >= NEARER[same] and swapped <= NEAR and not _agents(sentence, evidence, one, other):
                return f"{sentence[one[0]].written} {sentence[other[0]].written}"
    return ""


def _in_order(places: Sequence[Place], start: int, end: int) -> bool:
    """Whether the words from the one before `start` to the one after `end` stand in their order."""
    first = max((n for n, place in enumerate(places) if place[0] < start), default=0)
    last = min((n for n, place in enumerate(places) if place[0] > end), default=len(places))
    there = [m for _, m in places[first : last + 1]]
    return there == sorted(there)


def _ought(n: int, places: Sequence[Place], shape: tuple[int, ...]) -> float:
    """Where in the evidence a word of the sentence ought to stand, between the places of the words around it."""
    before = max((place for place in places if place[0] < n), default=(-1, -1))
    after = min((place for place in places if place[0] > n), default=(shape[0], shape[1]))
    return before[1] + (after[1] - before[1]) * (n - before[0]) / (after[0] - before[0])


def _one_clause(sentence: Sequence[Token], evidence: Sequence[Token], one: Place, other: Place) -> bool:
    here = sentence[one[0]].clause == sentence[other[0]].clause
    return here and evidence[one[1]].clause == evidence[other[1]].clause


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


def _places(sentence: Sequence[Token], evidence: Sequence[Token], met: Matrix, *, least: float) -> list[Place]:
    """The words of weight with their places in the evidence, as far as each has one that it shares with no other."""
    if not met.size:
        return []
    said, there = (np.array([_tells(token) for token in tokens]) for tokens in (sentence, evidence))
    far = np.abs(np.arange(len(said))[:, None] / len(said) - np.arange(len(there)) / len(there))  # (N, M)
    fit = np.where((met >= least) & said[:, None] & there, met - TWICE * far, -1.0)
    best, back = fit.argmax(1), fit.argmax(0)
    return [(n, int(m)) for n, m in enumerate(best) if fit[n, m] > -1 and back[m] == n]


def _tells(token: Token) -> bool:
    return token.weight > 0 or token.name or token.figure is not None


def _agents(sentence: Sequence[Token], evidence: Sequence[Token], one: Place, other: Place) -> bool:
    """Whether one of the two texts says "by" between the two words, and the other does not."""
    here = any(token.word in AGENT for token in sentence[one[0] : other[0]])
    return here != any(token.word in AGENT for token in evidence[other[1] : one[1]])
