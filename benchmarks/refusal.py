"""Refusing to answer: questions whose paragraph is there, against the same questions with it masked.

    python benchmarks/refusal.py            the curve, measured on one half of the paragraphs
    python benchmarks/refusal.py --words    ... by words alone, without vectors and lexicon
    python benchmarks/refusal.py --fit      derives the weights of ateneo/answer/confidence.py from the other half
    python benchmarks/refusal.py --every 3  any of these on a third of the questions

The halves are told apart by a checksum of the talk's id. The curve counts a question as rightly answered when a span
cited in its answers lies in its paragraph ("first": when the first talk's does). BM25 alone, measured in the same run,
answers where the score of its first hit is above a threshold. Besides the whole archive, parts of it show how the
figures hang on size: the fewer paragraphs of an article there are, the fewer answer the same question. How many of the
masked questions are answered by another paragraph is bounded from below by those whose gold answer stands, word for
word, in the best passage that is left.
"""

import argparse
import random
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import bm25s
import numpy as np
import Stemmer
from numpy.typing import NDArray
from squad_talks import Corpus, Meaning, Question, build, corpus, table

from ateneo import text
from ateneo.answer.ask import answering, best_of_talks
from ateneo.answer.confidence import THRESHOLD, confidence, features
from ateneo.archive.local_index import LocalIndex
from ateneo.search.evidence import Weighed
from ateneo.search.question import Question as ReadQuestion
from ateneo.search.question import read_question
from ateneo.search.search import find, fold_same

DEPTH = 40
DRAWS = {1766: 1, 240: 3, 48: 12, 12: 40}  # talks of an archive, and how many such archives are drawn
LEARNT_FROM = (1766, 240, 48, *[12] * 20)  # talks: the sizes that the weights must serve
FALSE_ANSWERS = 0.05
LEARN, MEASURE = 0, 1  # the halves
SHORTEST = 4  # letters of a gold answer that is looked for in other passages; "41" stands in many by chance


@dataclass(frozen=True, slots=True)
class Case:
    """A question with its paragraph there or masked: how sure each talk is (best first), and which is right."""

    half: int
    masked: bool
    question: ReadQuestion
    talks: tuple[Weighed, ...]
    sure: tuple[float, ...]
    right: str
    first: dict[str, float]  # the features of the first talk
    holds: bool  # whether its best passage has a gold answer, word for word

    def answering(self, threshold: float) -> list[str]:
        """The talks that would answer."""
        return [self.talks[n].found.talk.id for n in answering(self.question, self.talks, self.sure, threshold)]


def half(talk: str) -> int:
    """LEARN or MEASURE."""
    return zlib.crc32(talk.encode()) % 2


def case(index: LocalIndex, question: Question, meaning: Meaning, *, masked: bool) -> Case:
    """What `ask` would be sure of."""
    read = read_question(question.text, index, lexicon=meaning.lexicon)
    where = {"not_talk": question.talk} if masked else None
    found = find(
        index, read, kinds=("speech",), where=where, limit=DEPTH, vectors=meaning.vectors(question.text),
        lexicon=meaning.lexicon,
    )  # fmt: skip
    talks = best_of_talks(fold_same(found, read.language))
    sure = tuple(confidence(read, talks, n) for n in range(min(5, len(talks))))
    first = features(read, talks, 0) if talks else {}
    holds = bool(talks) and stands(question.golds, talks[0].found.text)
    return Case(half(question.talk), masked, read, tuple(talks[:5]), sure, question.talk, first, holds)


def stands(golds: Sequence[str], passage: str) -> bool:
    """Whether an answer of some length is in the passage, accents and capitals aside."""
    words = f" {' '.join(text.tokens(passage))} "
    return any(len(gold) >= SHORTEST and f" {' '.join(text.tokens(gold))} " in words for gold in golds)


def cases(data: Corpus, meaning: Meaning, *, every: int = 1) -> list[Case]:
    """All questions (or every n-th), there and masked."""
    with tempfile.TemporaryDirectory() as folder:
        index = build(data.texts, Path(folder), engine=meaning.engine)
        return [case(index, q, meaning, masked=masked) for q in data.questions[::every] for masked in (False, True)]


def part(data: Corpus, talks: int, *, draw: int = 0) -> Corpus:
    """A part of the archive: talks drawn at random, and their questions."""
    kept = set(random.Random(talks + draw).sample(sorted(data.texts), talks))
    return Corpus({t: data.texts[t] for t in data.texts if t in kept}, [q for q in data.questions if q.talk in kept])


def only(data: Corpus, wanted: int) -> Corpus:
    """All talks, but only the questions of one half."""
    return Corpus(data.texts, [q for q in data.questions if half(q.talk) == wanted])


def point(found: Sequence[Case], threshold: float) -> tuple[float, float, float, float]:
    """At a threshold: masked questions answered; of the others, answered, rightly answered, rightly by the first."""
    masked = [c.answering(threshold) for c in found if c.masked]
    there = [(c.right, c.answering(threshold)) for c in found if not c.masked]
    right = [right in talks for right, talks in there]
    first = [talks[:1] == [right] for right, talks in there]
    shares = (map(bool, masked), (bool(talks) for _, talks in there), right, first)
    return tuple(float(np.mean(list(share))) for share in shares)  # type: ignore[return-value]


