"""What is found, in what order, and how repeats fold together."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ateneo.archive.local_index import LocalIndex
from ateneo.records import Cue, Passage, Talk
from ateneo.search.search import search

ACCENTS = str.maketrans("áéíóúü", "aeiouu")
SAID = {
    "hidrogeno": "El coche de hidrógeno llega a España. La pila dura años.",
    "electrico": "El coche eléctrico es silencioso. Las baterías pesan.",
    "aviones": "En Teruel se reciclan aviones. La aeronáutica crece allí.",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LocalIndex:
    index = LocalIndex(tmp_path_factory.mktemp("index"))
    for name, said in SAID.items():
        index.upsert(name, [passage(name, said)])
    return index


def passage(talk: str, said: str, *, start: float = 0.0, language: str = "es") -> Passage:
    sentences = tuple(Cue(start + 5 * n, start + 5 * n + 5, s) for n, s in enumerate(said.split(". ")))
    return Passage(Talk(talk, talk), start, sentences[-1].end, language, "speech", sentences)


def test_the_passage_with_all_the_words_comes_first(index: LocalIndex) -> None:
    hits = search(index, "coche de hidrógeno")
    assert [hit.talk.id for hit in hits] == ["hidrogeno", "electrico"]
    assert hits[0].text == SAID["hidrogeno"].replace(". ", " ")
    assert hits[0].source == "speech"


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(" ".join(SAID.values()).lower().replace(".", "").split()), min_size=1, max_size=5))
def test_accents_never_change_what_is_found(index: LocalIndex, words: list[str]) -> None:
    query = " ".join(words)
    assert search(index, query) == search(index, query.translate(ACCENTS)) == search(index, query.upper())


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=80))
def test_any_characters_can_be_searched(index: LocalIndex, query: str) -> None:
    assert all(hit.talk.id in SAID for hit in search(index, query))


@pytest.mark.parametrize("query", ["", "   ", "¿?", "🚗"])
def test_a_query_without_words_finds_nothing(index: LocalIndex, query: str) -> None:
    assert search(index, query) == ()


def test_a_query_of_function_words_alone_still_finds_them(index: LocalIndex) -> None:
    assert {hit.talk.id for hit in search(index, "de la")} <= set(SAID)
    assert search(index, "el") != ()


def test_overlapping_passages_of_a_talk_are_one_hit(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path)
    index.upsert(
        "a", [passage("a", "El coche. Verde."), passage("a", "El coche. Rojo."), passage("a", "Coche.", start=60)]
    )
    assert [hit.start for hit in search(index, "coche")] == [0.0, 60.0] or len(search(index, "coche")) == 2


def test_the_same_minute_in_two_languages_is_shown_in_that_of_the_query(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path)
    index.upsert("a", [passage("a", "Madrid Teruel Zaragoza.", language="en"), passage("a", "De Madrid a Teruel.")])
    [hit] = search(index, "¿Qué pasa en Madrid, Teruel y Zaragoza?")
    assert hit.language == "es"


def test_what_words_and_vectors_both_found_comes_before_what_one_of_them_did(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path)
    for n, (name, said) in enumerate(SAID.items()):
        index.upsert(name, [dataclasses.replace(passage(name, said), vectors={"s": np.eye(3, dtype=np.float32)[n]})])
    vector = np.array([0.6, 0.8, 0.0], np.float32)
    assert [hit.talk.id for hit in search(index, "coche", vectors={"s": vector})][:2] == ["electrico", "hidrogeno"]


def test_vectors_find_what_words_do_not(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path)
    unit = np.array([1.0, 0.0], dtype=np.float32)
    one = passage("a", "Nada parecido")
    index.upsert("a", [Passage(one.talk, one.start, one.end, "es", "speech", one.sentences, {"s": unit})])
    index.upsert("b", [passage("b", "Un coche")])
    assert {hit.talk.id for hit in search(index, "coche", vectors={"s": unit})} == {"a", "b"}
    assert [hit.talk.id for hit in search(index, "coche")] == ["b"]
