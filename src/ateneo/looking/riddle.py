"""A row of drawings → the word that their first letters spell.

Single names err, so no drawing is decided by itself. The letter of a drawing is a distribution: what each label is
worth there, by the letters that its names begin with. Of all words with as many letters as there are drawings, the one
is offered whose letters are likeliest together, times how likely a riddle is about it: most are about words in use. Who
makes a riddle has the word first and then looks for a thing with each letter: so a letter that many labels begin with
weighs no more for it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ateneo import text
from ateneo.looking.labels import Labels
from ateneo.looking.words import WordList, known

IN_USE = 0.9  # of the riddles are about words in use, the rest about any that a dictionary has
DOUBT = 0.02  # of a letter's distribution is spread over all letters: a drawing may be of something without a label
LEAST = 0.01  # of a letter before a drawing is seen: one that no label begins with is not as likely as any other
LETTERS = "abcdefghijklmnñopqrstuvwxyz"
ALTERNATIVES = 5  # words offered beside the best


@dataclass(frozen=True, slots=True)
class Guess:
    """A word that the drawings may spell; `probability` is among all words of that length."""

    word: str
    probability: float


def letters(weights: Sequence[float], labels: Labels) -> dict[str, float]:
    """Letter → probability, given what each label is worth (n,), which add up to one."""
    found = dict.fromkeys(LETTERS, DOUBT / len(LETTERS))
    for place, weight in enumerate(weights):
        for name, share in labels.shares(place):
            first = text.fold(name)[:1]
            if first in found:
                found[first] += (1 - DOUBT) * weight * share
    total = sum(found.values())
    return {letter: value / total for letter, value in found.items()}


def usual(labels: Labels) -> dict[str, float]:
    """Letter → probability, of a drawing that may be anything."""
    count = len(labels.things)
    return letters([1 / count] * count, labels)


def solve(
    drawings: Sequence[dict[str, float]],
    words: WordList,
    *,
    before: dict[str, float] | None = None,
    most: int = ALTERNATIVES + 1,
) -> list[Guess]:
    """The `most` likeliest words, best first; none where the list has no word of that length. `before` is how likely
    each letter is before a drawing is seen (`usual`); None: all alike."""
    prior = before or dict.fromkeys(LETTERS, 1 / len(LETTERS))
    logs = [{letter: math.log(p / max(prior[letter], LEAST)) for letter, p in drawing.items()} for drawing in drawings]
    written = words.by_length.get(len(drawings), {})
    likely = _priors(written)
    scored = [
        (sum(log.get(letter, -math.inf) for letter, log in zip(word, logs, strict=True)) + likely[word], word)
        for word in written
    ]
    if not scored:
        return []
    top = max(score for score, _ in scored)
    total = sum(math.exp(score - top) for score, _ in scored)
    best = sorted(scored, key=lambda one: (-one[0], one[1]))[:most]
    return [Guess(written[word], math.exp(score - top) / total) for score, word in best]


def _priors(written: dict[str, str]) -> dict[str, float]:
    """Word → the logarithm of how likely a riddle of its length is about it. Names of people and places, which a list
    writes with a capital, are not counted as words in use."""
    common = known()
    used = {word for word, spelt in written.items() if word in common and spelt[:1].islower()}
    each = IN_USE / max(len(used), 1), (1 - IN_USE) / max(len(written) - len(used), 1)
    return {word: math.log(each[word not in used]) for word in written}
