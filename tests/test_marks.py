"""Loops and gaps are marked, and what people really say is not."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ateneo.ingest import marks
from ateneo.ingest.marks import doubtful
from ateneo.records import Cue, MarkedSpan, Word
from tests.conftest import ROOT

TALK = """
Buenos días a todos y gracias por venir. Hoy vamos a hablar del hidrógeno verde y de lo que puede hacer por nuestra
provincia. El coche de hidrógeno reposta en cinco minutos y su pila de combustible solo emite vapor de agua. Nadie dice
que sea fácil, porque producirlo con electricidad renovable cuesta todavía el doble que sacarlo del gas natural.
""".split()


def spoken(texts: Sequence[str], *, begin: float = 0.0, pace: float = 0.4) -> list[Word]:
    """These words at an even pace (seconds each)."""
    return [Word(begin + n * pace, begin + n * pace + 0.9 * pace, text) for n, text in enumerate(texts)]


def found(words: Sequence[Word]) -> list[MarkedSpan]:
    """The marks where there is voice from the first word to the last."""
    return marks.find(words, [(words[0].start, words[-1].end)])


@pytest.mark.parametrize(
    "turn",
    ["gracias", "no sé", "y luego ya", "por supuesto que sí", "la pila de combustible solo emite vapor de agua"],
)
def test_a_loop_is_marked_from_its_first_turn_to_its_last(turn: str) -> None:
    loop = turn.split() * 6
    (mark,) = found(spoken([*TALK, *loop, *TALK[::-1]]))
    assert mark.mark == "loop"
    assert mark.start == pytest.approx(len(TALK) * 0.4, abs=0.9)
    assert mark.end == pytest.approx((len(TALK) + len(loop)) * 0.4, abs=0.9)


def test_a_loop_whose_turns_differ_a_little_is_marked() -> None:
    turns = [
        f"Y entonces {word} vamos a ver otra vez la misma cosa." for word in ("hoy", "ahora", "pues", "luego", "así")
    ]
    (mark,) = found(spoken([*TALK, *" ".join(turns).split(), *TALK[::-1]]))
    assert (mark.mark, mark.end - mark.start > 15) == ("loop", True)


def test_a_loop_with_a_word_in_seven_changed_is_marked_to_its_ends() -> None:
    turn = "la pila de combustible solo emite vapor".split()
    loop = [word if n % 8 or n < 7 else f"otra{n}" for n, word in enumerate(turn * 6)]
    for before, after in ((TALK, TALK[::-1]), ([], TALK), (TALK, [])):
        (mark,) = found(spoken([*before, *loop, *after]))
        assert mark.start == pytest.approx(len(before) * 0.4, abs=0.9)
        assert mark.end == pytest.approx((len(before) + len(loop)) * 0.4, abs=0.9)


def test_a_word_said_between_others_again_and_again_is_a_loop() -> None:
    (mark,) = found(spoken([*TALK, *"hicieron hicieron hicieron por hicieron de hicieron".split(), *TALK[::-1]]))
    assert (mark.mark, mark.end - mark.start > 2) == ("loop", True)


def test_capitals_and_signs_do_not_hide_a_loop() -> None:
    (mark,) = found(spoken([*TALK, *"Sí, claro. sí claro SÍ, CLARO! sí... claro, Si claro".split()]))
    assert mark.mark == "loop"


@pytest.mark.parametrize(
    "legitimate",
    [
        "Es muy, muy, muy difícil de explicar en tan poco tiempo",
        "Y luego bla, bla, bla, bla y se acabó la historia",
        "No, no, no, no es eso lo que quería decir aquí",
        "Cobertura de líneas, cobertura de ramas y cobertura de condiciones",
        "Más alto, más lejos, más fuerte",
    ],
)
def test_what_people_do_repeat_is_not_marked(legitimate: str) -> None:
    assert found(spoken([*TALK, *legitimate.split(), *TALK[::-1]])) == []


def test_voice_without_words_is_a_gap_and_silence_is_not() -> None:
    words = [*spoken(TALK), *spoken(TALK[::-1], begin=60.0)]
    end = words[len(TALK) - 1].end
    (gap,) = marks.find(words, [(0.0, end + 8.0), (60.0, words[-1].end)])
    assert gap.mark == "gap"
    assert (gap.start, gap.end) == (pytest.approx(end, abs=0.5), pytest.approx(end + 8.0, abs=0.5))
    assert marks.find(words, [(0.0, end), (60.0, words[-1].end)]) == []


def test_a_word_drawn_out_over_speech_hides_no_gap() -> None:
    words = spoken(TALK)
    last = words[-1]
    drawn = [*words[:-1], Word(last.start, last.start + 20.0, last.text), *spoken(TALK[::-1], begin=last.start + 20.0)]
    (gap,) = found(drawn)
    assert (gap.mark, gap.end - gap.start > 15) == ("gap", True)


def test_gaps_at_the_start_and_the_end_are_marked() -> None:
    words = spoken(TALK, begin=10.0)
    first, last = marks.find(words, [(0.0, words[-1].end + 10.0)])
    assert (first.mark, round(first.start), round(first.end)) == ("gap", 0, 10)
    assert (last.mark, round(last.end - words[-1].end)) == ("gap", 10)


def test_words_where_nobody_speaks_and_words_faster_than_speech_are_marked() -> None:
    words = [*spoken("Subtítulos por la comunidad".split()), *spoken(TALK, begin=30.0)]
    (mark,) = marks.find(words, [(30.0, words[-1].end)])
    assert mark.note == "words where nobody speaks"
    (mark,) = found([*spoken(TALK), *spoken(TALK[::-1], begin=len(TALK) * 0.4, pace=0.01)])
    assert mark.note == "faster than speech"


def test_nothing_has_no_marks() -> None:
    assert marks.find([], []) == []
    assert found(spoken(TALK)) == []
    for count in range(1, 9):
        assert [mark.mark for mark in found(spoken(["no"] * count))] == ["loop"] * (count >= 5)


def test_the_benchmark_marks_what_was_put_in_and_little_else(shared: Path) -> None:
    command = [sys.executable, ROOT / "benchmarks" / "marks.py", "--seeds", "4", "--changed", "0.1"]
    environment = os.environ | {"ATENEO_SHARED": str(shared.parent)}
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    loops, gaps, clean = (float(share) for share in re.findall(r"([\d.]+)%\)", out))
    assert loops >= 95.0, out
    assert gaps >= 95.0, out
    assert clean <= 1.0, out
    assert " 0 sentences of loops left to cite" in out


def test_words_of_which_the_recogniser_was_not_sure_are_found_in_their_caption() -> None:
    words = [Word(0.0, 0.4, " La", 0.9), Word(0.4, 0.9, " pila", 0.3), Word(0.9, 1.3, " pila", 0.9),
             Word(1.3, 2.0, " emite", 0.2), Word(5.0, 5.5, " La", 0.1)]  # fmt: skip
    assert doubtful(Cue(0.0, 2.0, "La pila pila\nemite agua."), words) == [(3, 7), (13, 18)]
    assert doubtful(Cue(0.0, 2.0, "La pila da agua."), words) == [(3, 7)]  # a person corrected it
