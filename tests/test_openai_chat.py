"""Language models by a server: one that behaves well or badly in every known way, and a real `transformers serve`."""

import base64
import io
import logging
import os
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from PIL import Image
from starlette.testclient import TestClient

from ateneo import Archive
from ateneo.engines import Message, Usage
from ateneo.engines.openai_chat import OpenAIChat
from ateneo.errors import CannotSee, EngineError, Unavailable
from ateneo.language.calls import Calls
from ateneo.language.trying import trials
from ateneo.web.access import Rules
from ateneo.web.app import make_app
from tests.conftest import write_video, write_vtt
from tests.serving_models import save_language, save_vision
from tests.small_chat_server import SECRET, Server, serving

ASKED = [Message("system", "Sé breve."), Message("user", "¿Cómo es el agua?")]
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as one:
        yield one


def picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(made, "PNG")
    return made.getvalue()


def calls(server: Server, model: str, *, timeout: float = 20.0, url: str = "") -> Calls:
    return Calls(OpenAIChat(url or server.url, model, SECRET, timeout), wait=0.01, limit=timeout)


def test_an_answer_comes_in_pieces_and_with_what_it_cost(server: Server) -> None:
    coming = OpenAIChat(server.url, "good", SECRET).stream(ASKED, max_tokens=50)
    assert [next(coming) for _ in range(4)] == ["El ", "agua ", "es ", "limpia."]
    with pytest.raises(StopIteration) as ended:
        next(coming)
    assert ended.value.value == Usage(7, 4)
    assert server.asked[-1]["messages"][0] == {"role": "system", "content": "Sé breve."}
    assert server.keys[-1] == f"Bearer {SECRET}"


def test_a_busy_server_is_asked_again_after_the_time_that_it_says(server: Server) -> None:
    one = calls(server, "busy")
    waited: list[float] = []
    one.sleep = waited.append
    assert one.text("ping", "es", {}) == "El agua es limpia."
    assert (waited, one.spent.calls, one.spent.tries, one.spent.read) == ([0.05, 0.05], 1, 2, 7)


def test_a_server_that_is_none_of_a_model_is_told_from_one_that_broke_off(server: Server) -> None:
    before = server.counts["page"]
    with pytest.raises(EngineError, match=r"answers, but not as a language model does; check language_url"):
        calls(server, "page").text("ping", "es", {})
    assert server.counts["page"] - before == 1


@pytest.mark.parametrize(("model", "told"), [
    ("broken", "failed .*out of memory"), ("drops", "stopped in the middle|broke off"), ("malformed", "broke off"),
])  # fmt: skip
def test_what_goes_wrong_is_told_with_the_server_after_three_tries(server: Server, model: str, told: str) -> None:
    before = server.counts[model]
    with pytest.raises(Unavailable, match=f"http://127.0.0.1.*({told})"):
        list(calls(server, model).structured("ping", "es", {}, SCHEMA))
    assert server.counts[model] - before == (1 if model == "drops" else 3)  # nothing is tried again once it has begun


def test_a_server_that_says_nothing_is_given_up_in_time(server: Server) -> None:
    start = time.monotonic()
    with pytest.raises(Unavailable, match="did not answer within 0 s; set language_timeout"):
        calls(server, "slow", timeout=0.3).text("ping", "es", {})
    assert time.monotonic() - start < 1.4


def test_an_answer_without_end_is_cut_off(server: Server) -> None:
    with pytest.raises(EngineError, match="did not end within"):
        calls(server, "endless").text("ping", "es", {}, max_tokens=100)


def test_a_key_stands_in_no_message(server: Server) -> None:
    with pytest.raises(EngineError) as raised:
        calls(server, "wrong_key").text("ping", "es", {})
    assert "refuses the key" in str(raised.value)
    assert SECRET not in str(raised.value)
    assert SECRET not in OpenAIChat(f"http://me:{SECRET}@127.0.0.1/v1", "m").name


