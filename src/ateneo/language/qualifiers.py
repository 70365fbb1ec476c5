"""Small words that bound a claim: only, almost, at least, all or some, must or can, before or after, if.

They weigh nothing as words, and change what is said: "all of them must" is not "some of them can". Each is read as a
value of a field, in Spanish and English alike. Languages use them differently ("can" comes and goes), so that across
two of them a value that stands in place of another of its field counts, and few that are there on one side alone; in
one language also any that came, went or changed between words that stayed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from ateneo.language.doubts import Doubt
from ateneo.language.reading import Token

CLAIMING = {  # field → value → words that say it
    "only": {"only": "only/solely/merely/exclusively/solo/solamente/unicamente/exclusivamente/meramente"},
    "nearly": {"nearly": "almost/nearly/virtually/practically/casi/practicamente/virtualmente"},
    "bound": {
        "least": "at least/no less than/al menos/por lo menos/como minimo/cuando menos/more than #/over #/mas de #",
        "most": "at most/no more than/up to #/como mucho/como maximo/a lo sumo/less than #/fewer than #/under #/"
        "menos de #/hasta #",
    },
    "amount": {"more": "more/greater/mas/mayor/mayores", "less": "less/least/fewer/menos/menor/menores"},
    "share": {
        "all": "all/whole/entire/every/everyone/everybody/everything/todo/toda/todos/todas/cada/entero/entera",
        "majority": "most of/majority/la mayoria/mayor parte",
        "some": "some/someone/somebody/something/algun/alguno/alguna/algunos/algunas/alguien/algo/varios/varias",
    },
    "often": {
        "always": "always/invariably/siempre",
        "sometimes": "sometimes/occasionally/a veces/en ocasiones/algunas veces/de vez en cuando",
    },
    "order": {
        "before": "before/beforehand/previously/antes/previamente/anteriormente",
        "after": "after/afterwards/afterward/despues/tras/posteriormente",
    },
    "mode": {
        "must": "must/should/ought to/have to/has to/had to/having to/debe/deben/debemos/debo/debes/debia/debian/"
        "deberia/deberian/deberiamos/deberias/tiene que/tienen que/tenemos que/tengo que/tienes que/tenia que/tuvo que/"
        "tener que/tuve que/tuvimos que/tuvieron que/teniamos que/tendran que/tendremos que/tendria que/tendrian que/"
        "hay que/habia que/habra que",
        "can": "can/could/may/might/puede/pueden/podemos/puedo/puedes/podria/podrian/podriamos/podrias/podia/podian/"
        "pudo/pudieron/pueda/puedan",
    },
    "if": {
        "if": "if/whether/unless/si/a menos que/a no ser que",
        "because": "because/porque/ya que/puesto que/dado que",
    },
}  # fmt: skip
EXCUSING = {  # words by which a value may be said besides
    "only": "just/alone/unless/single/sole/unico/unica/unicos/unicas/sino/mas que/nada mas/nomas/apenas/barely/hardly/"
    "simply/simplemente/sola/solos/solas/once/until/hasta",
    "nearly": "about #/around #/some #/roughly/close to/cerca de/alrededor de/unos #/unas #/approximately/"
    "aproximadamente",
    "least": "minimum/minimo/if only/even/siquiera/anyway/more/mas/over/or more/o mas/plus/exceed/supera",
    "most": "maximum/maximo/up to/hasta/less/fewer/menos/under/limit/limite/within",
    "majority": "mostly/most/usually/mainly/mayor/mayormente/generalmente/normalmente/principalmente",
    "more": "better/further/additional/larger/bigger/higher/most/mejor/mejores",
    "less": "smaller/lower/minor/inferior",
    "all": "each/any/both/always/cualquier/cualquiera/siempre/ambos/ambas/total",
    "some": "certain/any/several/few/ciertos/ciertas/cierto/cierta/unos/unas/cualquier",
    "always": "all/every/ever/todo/todos/cada/constantly/constantemente",
    "sometimes": "some/times/can/may/algunas/puede/pueden/rara",
    "before": "ago/prior/previous/earlier/until/first/already/hace/previo/previa/anterior/anteriores/primero/ya/hasta",
    "after": "later/then/since/once/next/luego/entonces/desde/posterior/siguiente/past/afterward/cuando",
    "must": "need/needs/needed/necessary/required/requires/supposed/got to/necesita/necesitan/necesitamos/necesito/"
    "necesario/necesaria/obligatorio/falta/deba/deban/obliged/forced",
    "can": "able/possible/maybe/perhaps/potential/poder/capaz/capaces/posible/posibles/quizas/quiza/tal vez/"
    "podra/podran/pudiera/pudieran/podamos/pude/pudimos/sabe/cannot/cant/couldnt/lets/permite/permiten",
    "if": "when/whenever/once/in case/provided/cuando/en caso/siempre que/salvo/excepto/except/had/were/would",
    "because": "since/as/pues/como/due/debido/given",
}  # fmt: skip
NEITHER = (  # phrases that only look like one of them
    "at all/after all/all right/above all/first of all/all the time/all of a sudden/sobre todo/ante todo/del todo/"
    "todo el mundo/todo lo contrario/more or less/mas o menos/once more/any more/more and more/no mas/mas bien/es mas/"
    "mas alla/mas adelante/cada vez mas/not only/no solo/solo que/tan solo/un solo/una sola/if only/as if/even if/"
    "what if/if you will/como si/que tal si/y si/o sea/siempre que/something like/some sort/algo asi/before that/"
    "after that/antes que nada"
)
SURE = ("only", "nearly", "least", "most", "always", "if")  # told where they are gone; all but the last, added
MOVES = 2  # words of a weight that tell what one of them stands for
REACH = 6  # words after it among which these are
MET = 0.45  # of such a word, at the least
SHORT = 4  # words of a part that changed

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Mark:
    """A value said at a place: words [start, end)."""

    field: str
    value: str
    start: int
    end: int


def qualified(sentence: Sequence[Token], evidence: Sequence[Token], met: Matrix, *, same: bool) -> list[Doubt]:
    """Where a sentence bounds what it says otherwise than its evidence; `met` is (N, M), how well their words meet,
    `same` whether they are in one language."""
    own, theirs = (marks(tokens, denied=same) for tokens in (sentence, evidence))
    found = [mark for mark in own if _replaces(mark, own, theirs, evidence)]
    found += [mark for mark in own if _added(mark, own, theirs, evidence)]
    if found:
        return [Doubt("qualifier", _said(sentence, found[0]))]
    if lost := [mark for mark in theirs if _lost(mark, own, theirs, sentence, evidence, met)]:
        return [Doubt("qualifier", _said(evidence, lost[0]))]
    return _moved(sentence, evidence, own, theirs) if same else []


def marks(tokens: Sequence[Token], *, denied: bool) -> list[Mark]:
    """The values that a text says, in order; `denied`: also "must" and "can" beside a negation, where "must not" is
    often "can not" in another language."""
    found, n = [], 0
    while n < len(tokens):
        size, field, value = _at(tokens, n)
        if field and (denied or field != "mode" or not _denied(tokens, n, n + size)):
            found.append(Mark(field, value, n, n + size))
        n += size
    return found


def _at(tokens: Sequence[Token], n: int) -> tuple[int, str, str]:
    """The longest phrase that begins here: its length, field and value; field "" where it is none of them."""
    for size in range(min(LONGEST, len(tokens) - n), 0, -1):
        words = [token.word for token in tokens[n : n + size]]
        if tokens[n].written.lower() == "sí":
            break
        known = PHRASES.get(tuple(words))
        if known is None and tokens[n + size - 1].figure is not None:
            known = PHRASES.get((*words[:-1], "#"))
        if known is not None:
            return size, *known
    return 1, "", ""


def _denied(tokens: Sequence[Token], start: int, end: int) -> bool:
    return any(token.negation for token in tokens[max(0, start - 2) : end + 1])


def _replaces(mark: Mark, own: Sequence[Mark], theirs: Sequence[Mark], evidence: Sequence[Token]) -> bool:
    """Whether a value is said more often than there, and another of its field less often."""
    here, there = (Counter(m.value for m in found if m.field == mark.field) for found in (own, theirs))
    more = here[mark.value] > there[mark.value]
    return more and any(here[v] < there[v] for v in there) and not _excused(mark.value, evidence)


def _added(mark: Mark, own: Sequence[Mark], theirs: Sequence[Mark], evidence: Sequence[Token]) -> bool:
    """Whether a value is said of which the evidence knows nothing."""
    there = any(m.value == mark.value for m in theirs)
    return mark.value in SURE[:-1] and not there and not _excused(mark.value, evidence)


def _lost(
    mark: Mark, own: Sequence[Mark], theirs: Sequence[Mark], sentence: Sequence[Token], evidence: Sequence[Token],
    met: Matrix,
) -> bool:  # fmt: skip
    """Whether a value of the evidence is gone, though what it stands for is told."""
    if mark.value not in SURE or _excused(mark.value, sentence):
        return False
    here = any(m.value == mark.value for m in own)
    after = [m for m in range(mark.end, min(len(evidence), mark.end + REACH)) if _tells(evidence[m])][:MOVES]
    return not here and bool(after) and bool(met.size) and all(met[:, m].max() >= MET for m in after)


def _tells(token: Token) -> bool:
    return token.weight > 0 or token.figure is not None


def _excused(value: str, tokens: Sequence[Token]) -> bool:
    words = f" {' '.join(token.word for token in tokens)} "
    words += f" {' '.join(token.word if token.figure is None else '#' for token in tokens)} "
    return any(f" {phrase} " in words for phrase in EXCUSING[value].split("/"))


def _moved(
    sentence: Sequence[Token], evidence: Sequence[Token], own: Sequence[Mark], theirs: Sequence[Mark]
) -> list[Doubt]:
    """A value that came, went or changed between words that stayed."""
    keys, others = ([token.figure or token.word for token in tokens] for tokens in (sentence, evidence))
    for kind, a, b, c, d in SequenceMatcher(None, keys, others, autojunk=False).get_opcodes():
        if kind == "equal" or max(b - a, d - c) > SHORT:
            continue
        now, before = ([m for m in found if m.start < y and x < m.end] for found, x, y in ((own, a, b), (theirs, c, d)))
        inside = a > 0 and c > 0 and b < len(keys) and d < len(others)
        fields = {m.field for m in now} & {m.field for m in before}
        told, said = ({m.value for m in found if m.field in fields or m.value != "because"} for found in (now, before))
        if told == said or not (inside or fields):
            continue
        if fields or not (_weighs(sentence, a, b, now) or _weighs(evidence, c, d, before)):
            return [Doubt("qualifier", " ".join(t.written for t in (*evidence[c:d], *sentence[a:b])))]
    return []


def _weighs(tokens: Sequence[Token], start: int, end: int, found: Sequence[Mark]) -> bool:
    """Whether there is a word of weight beside the values, so that more than these was changed."""
    return any(tokens[n].weight == 1 and not any(m.start <= n < m.end for m in found) for n in range(start, end))


def _said(tokens: Sequence[Token], mark: Mark) -> str:
    return " ".join(token.written for token in tokens[mark.start : mark.end])


def _phrases() -> dict[tuple[str, ...], tuple[str, str]]:
    """Words of a phrase → its field and value."""
    found = {tuple(phrase.split()): ("", "") for phrase in NEITHER.split("/")}
    for field, values in CLAIMING.items():
        for value, phrases in values.items():
            found |= {tuple(phrase.split()): (field, value) for phrase in phrases.split("/")}
    return found


PHRASES = _phrases()
LONGEST = max(map(len, PHRASES))
