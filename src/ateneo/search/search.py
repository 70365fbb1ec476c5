"""Words → hits: what was said, shown or summed up, best first.

All sources are searched with the same fields and weights, so their scores compare. What the index finds is put in
order once more by how much of the query the best sentence holds, with those beside it (measured on SQuAD-es: nDCG@10
0.845 without, 0.86 with). Where vectors of the query are given as well, what is near by them is added, and the cosine
counts beside the words (a weighted sum: nDCG@10 on SQuAD-es 0.88; reciprocal rank fusion is worse there than words
alone). What is said twice (passages that overlap, the same minute in another language) is one hit, shown in the
language of the query where there is a choice.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ateneo import text
from ateneo.archive.index import Found, Index, Where
from ateneo.archive.vectors import speaks
from ateneo.records import Hit, Kind
from ateneo.search.evidence import Weighed, weigh_all
from ateneo.search.question import read_question

SOURCES: tuple[Kind, ...] = ("speech", "slide", "summary")
DEPTH = 2  # candidates for each hit asked for: some fold together
FEWEST = 40  # candidates, however few hits are asked for
NEAR = 0.3  # cosine; what words do not find and is less near than this has nothing to do with the query
MEANING = 1.0  # weight of the cosine beside the rank by words, which is in [0, 1]
SAME = 0.5  # share of the shorter of two stretches that both cover: more, and they are the same hit


def search(
    index: Index,
    words: str,
    *,
    limit: int = 10,
    where: Where | None = None,
    vectors: Mapping[str, NDArray[np.float32]] | None = None,
) -> tuple[Hit, ...]:
    """The best hits; empty where nothing holds a word of the query and nothing means what it does.

    `vectors` maps a space to the query's vector (d,) in it. Raises InputError for an unknown key of `where`.
    """
    depth = max(FEWEST, DEPTH * limit)
    by_words = candidates(index, words, kinds=SOURCES, where=where, limit=depth)
    given = (vectors or {}) if text.tokens(words) else {}
    near = [one for s, v in given.items() for one in index.near(v, space=s, kinds=SOURCES, where=where, limit=depth)]
    query = read_question(words, index)
    ranked = by_meaning(weigh_all(query, union(by_words, near)), near)
    return tuple(hit(one) for one in fold_same(ranked, query.language)[:limit])


def candidates(
    index: Index,
    words: str,
    *,
    kinds: Collection[Kind],
    where: Where | None,
    limit: int,
) -> list[Found]:
    """What words find, not yet folded."""
    return index.words(words, language=text.guess_language(words), kinds=kinds, where=where, limit=limit)


def union(by_words: Sequence[Found], near: Sequence[Found]) -> list[Found]:
    """Everything that was found, once; what words did not find has a score of 0, and is left out where it is far."""
    have = {one.key for one in by_words}
    return [*by_words, *(_with_score(one, 0.0) for one in near if one.key not in have and one.score >= NEAR)]


def by_meaning(weighed: Sequence[Weighed], near: Sequence[Found]) -> list[Found]:
    """Ranks by words and cosines added up, best first. What is not among `near` is as near as the last of them."""
    cosines = {one.key: one.score for one in near}
    farthest = min(cosines.values(), default=0.0)
    ranks = (one.rank + MEANING * cosines.get(one.found.key, farthest) for one in weighed)
    ranked = [_with_score(one.found, rank) for one, rank in zip(weighed, ranks, strict=True)]
    return sorted(ranked, key=lambda found: -found.score)


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
