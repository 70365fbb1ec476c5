"""A stretch described on the page and by the interface: facts and sentences as they come, and captions to keep."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from tests.web.conftest import page_of, serious_faults, serving

TALK = "2018-03-14-coches-de-hidrogeno"
STRETCH = {"start": "0", "end": "24", "language": "es"}


def events(text: str) -> list[tuple[str, dict[str, object]]]:
    blocks = [block.split("\n") for block in text.split("\n\n") if block.startswith("event: ")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def test_facts_and_sentences_come_one_by_one_and_then_the_document(client: TestClient) -> None:
    found = events(client.get(f"/api/talks/{TALK}/describe/events", params=STRETCH).text)
    names = [name for name, _ in found]
    assert names[:2] == ["fact", "fact"]
    assert names[-1] == "described"
    document = client.get(f"/api/talks/{TALK}/describe", params=STRETCH).json()
    assert found[-1][1] == document
    assert [fact["text"] for fact in document["facts"]] == ["EL COCHE DE HIDROGENO", "AGUA LIMPIA"]
    assert names.count("sentence") == len(document["sentences"])


def test_captions_of_a_description_are_a_file_to_keep(client: TestClient) -> None:
    answer = client.get(f"/api/talks/{TALK}/describe.vtt", params=STRETCH)
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
    assert answer.text.startswith("WEBVTT\n\n00:00:00.000 -->")
    assert f'filename="{TALK}.0-24.es.vtt"' in answer.headers["content-disposition"]


@pytest.mark.parametrize("asked", ["end=5000", "end=x", "start=9&end=3", "end=3&language=fr", ""])
def test_a_stretch_that_is_none_or_too_long_is_refused(client: TestClient, asked: str) -> None:
    answer = client.get(f"/api/talks/{TALK}/describe?{asked}")
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["message"]


def test_no_file_is_served_but_a_picture_of_a_fact(client: TestClient) -> None:
    assert client.get(f"/api/talks/{TALK}/described/000000.000.jpg").status_code == 404
    assert client.get(f"/api/talks/{TALK}/described/..%2f..%2fateneo.toml").status_code in (404, 422)


@pytest.fixture(scope="module")
def address(ready: Path) -> Iterator[str]:
    with serving(ready, ATENEO_LANGUAGE_ENGINE="exaggerating") as address:
        yield address


def test_a_stretch_is_marked_on_the_player_and_each_fact_leads_to_its_second(browser: Browser, address: str) -> None:
    with page_of(browser, address) as page:
        page.goto(f"/talks/{TALK}?t=8")
        form = page.locator("#describe")
        expect(form.get_by_label("Hasta")).to_have_value("0:24")
        page.locator("#mark-to").click()
        expect(form.get_by_label("Hasta")).to_have_value("0:08")
        expect(page.locator("#stretch")).to_be_visible()
        form.get_by_label("Hasta").fill("0:20")
        form.get_by_label("Estilo").fill("comentarista")
        form.get_by_role("button", name="Describir").click()
        expect(page.locator("#describe-vtt")).to_be_visible(timeout=120_000)
        expect(page.locator("#telling")).to_contain_text("La pila de combustible emite agua limpia.")
        page.locator("#facts a", has_text="AGUA LIMPIA").click()
        page.wait_for_function("document.querySelector('video').currentTime >= 11.5")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_in_a_telling(browser: Browser, address: str, scheme: str) -> None:
    with page_of(browser, address, color_scheme=scheme, reduced_motion="reduce") as page:
        page.goto(f"/talks/{TALK}")
        form = page.locator("#describe")
        form.get_by_label("Hasta").fill("0:20")
        form.get_by_label("Estilo").fill("comentarista")
        form.get_by_role("button", name="Describir").click()
        expect(page.locator("#describe-vtt")).to_be_visible(timeout=120_000)
        assert serious_faults(page) == []
