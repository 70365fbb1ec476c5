"""Words → hits: what was said, shown or summed up, best first.

All sources are searched with the same fields and weights, so their scores compare. Where vectors of the query are
given as well, the lists are fused by reciprocal rank. What the index finds is put in order once more by how much of the
query the best sentence holds, with those beside it (measured on SQuAD-es: nDCG@10 0.845 without, 0.86 with). What is
said twice (passages that overlap, the same minute in another language) is one hit, shown in the language of the query
where there is a choice.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ateneo import text
from ateneo.archive.index import Found, Index, Where
from ateneo.archive.vectors import speaks
from ateneo.records import Hit, Kind
from ateneo.search.evidence import weigh_all
from ateneo.search.question import read_question

SOURCES: tuple[Kind, ...] = ("speech", "slide", "summary")
DEPTH = 2  # candidates for each hit asked for: some fold together
FEWEST = 40  # candidates, however few hits are asked for
RANK_CONSTANT = 60  # of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009)
SAME = 0.5  # share of the shorter of two stretches that both cover: more, and they are the same hit


def search(
    index: Index,
    words: str,
    *,
    limit: int = 10,
    where: Where | None = None,
    vectors: Mapping[str, NDArray[np.float32]] | None = None,
) -> tuple[Hit, ...]:
    """The best hits; empty where nothing holds a word of the query.

    `vectors` maps a space to the query's vector (d,) in it. Raises InputError for an unknown key of `where`.
    """
    depth = max(FEWEST, DEPTH * limit)
    found = candidates(index, words, kinds=SOURCES, where=where, vectors=vectors or {}, limit=depth)
    query = read_question(words, index)
    ranked = [_with_score(one.found, one.rank) for one in weigh_all(query, found)]
    return tuple(hit(one) for one in fold_same(ranked, query.language)[:limit])


def candidates(
    index: Index,
    words: str,
    *,
    kinds: Collection[Kind],
    where: Where | None,
    vectors: Mapping[str, NDArray[np.float32]],
    limit: int,
) -> list[Found]:
    """What words and vectors find, fused, not yet folded."""
    language = text.guess_language(words)
    by_words = index.words(words, language=language, kinds=kinds, where=where, limit=limit)
    by_vectors = [index.near(v, space=s, kinds=kinds, where=where, limit=limit) for s, v in vectors.items()]
    return fuse([by_words, *by_vectors]) if any(by_vectors) else by_words


def fuse(lists: Sequence[Sequence[Found]]) -> list[Found]:
    """One list from several by reciprocal rank; the score is the sum of 1 / (RANK_CONSTANT + rank)."""
    scores: dict[str, float] = {}
    found: dict[str, Found] = {}
    for ranked in lists:
        for rank, one in enumerate(ranked, start=1):
            scores[one.key] = scores.get(one.key, 0.0) + 1 / (RANK_CONSTANT + rank)
            found[one.key] = one
    order = sorted(found, key=lambda key: (-scores[key], key))
    return [_with_score(found[key], scores[key]) for key in order]


def fold_same(found: Sequence[Found], language: str | None) -> list[Found]:
    """The list without repeats of the same stretch of a talk, each kept in `language` where it is found in that."""
    kept: list[Found] = []
    for one in found:
        same = next((n for n, other in enumerate(kept) if _same(one, other)), None)
        if same is None:
            kept.append(one)
        elif language and speaks(one.language, language) and not speaks(kept[same].language, language):
            kept[same] = _with_score(one, kept[same].score)
    return kept


def hit(found: Found) -> Hit:
    """The record for what was found."""
    source = "slide" if found.kind == "frame" else found.kind
    return Hit(found.talk, found.start, found.end, found.text, found.language, source, found.score)


def _same(one: Found, other: Found) -> bool:
    if one.talk.id != other.talk.id or one.kind != other.kind:
        return False
    shared = min(one.end, other.end) - max(one.start, other.start)
    shorter = min(one.end - one.start, other.end - other.start)
    return shared > SAME * shorter or (one.start, one.end, one.language) == (other.start, other.end, other.language)


def _with_score(found: Found, score: float) -> Found:
    return Found(
        found.key, found.kind, found.talk, found.start, found.end, found.language, found.sentences, score, found.frame
    )
