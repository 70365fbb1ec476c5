"""What the text in a cell of a scoreboard may be: a clock, a score, a period, a series, a name.

Spanish and English marks alike. A piece of text may hold several ("LAKERS 115"), and what two numbers with a colon are,
clock or score, only time can tell, so both readings stay open here.
"""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["clock", "pair", "number", "period", "series", "end", "word"]
Unit = Literal["quarter", "half", "period", "overtime", "set"]

DASH = r"\s*[-–—‐:]\s*"
_LOOKALIKES = str.maketrans({"O": "0", "o": "0", "D": "0", "Q": "0", "I": "1", "l": "1", "|": "1", "i": "1", "Z": "2",
                             "S": "5", "s": "5", "B": "8"})  # fmt: skip
_UNITS: dict[str, Unit] = {
    "QUARTER": "quarter", "QTR": "quarter", "Q": "quarter", "CUARTO": "quarter", "C": "quarter",
    "HALF": "half", "H": "half", "PARTE": "half", "TIEMPO": "half", "T": "half", "PERIOD": "period", "PER": "period",
    "PERIODO": "period", "PERÍODO": "period", "P": "period",
}  # fmt: skip
_LONG = "QUARTER|QTR|CUARTO|HALF|PARTE|TIEMPO|PERIOD|PERIODO|PERÍODO|PER"
_NAMES = {"FIRST": 1, "PRIMER": 1, "PRIMERA": 1, "SECOND": 2, "SEGUNDO": 2, "SEGUNDA": 2, "THIRD": 3, "TERCER": 3,
          "FOURTH": 4, "ÚLTIMO": 4}  # fmt: skip

_WORD = r"[^\W\d_]+"

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "leads",
        re.compile(
            rf"\b({_WORD}(?: {_WORD})?) (?:LEADS?|WINS?|LIDERA|GANA|DOMINA|VENCE)"
            rf"(?: (?:THE |LA )?(?:SERIES?|ELIMINATORIA))? (\d){DASH}(\d)(?!\d)"
        ),
    ),
    ("tied", re.compile(rf"\b(?:SERIES? )?(?:TIED|EMPATAD[AO]|EMPATE)(?: (?:AT|A))? (\d){DASH}(\d)(?!\d)")),
    ("series", re.compile(rf"\b(?:SERIES?|GLOBAL|AGG(?:REGATE)?|ELIMINATORIA)\b\W*(\d{{1,2}}){DASH}(\d{{1,2}})")),
    ("end", re.compile(r"\b(?:FINAL|FULL TIME|FT)\b")),
    ("overtime", re.compile(r"\b(?:(\d)\s*)?(?:OT|OVERTIME|PRÓRROGA|PRORROGA)(?:\s*(\d))?\b")),
    ("named", re.compile(rf"\b({'|'.join(_NAMES)})\s+({_LONG})\b")),
    ("unit first", re.compile(rf"\b({_LONG}|Q|P|H)\.?\s?([1-9])\b(?![:.]\d)")),
    ("number first", re.compile(rf"(?<![\d:.])([1-9])\s?(?:ST|ND|RD|TH|ER|[ºª°'’.OA])?\s?({_LONG}|[QCTPH])\b\.?")),
    ("ordinal", re.compile(r"(?<![\d:.])([1-9])\s?(?:ST|ND|RD|TH|[ºª])(?!\w)")),
    ("clock", re.compile(r"(?<![\d:.])(\d{1,3})[:;](\d{2})(?:[.,](\d))?(?![\d])")),
    ("tenths", re.compile(r"(?<![\d:.])(\d{0,2})[.,](\d)(?![\d])")),
    ("pair", re.compile(rf"(?<![\d:.])(\d{{1,3}}){DASH}(\d{{1,3}})(?![\d:.])")),
    ("number", re.compile(r"(?<![\w:.])([\dOoQDIl|iZSsB]{1,3})(?![\w:.])")),
    ("word", re.compile(r"[^\W\d_][^\W\d_.'’&]*(?:[ .'’&-]+[^\W\d_][^\W\d_.'’&]*)*")),
)


@dataclass(frozen=True, slots=True)
class Token:
    """One piece. `values` are a pair's or a series' two numbers, a number, a clock's seconds, a period's number; the
    `text` of a series is who leads it, where that is said;
    `place` in [0, 1] is where in the text its middle is."""

    kind: Kind
    text: str
    values: tuple[float, ...]
    place: float
    unit: Unit | None = None


def tokens(text: str) -> list[Token]:
    """The pieces of a text, from left to right."""
    found: list[tuple[int, Token]] = []
    free = text.strip()
    upper = free.upper() if len(free.upper()) == len(free) else free  # ß grows
    masked = list(upper)
    for name, pattern in _PATTERNS:
        where = "".join(masked) if name not in ("number", "word") else "".join(
            c if m != "\0" else "\0" for c, m in zip(free, masked, strict=True)
        )  # fmt: skip
        for match in pattern.finditer(where):
            place = (match.start() + match.end()) / 2 / max(1, len(free))
            token = _token(name, match, free[match.start() : match.end()].strip(), place)
            if token:
                found.append((match.start(), token))
                masked[match.start() : match.end()] = "\0" * (match.end() - match.start())
    return [token for _, token in sorted(found, key=lambda one: one[0])]


def digits(text: str) -> str:
    """The digits that a text is meant to be, letters that look like some taken for them; "" where it is no number."""
    plain = any(c.isdigit() for c in text) or text in ("O", "o", "I", "l")
    read = text.translate(_LOOKALIKES)
    return read if plain and read.isdecimal() else ""


def _token(name: str, match: re.Match[str], text: str, place: float) -> Token | None:
    groups = match.groups()
    if name == "leads":
        return Token("series", groups[0] or "", (float(groups[1]), float(groups[2])), place)
    if name in ("series", "tied"):
        return Token("series", "", (float(groups[0]), float(groups[1])), place)
    if name == "pair":
        return Token("pair", text, (float(groups[0]), float(groups[1])), place)
    if name == "clock":
        if int(groups[1]) > 59:
            return Token("pair", text, (float(groups[0]), float(groups[1])), place)
        return Token("clock", text, (int(groups[0]) * 60.0 + int(groups[1]) + int(groups[2] or 0) / 10,), place)
    if name == "tenths":
        return Token("clock", text, (float(f"{groups[0] or 0}.{groups[1]}"),), place)
    if name == "number":
        read = digits(groups[0])
        return Token("number", text, (float(read),), place) if read else None
    if name == "word":
        return Token("word", text.strip(" .-"), (), place) if sum(map(str.isalpha, text)) > 1 else None
    if name == "end":
        return Token("end", text, (), place)
    return _period(name, groups, text, place)


def _period(name: str, groups: tuple[str | None, ...], text: str, place: float) -> Token:
    if name == "overtime":
        return Token("period", text, (float(groups[0] or groups[1] or 1),), place, "overtime")
    if name == "ordinal":
        return Token("period", text, (float(groups[0] or 0),), place, None)
    unit, number = (groups[0], groups[1]) if name == "unit first" else (groups[1], groups[0])
    value = _NAMES[number or ""] if name == "named" else int(number or 0)
    return Token("period", text, (float(value),), place, _UNITS[unit or ""])
