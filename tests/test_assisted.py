"""Answers that a language model writes: what of it reaches the reader, marked or not, and what does not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ateneo import Archive
from ateneo.cli import render
from ateneo.records import Asked
from tests.conftest import Command, write_vtt

CAR = ["El hidrógeno verde se produce con electricidad renovable.", "El coche de hidrógeno reposta en cinco minutos.",
       "La pila de combustible solo emite vapor de agua."]  # fmt: skip
TRAIN = ["The hydrogen train does not need any catenary.", "The hydrogen car refuels in ten minutes in Berlin.",
         "Its range is a thousand kilometres."]  # fmt: skip
QUESTION = "¿Qué se dice del coche de hidrógeno?"

Ask = Callable[..., Asked]


@pytest.fixture(scope="module")
def talks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assisted")
    write_vtt(folder / "coche.es.vtt", CAR)
    write_vtt(folder / "train.en.vtt", TRAIN)
    Archive(folder / "archive").add([folder / "coche.es.vtt", folder / "train.en.vtt"])
    return folder / "archive"


@pytest.fixture
def ask(talks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks with a model that says what a script says; its name is new, so that nothing is kept from another test."""

    def asked(script: dict[str, Any], question: str = QUESTION, **options: Any) -> Asked:
        (tmp_path / "script.json").write_text(json.dumps(script))
        monkeypatch.setenv("ATENEO_LANGUAGE_ENGINE", "scripted")
        monkeypatch.setenv("ATENEO_LANGUAGE_URL", str(tmp_path / "script.json"))
        monkeypatch.setenv("ATENEO_LANGUAGE_MODEL", tmp_path.name)
        return Archive(talks).ask(question, **({"threshold": 0.0} | options))

    return asked


def merged(asked: Asked) -> list[str]:
    assert asked.answer
    return [sentence.text for sentence in asked.answer.sentences]


def said(text: str, *on: str | int, part: str = "all") -> dict[str, Any]:
    return {"part": part, "text": text, "on": list(on)}


def test_what_the_evidence_says_is_said_in_the_questions_language_and_quoted_in_the_talks(ask: Ask) -> None:
    five = said("El coche de hidrógeno reposta en 5 minutos.", "cinco")
    ten = said("En Berlín, el coche de hidrógeno reposta en diez minutos.", "ten minutes")
    asked = ask({"sentences": [five, ten]})
    assert merged(asked) == [five["text"], ten["text"]]
    assert [s.citations[0].quote for s in asked.answer.sentences] == [CAR[1], TRAIN[1]]  # type: ignore[union-attr]
    assert (asked.dropped, asked.assistance and asked.assistance.calls) == (0, 1)


@pytest.mark.parametrize("wrong", [
    said("El coche de hidrógeno reposta en diez minutos.", "cinco"),  # a number of another talk
    said("El coche de hidrógeno reposta en cinco minutos.", "catenary"),  # of another piece of evidence
    said("El coche de hidrógeno no reposta en cinco minutos.", "cinco"),
    said("El tren de hidrógeno necesita catenaria.", "catenary"),
    said("En Madrid, el coche de hidrógeno reposta en diez minutos.", "ten minutes"),
    said("El coche de hidrógeno reposta en cinco minutos y su autonomía es de mil kilómetros.", "cinco"),
    said("El coche de hidrógeno reposta en cinco minutos, como se dice en el minuto 4.", "cinco"),
    said("El coche de hidrógeno reposta en cinco minutos.", 99),
    said("El coche de hidrógeno reposta en cinco minutos.", "cinco", part="B"),  # which is the other talk
])  # fmt: skip
def test_what_the_evidence_does_not_say_is_left_out_and_counted(ask: Ask, wrong: dict[str, Any]) -> None:
    right = said("La pila de combustible solo emite vapor de agua.", "pila")
    asked = ask({"sentences": [wrong, right], "supported": False})
    told = [s.text for one in (asked.answer, *asked.talks) if one for s in one.sentences]
    assert wrong["text"] not in told or wrong["text"] == CAR[1]  # which Ateneo says by itself of its own talk
    assert merged(asked) == [right["text"]]
    assert asked.dropped == 1


