"""Many at once, from the moment the server is there: each is answered as if he were alone."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx2
import pytest

from ateneo import Archive, documents
from ateneo.engines.rapid_ocr import RapidOcr
from ateneo.web.access import Access, Rules, TooManyTries, hashed
from tests.conftest import write_video, write_vtt
from tests.web.conftest import serving

SUBJECTS = {  # Spanish, English, what is said of it in each
    "el hidrógeno": ("hydrogen", "mueve el coche sin humo", "moves the car without smoke"),
    "la nieve": ("snow", "cubre menos semanas cada invierno", "lies for fewer weeks each winter"),
    "el dance": ("folk dance", "reúne a todo el pueblo en septiembre", "brings the whole village together"),
    "la biblioteca": ("library", "presta ocho mil libros al año", "lends eight thousand books a year"),
    "el aeropuerto": ("airport", "guarda aviones que nadie vuela", "keeps aircraft that nobody flies"),
    "la abeja": ("bee", "visita cien flores en una hora", "visits a hundred flowers in an hour"),
    "el glaciar": ("glacier", "pierde un metro de hielo cada verano", "loses a metre of ice every summer"),
    "la azucarera": ("sugar factory", "cerró después de noventa años", "closed after ninety years"),
    "el esqueleto": ("skeleton", "del dinosaurio mide nueve metros", "of the dinosaur is nine metres long"),
    "la orquesta": ("orchestra", "ensaya los martes en la escuela", "rehearses on Tuesdays at the school"),
}  # fmt: skip
Asked = tuple[str, dict[str, str]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten talks, each in both languages, with slides."""
    folder = tmp_path_factory.mktemp("together")
    for n, (subject, (english, said, told)) in enumerate(SUBJECTS.items()):
        write_video(folder / f"charla-{n}.mp4", [f"{subject}\n{english}".upper()], seconds=8.0)
        write_vtt(folder / f"charla-{n}.es.vtt", [f"Hoy hablamos de {subject}.", f"{subject.capitalize()} {said}."])
        write_vtt(folder / f"charla-{n}.en.vtt", [f"Today we speak of the {english}.", f"The {english} {told}."])
    archive = Archive(folder / "archive")
    archive.add(folder)
    return folder / "archive"


def asked() -> list[Asked]:
    """Forty questions, searches and looks, no two alike."""
    asked: list[Asked] = []
    for subject, (english, said, told) in SUBJECTS.items():
        asked += [
            ("ask", {"question": f"¿Qué se dijo de {subject}, que {said}?"}),
            ("ask", {"question": f"Is it said that the {english} {told}?"}),
            ("search", {"words": f"{said} {english}"}),
            ("see", {"words": english}),
        ]
    return asked


def alone(archive: Archive, asked: Asked) -> dict[str, Any]:
    """What one thread is answered."""
    kind, given = asked
    if kind == "ask":
        return documents.ask(archive.ask(given["question"]))
    if kind == "search":
        return documents.search(archive.search(given["words"]))
    return documents.see(archive.see(given["words"], limit=24))


def together(address: str, asked: Sequence[Asked]) -> list[httpx2.Response]:
    """All of them at the same moment, each on a connection of its own."""
    ready = Barrier(len(asked))

    def get(one: Asked) -> httpx2.Response:
        ready.wait()
        return httpx2.get(f"{address}api/{one[0]}", params=one[1], timeout=240)

    with ThreadPoolExecutor(len(asked)) as pool:
        return list(pool.map(get, asked))


def apart(document: Any) -> tuple[Any, list[float]]:
    """A document without its fractions, and these: sums of products hang, in their last places, on how a processor cuts
    them."""
    numbers: list[float] = []

    def without(part: Any) -> Any:
        if isinstance(part, float):
            numbers.append(part)
            return ...
        if isinstance(part, dict):
            return {name: without(value) for name, value in part.items()}
        return [without(value) for value in part] if isinstance(part, list) else part

    return without(document), numbers


@pytest.mark.timeout(600)
def test_who_asks_while_the_server_wakes_is_answered_as_if_alone(library: Path) -> None:
    archive = Archive(library)
    expected = [httpx2.Response(200, json=alone(archive, one)).json() for one in asked()]
    assert sum(bool(document.get("answer")) for document in expected) >= 10
    with serving(library) as address:
        answers = together(address, asked())
    assert [answer.status_code for answer in answers] == [200] * len(expected)
    for one, answer, document in zip(asked(), answers, expected, strict=True):
        said, numbers = apart(answer.json())
        expected_said, expected_numbers = apart(document)
        assert said == expected_said, one
        assert numbers == pytest.approx(expected_numbers, abs=1e-6), one


def test_a_fault_of_its_own_is_told_with_its_traceback(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = []

    def ask() -> None:
        with serving(library, ATENEO_LANGUAGE_ENGINE="scripted") as address:  # a model that was given no script
            answers.append(httpx2.get(f"{address}api/ask", params={"question": "¿Qué mueve el hidrógeno?"}, timeout=60))

    with pytest.raises(AssertionError, match="a fault of Ateneo's own"):
        ask()
    said = capsys.readouterr().err
    assert "Traceback (most recent call last)" in said
    assert "KeyError: 'sentences'" in said
    assert [(answer.status_code, answer.json()["error"]["type"]) for answer in answers] == [(500, "fault")]


def test_one_reader_of_text_serves_many_threads(library: Path) -> None:
    import numpy as np
    from PIL import Image

    paths = sorted((library / "talks").glob("*/frames/*.jpg"))
    pictures = [np.asarray(Image.open(path)) for path in paths]
    reader = RapidOcr()
    expected = [reader.places(picture) for picture in pictures]
    lines = [reader.line(picture[40:90]) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        both = [(pool.submit(reader.places, one), pool.submit(reader.line, one[40:90])) for one in pictures]
    assert [places.result() for places, _ in both] == expected
    assert [line.result() for _, line in both] == lines


def test_many_wrong_passwords_at_once_are_no_more_than_one_after_the_other() -> None:
    access = Access(Rules(password=hashed("correcto caballo")))
    ready = Barrier(16)

    def guess(n: int) -> bool:
        ready.wait()
        try:
            return access.log_in(f"no {n}", address="10.0.0.1") is None
        except TooManyTries:
            return False

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(guess, range(16))) == 5
