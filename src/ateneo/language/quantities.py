"""Numbers with units: how units are written in Spanish and English prose and in LaTeX, and how quantities calculate.

Magnitudes are sympy's, exact for as long as they can be; units are pint's. A number without a unit calculates with
any other, as people write it: 3.24 × 3.46 m.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

DIGITS = 30  # of a magnitude that is not exact
LARGEST_POWER = 400  # a larger exponent is no calculation that somebody wants checked

SYMBOLS = {  # as written, capitals and all
    "m": "meter", "cm": "centimeter", "mm": "millimeter", "dm": "decimeter", "km": "kilometer", "nm": "nanometer",
    "ft": "foot", "in": "inch", "yd": "yard", "mi": "mile", "kg": "kilogram", "g": "gram", "gr": "gram",
    "mg": "milligram", "t": "metric_ton", "lb": "pound", "lbs": "pound", "oz": "ounce", "s": "second", "seg": "second",
    "sec": "second", "ms": "millisecond", "min": "minute", "mins": "minute", "h": "hour", "hr": "hour", "hrs": "hour",
    "N": "newton", "kN": "kilonewton", "J": "joule", "kJ": "kilojoule", "MJ": "megajoule", "W": "watt",
    "kW": "kilowatt", "MW": "megawatt", "GW": "gigawatt", "Wh": "watt_hour", "kWh": "kilowatt_hour",
    "MWh": "megawatt_hour", "V": "volt", "A": "ampere", "mA": "milliampere", "Ω": "ohm", "Hz": "hertz",
    "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz", "Pa": "pascal", "kPa": "kilopascal",
    "hPa": "hectopascal", "MPa": "megapascal", "bar": "bar", "L": "liter", "l": "liter", "ml": "milliliter",
    "mL": "milliliter", "cl": "centiliter", "dl": "deciliter", "hl": "hectoliter", "ha": "hectare", "mol": "mole",
    "cal": "calorie", "kcal": "kilocalorie", "kB": "kilobyte", "KB": "kilobyte", "MB": "megabyte", "GB": "gigabyte",
    "TB": "terabyte", "K": "kelvin", "rad": "radian", "°C": "degC", "ºC": "degC", "°F": "degF", "ºF": "degF",
    "°": "degree", "º": "degree", "mph": "mile_per_hour", "kph": "kilometer_per_hour", "px": "pixel",
}  # fmt: skip
NAMES = {  # in small letters; an s or es may follow
    "metro": "meter", "meter": "meter", "metre": "meter", "centímetro": "centimeter", "centimetro": "centimeter",
    "centimeter": "centimeter", "centimetre": "centimeter", "milímetro": "millimeter", "milimetro": "millimeter",
    "millimeter": "millimeter", "millimetre": "millimeter", "kilómetro": "kilometer", "kilometro": "kilometer",
    "kilometer": "kilometer", "kilometre": "kilometer", "foot": "foot", "feet": "foot", "pie": "foot", "inch": "inch",
    "inche": "inch", "pulgada": "inch", "yard": "yard", "yarda": "yard", "mile": "mile", "milla": "mile",
    "gramo": "gram", "gram": "gram", "kilo": "kilogram", "kilogramo": "kilogram", "kilogram": "kilogram",
    "tonelada": "metric_ton", "tonne": "metric_ton", "pound": "pound", "libra": "pound", "ounce": "ounce",
    "onza": "ounce", "segundo": "second", "second": "second", "minuto": "minute", "minute": "minute", "hora": "hour",
    "hour": "hour", "día": "day", "dia": "day", "day": "day", "semana": "week", "week": "week", "mes": "month",
    "mese": "month", "month": "month", "año": "year", "year": "year", "litro": "liter", "liter": "liter",
    "litre": "liter", "mililitro": "milliliter", "milliliter": "milliliter", "millilitre": "milliliter",
    "hectárea": "hectare", "hectarea": "hectare", "hectare": "hectare", "acre": "acre", "joule": "joule",
    "julio": "joule", "watt": "watt", "vatio": "watt", "kilovatio": "kilowatt", "kilowatt": "kilowatt",
    "newton": "newton", "volt": "volt", "voltio": "volt", "degree": "degree", "grado": "degree", "píxel": "pixel",
    "pixel": "pixel", "píxele": "pixel", "megapíxel": "megapixel", "megapíxele": "megapixel", "megapixel": "megapixel",
}  # fmt: skip
CALENDAR = frozenset({"month", "year"})  # of no fixed length: small differences are nobody's error
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

_LETTER = "A-Za-zÀ-ÖØ-öø-ÿ"
_SYMBOL = "|".join(sorted((re.escape(symbol) for symbol in SYMBOLS), key=len, reverse=True))
_NAME = "|".join(sorted(NAMES, key=len, reverse=True))
_EXPONENT = r"\s?\^\s?\{?\s?(?P<up>-?\d)\s?\}?|(?P<sup>⁻?[¹²³⁴])|(?P<plain>[23](?![\d.,]*\d))"
_ATOM = re.compile(rf"(?:(?P<symbol>{_SYMBOL})|(?i:(?P<name>{_NAME})(?:e?s)?))(?![{_LETTER}])(?:{_EXPONENT})?")
_POWERED = re.compile(
    rf"(?i:(?P<power>sq\.?|square|cubic)\s?)(?P<unit>m|cm|mm|km|ft|in|yd|mi|(?i:{_NAME})(?:e?s)?)(?![{_LETTER}])\.?"
    rf"|(?P<short>sqm|sqft)(?![{_LETTER}])"
    rf"|(?P<unidad>m|cm|mm|km|(?i:{_NAME})s?)\s(?i:(?P<potencia>cuadrad[oa]s?|c[uú]bic[oa]s?))(?![{_LETTER}])"
)
_BETWEEN = re.compile(
    rf"\s?(?P<per>/|(?:por|per)(?=\s))\s?|\s?[·⋅*]\s?|\.(?=[{_LETTER}])|\s{{0,3}}(?=[{_LETTER}]{{1,3}}\s?(?:\^|⁻))"
)
_NOT_INCH = re.compile(rf"\s+[{_LETTER}\d]")


class NotJudged(Exception):
    """The quantities do not calculate with each other, so nothing is said of them."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A magnitude (sympy) with a unit (pint) or none; `bare` where a number in it had no unit, `percent` where it was
    written as a percentage."""

    magnitude: Any
    unit: Any = None
    bare: bool = False
    percent: bool = False


@cache
def registry() -> Any:
    """pint's units, loaded once."""
    import pint

    return pint.UnitRegistry()


