"""An answer that a language model writes from numbered evidence, and that code checks sentence by sentence.

At most four calls: one to understand a question after earlier ones, or to divide it where a search for the whole finds
too little; one to write the answer, over all talks and of each; one to write on, where the writer missed something and
a further search finds it; one for a second opinion on sentences of which the code is not sure. A sentence that its
evidence does not say is dropped, one that is doubtful after all is marked, and both are counted. Where the model fails,
or nothing of what it wrote for a part is left, that part is Ateneo's own.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ateneo import text
from ateneo.answer.ask import Gathered, cite, written
from ateneo.answer.writer import Evidence, Extractive
from ateneo.errors import EngineError
from ateneo.language import arithmetic, fence
from ateneo.language.calls import Calls
from ateneo.language.checks import check
from ateneo.language.doubts import Doubt
from ateneo.language.forms import NUMBER, TEXT, form, many
from ateneo.records import Answer, Asked, Assistance, Sentence, Talk, TalkAnswer
from ateneo.search.evidence import coverage
from ateneo.search.lexicon import Lexicon

MOST_EVIDENCE = 36  # pieces that the writer is given
MOST_LETTERS = 9000  # of all of them: some 2500 tokens
BESIDE = 1  # sentences before and after a piece, in the same passage, that are given with it
MOST_SEARCHES = 3  # beside the question itself
ENOUGH = 0.75  # share of the question's weight that the talks found must meet; with less, it is divided
TOGETHER = 0.8  # ... that all searches together must meet, where the question itself found no answer
LONGEST = 600  # characters of a sentence
TOKENS = 1500  # of the answer
FEW_TOKENS = 300  # of a plan, of verdicts
ALL = "all"  # the part of an answer that is over all talks
UNSURE = ("words", "elsewhere", "qualifier")  # kinds of doubt that a second opinion may leave as a mark
TONGUES = {"es": {"es": "español", "en": "inglés"}, "en": {"es": "Spanish", "en": "English"}}
QUESTIONS_TONGUE = {"es": "el idioma de la pregunta", "en": "the language of the question"}
_MARKS = re.compile(
    r"\s*[\[(]\s*(?:evidence|evidencia|prueba|pruebas)?\s*\d+(?:\s*[,;–-]\s*\d+)*\s*[\])](?=\W|$)", re.IGNORECASE
)
_BOTH = re.compile(r"\b(?:compar\w+|diferenci\w+|differ\w*|versus|vs|frente a|respecto a|both|ambos|ambas)\b")

_SAID = form({"text": TEXT, "evidence": many(NUMBER)}, closed=False)
_WRITTEN = form({"part": TEXT, "text": TEXT, "evidence": many(NUMBER)}, closed=False)
_SIDES = form({"sides": many(_SAID)}, closed=False)
ANSWER = form(
    {"sentences": many(_WRITTEN), "disagreements": many(_SIDES), "missing": many(TEXT)},
    optional=["disagreements", "missing"], closed=False,
)  # fmt: skip
PLAN = form({"question": TEXT, "searches": many(TEXT)}, closed=False)
VERDICTS = form(
    {"verdicts": many(form({"statement": NUMBER, "supported": {"type": "boolean"}}, closed=False))}, closed=False
)

Look = Callable[[str], Gathered]
Told = Callable[[Sentence], None]


@dataclass
class _Draft:
    """What was written up to now: part → sentences; those that wait for a second opinion; how many were dropped."""

    parts: dict[str, list[Sentence]] = field(default_factory=dict)
    waiting: list[tuple[str, Sentence]] = field(default_factory=list)
    disagreements: list[tuple[Sentence, ...]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # searches for what the writer missed
    dropped: int = 0
    failed: EngineError | None = None

    def every(self) -> list[Sentence]:
        """The sentences of all parts that are borne out."""
        return [sentence for part in self.parts.values() for sentence in part]


def assisted(
    question: str, look: Look, *, calls: Calls, lexicon: Lexicon | None = None, after: Sequence[str] = (),
    told: Told | None = None,
) -> Asked:  # fmt: skip
    """The answer. `look` finds what the archive has on a question; `after` are earlier questions of the conversation;
    `told` is given each sentence of the answer over all talks as soon as it is checked. Never raises EngineError of the
    model: what it fails at, Ateneo does by itself, and says so in the answer's `assistance`."""
    language = text.guess_language(question)
    understood, gathered, failed = _found(question, look, calls=calls, language=language, after=after)
    if not gathered.sure:
        refusal = written(question, gathered, writer=Extractive())
        return _with(refusal, calls, understood=understood, draft=_Draft(failed=failed), question=question)
    evidence, more = chosen(gathered), gathered
    draft = _Draft(failed=failed)
    try:
        _write(understood, evidence, draft, calls=calls, language=language, lexicon=lexicon, told=told)
        more = _further(understood, look, gathered, draft)
        if more is not gathered and (new := _new(more, [*gathered.evidence, *evidence], first=len(evidence) + 1)):
            _write(understood, new, draft, calls=calls, language=language, lexicon=lexicon, told=told, before=evidence)
    except EngineError as error:
        draft.failed = error
    _second_opinion(draft, calls, language=language, told=told)
    whole = _whole(question, gathered, draft, told, further=more.talks)
    return _with(whole, calls, understood=understood, draft=draft, question=question)


