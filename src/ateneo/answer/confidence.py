"""Does a talk answer the question, or only speak of something near? A probability from a few features.

The weights are those of a logistic regression on SQuAD-es (machine-translated questions over paragraphs of 48
articles): questions whose paragraph is there, against the same questions with it masked, on one half of the
paragraphs. `python benchmarks/refusal.py --fit --every 2` prints them, with `--words` those for passages without
vectors, and docs/benchmarks.md has the curve. The features mean the same in an archive of ten talks and of thousands;
that a larger one holds more near misses is one of them, and the regression sees archives of 12 to 1766 talks.
"""

import math
from collections.abc import Mapping, Sequence

from ateneo.search.evidence import Weighed, coverage
from ateneo.search.question import Question

BACKGROUND = slice(2, 9)  # the talks further down that stand for those which do not answer: two more may well answer
EXPECTED_BACKGROUND = 0.5  # their rank as a share of this one's, where the archive is too small to have them
THRESHOLD = 0.6  # of the probability: about 5 % of the masked questions are still answered, in archives of any size

WEIGHTS: Mapping[str, float] = {
    "constant": -3.95,
    "inside": -0.19,
    "around": 1.23,
    "pairs": 0.86,
    "names": 0.5,
    "missing": -0.4,
    "met": 2.51,
    "length": -0.83,
    "archive": -0.65,
    "lead": 4.03,
    "cosine": 0.47,
    "nearer": 2.02,
}
WEIGHTS_OF_WORDS: Mapping[str, float] = {  # where passages have no vectors
    "constant": -3.76,
    "inside": -0.4,
    "around": 1.48,
    "pairs": 0.91,
    "names": 0.51,
    "missing": -0.38,
    "met": 3.04,
    "length": -0.33,
    "archive": -1.21,
    "lead": 4.11,
}


def confidence(question: Question, talks: Sequence[Weighed], n: int) -> float:
    """The probability that talk `n` answers; `talks` are the best passage of each, best first."""
    values = features(question, talks, n)
    weights = WEIGHTS_OF_WORDS if talks[n].cosine is None else WEIGHTS
    return 1 / (1 + math.exp(-sum(weight * values[name] for name, weight in weights.items())))


def features(question: Question, talks: Sequence[Weighed], n: int) -> dict[str, float]:
    """Name → value, about 0 to 1 each; what `confidence` adds up. Talks above the n-th are not compared with it."""
    one = talks[n]
    heaviest = max((word.weight for word in question.words), default=1.0) or 1.0
    missing = max((w.weight * (1 - m) for w, m in zip(question.words, one.around, strict=True)), default=0.0)
    return {
        "constant": 1.0,
        "inside": coverage(question, one.inside),
        "around": coverage(question, one.around),
        "pairs": one.pairs,
        "names": min((m for w, m in zip(question.words, one.around, strict=True) if w.name), default=1.0),
        "missing": missing / heaviest,
        "met": math.sqrt(coverage(question, one.inside) * question.weight) / 5,
        "length": math.log(len(question.words) + 1) / 3,
        "archive": math.log(question.archive + 1) / 8,
        "lead": one.rank - _background(one.rank, [other.rank for other in talks[n + 1 :]]),
        "cosine": (near := one.cosine or 0.0),
        "nearer": near - _background(near, [other.cosine or 0.0 for other in talks[n + 1 :]]),
    }


def _background(own: float, below: Sequence[float]) -> float:
    """The mean of talks further down, those that a small archive lacks as expected."""
    ranks = below[BACKGROUND]
    places = BACKGROUND.stop - BACKGROUND.start
    return (sum(ranks) + EXPECTED_BACKGROUND * own * (places - len(ranks))) / places
