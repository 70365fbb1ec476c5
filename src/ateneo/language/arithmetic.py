"""The calculations that stand in a text, each calculated again: right or wrong, and what it should be.

A calculation is two sides and what says that they are equal, at least one of them with something to calculate: 5,53 ×
5,16 = 28,53; the 20 % of 150 is 30; 72 km/h = 20 m/s. A stated number is right where the value rounds to it at the
places it has. Dates, versions, ranges and scores are no calculations; where it is open whether something is one,
nothing is said of it. That the arithmetic is right says nothing of the formula: a wrong one can be calculated
rightly.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from math import log
from typing import Any

from ateneo.language.evaluation import SCALES, Evaluation, Reading, number, readings
from ateneo.language.expressions import Parser, Token, Tree, Unparsed, plain, tokens
from ateneo.language.quantities import CALENDAR, NotJudged, Quantity, alike, converted, factor

LONGEST = 200_000  # letters of a text that is looked through
WIDEST = 60  # tokens of one side
PLAUSIBLE = 12.0  # after a mere "is": a stated number farther off, as a ratio, is no result of it
ROUND_QUOTIENT = 0.02  # a quotient of whole numbers may be told as a whole number that is no farther off
NEARLY = 0.05  # after "about", a round number may be off by as much
CONJUNCTIONS = "yeoua"  # single letters that are words, not variables
MARKS = {"es": "recalculado", "en": "recalculated"}

_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_VERSIONED = frozenset(
    "versión version v release python java node php cuda windows ios android ubuntu debian numpy django bluetooth usb"
    " http capítulo chapter artículo article página page figura figure tabla table sección section ley law".split()
)
_OPENERS = frozenset(
    "y and que that so pues entonces then because porque hence luego thus es is si if donde where".split()
)


@dataclass(frozen=True, slots=True)
class Sum:
    """A calculation as it stands in the text from `start` to `end`, what it comes to in the unit that it states, and
    whether what it states is that; `shown` is the value as it should have been written."""

    found: str
    value: float
    right: bool
    start: int
    end: int
    shown: str


@dataclass(frozen=True, slots=True)
class _Side:
    """One side: its tree, and the tokens from `first` until before `last`."""

    tree: Tree
    first: int
    last: int

    @property
    def bare(self) -> bool:
        """Whether it is a number alone, with its unit perhaps."""
        return bool(_core(self.tree)[0] == "num")


def check(text: str, language: str | None = None) -> list[Sum]:
    """The calculations of a text, in order. `language` (BCP 47) says how a number is read that can be read in two ways;
    None: as in English."""
    found = tokens(plain(text[:LONGEST]))
    spanish = (language or "en").split("-")[0].lower() not in ("en", "zh", "ja", "ko")
    sums = [made for at, token in enumerate(found) if token.kind == "rel"
            if (made := _Claim(text, found, at, spanish=spanish).judged())]  # fmt: skip
    return sorted([*sums, *_changes(text, spanish=spanish)], key=lambda one: one.start)


_DIGITS = r"\d+(?:[.,]\d+)*"
_RISE = r"(?P<{}>aumento|subida|incremento|crecimiento|increase|rise|growth|gain)"
_FALL = r"(?P<{}>descenso|caída|bajada|reducción|disminución|decrease|drop|fall|reduction|decline)"
_CHANGE = re.compile(
    rf"(?i:\b(?:de|desde|from)\s(?P<one>{_DIGITS})(?P<unit>[^\d\n]{{0,20}}?)\s(?:a|hasta|to)\s(?P<other>{_DIGITS})"
    rf"(?P<between>[^\d\n.]{{0,30}}?)\b(?:es|hay|supone|representa|=|is|means|represents|gives|da)\s(?:un|una|a|an)?\s?"
    rf"(?:(?:{_RISE.format('rise')}|{_FALL.format('fall')})\s(?:del|de un|de|of)\s(?P<after>{_DIGITS})\s?%"
    rf"|(?P<before>{_DIGITS})\s?%\s(?:{_RISE.format('rose')}|{_FALL.format('fell')})))"
)


def _changes(text: str, *, spanish: bool) -> Iterator[Sum]:
    """Changes in percent: de 80 a 100 es un aumento del 25 %."""
    for found in _CHANGE.finditer(text[:LONGEST]):
        if _YEAR.fullmatch(found["one"]) and _YEAR.fullmatch(found["other"]):
            continue
        said = found["after"] or found["before"]
        falls = bool(found["fall"] or found["fell"])
        for reading in readings([found["one"], found["other"], said], spanish=spanish, angles=False, logs=False):
            one, other, stated = (number(written, reading.decimal) for written in (found["one"], found["other"], said))
            if not (one and other and stated and one.value and stated.places is not None):
                continue
            value = float((one.value - other.value if falls else other.value - one.value) / one.value * 100)
            right = abs(value - float(stated.value)) <= 0.5 * 10.0**-stated.places + 1e-9
            shown = f"{value:.{stated.places}f}%"
            shown = shown.replace(".", ",") if reading.decimal == "," else shown
            yield Sum(found[0], value, right, found.start(), found.end(), shown)
            break


def corrected(text: str, language: str | None = None) -> tuple[str, list[Sum]]:
    """The text with what is wrong in it put right beside it, in sight, and its calculations."""
    sums = check(text, language)
    mark = MARKS.get((language or "en").split("-")[0].lower(), MARKS["en"])
    for one in reversed(sums):
        if not one.right:
            note = f" [{mark}: {one.shown}]"
            if _in_math(text, one.end):
                shown = re.sub(r"(?<=\d),(?=\d)", "{,}", one.shown)
                note = rf"\ [\text{{{mark}: }}{shown}]"
            text = text[: one.end] + note + text[one.end :]
    return text, sums


def _in_math(text: str, place: int) -> bool:
    """Whether LaTeX's mathematics are open here."""
    before = text[:place]
    dollars = len(re.findall(r"(?<!\\)\$", before.replace("$$", "$")))
    closed = max(before.rfind(r"\)"), before.rfind(r"\]"))
    # a price in dollars opens nothing: mathematics end with a dollar, too, before the paragraph does
    ends = "$" in text[place:].partition("\n\n")[0]
    return (dollars % 2 == 1 and ends) or max(before.rfind(r"\("), before.rfind(r"\[")) > closed