def _write(
    question: str, evidence: Sequence[Evidence], draft: _Draft, *, calls: Calls, language: str | None,
    lexicon: Lexicon | None, told: Told | None, before: Sequence[Evidence] = (),
) -> None:  # fmt: skip
    """Adds to the draft what the model writes of this evidence; `before` is other evidence, already written of."""
    judge = _Judge(evidence, lexicon, before=before)
    for part, sentence in _sentences(question, evidence, judge, draft, calls=calls, language=language):
        draft.parts.setdefault(part, []).append(sentence)
        if part == ALL and told:
            told(sentence)


def _further(question: str, look: Look, gathered: Gathered, draft: _Draft) -> Gathered:
    """What was found, with what further searches find for what the writer missed. They may use the words of the
    question and of sentences that are borne out, no others, and each must find an answer by itself."""
    known = set(text.stems(text.tokens(" ".join([question, *(one.text for one in draft.every())]))))
    wanted = [fence.clean(one)[:LONGEST] for one in draft.missing[:MOST_SEARCHES]]
    wanted = [one for one in wanted if one.strip() and set(text.stems(text.content(text.tokens(one)))) <= known]
    parts = [found for one in wanted if (found := look(one)).sure]
    return _joined(gathered, parts) if parts else gathered


def _new(gathered: Gathered, before: Sequence[Evidence], *, first: int) -> list[Evidence]:
    """The evidence that was not there before, numbered from `first`."""
    there = {(one.talk.id, one.start, one.text) for one in before}
    pieces = [one for one in gathered.evidence if (one.talk.id, one.start, one.text) not in there]
    found = chosen(Gathered(gathered.question, gathered.ranked, gathered.sure, tuple(pieces)))
    return [Evidence(first - 1 + e.number, e.talk, e.start, e.end, e.text, e.score) for e in found]


def chosen(gathered: Gathered) -> list[Evidence]:
    """The evidence that the writer is given: the best of every talk in turn, each with the sentences beside it, put in
    order of talk and time, and numbered anew. What sounds like an order to a model is left out."""
    order = {talk.id: n for n, talk in enumerate(gathered.talks)}
    shown = [one for one in gathered.evidence if not fence.orders(one.text)]
    by_talk = {id: [e for e in shown if e.talk.id == id] for id in order}
    place = {(e.talk.id, e.start, e.text): n for id in order for n, e in enumerate(_timed(by_talk[id]))}
    kept: dict[tuple[str, float, str], Evidence] = {}
    letters = 0
    for rank in range(max(map(len, by_talk.values()), default=0)):
        for id, own in by_talk.items():
            timed = _timed(own)
            near = [timed[n] for n in _near(place, own[rank], len(timed))] if rank < len(own) else []
            for one in near:
                key = (id, one.start, one.text)
                if key not in kept and len(kept) < MOST_EVIDENCE and letters + len(one.text) <= MOST_LETTERS:
                    kept[key] = one
                    letters += len(one.text)
    pieces = sorted(kept.values(), key=lambda e: (order[e.talk.id], e.start, e.number))
    return [Evidence(n, e.talk, e.start, e.end, e.text, e.score) for n, e in enumerate(pieces, 1)]


def _timed(evidence: Sequence[Evidence]) -> list[Evidence]:
    return sorted(evidence, key=lambda e: (e.start, e.number))


def _near(place: Mapping[tuple[str, float, str], int], one: Evidence, count: int) -> range:
    n = place[one.talk.id, one.start, one.text]
    return range(max(0, n - BESIDE), min(count, n + BESIDE + 1))


