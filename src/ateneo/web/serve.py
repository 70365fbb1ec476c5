"""Starting the server: which rules follow from where it listens, and patience with slow clients."""

import asyncio
import contextlib
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ateneo.api import Archive
from ateneo.errors import InputError
from ateneo.web.access import LOCAL, Rules, hashed
from ateneo.web.app import make_app

HEADERS_WITHIN = 20.0  # s in which the headers of a request have to be there
IDLE = 30  # s that a connection is kept without a request
MOST_CONNECTIONS = 1000  # at once; more are told to come again
LARGEST_HEADERS = 32 << 10  # bytes
BACKLOG = 1024  # connections that wait to be taken
FORTHWITH = 3  # s that connections have to end when the server is stopped


class Impatient(H11Protocol):
    """HTTP that gives up connections whose headers come drop by drop, or never."""

    patience = HEADERS_WITHIN
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        if self._watch is None and (self.cycle is None or self.cycle.response_complete):
            self._wait_for_headers()
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before and self._watch:
            self._watch.cancel()
            self._watch = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch:
            self._watch.cancel()
        super().connection_lost(exc)

    def _wait_for_headers(self) -> None:
        self._watch = self.loop.call_later(self.patience, self.transport.close)


def rules_for(
    address: str,
    *,
    password: str | None,
    token: str | None,
    read_only: bool = False,
    names: Sequence[str] = (),
    folders: Sequence[Path] = (),
) -> Rules:
    """The rules for listening at an address. Raises InputError where nobody but a password keeps people out, and it
    is not given.

    Only this machine reaches 127.0.0.1, so nothing is asked there unless a password or token is given, or another host
    name: a proxy in front. Elsewhere a token is made up where nothing is given, except for reading only.
    """
    near = address in LOCAL and not names
    if password is not None and not password.strip():
        raise InputError("the password is empty; give one, or leave out ATENEO_PASSWORD")
    if not near and not read_only and not password and not token:
        token = secrets.token_urlsafe(24)
    known = frozenset(name.lower() for name in names) | LOCAL
    allowed = tuple(Path(folder).expanduser().resolve() for folder in folders)
    return Rules(
        password=hashed(password) if password else None,
        token=token,
        read_only=read_only,
        names=known if address in LOCAL or names else None,
        folders=allowed if allowed or not near else None,
    )


def serve(
    path: Path, rules: Rules, *, address: str, port: int, told: Callable[[str], None], browser: bool = False
) -> None:
    """Serves the archive until it is stopped; `told` is called with the lines for whoever started it. Raises InputError
    where the address cannot be listened at, ArchiveError where the archive cannot be used."""
    application = make_app(path, rules, warm=True)
    listening = _listen(address, port)
    port = listening.getsockname()[1]
    shown = "localhost" if address in ("0.0.0.0", "::") else address
    shown = f"[{shown}]" if ":" in shown else shown
    for line in lines(Archive(path), rules, f"http://{shown}:{port}/"):
        told(line)
    if browser:
        token = f"?token={rules.token}" if rules.token else ""
        threading.Timer(1.0, webbrowser.open, [f"http://{shown}:{port}/{token}"]).start()
    config = uvicorn.Config(
        application, http=Impatient, ws="none", lifespan="on", access_log=False, server_header=False,
        log_level="warning", timeout_keep_alive=IDLE, limit_concurrency=MOST_CONNECTIONS,
        h11_max_incomplete_event_size=LARGEST_HEADERS,
        timeout_graceful_shutdown=FORTHWITH, proxy_headers=True, forwarded_allow_ips="127.0.0.1,::1",
    )  # fmt: skip
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how it ends
        uvicorn.Server(config).run(sockets=[listening])


def lines(archive: Archive, rules: Rules, place: str) -> list[str]:
    """What is served, where, to whom."""
    said = [f"Ateneo serves {archive.path} at {place}"]
    if rules.password:
        said.append("It asks for the password.")
    if rules.token:
        said.append(f"With the token: {place}?token={rules.token}")
    if rules.read_only:
        said.append("Reading only: nothing can be added, corrected or removed.")
    if rules.read_only and not rules.asks:
        said.append("Everybody who reaches this address can read.")
    return [*said, "Ctrl-C stops it."]


def _listen(address: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(BACKLOG)  # who comes before the server is ready waits a moment
    except (OSError, OverflowError) as error:
        raise InputError(
            f"cannot listen at {address}, port {port}: {error}; try another --port or --address"
        ) from error
    return listening
