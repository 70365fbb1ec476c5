"""Finding the right talk by words: nDCG@10 and R@1 on SQuAD-es, beside bm25s with a Spanish analyser.

python benchmarks/retrieval.py
"""

import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import bm25s
import Stemmer
from squad_talks import Corpus, build, corpus, table

from ateneo import text
from ateneo.archive.local_index import LocalIndex
from ateneo.search.search import search

Ranker = Callable[[str], list[str]]


def ours(index: LocalIndex) -> Ranker:
    """Talks in the order of their best hit."""
    return lambda question: list(dict.fromkeys(hit.talk.id for hit in search(index, question, limit=15)))


def peer(texts: dict[str, str]) -> Ranker:
    """bm25s over whole paragraphs: folded words, Snowball stems; function words kept, it does worse without them."""
    stemmer = Stemmer.Stemmer("spanish")

    def analyse(texts: list[str]) -> list[list[str]]:
        return [stemmer.stemWords(text.tokens(t)) for t in texts]

    ids = list(texts)
    model = bm25s.BM25()
    model.index(analyse(list(texts.values())), show_progress=False)

    def rank(question: str) -> list[str]:
        found, _ = model.retrieve(analyse([question]), k=10, show_progress=False)
        return [ids[n] for n in found[0]]

    return rank


def measure(rank: Ranker, data: Corpus) -> tuple[float, float, float]:
    """nDCG@10, R@1, processor milliseconds a question. One right talk a question, so nDCG is 1 / log2(rank + 1)."""
    gain = first = 0.0
    start = time.process_time()
    for question in data.questions:
        talks = rank(question.text)[:10]
        if question.talk in talks:
            place = talks.index(question.talk) + 1
            gain += 1 / math.log2(place + 1)
            first += place == 1
    milliseconds = 1000 * (time.process_time() - start) / len(data.questions)
    return gain / len(data.questions), first / len(data.questions), milliseconds


def main() -> None:
    data = corpus()
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        index = build(data.texts, Path(folder))
        print(f"{len(data.texts)} talks, {index.size()} passages, indexed in {time.process_time() - start:.1f} s")
        rows = [["Ateneo, words alone", *measure(ours(index), data)], ["bm25s", *measure(peer(data.texts), data)]]
        print(table(["", "nDCG@10", "R@1", "ms/question"], rows))


if __name__ == "__main__":
    main()