def _found(
    question: str, look: Look, *, calls: Calls, language: str | None, after: Sequence[str]
) -> tuple[str, Gathered, EngineError | None]:
    """The question as understood, what was found for it and for its parts, and what the model failed at."""
    first = look(question) if not after else None
    if first is not None and not _several(question) and (not first.sure or _met([first]) >= ENOUGH):
        return question, first, None  # a plain question that is refused is refused, whatever a model would look for
    try:
        values = {"before": fence.fenced("\n".join(after) or "-", "questions"), "question": question}
        plan = calls.structured("plan", language, values, PLAN, max_tokens=FEW_TOKENS)
    except EngineError as error:
        return question, first or look(question), error
    understood = (fence.clean(plan["question"])[:LONGEST] or question) if after else question
    whole = first or look(understood)
    parts = [look(fence.clean(one)[:LONGEST]) for one in plan["searches"][:MOST_SEARCHES] if one.strip()]
    parts = [one for one in parts if one.sure]
    if not whole.sure and not (_several(understood) and parts and _met([whole, *parts], of=whole) >= TOGETHER):
        return understood, Gathered(whole.question, whole.ranked, (), ()), None
    return understood, _joined(whole, parts), None


def _several(question: str) -> bool:
    """Whether a question asks for more than one thing, as far as its words tell."""
    return question.count("?") > 1 or bool(_BOTH.search(text.fold(question)))


def _met(gathered: Sequence[Gathered], *, of: Gathered | None = None) -> float:
    """The share of a question's weight that the talks found meet, each word where it is met best."""
    question = (of or gathered[0]).question
    met = [0.0] * len(question.words)
    for one in gathered:
        places = {word.token: n for n, word in enumerate(one.question.words)}
        for best in one.sure:
            for n, word in enumerate(question.words):
                if word.token in places:
                    met[n] = max(met[n], best.around[places[word.token]])
    return coverage(question, met)


def _joined(whole: Gathered, parts: Sequence[Gathered]) -> Gathered:
    """What several searches found, as of one: the talks of the whole question first."""
    every = [one for one in (whole, *parts) if one.sure]
    sure = {one.found.talk.id: one for part in reversed(every) for one in reversed(part.sure)}
    order = list(dict.fromkeys(one.found.talk.id for part in every for one in part.sure))
    pieces: dict[tuple[str, float, str], Evidence] = {}
    for rank in range(max(len(part.evidence) for part in every)):
        for one in (part.evidence[rank] for part in every if rank < len(part.evidence)):
            pieces.setdefault((one.talk.id, one.start, one.text), one)
    evidence = [Evidence(n, e.talk, e.start, e.end, e.text, e.score) for n, e in enumerate(pieces.values(), 1)]
    return Gathered(whole.question, whole.ranked, tuple(sure[id] for id in order), tuple(evidence))


class _Judge:
    """Sentences against the evidence that they name; `before` is evidence that is no longer shown."""

    def __init__(
        self, evidence: Sequence[Evidence], lexicon: Lexicon | None, *, before: Sequence[Evidence] = ()
    ) -> None:
        self.known = {one.number: one for one in (*before, *evidence)}
        self.letters = {_letter(n): id for n, id in enumerate(_talks(evidence))}
        self.lexicon = lexicon

    def part(self, said: str) -> str | None:
        """ALL, or the id of the talk whose letter was written; None where there is none such."""
        plain = said.strip().strip(".:").split()[-1:] or [""]
        return ALL if said.strip().lower() == ALL else self.letters.get(plain[0].upper())

    def sentence(self, said: str, numbers: Sequence[int], *, part: str = ALL) -> tuple[Sentence | None, list[Doubt]]:
        """The sentence with its citations, and the doubts; None where it is no sentence, or does not name evidence that
        exists and is of its part."""
        plain = " ".join(_MARKS.sub("", said).split())
        named = [self.known[n] for n in dict.fromkeys(numbers) if n in self.known]
        if part != ALL and any(one.talk.id != part for one in named):
            return None, []
        if not named or not plain or len(plain) > LONGEST or len(named) < len(set(numbers)):
            return None, []
        others = [one.text for one in self.known.values() if not any(_beside(one, other) for other in named)]
        about = [" ".join((one.talk.title, *one.talk.speakers)) for one in named]
        doubts = check(plain, [one.text for one in named], others, lexicon=self.lexicon, about=about)
        shown, _ = arithmetic.corrected(plain, text.guess_language(plain))
        return Sentence(shown, tuple(cite(named))), doubts


def _beside(one: Evidence, other: Evidence) -> bool:
    """Whether two pieces are the same or follow one another: a sentence may reach over their border."""
    return one.talk.id == other.talk.id and abs(one.number - other.number) <= BESIDE


def _talks(evidence: Sequence[Evidence]) -> list[str]:
    """The ids of the talks, in the order in which the model reads them."""
    return list(dict.fromkeys(one.talk.id for one in evidence))


def _letter(n: int) -> str:
    return chr(ord("A") + n) if n < 26 else f"A{n}"