def threshold_for(found: Sequence[Case], false_answers: float) -> float:
    """The threshold at which this share of the masked questions is answered."""
    return float(np.quantile([max(c.sure, default=0.0) for c in found if c.masked], 1 - false_answers))


def bm25_rows(data: Corpus) -> list[tuple[int, bool, float, float]]:
    """Half, whether the first hit is right, and the best score with the paragraph there and masked, by bm25s."""
    stemmer, ids = Stemmer.Stemmer("spanish"), list(data.texts)
    model = bm25s.BM25()
    model.index([stemmer.stemWords(text.tokens(t)) for t in data.texts.values()], show_progress=False)
    rows = []
    for q in data.questions:
        found, scores = model.retrieve([stemmer.stemWords(text.tokens(q.text))], k=2, show_progress=False)
        talks, best = [ids[n] for n in found[0]], scores[0]
        rows.append((half(q.talk), talks[0] == q.talk, best[0], best[1] if talks[0] == q.talk else best[0]))
    return rows


def bm25_point(parts: Sequence[Corpus], false_answers: float) -> tuple[float, float, float, float]:
    """The same as `point` for bm25s: threshold from one half, measured on the other."""
    rows = [row for some in parts for row in bm25_rows(some)]
    limit = np.quantile([masked for h, _, _, masked in rows if h == LEARN], 1 - false_answers)
    there = [(right, score > limit, masked > limit) for h, right, score, masked in rows if h == MEASURE]
    right = float(np.mean([r and a for r, a, _ in there]))
    return float(np.mean([m for _, _, m in there])), float(np.mean([a for _, a, _ in there])), right, right


def trick_questions(meaning: Meaning, *, every: int = 3) -> tuple[float, float, float, float]:
    """SQuAD-es v2.0 as shipped: its unanswerable questions, written to look answerable, in place of the masked ones."""
    data = corpus("2.0")
    with tempfile.TemporaryDirectory() as folder:
        index = build(data.texts, Path(folder), engine=meaning.engine)
        asked = [(q.answerable, case(index, q, meaning, masked=False)) for q in data.questions[::every]]
    return point([replace(c, masked=not answerable) for answerable, c in asked], THRESHOLD)


def fit(found: Sequence[Case], *, penalty: float = 1e-3) -> dict[str, float]:
    """Weights by logistic regression (Newton's method): rightly answered by the first talk, against everything else."""
    rows = [c for c in found if c.first]
    names = list(rows[0].first)
    x = np.array([[c.first[name] for name in names] for c in rows])  # (cases, features)
    y = np.array([not c.masked and c.talks[0].found.talk.id == c.right for c in rows], dtype=float)
    weights: NDArray[np.float64] = np.zeros(len(names))
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (p - y) / len(y) + penalty * weights
        curve = (x.T * (p * (1 - p))) @ x / len(y) + penalty * np.eye(len(names))
        weights -= np.linalg.solve(curve, slope)
    return dict(zip(names, weights.round(2).tolist(), strict=True))


def answered_elsewhere(found: Sequence[Case]) -> tuple[float, float]:
    """Of the masked questions, the part whose gold answer stands in the best passage left; and of the surest 5 %."""
    masked = sorted((c for c in found if c.masked), key=lambda c: -max(c.sure, default=0.0))
    surest = masked[: round(FALSE_ANSWERS * len(masked))]
    return float(np.mean([c.holds for c in masked])), float(np.mean([c.holds for c in surest]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--words", action="store_true")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    data, every = corpus(), options.every
    meaning = Meaning(None, None) if options.words else Meaning.shipped()
    if options.fit:
        parts = [part(data, size, draw=draw) for draw, size in enumerate(LEARNT_FROM)]
        learn = [c for some in parts for c in cases(only(some, LEARN), meaning, every=every)]
        print("weights:", fit(learn))
        return
    rows: list[list[object]] = []
    for size, draws in DRAWS.items():
        parts = [part(data, size, draw=draw) for draw in range(draws)]
        found = [c for some in parts for c in cases(some, meaning, every=every)]
        limits, measured = [[c for c in found if c.half == h] for h in (LEARN, MEASURE)]
        rows.append([size, "BM25 alone, threshold from the other half", *bm25_point(parts, FALSE_ANSWERS)])
        for share in (0.01, 0.02, FALSE_ANSWERS, 0.1, 0.2, 0.5):
            name = f"Ateneo, {share:.0%} on the other half"
            rows.append([size, name, *point(measured, threshold_for(limits, share))])
        rows.append([size, f"Ateneo, as shipped ({THRESHOLD})", *point(measured, THRESHOLD)])
        every_one, surest = answered_elsewhere(found)
        print(f"{size} talks: another talk holds the gold answer of {every_one:.1%} of the masked, {surest:.1%} of the "
              f"{FALSE_ANSWERS:.0%} surest of them", flush=True)  # fmt: skip
    tricks = trick_questions(meaning, every=3 * every)
    rows.append(["v2.0", f"Ateneo, as shipped ({THRESHOLD}); its unanswerable for masked", *tricks])
    print(table(["talks", "", "masked, answered", "answered", "rightly", "rightly, first talk"], rows))


if __name__ == "__main__":
    main()
