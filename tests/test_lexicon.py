"""Words of one meaning meet, within a language and across two, and figures never do."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ateneo import Archive
from ateneo.engines.sentence_vectors import SHIPPED
from ateneo.engines.word_vectors import WordVectors
from ateneo.errors import EngineError, ModelMissing
from ateneo.search.lexicon import ALIKE, Lexicon
from tests.conftest import write_vtt


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon(WordVectors())


@pytest.mark.parametrize(
    ("english", "spanish"), [("horse", "caballo"), ("hydrogen", "hidrogeno"), ("opportunities", "oportunidades")]
)
def test_a_word_and_its_translation_are_alike_both_ways(lexicon: Lexicon, english: str, spanish: str) -> None:
    assert lexicon.likeness([english], [spanish, "mesa"]).keys() == {spanish}
    assert spanish in lexicon.translations([english])[0]
    assert english in lexicon.translations([spanish])[0]


def test_likeness_is_a_row_for_each_word_said_and_nought_below_the_least(lexicon: Lexicon) -> None:
    found = lexicon.likeness(["horse", "river", "of"], ["caballo", "rio", "rios", "piedra"])
    assert set(found) == {"caballo", "rio", "rios"}
    assert found["caballo"][0] > 0.9 > found["caballo"][1] == 0
    assert found["rios"][1] >= ALIKE
    assert all(row[2] == 0 for row in found.values())  # too short to say anything


def test_figures_are_never_alike(lexicon: Lexicon) -> None:
    assert lexicon.likeness(["2015"], ["2016", "2015"]) == {}
    assert lexicon.translations(["2015", "horse"])[0] == ()


def test_words_without_letters_and_empty_lists_are_no_error(lexicon: Lexicon) -> None:
    assert lexicon.likeness([], ["caballo"]) == {}
    assert lexicon.likeness(["horse"], []) == {}
    assert Lexicon(WordVectors()).likeness(["???"], ["!!!", "4"]) == {}
    assert Lexicon(WordVectors()).likeness(["horse"], ["!!!", "4"]) == {}
    assert not WordVectors().embed_words(["", " "]).any()
    assert WordVectors().embed_words([]).shape == (0, 384)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    folder = tmp_path_factory.mktemp("talks")
    said = {
        "abejas.es": ["Las abejas fabrican la miel con el néctar de las flores.", "Una reina pone todos los huevos."],
        "trains.en": ["The railway joined both cities in the last century.", "Its wagons carried grain to the mill."],
        "volcanes.es": ["La lava del volcán destruyó el pueblo.", "Nadie murió en la erupción."],
        "glaciers.en": ["Glaciers have lost half of their ice.", "Snow falls later every winter."],
    }
    for name, lines in said.items():
        write_vtt(folder / f"{name}.vtt", lines)
    archive = Archive(tmp_path_factory.mktemp("archive"))
    archive.add(folder, isolated=False)
    return archive


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("What do the bees make honey with?", "néctar de las flores"),
        ("What destroyed the village?", "La lava del volcán"),
        ("¿Cuándo cae la nieve en invierno?", "Snow falls later"),
        ("¿Cuánto hielo han perdido los glaciares?", "lost half of their ice"),
    ],
)
def test_a_question_is_answered_by_a_talk_in_the_other_language(archive: Archive, question: str, quote: str) -> None:
    asked = archive.ask(question)
    assert asked.answer is not None
    assert any(quote in citation.quote for s in asked.answer.sentences for citation in s.citations)


def test_what_no_talk_says_is_refused_in_either_language(archive: Archive) -> None:
    assert archive.ask("Who won the football match on Sunday?").answer is None
    assert archive.ask("¿Quién escribió la primera novela policíaca?").answer is None


def test_a_missing_or_damaged_table_is_told(tmp_path: Path) -> None:
    for file in ("tokenizer.json", "embeddings.npy"):
        (tmp_path / file).write_bytes((SHIPPED / file).read_bytes())
    with pytest.raises(ModelMissing, match=r"scales\.npy"):
        WordVectors(tmp_path)
    (tmp_path / "scales.npy").write_bytes(b"nothing")
    with pytest.raises(EngineError, match="install Ateneo again"):
        WordVectors(tmp_path).embed_words(["horse"])


def test_threads_that_share_a_lexicon_get_the_vectors_of_their_own_words() -> None:
    words = WordVectors().vocabulary()[0][:4000]
    alone = Lexicon(WordVectors()).cosines(words[:40], words[:40])
    for _ in range(5):
        shared = Lexicon(WordVectors())
        with ThreadPoolExecutor(8) as pool:  # each meets new words while the others are looked up
            list(pool.map(lambda n, to=shared: to.cosines(words[n : n + 50], words[:40]), range(0, 4000, 50)))
        assert np.abs(shared.cosines(words[:40], words[:40]) - alone).max() < 1e-6