@pytest.mark.parametrize("where", ["key", "password"])
def test_a_key_stands_in_no_log_error_file_or_page(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    """With everything logged, and a server that answers nonsense, or refuses the key with the key in its words."""
    caplog.set_level(logging.DEBUG)
    for name in ("openai", "httpx", "httpcore", "ateneo"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    write_vtt(tmp_path / "agua.es.vtt", ["El agua del río es limpia."])
    Image.new("RGB", (40, 40), "red").save(tmp_path / "rojo.png")
    inside = server.url.replace("//", f"//me:{SECRET}@")
    monkeypatch.setenv("ATENEO_LANGUAGE_ENGINE", "openai")
    monkeypatch.setenv("ATENEO_LANGUAGE_URL", inside if where == "password" else server.url)
    monkeypatch.setenv("ATENEO_LANGUAGE_KEY", SECRET if where == "key" else "")
    archive = Archive(tmp_path / "archive")
    archive.add(tmp_path / "agua.es.vtt")
    told: list[str] = []
    for model in ("page", "good", "wrong_key"):
        monkeypatch.setenv("ATENEO_LANGUAGE_MODEL", model)
        archive = Archive(tmp_path / "archive")
        told.append(repr(archive.ask("¿Cómo es el agua del río?", threshold=0)))
        with pytest.raises(EngineError) as raised:
            archive.summarise("agua")
        told.append("".join(traceback.format_exception(raised.value)))
    told += [repr(archive.describe("agua")), repr(archive.look(tmp_path / "rojo.png", "¿De qué color es?"))]
    told += [repr(one) for one in trials(archive.language_engine, pictures=True)]  # type: ignore[arg-type]
    client = TestClient(make_app(tmp_path / "archive", Rules(names=None)))
    told += [client.get(f"/{page}").text for page in ("", "talks/agua", "api/settings", "api/ask?question=agua")]
    given = base64.b64decode(server.keys[-1].removeprefix("Basic ")).decode() if where == "password" else ""
    assert given == (f"me:{SECRET}" if where == "password" else "")
    assert "HTTP Request: POST" in caplog.text
    kept = [path.read_bytes().decode(errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    assert [text for text in (*told, caplog.text, *kept) if SECRET in text or server.keys[-1] in text] == []


def test_a_key_in_the_address_is_refused_and_other_queries_are_sent_on(server: Server) -> None:
    with pytest.raises(EngineError, match="api_key in its address; give it as language_key") as raised:
        calls(server, "good", url=f"{server.url}?api_key={SECRET}").text("ping", "es", {})
    assert SECRET not in str(raised.value)
    assert calls(server, "good", url=f"{server.url}?api-version=1").text("ping", "es", {}) == "El agua es limpia."
    assert server.paths[-1] == "/v1/chat/completions?api-version=1"


def test_openai_without_a_key_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(EngineError, match="needs a key, and none is set; set language_key"):
        list(OpenAIChat("", "m").stream(ASKED, max_tokens=5))


def test_what_a_server_refuses_by_name_is_left_out_from_then_on(server: Server) -> None:
    one = calls(server, "strict")
    assert one.structured("ping", "es", {}, SCHEMA) == {"a": 1}
    assert one.structured("ping", "en", {}, SCHEMA) == {"a": 1}
    assert server.counts["strict"] == 3
    assert "response_format" not in server.asked[-1]


def test_a_model_without_eyes_says_so_and_what_to_set(server: Server) -> None:
    with pytest.raises(CannotSee, match=r"takes no pictures.*set vision_model"):
        calls(server, "blind").text("colour", "es", {}, images=(picture(),))
    assert server.asked[-1]["messages"][-1]["content"][1]["image_url"]["url"].startswith("data:image/png;base64,")


def test_the_only_model_of_a_server_needs_no_name_and_the_trials_find_it(server: Server) -> None:
    found = trials(OpenAIChat(server.url), pictures=True)
    assert [(one.what, one.works) for one in found] == [("server", True), ("answer", True), ("pictures", True)]
    assert "did not tell the colour" in found[-1].detail
    assert [one.works for one in trials(OpenAIChat(server.url, "strict"), pictures=False)] == [True, True]  # unlisted
    [gone] = trials(OpenAIChat("http://127.0.0.1:9/v1", "m"), pictures=False)
    assert (gone.works, "cannot reach http://127.0.0.1:9/v1" in gone.detail) == (False, True)


@pytest.fixture(scope="module")
def transformers_serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, Path]]:
    """The address of a real server, and its two models."""
    folder = tmp_path_factory.mktemp("serve")
    language, vision = save_language(folder / "language"), save_vision(folder / "vision")
    (folder / "hub").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        Path(sys.executable).with_name("transformers"),
        "serve",
        "--port",
        str(port),
        "--device",
        "cpu",
        "--dtype",
        "float32",
    ]
    environment = os.environ | {"HF_HUB_CACHE": str(folder / "hub"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(f"http://127.0.0.1:{port}/health", process)
            yield f"http://127.0.0.1:{port}/v1", language, vision
        finally:
            process.terminate()
            process.wait(30)


def _wait(address: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(400):
        assert process.poll() is None, "transformers serve ended by itself"
        try:
            with urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError("transformers serve did not start")


def test_a_real_server_streams_words_of_a_random_model(transformers_serve: tuple[str, Path, Path]) -> None:
    address, language, _ = transformers_serve
    pieces = list(OpenAIChat(address, str(language)).stream(ASKED, max_tokens=24))
    assert len(pieces) > 3
    assert "".join(pieces).strip()


def test_a_real_server_is_sent_a_picture_and_answers(transformers_serve: tuple[str, Path, Path]) -> None:
    address, _, vision = transformers_serve
    asked = [Message("user", "¿De qué color es?", (picture(),))]
    assert "".join(OpenAIChat(address, str(vision)).stream(asked, max_tokens=12))


def test_nothing_that_a_random_model_writes_reaches_the_reader(
    transformers_serve: tuple[str, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, language, _ = transformers_serve
    said = ["El agua del río es limpia.", "El coche de hidrógeno no hace humo."]
    write_vtt(tmp_path / "agua.es.vtt", said)
    for name, value in {"ENGINE": "openai", "URL": address, "MODEL": str(language)}.items():
        monkeypatch.setenv(f"ATENEO_LANGUAGE_{name}", value)
    archive = Archive(tmp_path / "archive")
    archive.add(tmp_path / "agua.es.vtt")
    asked = archive.ask("¿Cómo es el agua del río?", threshold=0)
    assert asked.answer
    assert asked.assistance
    assert {sentence.text for sentence in asked.answer.sentences} <= set(said)
    assert "not of the form" in asked.assistance.note or "no JSON" in asked.assistance.note


def test_a_random_model_tells_nothing_of_a_stretch_and_sums_up_nothing(
    transformers_serve: tuple[str, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the model that sees: the pictures of the slides go with the request, and the account is Ateneo's own."""
    address, _, vision = transformers_serve
    write_video(tmp_path / "agua.mp4", ["EL AGUA", "LA NIEVE"], seconds=4.0)
    write_vtt(tmp_path / "agua.es.vtt", ["El agua del río es limpia.", "La nieve cae en invierno."])
    for name, value in {"ENGINE": "openai", "URL": address, "MODEL": str(vision)}.items():
        monkeypatch.setenv(f"ATENEO_LANGUAGE_{name}", value)
    archive = Archive(tmp_path / "archive")
    archive.add(tmp_path / "agua.mp4")
    found = archive.describe("agua", style="comentarista deportivo")
    assert [fact.text for fact in found.facts] == ["EL AGUA", "LA NIEVE"]
    assert found.engine == ""
    assert "contado sin openai:" in found.notes[0]
    assert "Se dice: «El agua del río es limpia.»" in [told.text for told in found.sentences]
    with pytest.raises(EngineError, match=r"no JSON document|is not of the form"):
        archive.summarise("agua")


def test_random_text_of_a_real_server_is_no_document(transformers_serve: tuple[str, Path, Path]) -> None:
    address, language, _ = transformers_serve
    with pytest.raises(EngineError, match=r"no JSON document|is not of the form"):
        Calls(OpenAIChat(address, str(language))).structured("ping", "es", {}, SCHEMA, max_tokens=24)
