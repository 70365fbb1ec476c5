"""Answers cite word for word, leave near misses out, and say nothing where the archive says nothing."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ateneo.answer.ask import ask
from ateneo.answer.writer import MOST, Evidence, Extractive, Written
from ateneo.archive.local_index import LocalIndex
from ateneo.ingest.passages import make_passages, slide_passages
from ateneo.records import Cue, Frame, MarkedSpan, Talk, Track

TALKS = {
    "hidrogeno": (
        "es", "Oportunidades del hidrógeno",
        "Buenas tardes a todos.", "Hablaremos del hidrógeno como vector de energía.",
        "El coche de hidrógeno abre oportunidades para las fábricas de Aragón.", "Gracias por venir.",
    ),
    "electrico": (
        "es", "El coche eléctrico", "El coche eléctrico presenta oportunidades para reducir el ruido.",
        "Las baterías de litio se abaratan.", "Se han presentado ayudas a la compra de coches.",
    ),
    "aeropuerto": (
        "es", "El aeropuerto de Teruel", "El aeropuerto de Teruel mantiene y recicla aviones de toda Europa.",
        "La industria aeronáutica ofrece oportunidades de empleo en Teruel.",
    ),
    "dinosaurios": (
        "es", "Dinosaurios de Teruel", "En Teruel se encontraron huesos de un dinosaurio gigante.",
        "El parque es una oportunidad para el turismo de Teruel.",
    ),
    "aragones": (
        "es", "El aragonés, una lengua viva", "El aragonés se habla en los valles del Pirineo.",
        "El reto más importante del aragonés es la transmisión entre generaciones.",
        "Faltan maestros que enseñen la lengua aragonesa en la escuela.",
    ),
    "lenguas": (
        "es", "Lenguas minoritarias de Europa", "Las lenguas minoritarias se enfrentan a retos importantes.",
        "El bretón pierde hablantes cada año.",
    ),
    "glaciers": (
        "en", "Mountains and climate", "Glaciers in the Pyrenees have lost half of their surface since 1980.",
        "Mountain villages depend on snow.",
    ),
    "patients": (
        "en", "In silico medicine", "Computer models of the heart can replace some experiments.",
        "Virtual patients are used to test new drugs.",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LocalIndex:
    index = LocalIndex(tmp_path_factory.mktemp("index"))
    with index.batch():
        for name, (language, title, *said) in TALKS.items():
            cues = tuple(Cue(6.0 * n, 6.0 * n + 5, text) for n, text in enumerate(said))
            index.upsert(name, make_passages(Talk(name, title, language=language), Track(language, cues)))
    return index


@pytest.mark.parametrize(
    ("question", "best", "left_out"),
    [
        ("¿Qué oportunidades se han presentado relacionadas con el coche de hidrógeno?", "hidrogeno", "electrico"),
        ("¿Qué oportunidades se presentan para Teruel en el campo de la aeronáutica?", "aeropuerto", "dinosaurios"),
        ("¿Cuáles son los retos más importantes a los que se enfrenta el Aragonés como lengua?", "aragones", "lenguas"),
        ("How much of their surface have the glaciers of the Pyrenees lost?", "glaciers", "patients"),
        ("¿Qué se dice del hidrógeno?", "hidrogeno", "electrico"),
        ("virtual patients", "patients", "glaciers"),
    ],
)
def test_the_talk_that_answers_comes_first_and_near_misses_are_left_out(
    index: LocalIndex, question: str, best: str, left_out: str
) -> None:
    asked = ask(index, question)
    assert [told.talk.id for told in asked.talks][:1] == [best]
    assert left_out not in [told.talk.id for told in asked.talks]
    assert asked.answer is not None
    assert all(c.talk != left_out for s in asked.answer.sentences for c in s.citations)


@pytest.mark.parametrize(
    "question",
    ["¿Quién ganó el mundial de fútbol?", "¿Cuánto cuesta un coche eléctrico de segunda mano?", "¿Qué es Higgs?", "",
     "¿Cómo se alimentan los dinosaurios marinos de Argentina?", "qué"],
)  # fmt: skip
def test_what_the_archive_does_not_say_is_not_answered(index: LocalIndex, question: str) -> None:
    asked = ask(index, question)
    assert (asked.answer, asked.talks) == (None, ())
    assert asked.question == question


def test_a_refusal_shows_what_came_nearest(index: LocalIndex) -> None:
    asked = ask(index, "¿Cuánto cuesta un coche eléctrico de segunda mano?")
    assert asked.nearest[0].talk.id == "electrico"


def test_every_quote_stands_word_for_word_at_its_second(index: LocalIndex) -> None:
    asked = ask(index, "oportunidades del coche de hidrógeno", threshold=0.0)
    assert asked.answer is not None
    sentences = [*asked.answer.sentences, *(s for told in asked.talks for s in told.sentences)]
    for sentence in sentences:
        for citation in sentence.citations:
            said = TALKS[citation.talk][2:]
            assert citation.start == 6.0 * said.index(citation.quote)
            assert citation.end == citation.start + 5


def test_an_answer_has_few_sentences_and_per_talk_in_order_of_time(index: LocalIndex) -> None:
    asked = ask(index, "oportunidades de Teruel", threshold=0.0)
    assert asked.answer is not None
    assert 1 <= len(asked.answer.sentences) <= MOST
    for told in asked.talks:
        starts = [s.citations[0].start for s in told.sentences]
        assert starts == sorted(starts)
        assert {c.talk for s in told.sentences for c in s.citations} == {told.talk.id}


def test_a_masked_talk_does_not_answer(index: LocalIndex) -> None:
    asked = ask(index, "¿Qué se dice del coche de hidrógeno?", where={"not_talk": "hidrogeno"})
    assert "hidrogeno" not in {told.talk.id for told in asked.talks} | {hit.talk.id for hit in asked.nearest}


def test_a_slide_that_only_names_talk_and_speaker_is_not_cited(tmp_path: Path) -> None:
    talk = Talk("empleo", "Empleo en la transición energética", speakers=("Nuria Campoluengo",), language="es")
    frame = Frame(0.0, 6.0, "0.jpg", "Empleo en la transición energética\nNuria Campoluengo", "title")
    track = Track("es", (Cue(6.0, 12.0, "El empleo crece en los talleres de los pueblos."),
                         Cue(12.0, 18.0, "Las minas de carbón pierden mucho empleo cada año.")))  # fmt: skip
    index = LocalIndex(tmp_path)
    with index.batch():
        index.upsert(talk.id, [*make_passages(talk, track), *slide_passages(talk, [frame], "es")])
    answer = ask(index, "¿Qué pasa con el empleo en la transición energética?", threshold=0).answer
    assert answer
    assert {c.start for s in answer.sentences for c in s.citations} == {6.0, 12.0}


def test_loops_are_never_cited(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path)
    cues = (Cue(0, 5, "El coche de hidrógeno."), Cue(5, 10, "El coche de hidrógeno corre en Aragón."))
    track = Track("es", cues, marks=(MarkedSpan(6, 9, "loop"),))
    index.upsert("a", make_passages(Talk("a", "a"), track))
    asked = ask(index, "¿Corre en Aragón el coche de hidrógeno?", threshold=0.0)
    assert asked.answer is not None
    assert [c.quote for s in asked.answer.sentences for c in s.citations] == ["El coche de hidrógeno."]


class Inventive:
    """A writer that names evidence which exists, which does not, and none."""

    def write(self, question: str, evidence: Sequence[Evidence]) -> list[Written]:
        return [Written("Cierto.", (1, 99)), Written("Inventado.", (99,)), Written("Sin nada.", ())]


def test_sentences_that_name_no_evidence_are_dropped_and_counted(index: LocalIndex) -> None:
    asked = ask(index, "El coche de hidrógeno en las fábricas de Aragón", writer=Inventive(), limit=1, threshold=0.0)
    assert asked.answer is not None
    assert [s.text for s in asked.answer.sentences] == ["Cierto."]
    assert len(asked.answer.sentences[0].citations) == 1
    assert asked.dropped == 4  # two of the merged answer, two of the one talk's


def test_the_extractive_writer_says_nothing_twice() -> None:
    talk = Talk("a", "a")
    said = ["El coche de hidrógeno corre.", "El coche de hidrógeno corre mucho.", "Una pila nueva."]
    evidence = [Evidence(n + 1, talk, 10.0 - n, 11.0 - n, text, 1.0 - n / 10) for n, text in enumerate(said)]
    written = Extractive().write("coche", evidence)
    assert [one.text for one in written] == ["Una pila nueva.", "El coche de hidrógeno corre."]