def test_a_doubtful_sentence_is_marked_where_the_second_opinion_is_for_it(ask: Ask) -> None:
    doubtful = said("Con la electricidad renovable se fabrican también barcos y aviones grandes.", "renovable")
    asked = ask({"sentences": [doubtful], "supported": True})
    [sentence] = asked.answer.sentences  # type: ignore[union-attr]
    assert (sentence.text, bool(sentence.doubt)) == (doubtful["text"], True)
    assert asked.assistance
    assert asked.assistance.calls == 2


def test_an_answer_of_which_nothing_is_left_is_ateneos_own(ask: Ask) -> None:
    asked = ask({"sentences": [said("El coche cuesta 30.000 euros.", "cinco")]})
    assert CAR[1] in merged(asked)
    assert asked.assistance
    assert "nothing that the model wrote" in asked.assistance.note
    shown = render.ask(asked, source=lambda talk: talk)
    assert "Escrito sin el modelo de lenguaje: las charlas no dicen nada" in " ".join(shown.split())


@pytest.mark.parametrize(
    "says", ["", "agua agua agua", '{"sentences": "all"}', '{"sentences": [{"part": 3}]}', "[[[[[[", "null"]
)
def test_a_model_that_does_not_do_as_it_is_asked_costs_only_its_own_words(ask: Ask, says: str) -> None:
    asked = ask({"says": says})
    assert CAR[1] in merged(asked)
    assert asked.assistance
    assert asked.assistance.note


def test_talks_that_disagree_are_set_side_by_side(ask: Ask) -> None:
    sides = [
        {"text": "Reposta en cinco minutos.", "on": ["cinco"]},
        {"text": "Reposta en diez minutos.", "on": ["ten minutes"]},
    ]
    same = [{"text": "Reposta en cinco minutos.", "on": ["cinco"]}, {"text": "Emite vapor de agua.", "on": ["pila"]}]
    asked = ask({"sentences": [], "disagreements": [sides, same]})
    assert asked.assistance
    [shown] = asked.assistance.disagreements  # the other is of one talk
    assert [one.citations[0].quote for one in shown] == [CAR[1], TRAIN[1]]


def test_what_the_archive_does_not_say_is_refused_without_writing(ask: Ask) -> None:
    plan = {"question": "¿Quién ganó el mundial de ajedrez?", "searches": ["coche de hidrógeno", "cinco minutos"]}
    asked = ask({"plan": plan, "sentences": []}, "¿Quién ganó el mundial de ajedrez de 1972?", threshold=None)
    assert (asked.answer, asked.talks) == (None, ())
    assert asked.assistance
    assert asked.assistance.calls == 0


def test_a_question_that_compares_is_divided_and_its_parts_are_found_each(ask: Ask) -> None:
    parts = ["¿En cuántos minutos reposta el coche de hidrógeno?", "Does the hydrogen train need a catenary?"]
    sentences = [
        said("El tren de hidrógeno no necesita catenaria.", "catenary"),
        said("El coche reposta en 5 minutos.", "cinco"),
    ]
    script = {"plan": {"question": "", "searches": parts}, "sentences": sentences}
    asked = ask(script, "¿En qué se diferencian el coche, que reposta en cinco minutos, y el tren?")
    assert merged(asked) == [one["text"] for one in sentences]
    assert asked.assistance
    assert asked.assistance.calls == 2


def test_what_the_writer_missed_is_searched_for_and_written_on(ask: Ask) -> None:
    train = said("El tren de hidrógeno no necesita catenaria.", "catenary")
    script = {
        "plan": {"question": "", "searches": []},
        "sentences": [said("El coche de hidrógeno reposta en 5 minutos.", "cinco")],
        "missing": ["¿El tren de hidrógeno necesita catenaria?"], "then": [train, train | {"part": "A"}],
    }  # fmt: skip
    question = "¿En cuántos minutos reposta el coche de hidrógeno, y necesita catenaria el tren?"
    asked = ask(script, question, limit=1)
    assert merged(asked) == ["El coche de hidrógeno reposta en 5 minutos.", train["text"]]
    assert [part.sentences[0].citations[0].quote for part in asked.talks] == [
        CAR[0],
        TRAIN[0],
    ]  # of the first, nothing was written
    assert asked.assistance
    assert asked.assistance.calls == 3


