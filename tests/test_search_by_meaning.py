"""An archive whose passages have vectors: found across languages, embedded once, and without an engine as before."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ateneo import Archive
from ateneo.archive.storage import LocalStorage
from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.ingest.vectors import with_vectors
from ateneo.records import Cue, Passage, Talk
from tests.conftest import write_vtt

SAID = {
    "trenes": ["El ferrocarril une las dos ciudades.", "Los vagones llevan grano."],
    "abejas": ["Las abejas fabrican miel en la colmena.", "La reina pone huevos."],
    "lluvia": ["En otoño llueve mucho en el norte.", "El río crece."],
}


@dataclasses.dataclass
class Counting:
    """The shipped encoder, and how many texts it was given."""

    inner: SentenceVectors
    name: str = "counting"
    texts: int = 0
    space: str = "counting-1"

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        self.texts += len(texts)
        return self.inner.embed(texts, query=query)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    folder = tmp_path_factory.mktemp("talks")
    for name, said in SAID.items():
        write_vtt(folder / f"{name}.es.vtt", said)
    archive = Archive(tmp_path_factory.mktemp("archive"))
    archive.add(folder, isolated=False)
    return archive


@pytest.mark.parametrize(
    ("words", "talk"),
    [("trains between two towns", "trenes"), ("bees make honey", "abejas"), ("heavy rain in autumn", "lluvia")],
)
def test_words_in_english_find_spanish_talks(archive: Archive, words: str, talk: str) -> None:
    assert archive.search(words).hits[0].talk.id == talk


def test_words_in_the_talks_language_still_decide(archive: Archive) -> None:
    assert archive.search("la reina de la colmena").hits[0].talk.id == "abejas"


def test_an_archive_without_vectors_is_searched_by_words(archive: Archive, tmp_path: Path) -> None:
    plain = Archive(tmp_path / "plain")
    plain.__dict__["text_engine"] = None
    write_vtt(tmp_path / "abejas.es.vtt", SAID["abejas"])
    plain.add(tmp_path / "abejas.es.vtt", isolated=False)
    assert plain.index.spaces() == []
    assert plain.search("miel").hits[0].talk.id == "abejas"
    later = Archive(tmp_path / "plain")
    later.reindex()
    assert later.index.spaces() == [SentenceVectors().space]
    assert later.search("honey").hits[0].talk.id == "abejas"


def test_a_text_is_embedded_once_and_again_only_where_it_changed(tmp_path: Path) -> None:
    engine, storage = Counting(SentenceVectors()), LocalStorage(tmp_path)
    talk = Talk("a", "a")
    rows = [Passage(talk, n, n + 1, "es", "speech", (Cue(n, n + 1, text),)) for n, text in enumerate(SAID["abejas"])]
    first = with_vectors(rows, engine, talk_id="a", storage=storage)
    second = with_vectors(rows, engine, talk_id="a", storage=storage)
    assert engine.texts == 2
    np.testing.assert_array_equal(first[1].vectors["counting-1"], second[1].vectors["counting-1"])
    changed = [rows[0], dataclasses.replace(rows[1], sentences=(Cue(1, 2, "Otra cosa."),))]
    with_vectors(changed, engine, talk_id="a", storage=storage)
    assert engine.texts == 3
    with_vectors(changed, dataclasses.replace(engine, space="counting-2"), talk_id="a", storage=storage)
    assert engine.texts == 3  # the copy of another space counted for itself
