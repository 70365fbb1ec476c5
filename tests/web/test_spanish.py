"""What the page says of errors is in the page's language: every message that the served application can raise has its
Spanish, with the same fields."""

import ast
import importlib
import string
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from ateneo import errors, spanish
from ateneo.web import app
from ateneo.web.access import TooManyTries
from tests.web.conftest import page_of, serving

LAZY = ("ateneo.drawing.draw", "ateneo.engines.onnx_clip", "ateneo.engines.onnx_text", "ateneo.engines.openai_chat",
        "ateneo.engines.tower")  # reached by their names; what they stand on is not followed  # fmt: skip
ELSEWHERE = {  # met by whoever starts the server or runs a command, and told there
    "ateneo.engines.catalogue": "of the commands `models` and `doctor`",
    "ateneo.engines.whisper": "of adding: told with the recording, as it came",
    "ateneo.ingest.captions": "of adding",
    "ateneo.ingest.metadata": "of adding",
    "ateneo.ingest.workers": "of adding",
    "ateneo.language.prompts": "of prompts that ship",
    "ateneo.looking.labels": "of the options --labels and --language",
    "ateneo.looking.words": "of the option --words",
    "ateneo.models.config": "of a model that is damaged, told when the server starts",
    "ateneo.settings": "told when the server starts",
}
KINDS = {name for name, kind in vars(errors).items() if isinstance(kind, type)} | {"Refusal", "IndexDamaged"}


def tree(module: str) -> ast.Module:
    found = find_spec(module)
    assert found is not None
    assert found.origin is not None
    return ast.parse(Path(found.origin).read_text(encoding="utf-8"))


def imported(module: str) -> Iterator[str]:
    """The modules of Ateneo that a module imports, at its top or inside its functions."""
    parsed = tree(module)
    idle = {inner for node in ast.walk(parsed) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            for inner in ast.walk(node)}  # fmt: skip
    for node in ast.walk(parsed):
        if node not in idle and isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ateneo"):
            names = [str(node.module), *(f"{node.module}.{one.name}" for one in node.names)]
            for name in names:
                package, _, last = name.rpartition(".")
                folder = find_spec(package) if package else None
                places = list(folder.submodule_search_locations or []) if folder else []
                if any(
                    (Path(p) / f"{last}.py").is_file() or (Path(p) / last / "__init__.py").is_file() for p in places
                ):
                    yield name


def reached() -> list[str]:
    """All modules that the served application imports."""
    seen: set[str] = set()
    waiting = [app.__name__]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += imported(module)
    return sorted(seen | set(LAZY))


def messages(module: str) -> Iterator[tuple[int, str | None, set[str]]]:
    """Line, template and fields of every error that a module makes; None where it is no plain text or constant."""
    constants = vars(importlib.import_module(module))
    for node in ast.walk(tree(module)):
        name = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name in KINDS and len(node.args) > (name == "Refusal"):
            given = node.args[name == "Refusal"]
            template = given.value if isinstance(given, ast.Constant) else constants.get(ast.unparse(given))
            yield node.lineno, template, {str(key.arg) for key in node.keywords} - {"headers", "after"}


def names_in(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_every_error_that_the_page_can_meet_has_its_spanish() -> None:
    met, without = 0, []
    for module in reached():
        for line, template, fields in messages(module):
            met += 1
            if module in ELSEWHERE:
                continue
            fits = template in spanish.SPANISH and names_in(spanish.SPANISH[template]) <= fields
            if not fits or (fields and names_in(template or "") != fields):
                without.append(f"{module}:{line} {template}")
    assert met > 150
    assert without == []
    assert TooManyTries.template in spanish.SPANISH


def test_what_is_told_elsewhere_is_still_there() -> None:
    assert set(ELSEWHERE) <= set(reached())


def test_a_field_that_is_an_error_or_a_known_text_is_said_in_spanish_too() -> None:
    inner = errors.InputError("cannot read {name}: {why}; name a picture's file", name="a.png", why="no such file")
    outer = errors.ArchiveError("cannot index {id} again: {why}", id="x", why=inner)
    assert str(outer) == "cannot index x again: cannot read a.png: no such file; name a picture's file"
    assert spanish.said(outer) == ("no se puede volver a indexar x: no se puede leer a.png: no existe; da una imagen")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/talks/none", "no hay charla 'none' en este archivo; `ateneo talks` las enumera"),
        ("/api/search?words=a&limit=51", "limit: 50 como mucho"),
        ("/api/search", "words: falta"),
        ("/api/see", "da palabras, o bien charla e imagen"),
        ("/api/nothing", "aquí no hay nada"),
    ],
)
def test_a_page_is_answered_in_its_language_and_a_program_in_english(client: TestClient, path: str, said: str) -> None:
    spoken = client.get(path, headers={"Accept-Language": "es-ES,es;q=0.9"}).json()["error"]["message"]
    assert spoken == said
    english = client.get(path, headers={"Accept-Language": ""}).json()["error"]["message"]
    assert english != said
    assert client.get(path, headers={"Accept-Language": "en"}).json()["error"]["message"] == english


def test_an_error_in_the_middle_of_events_is_in_the_language_of_the_page(client: TestClient) -> None:
    place = "/api/draw/events?words=???"
    for language, said in (("es", "no hay palabras que dibujar"), ("en", "there are no words to draw")):
        assert said in client.get(place, headers={"Accept-Language": language}).text


def test_the_spanish_page_shows_what_went_wrong_in_spanish(browser: Browser, archive: Path) -> None:
    with serving(archive) as address, page_of(browser, address, refused=422) as page:
        page.goto("/add")
        page.locator("#path").fill("/nowhere/at/all")
        page.get_by_role("button", name="Añadir la carpeta").click()
        expect(page.locator("main")).to_contain_text("no existe en el servidor: /nowhere/at/all")