@pytest.mark.parametrize(
    "search", ["¿Cuántos kilómetros de autonomía tiene el tren?", "¿Qué coche reposta en minutos?", ""]
)
def test_a_further_search_has_no_words_of_its_own_and_must_find_something_new(ask: Ask, search: str) -> None:
    script = {"sentences": [said("El coche de hidrógeno reposta en 5 minutos.", "cinco")], "missing": [search]}
    asked = ask(script, "¿En cuántos minutos reposta el coche de hidrógeno?", limit=1)
    assert merged(asked) == ["El coche de hidrógeno reposta en 5 minutos."]
    assert asked.assistance
    assert asked.assistance.calls == 1


def test_what_is_calculated_wrongly_is_put_right_in_every_sentence(tmp_path: Path) -> None:
    write_vtt(tmp_path / "suma.es.vtt", ["El solar mide 5,53 × 5,16 = 28,54 m² en total."])
    archive = Archive(tmp_path / "archive")
    archive.add(tmp_path / "suma.es.vtt")
    asked = archive.ask("¿Cuánto mide el solar?", threshold=0.0)
    assert merged(asked) == ["El solar mide 5,53 × 5,16 = 28,54 m² [recalculado: 28,53] en total."]
    assert asked.answer.sentences[0].citations[0].quote == "El solar mide 5,53 × 5,16 = 28,54 m² en total."  # type: ignore[union-attr]


def test_a_follow_up_is_understood_after_the_question_before_it(ask: Ask) -> None:
    script = {"plan": {"question": QUESTION, "searches": []}, "sentences": [said("Reposta en cinco minutos.", "cinco")]}
    asked = ask(script, "¿Y en cuántos minutos?", after=["¿Cómo reposta el coche de hidrógeno?"])
    assert merged(asked) == ["Reposta en cinco minutos."]
    assert asked.assistance
    assert (asked.assistance.understood, asked.assistance.calls) == (QUESTION, 2)


def test_sentences_are_told_as_they_are_checked_and_the_same_question_costs_nothing_again(ask: Ask) -> None:
    script = {"sentences": [said("El coche de hidrógeno reposta en 5 minutos.", "cinco")], "new": 1}
    told: list[str] = []
    first = ask(script, told=lambda sentence: told.append(sentence.text))
    again = ask({"says": "the server is gone"})
    assert told == merged(first) == merged(again)
    assert first.assistance
    assert again.assistance
    assert (first.assistance.calls, again.assistance.calls) == (1, 0)


def test_the_command_prints_what_was_left_out(ateneo: Command, talks: Path, tmp_path: Path) -> None:
    script = {
        "sentences": [said("El coche de hidrógeno reposta en 5 minutos.", "cinco"), said("Cuesta 7 euros.", "cinco")]
    }
    (tmp_path / "script.json").write_text(json.dumps(script))
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "ATENEO_LANGUAGE_ENGINE": "scripted",
                   "ATENEO_LANGUAGE_URL": str(tmp_path / "script.json")}  # fmt: skip
    ended = ateneo("--archive", talks, "ask", "--threshold", "0", QUESTION, env=environment)
    assert ended.stdout.startswith("El coche de hidrógeno reposta en 5 minutos. [1]")
    assert "Frases que no se muestran porque las charlas no las dicen: 1." in ended.stdout


def test_evidence_that_there_was_no_room_for_is_no_reason_to_write_again(tmp_path: Path, ask: Ask) -> None:
    write_vtt(tmp_path / "larga.es.vtt", [f"El coche de hidrógeno número {n} reposta despacio." for n in range(60)])
    Archive(tmp_path / "archive").add(tmp_path / "larga.es.vtt")
    ask({"sentences": [said("El coche de hidrógeno número 7 reposta despacio.", "número 7 ")]})  # sets the model
    asked = Archive(tmp_path / "archive").ask("¿Cómo reposta el coche de hidrógeno?", threshold=0.0)
    assert asked.assistance
    assert asked.assistance.calls == 1
