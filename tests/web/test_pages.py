"""The pages: two languages, hostile text as text, filters, and how much a browser has to fetch."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ateneo import Archive
from ateneo.web import static
from ateneo.web.texts import TEXTS, preferred
from tests.web.conftest import client_of

HTML = {"Accept": "text/html"}
TALK = "/talks/2018-03-14-coches-de-hidrogeno"
PAGES = ["/", "/see", "/look", "/draw", "/talks", TALK, "/add", "/api", "/login"]


def sources() -> Iterator[tuple[str, str]]:
    for folder in ("templates", "static"):
        for file in (files("ateneo.web") / folder).iterdir():
            if file.name.endswith((".html", ".js")):
                yield file.name, file.read_text()


def test_both_languages_say_the_same_things() -> None:
    assert set(TEXTS["es"]) == set(TEXTS["en"])
    for key, english in TEXTS["en"].items():
        spanish = TEXTS["es"][key]
        assert spanish.strip()
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", spanish)), key


def test_templates_and_scripts_use_only_words_that_are_there_and_all_of_them() -> None:
    text = "\n".join(content for _, content in sources())
    used = set(re.findall(r"""\bt\(\s*["']([\w-]+)["']""", text))
    assert used <= set(TEXTS["en"])
    named = set(re.findall(r"""["'`]([\w-]+)["'`]""", text))
    made = {key for key in TEXTS["en"] if key.startswith(("state_", "stage_", "mark_", "talks_", "source_"))}
    assert set(TEXTS["en"]) - named - made == set()


@pytest.mark.parametrize(
    ("accept", "chosen", "language"),
    [("es-ES,es;q=0.9,en;q=0.8", None, "es"), ("en-GB", None, "en"), ("de,en;q=0.5,es;q=0.7", None, "es"),
     ("fr", None, "en"), ("", None, "es"), ("en", "es", "es"), ("en", "xx", "en"), ("es;q=zero,en", None, "en")],
)  # fmt: skip
def test_the_interface_follows_the_browser_unless_it_was_chosen(accept: str, chosen: str | None, language: str) -> None:
    assert preferred(accept, chosen) == language


def test_the_language_can_be_chosen_and_stays(ready: Path) -> None:
    with client_of(ready) as client:
        english = {**HTML, "Accept-Language": "en"}
        assert ">Library<" in client.get("/", headers=english).text
        page = client.get("/language/es?next=/talks", headers=english)
        assert page.url.path == "/talks"
        assert ">Biblioteca<" in page.text
        assert ">Biblioteca<" in client.get("/", headers=english).text


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_fetched_from_elsewhere_and_nothing_runs_inline(client: TestClient, path: str) -> None:
    found: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

    Reader().feed(client.get(path, headers=HTML).text)
    for tag, attributes in found:
        assert not any(name.startswith("on") or name == "style" for name in attributes), (tag, attributes)
        places = [attributes.get(name) or "" for name in ("src", "href", "action")]
        assert all(place == "" or place[0] in "/#" for place in places), (tag, attributes)
        assert tag not in ("style", "iframe", "object")
        assert tag != "script" or attributes.get("type") == "application/json" or attributes.get("src")


def test_a_title_with_markup_is_shown_as_text(client: TestClient) -> None:
    for path in ("/", "/talks", "/see"):
        text = client.get(path, headers=HTML).text
        assert "<img src=x" not in text
    assert "&lt;img src=x onerror=alert(1)&gt; Seguridad" in client.get("/talks", headers=HTML).text


def test_the_words_of_the_interface_cannot_break_out_of_their_place(client: TestClient) -> None:
    block = client.get("/?q=</script>", headers=HTML).text.split('id="texts">')[1].split("</script>")[0]
    assert "<" not in block


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 2), ("words=pila", 1), ("words=pel%C3%ADcula", 0), ("speaker=Luis+Sanz", 1), ("year=2020", 1),
     ("language=en", 0), ("words=coches&year=2020", 0), ("words=12", 1)],
)  # fmt: skip
def test_the_library_filters(client: TestClient, query: str, count: int) -> None:
    text = client.get(f"/talks?{query}", headers=HTML).text
    assert text.count('<li class="card">') == count


def test_the_library_shows_more_where_there_is_more(client: TestClient) -> None:
    text = client.get("/talks?show=1", headers=HTML).text
    assert text.count('<li class="card">') == 1
    assert 'href="/talks?show=61"' in text


def test_an_empty_archive_says_what_to_do(tmp_path: Path) -> None:
    with client_of(tmp_path / "new") as client:
        assert 'href="/add"' in client.get("/talks", headers=HTML).text
        assert client.get("/api/search", params={"words": "agua"}).json()["hits"] == []
        assert client.get("/api/ask", params={"question": "¿Qué dicen del agua?"}).json()["answer"] is None
    assert not (tmp_path / "new" / "ateneo.toml").exists()


def test_people_get_a_page_and_programs_json_where_something_is_not_there(client: TestClient) -> None:
    page = client.get("/talks/nothing", headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert client.get("/talks/nothing").json()["error"]["type"] == "not_found"
    assert client.get("/api/nothing", headers=HTML).json()["error"]["status"] == 404


def test_styles_and_scripts_are_packed_and_kept(client: TestClient) -> None:
    answer = client.get(f"/static/{static.VERSION}/ateneo.css")
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert "immutable" not in client.get("/static/old/ateneo.css").headers["cache-control"]
    plain = client.get("/static/old/ateneo.css", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == answer.text


def test_a_head_request_has_the_headers_alone(client: TestClient) -> None:
    answer = client.head("/", headers=HTML)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 1000


def test_a_talk_added_by_somebody_else_is_seen(archive: Path, tmp_path: Path) -> None:
    from tests.conftest import write_vtt

    with client_of(archive) as client:
        assert len(client.get("/api/talks").json()["talks"]) == 2
        write_vtt(tmp_path / "nueva.es.vtt", ["Una charla nueva sobre el azafrán."])
        Archive(archive).add(tmp_path / "nueva.es.vtt")
        assert len(client.get("/api/talks").json()["talks"]) == 3
        assert client.get("/api/search", params={"words": "azafrán"}).json()["hits"][0]["talk"]["id"] == "nueva"
