"""Words → hits: what was said, shown or summed up, best first.

All sources are searched with the same fields and weights, so their scores compare. What the index finds is put in
order once more by how much of the query the best sentence holds, with those beside it (measured on SQuAD-es: nDCG@10
0.845 without, 0.86 with). Where vectors of the query are given as well, what is near by them is added, and the cosine
counts beside the words (a weighted sum: nDCG@10 on SQuAD-es 0.88; reciprocal rank fusion is worse there than words
alone). With a lexicon the query is also looked for word by word in the other language. What is said twice (passages
that overlap, the same minute in another language) is one hit, shown in the language of the query where there is a
choice.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ateneo import text
from ateneo.archive.index import Found, Index, Where
from ateneo.archive.vectors import speaks
from ateneo.records import Hit, Kind
from ateneo.search.evidence import Weighed, weigh_all
from ateneo.search.lexicon import Lexicon
from ateneo.search.question import Question, read_question

SOURCES: tuple[Kind, ...] = ("speech", "slide", "summary")
DEPTH = 2  # candidates for each hit asked for: some fold together
FEWEST = 40  # candidates, however few hits are asked for
NEAR = 0.3  # cosine; what words do not find and is less near than this has nothing to do with the query
LANGUAGES = ("es", "en")  # between which the lexicon translates
SAME = 0.5  # share of the shorter of two stretches that both cover: more, and they are the same hit


def search(
    index: Index,
    words: str,
    *,
    limit: int = 10,
    where: Where | None = None,
    vectors: Mapping[str, NDArray[np.float32]] | None = None,
    lexicon: Lexicon | None = None,
) -> tuple[Hit, ...]:
    """The best hits; empty where nothing holds a word of the query and nothing means what it does.

    `vectors` maps a space to the query's vector (d,) in it. Raises InputError for an unknown key of `where`.
    """
    query = read_question(words, index, lexicon=lexicon)
    depth = max(FEWEST, DEPTH * limit)
    ranked = find(index, query, kinds=SOURCES, where=where, limit=depth, vectors=vectors, lexicon=lexicon)
    return tuple(hit(one.found, one.total) for one in fold_same(ranked, query.language)[:limit])


def find(
    index: Index,
    query: Question,
    *,
    kinds: Collection[Kind],
    where: Where | None,
    limit: int,
    vectors: Mapping[str, NDArray[np.float32]] | None,
    lexicon: Lexicon | None,
) -> list[Weighed]:
    """What words and vectors find, at most `limit` each, weighed and in order of `Weighed.total`; not yet folded."""
    given = (vectors or {}) if text.tokens(query.text) else {}
    near = [one for s, v in given.items() for one in index.near(v, space=s, kinds=kinds, where=where, limit=limit)]
    found = candidates(index, query, kinds=kinds, where=where, limit=limit, lexicon=lexicon)
    return by_meaning(weigh_all(query, union(found, near), lexicon=lexicon), near)


def candidates(
    index: Index, query: Question, *, kinds: Collection[Kind], where: Where | None, limit: int, lexicon: Lexicon | None
) -> list[Found]:
    """What words find, and with a lexicon their translations in texts of the other language."""
    found = index.words(query.text, language=query.language, kinds=kinds, where=where, limit=limit)
    others = _others(index, query.language, wanted=(where or {}).get("language")) if lexicon else []
    if lexicon and others:
        said = " ".join(_translated(query, lexicon))
        for other in others:
            there = {**(where or {}), "language": other}
            found += index.words(said, language=other, kinds=kinds, where=there, limit=limit)
    best: dict[str, Found] = {}
    for one in sorted(found, key=lambda f: -f.score):
        best.setdefault(one.key, one)
    return list(best.values())


def _others(index: Index, language: str | None, *, wanted: str | None) -> list[str]:
    """The languages, besides that of the query, in which the index has texts that are wanted."""
    if language is None:
        return []
    known = [other for other in LANGUAGES if other != language and (wanted is None or speaks(wanted, other))]
    return [wanted or other for other in known if index.speaks(wanted or other)]


def _translated(query: Question, lexicon: Lexicon) -> Iterator[str]:
    """The subject words as they may be said in another language: names also as they are."""
    translations = lexicon.translations([word.token for word in query.words])
    for word, others in zip(query.words, translations, strict=True):
        yield from others
        if word.name or not others:
            yield word.token


def union(by_words: Sequence[Found], near: Sequence[Found]) -> list[Found]:
    """Everything that was found, once; what words did not find has a score of 0, and is left out where it is far."""
    have = {one.key for one in by_words}
    return [*by_words, *(replace(one, score=0.0) for one in near if one.key not in have and one.score >= NEAR)]


def by_meaning(weighed: Sequence[Weighed], near: Sequence[Found]) -> list[Weighed]:
    """Ranks by words and cosines added up, best first. What is not among `near` is as near as the last of them."""
    if not near:
        return list(weighed)
    cosines = {one.key: one.score for one in near}
    farthest = min(cosines.values())
    ranked = [replace(one, cosine=cosines.get(one.found.key, farthest)) for one in weighed]
    return sorted(ranked, key=lambda one: -one.total)


def fold_same(weighed: Sequence[Weighed], language: str | None) -> list[Weighed]:
    """The list without repeats of the same stretch of a talk, each kept in `language` where it is found in that."""
    kept: list[Weighed] = []
    for one in weighed:
        same = next((n for n, other in enumerate(kept) if _same(one.found, other.found)), None)
        if same is None:
            kept.append(one)
        elif language and speaks(one.found.language, language) and not speaks(kept[same].found.language, language):
            kept[same] = replace(one, parts=kept[same].parts, cosine=kept[same].cosine)
    return kept


def hit(found: Found, score: float) -> Hit:
    """The record for what was found."""
    source = "slide" if found.kind == "frame" else found.kind
    return Hit(found.talk, found.start, found.end, found.text, found.language, source, score)


def _same(one: Found, other: Found) -> bool:
    if one.talk.id != other.talk.id or one.kind != other.kind:
        return False
    shared = min(one.end, other.end) - max(one.start, other.start)
    shorter = min(one.end - one.start, other.end - other.start)
    return shared > SAME * shorter or (one.start, one.end, one.language) == (other.start, other.end, other.language)
