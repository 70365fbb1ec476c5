"""Starting and stopping the server, its password, and patience with slow clients."""

import asyncio
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from ateneo.settings import load
from ateneo.web import uploads
from ateneo.web.access import Access, Rules
from ateneo.web.errors import Refusal
from ateneo.web.guard import Body
from ateneo.web.serve import Impatient
from tests.conftest import COMMAND, Command
from tests.web.conftest import serving


class Hasty(Impatient):
    """A server that waits half a second for headers."""

    patience = 0.5


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that takes longer to answer than the server waits for headers."""
    assert scope["type"] == "http"
    await asyncio.sleep(0.8)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})


@pytest.fixture
def port() -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(slow, http=Hasty, lifespan="off", log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()


def test_whoever_sends_headers_drop_by_drop_is_cut_off(port: int) -> None:
    for first in (b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nA: "):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(first)
            began = time.monotonic()
            assert connection.recv(100) == b""
            assert time.monotonic() - began < 3


def test_a_slow_answer_and_a_connection_used_twice_are_not_cut_off(port: int) -> None:
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert [client.get("/").text for _ in range(2)] == ["done", "done"]


def test_a_body_that_stops_coming_is_given_up() -> None:
    async def receive() -> Message:
        await asyncio.sleep(10)
        raise AssertionError

    with pytest.raises(Refusal) as refused:
        asyncio.run(Body(receive, limit=10, patience=0.05)())  # type: ignore[arg-type]
    assert refused.value.status_code == 408


def test_a_port_that_is_taken_is_told_with_the_next_step(ateneo: Command, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = ateneo("serve", "--port", str(taken.getsockname()[1]))
    assert ended.returncode == 2
    assert "try another --port" in ended.stderr
    assert not (tmp_path / "archive").exists()


def test_the_line_for_the_password_is_what_the_page_asks_for(ateneo: Command) -> None:
    ended = ateneo("password", input="abracadabra\nabracadabra\n")
    settings = load(ended.stdout)
    access = Access(Rules(password=settings.password))
    assert access.log_in("abracadabra", address="1.1.1.1")
    assert access.log_in("simsalabim", address="1.1.1.1") is None
    assert "argon2" not in repr(settings)


def test_everywhere_else_a_token_is_asked_for_and_told(ready: Path) -> None:
    command = [str(COMMAND), "--archive", str(ready), "serve", "--port", "0", "--address", "0.0.0.0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ATENEO_")}
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert server.stderr is not None
    try:
        lines = [server.stderr.readline() for _ in range(2)]
        place = lines[1].split("With the token: ")[1].strip()
        assert httpx2.get(place.split("?")[0] + "api/talks").status_code == 401
        assert httpx2.get(place, follow_redirects=False).status_code == 303
        server.send_signal(signal.SIGINT)  # Ctrl-C
        assert server.wait(30) == 0
    finally:
        server.kill()
        server.wait(20)
        server.stderr.close()


def test_the_server_ends_although_somebody_watches_events(ready: Path) -> None:
    with serving(ready) as address, httpx2.stream("GET", f"{address}api/jobs/events") as answer:
        assert next(answer.iter_lines()) == ": here"
        began = time.monotonic()
    assert time.monotonic() - began < 15


def test_what_broken_uploads_left_is_removed_after_a_day(tmp_path: Path) -> None:
    for name, age in (("old", 2), ("new", 0)):
        drop = tmp_path / "recordings" / name
        drop.mkdir(parents=True)
        part = drop / ".abc.upload"
        part.write_bytes(b"half")
        for place in (part, drop):
            os.utime(place, (time.time() - age * 86400,) * 2)
    kept = tmp_path / "recordings" / "kept"
    kept.mkdir()
    (kept / "talk.mp4").write_bytes(b"whole")
    os.utime(kept, (0, 0))
    uploads.tidy(tmp_path)
    left = {str(path.relative_to(tmp_path / "recordings")) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"new/.abc.upload", "kept/talk.mp4"}
