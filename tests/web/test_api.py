"""The JSON interface gives what the commands print, and recordings by ranges."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ateneo import Archive, documents
from tests.web.conftest import HOSTILE, client_of

TALK = "2018-03-14-coches-de-hidrogeno"


@pytest.fixture(scope="module")
def library(ready: Path) -> Archive:
    return Archive(ready)


def plain(document: dict[str, Any]) -> Any:
    return json.loads(json.dumps(document))


def test_what_is_asked_for_is_what_the_commands_print(client: TestClient, library: Archive) -> None:
    question = "¿Qué emite la pila de combustible?"
    pairs: list[tuple[str, dict[str, str], dict[str, Any]]] = [
        ("/api/talks", {}, documents.talks(library.talks())),
        (f"/api/talks/{TALK}", {}, documents.show(library.talk(TALK))),
        ("/api/search", {"words": "hidrógeno", "limit": "3"}, documents.search(library.search("hidrógeno", limit=3))),
        ("/api/ask", {"question": question}, documents.ask(library.ask(question))),
        ("/api/see", {"words": "agua limpia"}, documents.see(library.see("agua limpia", limit=24))),
    ]
    for path, given, document in pairs:
        assert client.get(path, params=given).json() == plain(document), path


def test_filters_narrow_a_search(client: TestClient) -> None:
    for given, count in (({"speaker": "valdemora"}, 1), ({"since": "2020"}, 0), ({"talk": "other"}, 0)):
        hits = client.get("/api/search", params={"words": "hidrógeno", **given}).json()["hits"]
        assert bool(hits) == bool(count), given


def test_an_answer_comes_sentence_by_sentence_and_then_whole(client: TestClient) -> None:
    text = client.get("/api/ask/events", params={"question": "¿Qué emite la pila de combustible?"}).text
    events = [
        dict(line.split(": ", 1) for line in block.split("\n")) for block in text.split("\n\n") if "event" in block
    ]
    names = [event["event"] for event in events]
    assert names[0] == "sentence"
    assert "talk" in names
    whole = json.loads(events[-1]["data"])
    assert names[-1] == "answer"
    sentences = [json.loads(event["data"]) for event in events if event["event"] == "sentence"]
    assert sentences == whole["answer"]["sentences"]


def test_where_the_archive_does_not_say_the_events_say_so(client: TestClient) -> None:
    text = client.get("/api/ask/events", params={"question": "¿Quién pintó las Meninas?"}).text
    assert "event: sentence" not in text
    assert json.loads(text.split("event: answer\ndata: ")[1])["answer"] is None


def test_a_transcript_has_its_captions_and_what_is_doubtful(client: TestClient) -> None:
    found = client.get(f"/api/talks/{TALK}/transcripts/es").json()
    assert set(found) == {"version", "talk", "language", "origin", "cues", "marks"}
    assert found["cues"][1] == {
        "start": 4.0, "end": 8.0, "text": "El hidrógeno mueve el coche sin humo.", "doubtful": []}  # fmt: skip
    assert client.get(f"/api/talks/{TALK}/transcripts/fr").json()["error"]["message"].endswith("it has: en, es")


@pytest.mark.parametrize(
    ("format", "begins"), [("vtt", "WEBVTT"), ("srt", "1\n00:00:00,000"), ("md", "# Coches"), ("chapters", "0:00")]
)
def test_downloads_are_files_to_keep(client: TestClient, format: str, begins: str) -> None:
    answer = client.get(f"/api/talks/{TALK}/export", params={"format": format})
    assert answer.text.startswith(begins)
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{TALK}')


def test_a_slide_comes_as_it_was_shown_or_small(client: TestClient) -> None:
    frame = client.get(f"/api/talks/{TALK}").json()["frames"][0]["path"]
    whole, small = client.get(f"/api/talks/{TALK}/{frame}"), client.get(f"/api/talks/{TALK}/{frame}?width=320")
    assert whole.headers["content-type"] == small.headers["content-type"] == "image/jpeg"
    assert len(small.content) < len(whole.content)
    assert client.get(f"/api/talks/{TALK}/{frame}?width=5").status_code == 422


def test_a_slide_or_a_picture_finds_slides_like_it(client: TestClient) -> None:
    frame = client.get(f"/api/talks/{TALK}").json()["frames"][0]["path"]
    like = client.get("/api/see", params={"talk": TALK, "frame": frame.removeprefix("frames/")}).json()
    assert like["hits"]
    assert frame not in {hit["frame"]["path"] for hit in like["hits"]}
    picture = client.get(f"/api/talks/{TALK}/{frame}").content
    found = client.post("/api/see", content=picture, headers={"Content-Type": "image/jpeg"}).json()
    assert found["hits"][0]["frame"]["path"] == frame


@pytest.mark.parametrize(
    ("asked", "first", "last"), [("bytes=0-99", 0, 99), ("bytes=100-", 100, None), ("bytes=-50", -50, None),
                                 ("bytes=5-5, 9-12", 5, 5)],
)  # fmt: skip
def test_a_player_gets_the_range_it_asks_for(
    client: TestClient, library: Archive, asked: str, first: int, last: int | None
) -> None:
    whole = Path(library.source(TALK)).read_bytes()
    answer = client.get(f"/api/talks/{TALK}/recording", headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == whole[first : None if last is None else last + 1]
    assert answer.headers["content-range"].endswith(f"/{len(whole)}")


def test_a_recording_comes_whole_and_is_not_sent_again(client: TestClient, library: Archive) -> None:
    path = f"/api/talks/{TALK}/recording"
    answer = client.get(path)
    assert answer.content == Path(library.source(TALK)).read_bytes()
    assert answer.headers["content-type"] == "video/mp4"
    assert client.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert client.get(path, headers={"Range": "bytes=0-1", "If-Range": '"old"'}).status_code == 200
    assert client.head(path).headers["content-length"] == str(len(answer.content))


def test_a_talk_without_recording_says_so(client: TestClient) -> None:
    hostile = next(talk["id"] for talk in client.get("/api/talks").json()["talks"] if talk["id"] != TALK)
    assert client.get(f"/api/talks/{hostile}/playing").json()["state"] == "absent"
    assert client.get(f"/api/talks/{hostile}/recording").status_code == 404


def test_a_corrected_talk_and_caption_are_found_at_once(archive: Path) -> None:
    with client_of(archive) as client:
        changed = client.patch(f"/api/talks/{TALK}", json={"title": "Pilas", "speakers": ["Ana"], "date": "2019-01-01"})
        assert (changed.json()["title"], changed.json()["speakers"]) == ("Pilas", ["Ana"])
        line = {
            "start": 4.0,
            "text": "El dihidrógeno mueve el autobús.",
            "was": "El hidrógeno mueve el coche sin humo.",
        }
        assert client.patch(f"/api/talks/{TALK}/transcripts/es", json=line).status_code == 200
        hits = client.get("/api/search", params={"words": "autobús"}).json()["hits"]
        assert hits[0]["talk"]["title"] == "Pilas"
        assert client.patch(f"/api/talks/{TALK}/transcripts/es", json=line).status_code == 400  # it says that by now
        assert "Pilas" in client.get("/talks").text


def test_a_removed_talk_is_gone_everywhere(archive: Path) -> None:
    with client_of(archive) as client:
        assert client.delete(f"/api/talks/{TALK}").status_code == 204
        assert client.get(f"/api/talks/{TALK}").status_code == 404
        assert client.get("/api/search", params={"words": "hidrógeno"}).json()["hits"] == []
        assert client.delete(f"/api/talks/{TALK}").status_code == 404


def test_while_something_else_writes_a_correction_is_told_to_come_again(archive: Path) -> None:
    with client_of(archive) as client, Archive(archive).storage.lock():
        client.app.app.state.site.archive.wait = 0.2  # type: ignore[attr-defined]
        answer = client.patch(f"/api/talks/{TALK}", json={"title": "Otra"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (409, "busy")


def test_what_a_caption_says_stays_text_in_json(client: TestClient) -> None:
    hits = client.get("/api/search", params={"words": "zorro subtítulos"}).json()["hits"]
    assert any(HOSTILE in hit["text"] for hit in hits)
    assert client.get("/api/search", params={"words": "zorro"}).headers["content-type"] == "application/json"


def test_the_description_names_every_route_with_a_summary(client: TestClient) -> None:
    described = client.get("/api/openapi.json").json()["paths"]
    assert {"/api/ask", "/api/search", "/api/see", "/api/jobs", "/v1/chat/completions"} <= set(described)
    assert all(about["summary"] for methods in described.values() for about in methods.values())
    page = client.get("/api", headers={"Accept": "text/html"}).text
    assert all(path in page for path in described)


@pytest.mark.parametrize(("spoken", "told"), [("es", "no se llega a"), ("en", "cannot reach")])
def test_what_a_language_model_fails_at_is_said_in_the_language_of_the_page(
    archive: Path, monkeypatch: pytest.MonkeyPatch, spoken: str, told: str
) -> None:
    for name, value in {"ENGINE": "openai", "URL": "http://127.0.0.1:9/v1", "MODEL": "none"}.items():
        monkeypatch.setenv(f"ATENEO_LANGUAGE_{name}", value)
    with client_of(archive) as client:
        asked = {"question": "¿Cómo mueve el hidrógeno el coche?", "threshold": 0}
        document = client.get("/api/ask", params=asked, headers={"Accept-Language": spoken}).json()
    assert document["answer"]
    assert document["assistance"]["note"].startswith(told)


def test_a_language_models_sentences_come_as_events_and_follow_the_question_before(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = {"part": "all", "text": "El coche de hidrógeno no hace humo.", "on": ["humo"]}
    wrong = {"part": "all", "text": "El coche de hidrógeno cuesta 5 euros.", "on": ["humo"]}
    question = "¿Cómo mueve el hidrógeno el coche?"
    script = {"plan": {"question": question, "searches": []}, "sentences": [right, wrong]}
    (tmp_path / "script.json").write_text(json.dumps(script))
    monkeypatch.setenv("ATENEO_LANGUAGE_ENGINE", "scripted")
    monkeypatch.setenv("ATENEO_LANGUAGE_URL", str(tmp_path / "script.json"))
    with client_of(archive) as client:
        asked = {"question": "¿Y cómo lo mueve?", "after": ["¿Qué es el hidrógeno?", "¿Mueve coches?"], "threshold": 0}
        text = client.get("/api/ask/events", params=asked).text
    events = [
        (part.split("\n")[0][7:], json.loads(part.split("data: ")[1])) for part in text.split("\n\n") if "data" in part
    ]
    sentences = [document["text"] for name, document in events if name == "sentence"]
    assert sentences == [right["text"]]
    name, document = events[-1]
    assert (name, document["dropped"], document["assistance"]["understood"]) == ("answer", 1, question)
