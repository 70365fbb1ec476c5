"""How well the sentences of what was found meet a question: the evidence, weighed.

A sentence is judged with what stands around it: a word of the question counts whole in the sentence itself, less in
the sentences beside it, less again elsewhere in the passage or in the title of the talk. A word is met by its stem,
less by the light form (ñ as n), by a word of its family (a long common beginning) or, with a lexicon, by one that
means nearly the same, in whatever language.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ateneo import text
from ateneo.archive.index import Found
from ateneo.records import Cue
from ateneo.search.lexicon import Lexicon
from ateneo.search.question import Question, holds

LIGHT = 0.8  # of a whole match: the word with n for ñ
FAMILY = 0.6  # ... another word with the same beginning
FAMILY_LETTERS = 5  # at the least, and
FAMILY_SHARE = 0.7  # of the longer word
MEANS = 0.9  # ... of the cosine, for a word that means nearly the same
AFTER = 0.75  # of a match in the sentence itself: one in the sentence before it
BEFORE = 0.6  # ... one in the sentence after it: an answer follows its subject more often than it precedes it
AROUND = 0.5  # ... one elsewhere in the passage, or in the title
RANK = (1.0, 1.0, 0.3, 0.5)  # weights of the index's score, and of coverage in the sentence, beside it, around it
FUSED = (1.0, 0.9, 0.9, 1.7)  # ... where the cosine counts beside them, which weighs
MEANING = 0.88  # as much as this part of their sum

Likeness = Mapping[str, NDArray[np.float32]]  # a word → its cosine with each word of the question, 0 where too small


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a sentence in the ways in which they can be met."""

    order: tuple[tuple[str, str, bool], ...]  # each word, its stem, and whether it carries a subject
    tokens: frozenset[str]
    stems: frozenset[str]
    light: frozenset[str]
    beginnings: frozenset[str]

    def match(self, token: str, stem: str) -> float:
        """How well a folded word of the question is met, in [0, 1]."""
        if stem in self.stems:
            return 1.0
        plain = text.light(token)
        if plain in self.light:
            return LIGHT
        return FAMILY if self._family(plain) else 0.0

    def _family(self, plain: str) -> bool:
        if len(plain) < FAMILY_LETTERS or plain[:FAMILY_LETTERS] not in self.beginnings:
            return False
        return any(_common(plain, other) >= max(FAMILY_LETTERS, FAMILY_SHARE * max(len(plain), len(other)))
                   for other in self.light if other[:FAMILY_LETTERS] == plain[:FAMILY_LETTERS])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Weighed:
    """A passage, weighed: the score of each sentence, and for each word of the question how well it is met in the
    best sentence, in that and those beside it, and anywhere in the passage or title, all in [0, 1]."""

    found: Found
    scores: tuple[float, ...]
    best: int
    inside: tuple[float, ...]
    beside: tuple[float, ...]
    around: tuple[float, ...]
    pairs: float  # share of the question's neighbouring words that stand close together here
    parts: tuple[float, ...]  # the index's score and the coverage that RANK weighs, each in [0, 1]
    cosine: float | None = None  # of its vector with the question's; None where there are none

    @property
    def rank(self) -> float:
        """By words, in [0, 1]: the index's score and the coverage together."""
        return _mean(RANK, self.parts)

    @property
    def total(self) -> float:
        """By which passages are put in order: words and vectors added up."""
        return self.rank if self.cosine is None else _mean(FUSED, self.parts) + MEANING * self.cosine

    @property
    def score(self) -> float:
        """That of the best sentence."""
        return self.scores[self.best]


def weigh_all(question: Question, found: Sequence[Found], *, lexicon: Lexicon | None = None) -> list[Weighed]:
    """What was found, weighed and put in order of rank."""
    top = max((one.score for one in found), default=1.0) or 1.0
    said = [(s.text, one.language) for one in found for s in one.sentences]
    alike = likeness(question, [*said, *((one.talk.title, one.language) for one in found)], lexicon)
    weighed = (weigh(question, one, top=top, alike=alike) for one in found if one.sentences)
    return sorted(weighed, key=lambda w: -w.rank)


