"""Calculations in texts: found, calculated again, put right in sight; and what is none is left alone."""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ateneo.language.arithmetic import check, corrected
from benchmarks import arithmetic as benchmark
from tests.conftest import Command, write_vtt

RIGHT = [
    ("Veranda: 7.15 m × 5.16 m = 36.89 sq m", "en"),
    (r"Room: $3.24 \text{ m} \times 3.46 \text{ m} = 11.21 \text{ sq m}$", "en"),
    ("El patio mide 5,53 m × 5,16 m = 28,53 m².", "es"),
    ("el 20 % de 150 es 30", "es"),
    ("30 is 20 % of 150", "en"),
    ("1.234,5 + 765,5 = 2.000", "es"),
    ("1,234.5 + 765.5 = 2,000", "en"),
    ("15 000 × 2 = 30 000", "es"),
    ("72 km/h = 20 m/s", "en"),
    ("2 h 30 min = 150 min", "es"),
    ("20 °C = 68 °F", "es"),
    ("12' 6\" × 10' = 125 sq ft", "en"),
    ("La raíz cuadrada de 16 es 4", "es"),
    ("la media de 4, 5 y 9 es 6", "es"),
    ("Al restar 4 de 10 quedan 6", "es"),
    ("from 80 to 100 is a 25% increase", "en"),
    ("100 € + 21 % IVA = 121 €", "es"),
    (r"\frac{1}{2} \cdot 9{,}81 \cdot 2^2 = 19{,}62", "es"),
    ("3 días × 8 h = 24 h", "es"),
    ("sin(30°) = 0.5 y log(100) = 2", "es"),
    ("Bedroom 2 - 3.00 × 3.55 = 10.65", "en"),
    ("v=√2gL=√2×9.81×80=39.6m.s-1", "en"),
    ("√16 + 9 = 13 y √2 × 3 = 4,24", "es"),
    (r"\begin{aligned} v &= \sqrt{2\cdot 9.81\cdot 40} \\ &= 28.01\,\mathrm{m/s}\end{aligned}", "en"),
]
WRONG = [
    (r"Patio: $5.53 \text{ m} \times 5.16 \text{ m} = 28.54 \text{ sq m}$", "en", 28.5348, "28.53"),
    ("5,53 × 5,16 = 28,54 m²", "es", 28.5348, "28,53"),
    ("| Patio | 5.53 × 5.16 | 28.54 m² |", "en", 28.5348, "28.53"),
    ("el 20 % de 150 es 35", "es", 30, "30"),
    ("7 por 8 son 54", "es", 56, "56"),
    ("√(2·9,81·40) = 39,6 m/s", "es", 28.01, "28,0"),
    ("√2·9,81·40 = 39,6 m/s", "es", 28.01, "28,0"),
    ("72 km/h = 25 m/s", "en", 20, "20"),
    ("3 m × 4 m = 12 m", "en", 12, "12 m²"),
    ("12 × 2.500 € = 31.000 €", "es", 30000, "30.000"),
]


@pytest.mark.parametrize(("text", "language"), RIGHT)
def test_what_is_right_is_confirmed_and_the_text_stays(text: str, language: str) -> None:
    made, sums = corrected(text, language)
    assert made == text
    assert sums
    assert all(one.right and text[one.start : one.end] == one.found for one in sums)


@pytest.mark.parametrize(("text", "language", "value", "shown"), WRONG)
def test_what_is_wrong_is_put_right_beside_it(text: str, language: str, value: float, shown: str) -> None:
    made, [one] = corrected(text, language)
    assert not one.right
    assert (one.value, one.shown) == (pytest.approx(value, abs=0.01), shown)
    mark = "recalculado" if language == "es" else "recalculated"
    assert re.sub(rf"\\? ?\[(?:\\text{{)?{mark}: [^\]]*\]", "", made) == text
    assert shown in made


@pytest.mark.parametrize(("language", "text"), benchmark.NO_SUMS)
def test_dates_versions_ranges_and_scores_raise_no_alarm(language: str, text: str) -> None:
    assert [one.found for one in check(text, language) if not one.right] == []


def test_a_number_that_can_be_read_in_two_ways_is_read_so_that_it_fits_or_as_the_language_has_it() -> None:
    assert check("1.234 × 2 = 2.468", "es")[0].right
    assert check("1.234 × 2 = 2.468", "en")[0].right
    assert check("1.234 × 2 = 2.469", "es")[0].value == 2468
    assert check("1.234 × 2 = 2.469", "en")[0].value == pytest.approx(2.468)


def test_right_arithmetic_of_a_wrong_formula_is_right_arithmetic() -> None:
    solution = r"$$v = \sqrt{2gL} = \sqrt{2 \times 9.81 \times 80} = 39.6 \text{ m.s}^{-1}$$"
    [one] = check(solution, "en")
    assert (one.right, one.found.startswith(r"\sqrt{2 \times")) == (True, True)


def test_nearly_all_of_the_generated_calculations_are_judged_rightly() -> None:
    cases = [*benchmark.generated(120, seed=11), *benchmark.of_the_course()]
    assert sum(map(benchmark.judged, cases)) >= 0.98 * len(cases)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="0123456789 .,=×+-*/^()[]{}%√\\$'\"msde|½²\n", max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    assert all(text[one.start : one.end] == one.found for one in check(text, "es"))


HOSTILE = [
    "9^9^9^9 = 1", "(" * 9000 + "1 = 1", "1+" * 9000 + "1 = 3", "-" * 9000 + "1 = 2", "1e300 * 1e300 = 2",
    "(2^400)^400 = 1", "3 = " * 5000, "1/0 = 3", "exp(10000) = 2", "0^(0-1) = 1",
]  # fmt: skip


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_calculations_end_soon(text: str) -> None:
    assert isinstance(check(text, "en"), list)


def test_an_answer_over_the_archive_has_its_calculations_put_right_in_sight(ateneo: Command, tmp_path: Path) -> None:
    write_vtt(tmp_path / "patio.es.vtt", ["Hoy hablamos de la casa.", "El patio mide 5,53 × 5,16 = 28,54 m²."])
    assert ateneo("add", tmp_path / "patio.es.vtt").returncode == 0
    sentence = {"part": "all", "text": "El patio mide 5,53 × 5,16 = 28,54 m².", "on": ["5,53"]}
    (tmp_path / "script.json").write_text(json.dumps({"sentences": [sentence]}))
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ATENEO_")}
    told = {"ATENEO_LANGUAGE_ENGINE": "scripted", "ATENEO_LANGUAGE_URL": str(tmp_path / "script.json")}
    asked = json.loads(ateneo("ask", "¿Cuánto mide el patio?", "--threshold", "0", "--json", env=plain | told).stdout)
    [said] = asked["answer"]["sentences"]
    assert said["text"] == "El patio mide 5,53 × 5,16 = 28,54 m² [recalculado: 28,53]."
    assert said["citations"][0]["quote"] == sentence["text"]


@pytest.mark.parametrize("white", ["\x0b", "\x0c", "\x85", "\u2003", "\u2028"])
def test_white_space_of_any_kind_is_passed_over(white: str) -> None:
    assert [one.right for one in check(f"so:{white}2 × 3 = 6{white}", "en")] == [True]