def _core(tree: Tree) -> Tree:
    """Without unit, sign, percent sign and scale."""
    while tree[0] in ("unit", "neg", "%", "scale"):
        tree = tree[1]
    return tree


def _walk(tree: Any) -> Iterator[Tree]:
    """The tree and all within it."""
    yield tree
    for part in tree[1:]:
        if isinstance(part, tuple):
            yield from _walk(part)


class _Claim:
    """One relation of a text with what stands on its sides."""

    def __init__(self, text: str, found: Sequence[Token], at: int, *, spanish: bool) -> None:
        self.text, self.tokens, self.at, self.spanish = text, found, at, spanish
        self.parser = Parser(found)
        self.strength = found[at].value

    def judged(self) -> Sum | None:
        """What is said of it; None where nothing is."""
        judged = self._readings()
        if self._has_bare_root() and not any(one.right for one, _ in judged):
            self.parser = Parser(self.tokens, wide=True)
            judged += self._readings()
        if not judged:
            return None
        return next((one for one in judged if one[0].right), min(judged, key=lambda one: abs(log(one[1] or 1e-9))))[0]

    def _readings(self) -> list[tuple[Sum, float]]:
        """The judgements of all pairs of sides, each with the stated number as a share of the value."""
        pairs = [(left, right) for left in self._lefts() for right in self._rights()][:12]
        return [one for left, right in pairs if (one := self._pair(left, right))]

    def _has_bare_root(self) -> bool:
        """Whether a root near the relation has no brackets, so that it may be of more than one number."""
        near = range(max(0, self.at - WIDEST), min(len(self.tokens) - 1, self.at + WIDEST))
        return any(self.tokens[n].kind == "root" and self.tokens[n + 1].kind != "open" for n in near)

    # which sides

    def _lefts(self) -> list[_Side]:
        """The calculations that end at the relation: the longest, then those that begin after a dash in it."""
        before = self.at
        while before and self.tokens[before - 1].kind == "stop" and self.tokens[before - 1].value == "\n":
            before -= 1
        found: list[_Side] = []
        for first in range(self._barrier(before), before):
            if self.parser.kind(first) in ("rel", "stop", "close", "of", "unit", "pct", "sup", "post", "scale"):
                continue
            if self.parser.kind(first) == "word" or self._bullet(first) or (found and not self._after_dash(first)):
                continue
            if (side := self._ending(first, before)) and self._free(first):
                found.append(side)
            elif side:
                return found
        return found

    def _barrier(self, before: int) -> int:
        """The token after the last stop before here."""
        first = before
        while first and self.tokens[first - 1].kind != "rel" and before - first < WIDEST:
            if self.tokens[first - 1].kind == "stop" and not self._in_list(first - 1):
                break
            first -= 1
        return first

    def _in_list(self, at: int) -> bool:
        return self.tokens[at].value == "," and any(
            token.kind == "all" for token in self.tokens[max(0, at - WIDEST) : at]
        )

    def _ending(self, first: int, before: int) -> _Side | None:
        try:
            return next((_Side(tree, first, end) for tree, end in self.parser.sums(first) if end == before), None)
        except Unparsed:
            return None

    def _bullet(self, at: int) -> bool:
        """Whether this is the dash before an entry of a list."""
        dash = self.tokens[at].value == "-" and self.text[self.tokens[at].end : self.tokens[at].end + 1].isspace()
        return dash and (at == 0 or self.tokens[at - 1].kind == "stop")

    def _after_dash(self, first: int) -> bool:
        token = self.tokens[first - 1]
        return token.kind == "op" and token.value == "-" and self._spaced(first - 1)

    def _spaced(self, at: int) -> bool:
        token = self.tokens[at]
        return self.text[token.end : token.end + 1].isspace() and self.text[token.start - 1 : token.start].isspace()

    def _free(self, first: int) -> bool:
        """Whether nothing before a side belongs to it: no operator after a letter, no name of a function."""
        if first == 0:
            return True
        before, token = self.tokens[first - 1], self.tokens[first]
        if before.kind in ("op", "of", "call", "frac", "root", "sup"):
            dash = before.kind == "op" and before.value == "-"
            bullet = dash and (first == 1 or self.tokens[first - 2].kind in ("stop", "rel"))
            return bullet or (dash and self._spaced(first - 1)) or (before.kind == "of" and token.kind != "num")
        if before.kind == "word":
            variable = len(before.value) == 1 and token.kind != "num" and before.value.lower() not in CONJUNCTIONS
            return not (variable or before.end == token.start or before.value.startswith("\\"))
        return True

    def _rights(self) -> list[_Side]:
        """The calculations that begin after the relation, the longest first."""
        first = self.at + 1
        try:
            found = self.parser.sums(first)
        except Unparsed:
            return []
        return [_Side(tree, first, end) for tree, end in reversed(found) if self._ends(end)]

    def _ends(self, end: int) -> bool:
        """Whether nothing after a side belongs to it."""
        kind, value = self.parser.kind(end), self.parser.value(end)
        if kind == "op":
            after = self.parser.kind(end + 1)
            variable = (
                after == "word"
                and len(self.parser.value(end + 1)) == 1
                and self.parser.value(end + 1) not in CONJUNCTIONS
            )
            return value in "+-" and not variable
        if kind in ("sup", "frac", "root", "call", "unit", "num") or (kind == "open" and value != "("):
            return False
        if kind == "open":
            return self.tokens[end - 1].end != self.tokens[end].start
        glued = self.tokens[end - 1].end == self.tokens[end].start if kind == "word" else False
        letter = kind == "word" and (
            (len(value) == 1 and value.lower() not in CONJUNCTIONS) or (value[0] == "\\" and value != r"\end")
        )
        return not (glued or letter)

    # what they come to

    def _pair(self, left: _Side, right: _Side) -> tuple[Sum, float] | None:
        """The judgement of two sides, with the stated number as a share of the value; None where nothing is said."""
        if left.bare and right.bare:
            if self.strength == "weak" or not self._conversion(left, right):
                return None
        elif (left.bare and not self._stated_first(left)) or (
            any(tree[0] == "share" for tree in _walk(left.tree)) and "%" not in [tree[0] for tree in _walk(right.tree)]
        ):
            return None
        best: tuple[Sum, float] | None = None
        written = [
            self.tokens[tree[1]].value for tree in chain(_walk(left.tree), _walk(right.tree)) if tree[0] == "num"
        ]
        names = [tree[1] for tree in chain(_walk(left.tree), _walk(right.tree)) if tree[0] == "call"]
        angles, logs = bool({"sin", "sen", "cos", "tan", "tg"} & set(names)), "log" in names
        for reading in readings(written, spanish=self.spanish, angles=angles, logs=logs):
            try:
                made = _Comparison(self, left, right, reading).made()
            except (NotJudged, ArithmeticError, TypeError, ValueError, AttributeError):
                continue
            if made[0].right:
                return made
            best = best or made
        return best if best and self._is_claim(left, right, best[1]) else None

    def _conversion(self, left: _Side, right: _Side) -> bool:
        """Whether one measure is put into another unit."""
        one, other = _unit_name(left.tree), _unit_name(right.tree)
        before = self.parser.value(left.first - 1).lower() if left.first else ""
        counted = before in ("de", "of", "a", "at", "cada", "each", "per", "por", "y", "and")
        return one is not None and other is not None and one != other and not counted

    def _stated_first(self, left: _Side) -> bool:
        """Whether a number before the relation states the result: 30 is 20 % of 150."""
        before = self.tokens[left.first - 1] if left.first else None
        number = self.tokens[_core(left.tree)[1]].value
        if before is None or before.kind in ("stop", "rel", "close") or self._bullet(left.first - 1):
            return not (self.strength == "weak" and _YEAR.fullmatch(number))
        if self.strength == "weak":
            return before.value.lower() in _OPENERS
        return before.kind == "word" and not (
            before.value[0].isupper() and before.start and self.text[before.start - 2 : before.start - 1] not in ".\n:"
        )

    def _is_claim(self, left: _Side, right: _Side, off: float) -> bool:
        """Whether what is wrong is a calculation at all: no score, no range, no fraction that numbers something."""
        if self.strength == "weak" and not 1 / PLAUSIBLE <= off <= PLAUSIBLE:
            return False
        measured = self.parser.kind(right.last - 1) == "unit"
        if (
            self.strength == "weak"
            and measured
            and not any(t.kind == "unit" for t in self.tokens[left.first : left.last])
        ):
            return False
        before = self.tokens[left.first - 1] if left.first else None
        if before is not None and before.kind == "word" and before.value.lower() in _VERSIONED:
            return False
        inside = self.tokens[left.first : left.last]
        glued = [
            t for before, t in pairwise(inside) if t.kind == "op" and t.value in "-/" and t.end - t.start == 1
            and before.end == t.start and self.text[t.end : t.end + 1].isdecimal()
        ]  # fmt: skip
        if not glued or len([t for t in inside if t.kind == "num"]) != 2:
            return True
        after = self.parser.kind(right.last)
        spoken = self.strength == "weak" or after in ("word", "unit") or self.parser.kind(right.last - 1) == "unit"
        one, other = (t.value for t in inside if t.kind == "num")
        rising = glued[0].value == "-" and one.isdecimal() and other.isdecimal() and int(one) <= int(other)
        return not (spoken or rising)