def likeness(question: Question, said: Iterable[tuple[str, str]], lexicon: Lexicon | None) -> Likeness:
    """The words of texts, each with its language, that mean nearly the same as words of the question."""
    if lexicon is None:
        return {}
    tokens = {token for words, language in said for token in words_of(words, language).tokens}
    return lexicon.likeness([word.token for word in question.words], tokens)


def weigh(question: Question, found: Found, *, top: float, alike: Likeness | None = None) -> Weighed:
    """The passage weighed sentence by sentence; `top` is the best score of the same search, `alike` has the words that
    mean nearly the same as those of the question."""
    language = found.language
    stems = [text.stem(word.token, language) for word in question.words]
    met = [meets(question, s.text, language, alike=alike or {}) for s in found.sentences]
    about = meets(question, found.talk.title, language, alike=alike or {})
    around = [max(column) for column in zip(about, *met, strict=True)]
    beside = [_beside(met, j) for j in range(len(met))]
    scores = [_score(question, met[j], beside[j], around, found.sentences[j]) for j in range(len(met))]
    best = max(range(len(scores)), key=lambda j: scores[j])
    parts = (found.score / top, *(coverage(question, part) for part in (met[best], beside[best], around)))
    return Weighed(
        found, tuple(scores), best, tuple(met[best]), tuple(beside[best]), tuple(around),
        _pairs(question, stems, found), parts,
    )  # fmt: skip


def meets(question: Question, said: str, language: str, *, alike: Likeness) -> list[float]:
    """How well each word of the question is met by a sentence, a title or the text of a frame, in [0, 1]."""
    words = words_of(said, language)
    met = [words.match(word.token, text.stem(word.token, language)) for word in question.words]
    near = [alike[token] for token in words.tokens & alike.keys()]
    return [max(m, MEANS * float(c)) for m, c in zip(met, np.max(near, axis=0), strict=True)] if near else met


def coverage(question: Question, met: Sequence[float]) -> float:
    """The share of the question's weight that is met, in [0, 1]."""
    return sum(word.weight * m for word, m in zip(question.words, met, strict=True)) / question.weight


@lru_cache(maxsize=20_000)
def words_of(sentence: str, language: str) -> Words:
    """The words of a sentence, ready to be met."""
    tokens = text.tokens(sentence)
    stems, subject = text.stems(tokens, language), set(text.content(tokens))
    light = frozenset(map(text.light, tokens))
    beginnings = frozenset(w[:FAMILY_LETTERS] for w in light)
    order = tuple((token, stem, token in subject) for token, stem in zip(tokens, stems, strict=True))
    return Words(order, frozenset(tokens), frozenset(stems), light, beginnings)


def _score(
    question: Question, inside: Sequence[float], beside: Sequence[float], around: Sequence[float], sentence: Cue
) -> float:
    best = [max(i, b, AROUND * a) for i, b, a in zip(inside, beside, around, strict=True)]
    return coverage(question, best) * (1.0 if holds(question.asks, sentence.text) else 0.8)


def _beside(met: Sequence[Sequence[float]], j: int) -> list[float]:
    """How well each word is met in sentence `j` or, less, beside it."""
    none = [0.0] * len(met[j])
    before, after = met[j - 1] if j else none, met[j + 1] if j + 1 < len(met) else none
    return [max(i, AFTER * b, BEFORE * a) for i, b, a in zip(met[j], before, after, strict=True)]


def _pairs(question: Question, stems: Sequence[str], found: Found) -> float:
    """Weight of the neighbours in the question that are neighbours here too, function words aside, as a share."""
    if not question.pairs:
        return 0.0
    here: set[tuple[str, str]] = set()
    for sentence in found.sentences:
        order = words_of(sentence.text, found.language).order
        words = [stem for token, stem, subject in order if subject or token in stems]
        here.update(pairwise(words))
        here.update(zip(words, words[2:], strict=False))
    weights = {pair: sum(question.words[n].weight for n in pair) for pair in question.pairs}
    close = sum(w for (one, two), w in weights.items()
                if (stems[one], stems[two]) in here or (stems[two], stems[one]) in here)  # fmt: skip
    return close / (sum(weights.values()) or 1.0)


def _mean(weights: Sequence[float], parts: Sequence[float]) -> float:
    return sum(weight * part for weight, part in zip(weights, parts, strict=True)) / sum(weights)


def _common(one: str, two: str) -> int:
    """Letters of the common beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
