"""A sentence as the checks read it: its words in order, which of them are numbers, names, negations, and what weighs.

Spanish and English alike, without a parser: what is read is what can be compared across two languages by code.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from ateneo import text
from ateneo.common_words import SPEAKING, share
from ateneo.language.figures import figure

_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|[^\W_]+")
_STOP = re.compile(r"[.?!…:]['\"”’»)]*\s*$|[¿¡\"“«(]\s*$")  # before a word that begins a sentence, whatever its letter
_BREAK = re.compile(r"[,;:.?!()—–]|\s-\s")

TELLING = SPEAKING | frozenset("according speaker speakers ponente ponentes orador oradora tell told cuenta".split())
NEGATIONS = frozenset(
    """no not never nunca jamas tampoco ni nor neither nobody nadie nothing nada none ningun ninguna ninguno without sin
    cannot dont doesnt didnt isnt arent wasnt werent wont cant couldnt shouldnt wouldnt havent hasnt hadnt mustnt neednt
    aint nowhere non""".split()
)  # fmt: skip
WEAK = frozenset(
    """hardly barely apenas rarely seldom raramente lack lacks lacking falta faltan carece carecen fail fails failed
    unable incapaz incapaces little few poco pocos pocas poca instead rather unlike except excepto salvo avoid evitar
    evita stop dejar deja refuse niega prevent impide impedir impossible imposible unlikely improbable absent
    ausente missing""".split()
)  # fmt: skip
HOWEVER = {("sin", "embargo"), ("no", "obstante"), ("sin", "duda")}  # they deny nothing
NEGATIVE_BEGINNINGS = ("un", "in", "im", "dis", "des", "non", "ir")
OTHER_BEGINNINGS = tuple(
    """under unico unica unidad unido unida unif union unit univ until incid inclu incorp increas increm index indic
    indiv induc indus influ infla inform ingen ingles ingre inic init inmed innov input inser inside insigh insis inspi
    insta insti instr integ intel inten inter intim intro inven inver inves invit involv imag impact impart imple impli
    impon import impres improv impul discip discov discr discu disen disfr disk dispo displ dista disti distri desarr
    descan descar descen descr descub desde desea deser design deskt dess desta desti iron""".split()
)  # fmt: skip
"""Words that begin so only look as if they denied something."""
LEAST_WORD = 5  # letters of a word that such a beginning negates


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number. `word` is folded; `weight` is 0 for function words, 1 for a subject; `figure` is the value of a
    number; `clause` counts the breaks before it."""

    written: str
    word: str
    stems: tuple[str, ...]
    weight: float
    figure: str | None
    name: bool
    negation: bool
    weak: bool
    clause: int


@lru_cache(maxsize=4096)
def read(sentence: str) -> tuple[Token, ...]:
    """The tokens of a sentence, in order."""
    matches = list(_TOKEN.finditer(sentence))
    capitals = sum(m[0][:1].isupper() for m in matches)
    titled = len(matches) > 3 and capitals > 0.7 * len(matches)  # a heading: capitals tell nothing
    english = text.guess_language(sentence) == "en"
    found: list[Token] = []
    clause = 0
    for n, match in enumerate(matches):
        before = sentence[matches[n - 1].end() if n else 0 : match.start()]
        clause += bool(n and _BREAK.search(before))
        token = _token(match[0], clause, first=not n or bool(_STOP.search(before)), titled=titled)
        following = text.fold(matches[n + 1][0]) if n + 1 < len(matches) else ""
        if (
            (token.word, following) in HOWEVER
            or (token.word == "once" and english)
            or (token.word == "ciento" and n and found[-1].word == "por")
        ):
            token = replace(token, negation=False, figure=None)
        found.append(token)
    return tuple(found)


def content(tokens: Sequence[Token]) -> list[int]:
    """The places of words that weigh something."""
    return [n for n, token in enumerate(tokens) if token.weight > 0]


def _token(written: str, clause: int, *, first: bool, titled: bool) -> Token:
    word = text.fold(written).replace("'", "").replace("’", "")[: text.MAX_TOKEN]
    value = figure(written)
    inner = any(c.isupper() for c in written[1:])
    name = (
        not titled and value is None and len(written) > 1 and not re.match(r"I['’]", written)
        and (inner or (written[:1].isupper() and not first))
    )  # fmt: skip
    negated = word in NEGATIONS
    band = share(word)
    light = negated or len(word) < 2 or band >= 0.5 or word in TELLING or written[:1].isdigit()
    weight = 0.0 if light else 0.4 if band >= 0.1 else 1.0
    stems = tuple(dict.fromkeys((text.stem(word, "es"), text.stem(word, "en"))))
    return Token(written, word, stems, weight, value, name, negated, word in WEAK, clause)
