"""A small hub of models on loopback, which speaks as much of Hugging Face's protocol as its own client asks for."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

MODEL = re.compile(r"/api/models/(?P<name>[^/]+/[^/]+)(/revision/(?P<revision>[^/]+))?$")
TREE = re.compile(r"/api/models/(?P<name>[^/]+/[^/]+)/tree/(?P<revision>[^/]+)$")
FILE = re.compile(r"/(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)$")


@dataclass
class Shelf:
    """One model: its files, or a folder of them, by revision."""

    folder: Path
    licence: str | None = "mit"
    gated: bool = False
    sizes: dict[str, int] = field(default_factory=dict)  # told instead of the true ones

    @cached_property
    def revision(self) -> str:
        """As a commit looks; other files are another one."""
        digest = hashlib.sha1()
        for path, file in sorted(self.files().items()):
            digest.update(path.encode() + file.read_bytes())
        return digest.hexdigest()

    def files(self) -> dict[str, Path]:
        """Path on the hub → file."""
        return {p.relative_to(self.folder).as_posix(): p for p in self.folder.rglob("*") if p.is_file()}

    def size(self, path: str) -> int:
        """In bytes, as told."""
        return self.sizes.get(path, self.files()[path].stat().st_size)


@dataclass
class Hub:
    """What it offers, and what it was asked: "METHOD path" of every file, with what bytes were sent."""

    shelves: dict[str, Shelf] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    stalls: set[str] = field(default_factory=set)  # files of which half is sent, and then nothing until `go`
    go: threading.Event = field(default_factory=threading.Event)
    half_sent: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def fetched(self) -> list[str]:
        """The files that were sent, in order."""
        return [line.removeprefix("GET ") for line in self.asked if line.startswith("GET ")]


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """The hub on a free port, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        hub.go.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        for pattern, answer in ((MODEL, self._model), (TREE, self._tree), (FILE, self._file)):
            if match := pattern.match(path):
                shelf = self.hub.shelves.get(match["name"])
                if shelf is None:
                    self._refuse(404, "RepoNotFound", "Repository not found")
                elif match["revision"] not in (None, "main", shelf.revision):
                    self._refuse(404, "RevisionNotFound", "Invalid rev id")
                elif shelf.gated and pattern is FILE:
                    self._refuse(403, "GatedRepo", "Access to this model is restricted")
                else:
                    answer(shelf, match.groupdict(), body)
                return
        self._refuse(404, "EntryNotFound", "Entry not found")

    def _model(self, shelf: Shelf, said: dict[str, str], body: bool) -> None:
        files = [{"rfilename": path, "size": shelf.size(path)} for path in sorted(shelf.files())]
        card = {"license": shelf.licence} if shelf.licence else {}
        self._json(
            {"_id": "1", "id": said["name"], "modelId": said["name"], "sha": shelf.revision, "private": False,
             "gated": "auto" if shelf.gated else False, "tags": [], "siblings": files, "cardData": card}
        )  # fmt: skip

    def _tree(self, shelf: Shelf, said: dict[str, str], body: bool) -> None:
        files = shelf.files()
        self._json([{"type": "file", "path": p, "size": shelf.size(p), "oid": _etag(f)} for p, f in files.items()])

    def _file(self, shelf: Shelf, said: dict[str, str], body: bool) -> None:
        file = shelf.files().get(said["path"])
        if file is None:
            self._refuse(404, "EntryNotFound", "Entry not found")
            return
        self.hub.asked.append(f"{'GET' if body else 'HEAD'} {said['path']}")
        content, first = file.read_bytes(), 0
        if asked := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or ""):
            first = int(asked[1])
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        for name, value in (
            ("ETag", f'"{_etag(file)}"'),
            ("X-Repo-Commit", shelf.revision),
            ("Accept-Ranges", "bytes"),
        ):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        if body:
            self._send(content[first:], stalls=said["path"] in self.hub.stalls)

    def _send(self, content: bytes, *, stalls: bool) -> None:
        try:
            half = len(content) // 2 if stalls else len(content)
            self.wfile.write(content[:half])
            self.wfile.flush()
            if stalls:
                self.hub.half_sent.set()
                self.hub.go.wait(60)
                self.wfile.write(content[half:])
        except OSError:  # the client was killed
            self.close_connection = True

    def _json(self, content: Any) -> None:
        self._body(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _refuse(self, status: int, code: str, why: str) -> None:
        self._body(status, b"", {"X-Error-Code": code, "X-Error-Message": why})

    def _body(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


@cache
def _etag(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
