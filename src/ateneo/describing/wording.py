"""Numbers in words as figures: "tied at one hundred and fifteen", "a trece segundos del final".

Small words are numbers only where something is counted ("two points", "by two"), and never one, un, once.
"""

import re

_ES = ("cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis "
       "diecisiete dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco "
       "veintiseis veintisiete veintiocho veintinueve").split()  # fmt: skip
_EN = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
       "seventeen eighteen nineteen").split()  # fmt: skip
_TENS = {
    "es": {"treinta": 30, "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "setenta": 70, "ochenta": 80, "noventa": 90},
    "en": {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
           "ninety": 90},
}  # fmt: skip
_SMALL = {"es": {word: n for n, word in enumerate(_ES)}, "en": {word: n for n, word in enumerate(_EN)}}
_HUNDREDS = {"es": {"cien": 100, "ciento": 100, "doscientos": 200}, "en": {"hundred": 100}}
_JOIN = {"es": "y", "en": "and"}
_LEAST = 4  # below, a word is a number only where something is counted
_COUNTED = re.compile(
    r"[ -](?:points?|pointers?|goals?|games?|sets?|seconds?|minutes?|puntos?|goles?|juegos?|tantos?|segundos?|"
    r"minutos?)\b"
)
_BY = re.compile(r"\b(?:by|por|at|to|a|up|de)\s+$")


def counted(folded: str, language: str) -> str:
    """A folded text with its numbers in figures."""
    chosen = language if language in _SMALL else "en"
    words = {**_SMALL[chosen], **_TENS[chosen], **_HUNDREDS[chosen]}
    one = "|".join(sorted(words, key=len, reverse=True))
    pattern = re.compile(rf"\b(?:a )?(?:{one})(?:(?:[ -]{_JOIN[chosen]}[ -]|[ -])(?:{one}))*\b")
    made, last = [], 0
    for match in pattern.finditer(folded):
        value = _value([w for w in re.split(r"[ -]", match[0]) if w in words], chosen)
        if value is None or not _is_number(value, match, folded):
            continue
        made.append(folded[last : match.start()] + str(value))
        last = match.end()
    return "".join(made) + folded[last:]


def _value(words: list[str], language: str) -> int | None:
    """What the words add up to; None where they are no number together ("two three")."""
    total, room = 0, 1000
    for word in words:
        if word == "hundred":
            total, room = (total or 1) * 100, 100
        elif word in _HUNDREDS[language]:
            total, room = total + _HUNDREDS[language][word], 100
        else:
            value = _TENS[language].get(word, _SMALL[language].get(word, 0))
            if value >= room:
                return None
            total, room = total + value, 10 if word in _TENS[language] else 1
    return total


def _is_number(value: int, match: re.Match[str], folded: str) -> bool:
    if match[0].strip() in ("once", "one", "uno"):
        return False
    if value >= _LEAST:
        return True
    return value > 1 and bool(_COUNTED.match(folded, match.end()) or _BY.search(folded[: match.start()]))