def unit_at(text: str, place: int) -> tuple[int, str] | None:
    """Where the unit that begins at `place` ends, and its name for pint; None where there is none."""
    factors: list[str] = []
    end, last, sign = place, place, ""
    while True:
        found = _factor(text, end)
        if found is None:
            return (last, " * ".join(factors)) if factors else None
        end, name = found
        factors.append(f"1 / ({name})" if sign else name)
        last = end
        between = _BETWEEN.match(text, end)
        if not between or len(factors) == 4:
            return last, " * ".join(factors)
        end, sign = between.end(), "/" if between["per"] else ""


def _factor(text: str, place: int) -> tuple[int, str] | None:
    """One unit with its power."""
    if powered := _POWERED.match(text, place):
        short = {"sqm": "meter", "sqft": "foot"}.get(powered["short"] or "")
        unit = short or _plain(powered["unit"] or powered["unidad"])
        cubic = (powered["power"] or powered["potencia"] or "s").lower().startswith("c") and not (
            (powered["potencia"] or "").lower().startswith("cua")
        )
        return powered.end(), f"{unit}**{3 if cubic else 2}"
    atom = _ATOM.match(text, place)
    if not atom or (atom["symbol"] == "in" and _NOT_INCH.match(text, atom.end())):
        return None
    unit = SYMBOLS[atom["symbol"]] if atom["symbol"] else NAMES[atom["name"].lower()]
    power = atom["up"] or (atom["sup"] or "").translate(SUPERSCRIPTS) or atom["plain"]
    return atom.end(), f"{unit}**{power}" if power else unit


def _plain(written: str) -> str:
    """The unit that a word or symbol names."""
    if written in SYMBOLS:
        return SYMBOLS[written]
    low = written.lower()
    return next(NAMES[form] for form in (low, low[:-1], low[:-2]) if form in NAMES)


def times(one: Quantity, other: Quantity) -> Quantity:
    """The product."""
    unit = other.unit if one.unit is None else one.unit if other.unit is None else one.unit * other.unit
    return Quantity(one.magnitude * other.magnitude, unit, one.bare or other.bare)


def over(one: Quantity, other: Quantity) -> Quantity:
    """The quotient. Raises NotJudged where the divisor is 0."""
    if other.magnitude == 0:
        raise NotJudged
    under = None if other.unit is None else other.unit**-1
    unit = one.unit if under is None else under if one.unit is None else one.unit * under
    return Quantity(one.magnitude / other.magnitude, unit, one.bare or other.bare)


def plus(one: Quantity, other: Quantity, *, sign: int = 1) -> Quantity:
    """The sum; a percentage added to what is none is taken of it. Raises NotJudged for units that do not add."""
    if other.percent and not one.percent:
        return Quantity(one.magnitude * (1 + sign * other.magnitude), one.unit, one.bare)
    magnitude = other.magnitude
    if one.unit is not None and other.unit is not None and one.unit != other.unit:
        magnitude = magnitude * factor(other.unit, one.unit)
    return Quantity(
        one.magnitude + sign * magnitude, one.unit if one.unit is not None else other.unit,
        one.bare or other.bare, one.percent and other.percent,
    )  # fmt: skip


def power(one: Quantity, other: Quantity) -> Quantity:
    """The power. Raises NotJudged for exponents that are large or have a unit, and for roots of negative numbers."""
    exponent = other.magnitude
    if other.unit is not None or abs(float(exponent)) > LARGEST_POWER or abs(float(one.magnitude)) > 1e60:
        raise NotJudged
    if (one.magnitude < 0 and not exponent.is_integer) or (one.magnitude == 0 and exponent <= 0):
        raise NotJudged
    unit = None if one.unit is None else one.unit ** float(exponent)
    return Quantity(one.magnitude**exponent, unit, one.bare)


def factor(source: Any, target: Any) -> Any:
    """How many of the target unit one of the source is. Raises NotJudged where they measure different things."""
    import pint
    import sympy

    try:
        return sympy.Rational(str(round(registry().convert(1.0, source, target), 15)))
    except (pint.errors.DimensionalityError, pint.errors.OffsetUnitCalculusError) as error:
        raise NotJudged from error


def alike(one: Any, other: Any) -> bool:
    """Whether two units measure the same."""
    return bool(one.dimensionality == other.dimensionality)


def converted(value: float, source: Any, target: Any) -> float:
    """A bare quantity in another unit, temperatures too. Raises NotJudged."""
    import pint

    try:
        return float(registry().Quantity(value, source).to(target).magnitude)
    except (pint.errors.DimensionalityError, pint.errors.OffsetUnitCalculusError) as error:
        raise NotJudged from error
