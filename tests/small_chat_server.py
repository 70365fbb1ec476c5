"""A real HTTP server that speaks the chat protocol, well or badly: the name of the model says how."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ("El ", "agua ", "es ", "limpia.")
SECRET = "sk-very-secret"


class Server(ThreadingHTTPServer):
    """`asked` are the requests, `keys` and `paths` theirs, `counts` how many came for each model."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.paths: list[str] = []
        self.counts: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self._json(200, {"object": "list", "data": [{"id": "good", "object": "model", "created": 0, "owned_by": "me"}]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model = asked["model"]
        self.server.asked.append(asked)
        self.server.paths.append(self.path)
        self.server.keys.append(self.headers["Authorization"])
        self.server.counts[model] += 1
        getattr(self, f"_{model}")(asked)

    def _good(self, asked: dict[str, Any]) -> None:
        self._stream(WORDS)

    def _busy(self, asked: dict[str, Any]) -> None:
        if self.server.counts["busy"] < 3:
            return self._json(429, {"error": {"message": "too many requests"}}, {"Retry-After": "0.05"})
        self._stream(WORDS)

    def _broken(self, asked: dict[str, Any]) -> None:
        self._json(500, {"error": {"message": "out of memory"}})

    def _wrong_key(self, asked: dict[str, Any]) -> None:
        self._json(401, {"error": {"message": f"Incorrect API key provided: {self.headers['Authorization'][7:]}"}})

    def _drops(self, asked: dict[str, Any]) -> None:
        self._stream(WORDS[:2], end=False)
        self.connection.close()

    def _page(self, asked: dict[str, Any]) -> None:
        self._head("text/html")
        self._send(b"<html><body>Welcome to the router</body></html>")

    def _malformed(self, asked: dict[str, Any]) -> None:
        self._head("text/event-stream")
        self._send(b'data: {"choices": [{"delta": {"content": "El"\n\ndata: nonsense}\n\n')

    def _endless(self, asked: dict[str, Any]) -> None:
        self._head("text/event-stream")
        try:
            while True:
                self._send(self._chunk("agua agua agua agua "))
        except OSError:
            pass  # who asked has had enough

    def _slow(self, asked: dict[str, Any]) -> None:
        time.sleep(1.5)

    def _strict(self, asked: dict[str, Any]) -> None:
        if "response_format" in asked:
            return self._json(400, {"error": {"message": "unknown field: response_format"}})
        self._stream(('{"a": ', "1}"))

    def _blind(self, asked: dict[str, Any]) -> None:
        if isinstance(asked["messages"][-1]["content"], list):
            return self._json(400, {"error": {"message": "this model does not support image input"}})
        self._stream(WORDS)

    def _json(self, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _head(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()

    def _send(self, content: bytes) -> None:
        self.wfile.write(content)
        self.wfile.flush()

    def _stream(self, pieces: tuple[str, ...], *, end: bool = True) -> None:
        self._head("text/event-stream")
        for piece in pieces:
            self._send(self._chunk(piece))
        if end:
            self._send(self._chunk("", reason="stop") + b"data: [DONE]\n\n")

    def _chunk(self, piece: str, reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": {"content": piece}, "finish_reason": reason}
        document = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
        if reason:
            document["usage"] = {"prompt_tokens": 7, "completion_tokens": 4, "total_tokens": 11}
        return f"data: {json.dumps(document)}\n\n".encode()
