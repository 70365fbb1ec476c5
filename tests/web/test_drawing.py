"""Drawing in the web: the stream of a picture coming along, what is refused, and the page in a real browser."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from tests.web.conftest import page_of, serving

SHORT = {"words": "un avión rojo", "steps": "3", "seed": "5"}


def events(client: TestClient, **asked: str) -> list[tuple[str, Any]]:
    """Every event of a drawing."""
    answer = client.get("/api/draw/events", params=asked)
    assert answer.status_code == 200
    blocks = [block for block in answer.text.split("\n\n") if block.startswith("event: ")]
    return [(block.split("\n")[0][7:], json.loads(block.split("\n")[1][6:])) for block in blocks]


def picture(url: str) -> Image.Image:
    """What a data URL holds."""
    return Image.open(io.BytesIO(base64.b64decode(url.split(",", 1)[1])))


def test_a_picture_comes_step_by_step_with_its_settings_in_it(client: TestClient) -> None:
    told = events(client, **SHORT)
    names = [name for name, _ in told]
    assert names[-1] == "drawn"
    assert set(names[:-1]) == {"step"}
    assert told[-2][1]["step"] == told[-2][1]["steps"] == 3
    drawn = picture(told[-1][1]["drawn"])
    assert drawn.size == (64, 64)
    assert drawn.text["ateneo:seed"] == "5"  # type: ignore[attr-defined]
    assert told[-1][1]["settings"]["words"] == "un avión rojo"


def test_the_way_comes_with_the_picture_where_it_is_asked_for(client: TestClient) -> None:
    name, told = events(client, **SHORT, trace="true", method="guided")[-1]
    assert name == "drawn"
    assert picture(told["strip"]).width > 400
    assert picture(told["animation"]).format == "GIF"
    assert picture(told["unguided"]).tobytes() != picture(told["drawn"]).tobytes()


@pytest.mark.parametrize(
    ("asked", "status"),
    [({"words": ""}, 400), ({"words": "..."}, 400), ({"words": "a " * 5000}, 422), ({"words": "a", "steps": "0"}, 422),
     ({"words": "a", "method": "x"}, 503), ({"words": "a", "method": "stable-diffusion"}, 400),
     ({"words": "a", "seed": "-1"}, 422), ({"words": "a", "scale": "1e9"}, 503), ({}, 422)],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_before_anything_is_loaded(
    client: TestClient, asked: dict[str, str], status: int
) -> None:
    answer = client.get("/api/draw/events", params=asked)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


@pytest.fixture(scope="module")
def address(ready: Path) -> Iterator[str]:
    with serving(ready) as address:
        yield address


def test_words_become_a_picture_in_the_browser(browser: Browser, address: str) -> None:
    with page_of(browser, address) as page:
        page.goto("/draw")
        page.get_by_label("Lo que muestra el dibujo").fill("un avión rojo")
        page.get_by_label("Pasos").fill("3")
        page.get_by_label("Semilla").fill("5")
        page.get_by_label("Guardar el camino, con guía y sin ella").check()
        page.get_by_role("button", name="Dibujar").click()
        drawn = page.get_by_role("img", name="un avión rojo")
        expect(page.get_by_role("link", name="Guardar")).to_be_visible(timeout=240_000)
        assert drawn.evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
        expect(page.get_by_role("img", name="La misma semilla sin las palabras")).to_be_visible()
        expect(page.get_by_role("heading", name="El camino del ruido al dibujo")).to_be_visible()
        assert "seed=5" in page.url


def test_words_that_cannot_be_drawn_are_told_on_the_page(browser: Browser, address: str) -> None:
    with page_of(browser, address, refused=400) as page:
        page.goto("/draw?words=...")
        expect(page.get_by_role("alert")).to_contain_text("no hay palabras")
