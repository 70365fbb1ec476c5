"""Numbers as they are said in two languages: "12,5 %", "1.200", "dos mil", "twenty-five", "1.5 million" as one value.

A value is a plain decimal as text ("12.5"). One and first are no numbers here: un, una and one are articles as often.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from ateneo import text

_UNITS = """zero/cero two/dos three/tres four/cuatro five/cinco six/seis seven/siete eight/ocho nine/nueve ten/diez
eleven/once twelve/doce thirteen/trece fourteen/catorce fifteen/quince sixteen/dieciseis seventeen/diecisiete
eighteen/dieciocho nineteen/diecinueve""".split()
_TENS = "twenty/veinte thirty/treinta forty/cuarenta fifty/cincuenta sixty/sesenta seventy/setenta eighty/ochenta ninety/noventa"  # noqa: E501
_HUNDREDS = "doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos".split()
_TWENTIES = "veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve"
WORDS: dict[str, float] = {
    **{w: n + (n > 0) for n, both in enumerate(_UNITS) for w in both.split("/")},
    **{w: 20 + 10 * n for n, both in enumerate(_TENS.split()) for w in both.split("/")},
    **{w: 21 + n for n, w in enumerate(_TWENTIES.split())},
    **{w: 200 + 100 * n for n, w in enumerate(_HUNDREDS)},
    "cien": 100, "ciento": 100, "hundred": 100, "hundreds": 100, "cientos": 100, "centenar": 100, "mil": 1000,
    "thousand": 1000, "thousands": 1000, "miles": 1000, "million": 1e6, "millon": 1e6, "millions": 1e6, "millones": 1e6,
    "billion": 1e9, "dozen": 12, "docena": 12,
}  # fmt: skip
MULTIPLIERS = (1e3, 1e6, 1e9)
HUNDRED = 100
ARTICLES = ("a", "an", "un", "una", "one", "uno")  # before a multiplier
JOINING = ("and", "y")
SAID_OTHERWISE: dict[str, tuple[float, ...]] = {  # words by which a number is said without being one
    **dict.fromkeys("both ambos ambas couple pair par pareja twice double doble duplicar".split(), (2,)),
    **dict.fromkeys("half mitad medio media".split(), (2, 50)),
    **dict.fromkeys("second segundo segunda dual".split(), (2,)),
    **dict.fromkeys("third tercero tercera tercer tercio triple thrice".split(), (3,)),
    **dict.fromkeys("fourth cuarto cuarta quarter quarters cuartos cuartas".split(), (4, 25)),
    **dict.fromkeys("fifth quinto quinta".split(), (5,)),
    **dict.fromkeys("sixth sexto sexta".split(), (6,)), **dict.fromkeys("seventh septimo septima".split(), (7,)),
    **dict.fromkeys("eighth octavo octava".split(), (8,)), **dict.fromkeys("ninth noveno novena".split(), (9,)),
    **dict.fromkeys("tenth decimo decima decade decada".split(), (10,)), "century": (100,), "siglo": (100,),
}  # fmt: skip
_GROUPED = re.compile(r"\d{1,3}([.,]\d{3})+")


def figure(word: str) -> str | None:
    """The value of one word or number, None where it is none."""
    if word[:1].isdigit():
        return _digits(word)
    value = WORDS.get(text.fold(word))
    return None if value is None else _plain(value)


@lru_cache(maxsize=4096)
def values(words: tuple[str, ...]) -> frozenset[str]:
    """Every value that the words of a text may give, in order: each by itself, neighbours joined ("two hundred and
    five", "1.5 million"), and what is said otherwise ("both")."""
    found = {value for word in words if (value := figure(word)) is not None}
    for n in range(len(words)):
        found |= set(_joined(words[n : n + 8]))
        found |= {_plain(v) for v in SAID_OTHERWISE.get(text.fold(words[n]), ())}
    for word in words:
        if ":" in word:  # the parts of a clock time
            found |= {_plain(float(part)) for part in word.split(":") if part.isdigit()}
    return frozenset(found)


def _joined(words: Sequence[str]) -> list[str]:
    """The values of the number words that begin here, joined step by step: tens take units, hundreds take tens, and a
    multiplier takes what stands before it, an article as one."""
    total, current, digits = 0.0, 0.0, False
    found: list[str] = []
    for n, word in enumerate(words):
        folded = text.fold(word)
        if (folded in ARTICLES and n == 0) or (folded in JOINING and found):
            continue
        value = figure(word)
        if value is None or not value.replace(".", "", 1).isdigit():
            break
        number = float(value)
        if number in MULTIPLIERS:
            total, current = (total + (current or 1.0)) * number, 0.0
        elif digits or (found and word[:1].isdigit()):
            break  # digits beside digits are two numbers
        elif number == HUNDRED and 0 < current < HUNDRED:
            current *= HUNDRED
        elif current % 10 ** len(str(int(number))) == 0:
            current += number
        else:
            break
        digits = digits or word[:1].isdigit()
        found.append(_plain(total + current))
    return found


def _digits(number: str) -> str | None:
    if ":" in number:
        return number
    if _GROUPED.fullmatch(number):
        return _plain(float(re.sub(r"[.,]", "", number)))
    plain = number.replace(",", ".")
    if plain.count(".") > 1:
        return number
    match = re.fullmatch(r"\d+(\.\d+)?", plain)
    return _plain(float(plain)) if match else None


def _plain(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