def _sentences(
    question: str, evidence: Sequence[Evidence], judge: _Judge, draft: _Draft, *, calls: Calls, language: str | None
) -> Iterator[tuple[str, Sentence]]:
    """The sentences of the parts that pass, as they come. Raises EngineError."""
    spoken = "es" if language == "es" else "en"
    tongue = TONGUES[spoken].get(language or "", QUESTIONS_TONGUE[spoken])
    values = {"evidence": _shown(evidence), "question": question, "tongue": tongue}
    coming = calls.items("answer", language, values, ANSWER, key="sentences", max_tokens=TOKENS)
    while True:
        try:
            item = next(coming)
        except StopIteration as stop:
            document = stop.value or {}
            _set_side_by_side(document.get("disagreements", []), judge, draft)
            draft.missing = list(document.get("missing", []))
            return
        part = judge.part(item["part"])
        sentence, doubts = judge.sentence(item["text"], item["evidence"], part=part) if part else (None, [])
        if part is None or sentence is None or any(doubt.kind not in UNSURE for doubt in doubts):
            draft.dropped += 1
        elif doubts:
            draft.waiting.append((part, Sentence(sentence.text, sentence.citations, doubts[0].what)))
        else:
            yield part, sentence


def _shown(evidence: Sequence[Evidence]) -> fence.Block:
    """The evidence, talk by talk, as the model reads it."""
    blocks = []
    for n, id in enumerate(_talks(evidence)):
        own = [one for one in evidence if one.talk.id == id]
        blocks.append(fence.numbered([e.text for e in own], numbers=[e.number for e in own], name=f"talk {_letter(n)}"))
    return fence.Block("\n\n".join(blocks))


def _set_side_by_side(found: Sequence[Any], judge: _Judge, draft: _Draft) -> None:
    """Disagreements whose sides are all said, by more than one talk."""
    for one in found:
        judged = [judge.sentence(side["text"], side["evidence"]) for side in one["sides"]]
        sides = tuple(sentence for sentence, doubts in judged if sentence and not doubts)
        if len(sides) == len(judged) and len({c.talk for side in sides for c in side.citations}) > 1:
            draft.disagreements.append(sides)
        else:
            draft.dropped += len(judged)


def _second_opinion(draft: _Draft, calls: Calls, *, language: str | None, told: Told | None) -> None:
    """Drops what the model itself does not find in the quotations; what is left stays marked."""
    supported: dict[int, bool] = {}
    if draft.waiting:
        shown = [
            f"{n}. {fence.clean(one.text)}\n{fence.fenced(chr(10).join(c.quote for c in one.citations), 'quotations')}"
            for n, (_, one) in enumerate(draft.waiting, 1)
        ]
        try:
            values = {"statements": fence.Block("\n\n".join(shown))}
            said = calls.structured("verify", language, values, VERDICTS, max_tokens=FEW_TOKENS)
            supported = {one["statement"]: one["supported"] for one in said["verdicts"]}
        except EngineError:
            pass  # they stay marked
    for n, (part, sentence) in enumerate(draft.waiting, 1):
        if not supported.get(n, True):
            draft.dropped += 1
            continue
        draft.parts.setdefault(part, []).append(sentence)
        if part == ALL and told:
            told(sentence)
    draft.waiting.clear()


def _whole(
    question: str, gathered: Gathered, draft: _Draft, told: Told | None, *, further: Sequence[Talk] = ()
) -> Asked:
    """The answer of what was written; the parts of which nothing is left are Ateneo's own. `further` are talks of which
    some were found later: those are there where something was written of them."""
    own = written(question, gathered, writer=Extractive())
    merged = tuple(draft.parts.get(ALL, ()))
    if not merged and own.answer:
        merged = own.answer.sentences
        for sentence in merged if told else ():
            told(sentence)  # type: ignore[misc]
        draft.failed = draft.failed or EngineError("nothing that the model wrote over all talks was supported")
    talks = tuple(TalkAnswer(one.talk, tuple(draft.parts.get(one.talk.id, ())) or one.sentences) for one in own.talks)
    there = {one.talk.id for one in talks}
    for talk in further:
        of_it = tuple(s for s in merged if any(c.talk == talk.id for c in s.citations))
        if talk.id not in there and (written_of := tuple(draft.parts.get(talk.id, ())) or of_it):
            talks += (TalkAnswer(talk, written_of),)
    return Asked(question, Answer(merged), talks, own.nearest, draft.dropped)


def _with(asked: Asked, calls: Calls, *, understood: str, draft: _Draft, question: str) -> Asked:
    spent = calls.spent
    assistance = Assistance(
        calls.engine.name, spent.calls, spent.read + spent.written, understood if understood != question else "",
        tuple(draft.disagreements), draft.failed,
    )  # fmt: skip
    return Asked(asked.question, asked.answer, asked.talks, asked.nearest, asked.dropped, assistance)
