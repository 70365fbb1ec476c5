"""Trees of calculations → quantities.

What a number means can depend on who wrote it: 1.234 is a thousand in Spanish and one and a bit in English; sin(30)
may be degrees; log may be to any base. A `Reading` is one way to take it all; who checks tries each that fits.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ateneo.language.expressions import Token, Tree
from ateneo.language.quantities import DIGITS, NotJudged, Quantity, over, plus, power, registry, times

SCALES = {
    "mil": 10**3, "thousand": 10**3, "millón": 10**6, "millon": 10**6, "millones": 10**6, "million": 10**6,
    "millions": 10**6, "mil millones": 10**9, "thousand million": 10**9, "billion": 10**9, "billions": 10**9,
    "billón": 10**12, "billones": 10**12, "trillion": 10**12, "trillions": 10**12,
}  # fmt: skip
FRACTIONS = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "⅛": "1/8"}
PARTS = {"half": "1/2", "twice": "2", "thrice": "3", "third": "1/3", "quarter": "1/4"}
SPACED = re.compile(r"\d{1,3}(?:[ ']\d{3})+")


@dataclass(frozen=True, slots=True)
class Reading:
    """How numbers and functions are taken: the mark before decimals, degrees or radians, the base of log, whether the
    first number is only its last group (Room 1 300 × 2)."""

    decimal: str
    degrees: bool = False
    base: int = 10
    last_group: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written: its value, and how many places it has after the decimal mark (None: not a plain one)."""

    value: Any
    places: int | None


@lru_cache(maxsize=4096)
def number(written: str, decimal: str) -> Number | None:
    """A number under a convention; None where it cannot be one."""
    import sympy

    if written == "π":
        return Number(sympy.pi, None)
    if written[-1] in FRACTIONS:
        whole = number(written[:-1], decimal) if written[:-1] else Number(sympy.Integer(0), 0)
        return Number(whole.value + sympy.Rational(FRACTIONS[written[-1]]), None) if whole else None
    latex = "{,}" in written
    found = re.fullmatch(r"(.*?)(?:[eE]([+-]?\d+))?", written.replace("{,}", ","))
    assert found is not None
    body, exponent = found[1], int(found[2] or 0)
    if abs(exponent) > 300 or len(body) > 60:
        return None
    mark = "," if latex else decimal
    group = "." if mark == "," else ","
    if not re.fullmatch(
        rf"[1-9]\d{{0,2}}(?:[{group} ']\d{{3}})+(?:\{mark}\d+)?|\d+(?:\{mark}\d+)?|[1-9]\d{{0,2}}(?:'\d{{3}})+", body
    ):
        return None
    whole_part, _, places = body.partition(mark)
    digits = re.sub(r"\D", "", whole_part)
    return Number(sympy.Rational(f"{digits}.{places or 0}") * sympy.Integer(10) ** exponent, len(places) - exponent)


