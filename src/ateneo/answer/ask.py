"""A question → what each talk answers, and one answer over all of them, every sentence with its citation.

What is found is weighed sentence by sentence; a talk that is not likely to answer is left out, and where none is
likely the archive does not say. The sentences of those that remain are numbered: that is the evidence. Whoever writes
names evidence by number, and code turns the number into talk and second, so that no time can be invented.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ateneo import text
from ateneo.answer.confidence import THRESHOLD, confidence
from ateneo.answer.writer import Evidence, Extractive, Writer
from ateneo.archive.index import Found, Index, Where
from ateneo.language import arithmetic
from ateneo.records import Answer, Asked, Citation, Kind, Sentence, Talk, TalkAnswer
from ateneo.search.evidence import Weighed, coverage
from ateneo.search.lexicon import Lexicon
from ateneo.search.question import Question, read_question
from ateneo.search.search import find, fold_same, hit

DEPTH = 40  # passages looked at
MOST_TALKS = 20  # considered as answering
NEAREST = 5  # hits shown where the archive does not say
CITED: tuple[Kind, ...] = ("speech", "slide")  # summaries repeat what was said
SLIDE = 0.8  # of the score of a spoken sentence: a line of a slide, which reads less well
FEWEST_NEW = 2  # subject words that the question does not have, in a sentence that says something
REPEATS = 0.6  # of its score, for one that does not
TITLE = 0.1  # of its score, for a line of a slide that only repeats the title or the speakers of the talk
SHARE_OF_BEST = 0.8  # a talk that covers less than this of what the best one covers is left out


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found for a question: the question as read, passages best first, the best one of each talk that is
    likely to answer, and the numbered evidence of those talks, best first."""

    question: Question
    ranked: tuple[Weighed, ...]
    sure: tuple[Weighed, ...]
    evidence: tuple[Evidence, ...]

    @property
    def talks(self) -> list[Talk]:
        """The talks that are likely to answer, best first."""
        return list(dict.fromkeys(one.found.talk for one in self.sure))


def ask(
    index: Index,
    question: str,
    *,
    limit: int = 5,
    where: Where | None = None,
    threshold: float = THRESHOLD,
    writer: Writer | None = None,
    vectors: Mapping[str, NDArray[np.float32]] | None = None,
    lexicon: Lexicon | None = None,
) -> Asked:
    """What the archive says: at most `limit` talks, best first, and one merged answer; or None and the nearest hits.

    `threshold` in [0, 1]: 0 always answers where anything is found. `vectors` maps a space to the question's vector
    (d,) in it; with a lexicon, what is said in other words or another language counts as well.
    """
    gathered = gather(index, question, limit=limit, where=where, threshold=threshold, vectors=vectors, lexicon=lexicon)
    return written(question, gathered, writer=writer or Extractive())


def gather(
    index: Index,
    question: str,
    *,
    limit: int = 5,
    where: Where | None = None,
    threshold: float = THRESHOLD,
    vectors: Mapping[str, NDArray[np.float32]] | None = None,
    lexicon: Lexicon | None = None,
) -> Gathered:
    """What is found for a question, and the talks that are likely to answer it. Arguments as of `ask`."""
    read = read_question(question, index, lexicon=lexicon)
    found = find(index, read, kinds=CITED, where=where, limit=DEPTH, vectors=vectors, lexicon=lexicon)
    ranked = fold_same(found, read.language)
    talks = best_of_talks(ranked)
    probable = [confidence(read, talks, n) for n in range(min(len(talks), MOST_TALKS))]
    sure = tuple(talks[n] for n in answering(read, talks, probable, threshold)[:limit])
    evidence = number(read, ranked, [one.found.talk for one in sure]) if sure else []
    return Gathered(read, tuple(ranked), sure, tuple(evidence))


