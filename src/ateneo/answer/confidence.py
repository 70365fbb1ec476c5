"""Does a talk answer the question, or only speak of something near? A probability from a few features.

The weights are those of a logistic regression on SQuAD-es (machine-translated questions over paragraphs of 48
articles): questions whose paragraph is there, against the same questions with it masked, on one half of the
paragraphs. `python benchmarks/refusal.py --fit` derives them again and prints them; docs/answers.md has the curve. The
features are shares, so that they mean the same in an archive of ten talks and of thousands, and how a talk stands out
from the rest counts only as far as there is a rest.
"""

import math
from collections.abc import Mapping, Sequence

from ateneo.search.evidence import Weighed, coverage
from ateneo.search.question import Question

BACKGROUND = slice(3, 10)  # the talks, by score, that stand for those which do not answer
EXPECTED_BACKGROUND = 0.55  # their score as a share of the best, where the archive is too small to have them
THRESHOLD = 0.66  # of the probability: 5 % of the masked questions are still answered

WEIGHTS: Mapping[str, float] = {
    "constant": -3.73,
    "inside": 0.02,
    "beside": 0.32,
    "around": 1.42,
    "pairs": 1.33,
    "missing": -0.06,
    "spread": 2.26,
    "lead": 4.74,
}


def confidence(
    question: Question, talks: Sequence[Weighed], n: int, *, weights: Mapping[str, float] = WEIGHTS
) -> float:
    """The probability that talk `n` answers; `talks` are the best passage of each, best first."""
    values = features(question, talks, n)
    return 1 / (1 + math.exp(-sum(weight * values[name] for name, weight in weights.items())))


def features(question: Question, talks: Sequence[Weighed], n: int) -> dict[str, float]:
    """Name → value, most in [0, 1]; what `confidence` adds up. Talks above the n-th are left out of comparisons."""
    one, below = talks[n], talks[n + 1 :]
    heaviest = max((word.weight for word in question.words), default=1.0) or 1.0
    missing = max((w.weight * (1 - m) for w, m in zip(question.words, one.around, strict=True)), default=0.0)
    return {
        "constant": 1.0,
        "inside": coverage(question, one.inside),
        "beside": coverage(question, one.beside),
        "around": coverage(question, one.around),
        "pairs": one.pairs,
        "missing": missing / heaviest,
        "spread": 1 - _background(one, below),
        "lead": one.rank - (below[0].rank if below else 0.0),
    }


def _background(one: Weighed, below: Sequence[Weighed]) -> float:
    """How the talks further down score, as a share of this one."""
    scores = [other.found.score for other in below][BACKGROUND]
    places = BACKGROUND.stop - BACKGROUND.start
    expected = EXPECTED_BACKGROUND * one.found.score
    return (sum(scores) + expected * (places - len(scores))) / places / (one.found.score or 1.0)