class Evaluation:
    """The value of trees under one reading. `shifts` moves a number: token → by how much."""

    def __init__(self, tokens: Sequence[Token], reading: Reading, shifts: dict[int, Any] | None = None) -> None:
        self.tokens, self.reading, self.shifts = tokens, reading, shifts or {}

    def number(self, at: int) -> Number:
        """The number of a token. Raises NotJudged where it cannot be read so."""
        written = self.tokens[at].value
        if self.reading.last_group and SPACED.fullmatch(written) and at == min(self._numbers()):
            written = re.split(r"[ ']", written, maxsplit=1)[1]
        other = "," if self.reading.decimal == "." else "."
        found = number(written, self.reading.decimal) or number(written, other)
        if found is None:
            raise NotJudged
        return found

    def _numbers(self) -> list[int]:
        return [n for n, token in enumerate(self.tokens) if token.kind == "num"]

    def of(self, tree: Tree) -> Quantity:
        """The value. Raises NotJudged."""
        import sympy

        kind = tree[0]
        if kind == "num":
            return Quantity(self.number(tree[1]).value + self.shifts.get(tree[1], 0), bare=True)
        if kind == "const":
            return Quantity(sympy.Integer(tree[1]), bare=True)
        if kind == "scale":
            inner = self.of(tree[1])
            return Quantity(inner.magnitude * SCALES[tree[2]], inner.unit, inner.bare)
        if kind == "%":
            return Quantity(self.of(tree[1]).magnitude / 100, bare=True, percent=True)
        if kind == "unit":
            return self._unit(tree)
        if kind == "all":
            return self._all(tree[1], [self.of(one) for one in tree[2:]])
        if kind == "part":
            return times(Quantity(sympy.Rational(PARTS[tree[1]])), self.of(tree[2]))
        if kind == "call":
            return Quantity(self._call(tree[1], self.of(tree[2])), bare=True)
        return _operation(kind, [self.of(one) for one in tree[1:]])

    def _unit(self, tree: Tree) -> Quantity:
        inner = self.of(tree[1])
        unit = registry().parse_units(tree[2])
        if inner.unit is not None:
            return Quantity(inner.magnitude, inner.unit * unit)
        return Quantity(inner.magnitude, unit)

    def _all(self, name: str, values: list[Quantity]) -> Quantity:
        """Numbers in a row, or what a verb does to them: subtracting 4 from 10."""
        name = {"add": "sum", "multiply": "product", "divide": "quotient", "subtract": "difference"}.get(name, name)
        if name in ("difference", "quotient") and len(values) != 2:
            raise NotJudged
        total = values[0]
        for value in values[1:]:
            total = {"product": times, "quotient": over}.get(name, plus)(
                total, Quantity(-value.magnitude, value.unit, value.bare) if name == "difference" else value
            )
        if name == "mean":
            return Quantity(total.magnitude / len(values), total.unit, total.bare, total.percent)
        if name == "difference":
            return Quantity(abs(total.magnitude), total.unit, total.bare, total.percent)
        return total

    def _call(self, name: str, inner: Quantity) -> Any:
        import sympy

        value = inner.magnitude
        angle = inner.unit is not None and str(inner.unit) == "degree"
        if inner.unit is not None and not angle and str(inner.unit) != "radian":
            raise NotJudged
        if name in ("sin", "sen", "cos", "tan", "tg"):
            turned = value * sympy.pi / 180 if angle or (inner.unit is None and self.reading.degrees) else value
            made = {"sin": sympy.sin, "sen": sympy.sin, "cos": sympy.cos}.get(name, sympy.tan)(turned)
        elif name.startswith("log") or name == "ln":
            if value <= 0:
                raise NotJudged
            base = {"ln": sympy.E, "log": sympy.E if self.reading.base == 0 else 10}.get(name, 2 if "2" in name else 10)
            made = sympy.log(value) / sympy.log(base)
        else:
            if abs(value) > 500:
                raise NotJudged
            made = sympy.exp(value) if name == "exp" else sympy.Abs(value)
        if not made.is_finite:
            raise NotJudged
        return sympy.N(made, DIGITS)


def _operation(kind: str, inner: list[Quantity]) -> Quantity:
    """One of the plain operations."""
    import sympy

    one, other = inner[0], inner[-1]
    if kind == "neg":
        return Quantity(-one.magnitude, one.unit, one.bare, one.percent)
    if kind in ("×", "of"):
        return times(one, other)
    if kind in ("/", "share"):
        return over(one, other)
    if kind in ("+", "and"):
        if kind == "and" and (one.unit is None or other.unit is None or one.unit == other.unit):
            raise NotJudged
        return plus(one, other)
    if kind == "-":
        return plus(one, other, sign=-1)
    if kind == "^":
        return power(one, other)
    if other.magnitude == 0:
        raise NotJudged
    rooted = power(Quantity(sympy.N(one.magnitude, DIGITS), one.unit, one.bare), Quantity(1 / other.magnitude))
    return Quantity(rooted.magnitude, rooted.unit, rooted.bare)


def readings(written: Sequence[str], *, spanish: bool, angles: bool, logs: bool) -> Iterator[Reading]:
    """The ways to take these numbers, the likeliest first."""
    marks = (",", ".") if spanish else (".", ",")
    plain = [one for one in written if one != "π"]
    fitting = [mark for mark in marks if all(number(one, mark) for one in plain)] or [marks[0]]
    for last_group in (False, True) if plain and SPACED.fullmatch(plain[0]) else (False,):
        for mark in fitting:
            for degrees in (False, True) if angles else (False,):
                for base in (10, 0) if logs else (10,):
                    yield Reading(mark, degrees, base, last_group)