def written(question: str, gathered: Gathered, *, writer: Writer) -> Asked:
    """The answer that a writer makes of what was found, or the refusal."""
    nearest = tuple(hit(one.found, one.total) for one in gathered.ranked[:NEAREST])
    if not gathered.sure:
        return Asked(question, None, (), nearest)
    per_talk = [(talk, [e for e in gathered.evidence if e.talk.id == talk.id]) for talk in gathered.talks]
    answers = [(talk, _write(writer, question, own)) for talk, own in per_talk]
    merged, dropped = _write(writer, question, gathered.evidence)
    told = tuple(TalkAnswer(talk, sentences) for talk, (sentences, _) in answers if sentences)
    return Asked(question, Answer(merged), told, nearest, dropped + sum(lost for _, (_, lost) in answers))


def best_of_talks(ranked: Sequence[Weighed]) -> list[Weighed]:
    """The best passage of each talk, best talk first."""
    best: dict[str, Weighed] = {}
    for one in ranked:
        best.setdefault(one.found.talk.id, one)
    return list(best.values())


def number(question: Question, ranked: Sequence[Weighed], talks: Sequence[Talk]) -> list[Evidence]:
    """The sentences of the answering talks as numbered evidence, best first."""
    order = {talk.id: n for n, talk in enumerate(talks)}
    best = max(one.rank for one in ranked)
    weighed = [
        (score * one.rank / best * _worth(question, one.found, n), one, n)
        for one in ranked if one.found.talk.id in order for n, score in enumerate(one.scores)
    ]  # fmt: skip
    weighed.sort(key=lambda item: (-item[0], order[item[1].found.talk.id], item[1].found.start, item[2]))
    seen: set[tuple[str, float, str]] = set()
    evidence: list[Evidence] = []
    for score, one, n in weighed:
        said = one.found.sentences[n]
        if (place := (one.found.talk.id, said.start, said.text)) not in seen:
            seen.add(place)
            evidence.append(Evidence(len(evidence) + 1, one.found.talk, said.start, said.end, said.text, score))
    return evidence


def _worth(question: Question, found: Found, n: int) -> float:
    """Less than 1 for a sentence that says nothing beyond the question, and for a line of a slide."""
    asked = {text.stem(word.token, found.language) for word in question.words}
    said = _subjects(found.sentences[n].text, found.language)
    if found.kind == "slide" and said <= _subjects(" ".join([found.talk.title, *found.talk.speakers]), found.language):
        return TITLE
    return (SLIDE if found.kind == "slide" else 1.0) * (1.0 if len(said - asked) >= FEWEST_NEW else REPEATS)


def _subjects(words: str, language: str) -> set[str]:
    """The stems of the words that carry a subject."""
    return set(text.stems(text.content(text.tokens(words)), language))


def answering(question: Question, talks: Sequence[Weighed], sure: Sequence[float], threshold: float) -> list[int]:
    """Which talks answer, surest first: sure enough, and meeting most of what the first meets; near misses do not."""
    likely = sorted((n for n in range(len(sure)) if sure[n] >= threshold), key=lambda n: -sure[n])
    if not likely:
        return []
    best = talks[likely[0]].around
    whole = coverage(question, best)
    return [n for n in likely if coverage(question, list(map(min, talks[n].around, best))) >= SHARE_OF_BEST * whole]


def _write(writer: Writer, question: str, evidence: Sequence[Evidence]) -> tuple[tuple[Sentence, ...], int]:
    """The written sentences with their citations, and how many were dropped for naming no evidence that exists."""
    known = {one.number: one for one in evidence}
    sentences, dropped = [], 0
    for written in writer.write(question, evidence):
        named = [known[n] for n in written.evidence if n in known]
        if named:
            shown, _ = arithmetic.corrected(written.text, text.guess_language(written.text))
            sentences.append(Sentence(shown, tuple(cite(named))))
        else:
            dropped += 1
    return tuple(sentences), dropped


def cite(evidence: Sequence[Evidence]) -> Iterator[Citation]:
    """The citations of pieces of evidence: talk, seconds, and the words as they stand there."""
    for one in evidence:
        yield Citation(one.talk.id, one.start, one.end, one.text)
