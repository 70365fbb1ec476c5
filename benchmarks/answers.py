"""Do the quotes hold the answer, and does the citation point at the right second? SQuAD-es, at most three sentences.

    python benchmarks/answers.py [--every N]

"Quotes": each paragraph is a talk; the merged answer's quotes hold any of the gold texts (case, accents and
punctuation aside). "Seconds": the paragraphs of an article are one talk in captions of five seconds, and a citation of
that talk comes within five seconds of the sentence that holds the gold answer. Every answerable question counts; with
refusal on, a refused one counts as missed.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from squad_talks import Corpus, Meaning, Question, build, corpus, sentence_window, table

from ateneo import text
from ateneo.answer.ask import ask
from ateneo.answer.confidence import THRESHOLD
from ateneo.archive.local_index import LocalIndex
from ateneo.records import Asked

NEAR = 5.0  # seconds


def holds(asked: Asked, question: Question) -> bool:
    """Whether the quotes of the merged answer, joined, hold a gold text."""
    if asked.answer is None:
        return False
    said = " ".join(text.tokens(" ".join(c.quote for s in asked.answer.sentences for c in s.citations)))
    return any(f" {' '.join(text.tokens(gold))} " in f" {said} " for gold in question.golds)


def points(asked: Asked, question: Question, window: tuple[float, float]) -> bool:
    """Whether a citation of the right talk touches the window, give or take NEAR."""
    citations = [c for s in (asked.answer.sentences if asked.answer else ()) for c in s.citations]
    start, end = window
    return any(c.talk == question.talk and c.start <= end + NEAR and c.end >= start - NEAR for c in citations)


def measure(
    index: LocalIndex, data: Corpus, *, meaning: Meaning, every: int, threshold: float
) -> tuple[float, float, float, float]:
    """Share whose quotes hold the answer, share whose citation is near, share answered, 95th percentile of the ms."""
    held, near, answered, spent = [], [], [], []
    for question in (q for q in data.questions[::every] if q.answerable and any(map(text.tokens, q.golds))):
        start = time.process_time()
        vectors = meaning.vectors(question.text)
        asked = ask(index, question.text, threshold=threshold, vectors=vectors, lexicon=meaning.lexicon)
        spent.append(1000 * (time.process_time() - start))
        held.append(holds(asked, question))
        near.append(points(asked, question, sentence_window(data.texts, question)))
        answered.append(asked.answer is not None)
    return float(np.mean(held)), float(np.mean(near)), float(np.mean(answered)), float(np.percentile(spent, 95))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--every", type=int, default=1, help="ask every n-th question only")
    every = options.parse_args().every
    rows: list[list[object]] = []
    meaning = Meaning.shipped()
    for name, joined in (("a paragraph a talk", False), ("an article a talk", True)):
        data = corpus(joined=joined)
        with tempfile.TemporaryDirectory() as folder:
            index = build(data.texts, Path(folder), engine=meaning.engine)
            for refusal, threshold in (("off", 0.0), ("on", THRESHOLD)):
                rows.append([name, refusal, *measure(index, data, meaning=meaning, every=every, threshold=threshold)])
    print(table(["", "refusal", "quotes hold the answer", "within 5 s", "answered", "ms, p95"], rows))


if __name__ == "__main__":
    main()