def _closed(text: str, start: int, end: int) -> int:
    """The end, past the brackets of LaTeX that were opened since the start."""
    while text.count("{", start, end) > text.count("}", start, end) and text[end : end + 1] in ("}", " "):
        end += 1
    return end


def _unit_name(tree: Tree) -> str | None:
    """The unit that a bare number has."""
    while tree[0] in ("neg", "scale"):
        tree = tree[1]
    return str(tree[2]) if tree[0] == "unit" else None


class _Comparison:
    """Two sides under one reading."""

    def __init__(self, claim: _Claim, left: _Side, right: _Side, reading: Reading) -> None:
        self.claim, self.reading = claim, reading
        self.left, self.right = left, right
        self.stated, self.worked = (left, right) if left.bare and not right.bare else (right, left)

    def made(self) -> tuple[Sum, float]:
        """The judgement, and the stated number as a share of the value. Raises NotJudged."""
        import sympy

        evaluation = Evaluation(self.claim.tokens, self.reading)
        worked, stated = evaluation.of(self.worked.tree), evaluation.of(self.stated.tree)
        said = float(sympy.N(stated.magnitude, 30))
        tolerance = self._tolerance(evaluation, stated, worked)
        values, sound = self._values(worked, stated)
        value = min(values, key=lambda one: abs(one - said))
        right = abs(value - said) <= tolerance + 1e-9 * max(abs(value), abs(said), 1e-12)
        if right and not sound:
            right = False
        calendar = str(worked.unit) in CALENDAR or str(stated.unit) in CALENDAR
        if not right and calendar and abs(value - said) < 0.1 * abs(value):
            raise NotJudged
        off = abs(said / value) if value else float("inf")
        if stated.percent:
            value *= 100
        text, tokens = self.claim.text, self.claim.tokens
        start = tokens[self.left.first].start
        end = _closed(text, start, tokens[self.right.last - 1].end)
        shown = self._shown(value, stated, worked, sound=sound)
        return Sum(text[start:end], value, right, start, end, shown), off

    def _values(self, worked: Quantity, stated: Quantity) -> tuple[list[float], bool]:
        """What the calculation comes to in the unit that is stated, in each way to take it; whether the units agree."""
        import sympy

        value = float(sympy.N(worked.magnitude, 30))
        if self.left.bare and self.right.bare:
            return [converted(value, worked.unit, stated.unit), *self._binary(value, worked, stated)], True
        if stated.percent and not worked.percent:
            return [value, *([value / 100] if self._by_hundred() else [])], True
        if worked.percent and not stated.percent and stated.unit is None:
            return [value, value * 100], True
        if worked.unit is None or stated.unit is None:
            if worked.unit is None:
                return [value], True
            base = worked.unit.dimensionality
            reduced = [value * float(factor(worked.unit, 1 * worked.unit._REGISTRY.get_base_units(worked.unit)[1]))]
            return [value, *(reduced if not base or len(worked.unit._units) > 1 else [])], True
        if alike(worked.unit, stated.unit):
            return [value * float(factor(worked.unit, stated.unit))], True
        lengths = all(list(unit.dimensionality) == ["[length]"] for unit in (worked.unit, stated.unit))
        return [value], worked.bare or not lengths

    def _by_hundred(self) -> bool:
        """Whether it is multiplied by 100, so that it is in percent already."""
        factors = [part for tree in _walk(self.worked.tree) if tree[0] == "×" for part in tree[1:]]
        return any(part[0] == "num" and self.claim.tokens[part[1]].value == "100" for part in factors)

    def _binary(self, value: float, worked: Quantity, stated: Quantity) -> list[float]:
        """Bytes by 1024 as well, and tons of 2000 pounds."""
        if worked.unit is not None and "byte" in str(worked.unit) and "byte" in str(stated.unit):
            ratio = float(factor(worked.unit, stated.unit))
            steps = round(len(f"{max(ratio, 1 / ratio):.0f}") / 3)
            return [value * 1024.0 ** (steps if ratio > 1 else -steps)]
        return []

    def _tolerance(self, evaluation: Evaluation, stated: Quantity, worked: Quantity) -> float:
        """How far the stated number may be off and still be the value, rounded."""
        if not self.stated.bare:
            return self._spread(stated)
        number = evaluation.number(_core(self.stated.tree)[1])
        if number.places is None:
            return 0.0
        said = float(stated.magnitude)
        ulp = (
            float(number.value and stated.magnitude / number.value) * 10.0**-number.places
            if number.value
            else 10.0**-number.places
        )
        half = abs(ulp) / 2
        if self.claim.strength == "near" and number.places == 0:
            zeros = len(str(number.value)) - len(str(number.value).rstrip("0"))
            return max(half * 10.0**zeros, NEARLY * abs(said) if zeros else 0)
        if number.places > 0 or stated.percent:
            return half
        if any(tree[0] in ("root", "%", "call") for tree in _walk(self.worked.tree)) or self._decimals(evaluation):
            return half
        # whole numbers that make no whole number: a quotient, or a measure put into another unit
        return half if half <= ROUND_QUOTIENT * abs(said) else 0.0

    def _decimals(self, evaluation: Evaluation) -> bool:
        numbers = [evaluation.number(tree[1]) for tree in _walk(self.worked.tree) if tree[0] == "num"]
        return any(one.places is None or one.places > 0 for one in numbers)

    def _spread(self, stated: Quantity) -> float:
        """What the rounding of its own numbers does to the stated side."""
        spread = 0.0
        for tree in _walk(self.stated.tree):
            if tree[0] != "num":
                continue
            number = Evaluation(self.claim.tokens, self.reading).number(tree[1])
            if number.places and number.places > 0:
                import sympy

                moved = Evaluation(self.claim.tokens, self.reading, {tree[1]: sympy.Rational(1, 2 * 10**number.places)})
                spread += abs(float(sympy.N(moved.of(self.stated.tree).magnitude - stated.magnitude, 30)))
        return spread

    def _shown(self, value: float, stated: Quantity, worked: Quantity, *, sound: bool) -> str:
        """The value as the stated number is written."""
        written = self.claim.tokens[_core(self.stated.tree)[1]].value if self.stated.bare else ""
        number = (
            Evaluation(self.claim.tokens, self.reading).number(_core(self.stated.tree)[1]) if self.stated.bare else None
        )
        places = max(number.places or 0, 0) if number else 4
        scale = _scale(self.stated.tree)
        value /= scale
        if number is None or (places == 0 and abs(value - round(value)) > 1e-9 and not self._rounded(value)):
            places = 2
        made = f"{value:,.{places}f}"
        grouped = (
            re.search(r"\d([ .,'])\d{3}(?!\d)", written)
            if abs(value) >= 10_000 or re.search(r"\d[.,' ]\d{3}\D", written + " ")
            else None
        )
        if not grouped:
            made = made.replace(",", "")
        comma = self.reading.decimal == ","
        made = made.translate(str.maketrans(",.", ".,")) if comma else made
        if number is None and ("," in made or "." in made):
            made = made.rstrip("0").rstrip(",.")
        made += "%" if stated.percent else ""
        return made if sound or worked.unit is None else f"{made} {worked.unit:~P}"

    def _rounded(self, value: float) -> bool:
        """Whether the value is told as a whole number."""
        return self.claim.strength == "near" or abs(value) >= 100


def _scale(tree: Tree) -> float:
    return float(next((SCALES[part[2]] for part in _walk(tree) if part[0] == "scale"), 1))
