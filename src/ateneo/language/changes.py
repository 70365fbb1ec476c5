"""A sentence beside evidence in its own language: numbers, names and negations changed between words that stayed.

Words that stand in both in the same order hold the rest in place: a number between them that is another number, a
negation that is gone, cannot be explained by what the evidence says elsewhere.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher

from ateneo.language.doubts import Doubt
from ateneo.language.reading import Token

SHORT = 4  # words: a longer part was said otherwise, and tells nothing by its place
FEW = 1.0  # weight of what was taken out together with a negation: more, and it went with what it denied


def changed(sentence: Sequence[Token], evidence: Sequence[Token]) -> list[Doubt]:
    """The doubts, in order; both texts are in one language."""
    keys, others = ([token.figure or token.word for token in tokens] for tokens in (sentence, evidence))
    doubts = []
    for _, a, b, c, d in SequenceMatcher(None, keys, others, autojunk=False).get_opcodes():
        now, before = sentence[a:b], evidence[c:d]
        if keys[a:b] == others[c:d]:
            continue
        held = a > 0 and c > 0  # something stands before it on both sides
        if held and max(len(now), len(before)) <= SHORT:
            doubts += _replaced(now, before)
        moved = _within(keys[a:b], others) if c == d else a == b and _within(others[c:d], keys)
        if _denial(now) != _denial(before) and held and not moved and _little(now) and _little(before):
            doubts.append(Doubt("negation", " ".join(token.written for token in (*before, *now))))
    return doubts


def _replaced(now: Sequence[Token], before: Sequence[Token]) -> list[Doubt]:
    """A number in the place of another number, a name in that of another."""
    doubts = []
    figures = {token.figure for token in before if token.figure}
    doubts += [Doubt("number", t.written) for t in now if t.figure and figures and t.figure not in figures]
    names = [token for token in before if token.name]
    written = "".join(token.word for token in before)
    if names:
        doubts += [Doubt("name", t.written) for t in now if t.name and t.word not in written and written not in t.word]
    return doubts


def _within(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether more than one word stands in the same order there as well."""
    size = len(part)
    return size > 1 and any(list(part) == list(whole[n : n + size]) for n in range(len(whole) - size + 1))


def _denial(tokens: Sequence[Token]) -> bool:
    return any(token.negation or token.weak for token in tokens)


def _little(tokens: Sequence[Token]) -> bool:
    return sum(token.weight for token in tokens) <= FEW
