"""Who may come in, and what they may do.

On 127.0.0.1 nobody is asked for anything: only this machine reaches it, and the name in the request has to be this
machine's, so that a page elsewhere cannot point its own name at it. Everywhere else a password (its argon2 hash is all
that is kept) or a token is asked for, unless the archive is served read-only, which is for the public.
"""

import hashlib
import hmac
import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

COOKIE = "ateneo"
SESSION = 14 * 24 * 3600  # s that somebody stays logged in
MOST_SESSIONS = 10_000  # the oldest ends when there are more
TRIES, WITHIN = 5, 60.0  # wrong passwords of one address in so many seconds; then it waits
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
GIB = 1 << 30
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # KiB; OWASP's advice for argon2id


@dataclass(frozen=True, slots=True)
class Rules:
    """How an archive is served. `password` is an argon2 hash; without password and token nobody is asked.

    `names` are the host names under which it answers, None for any. `folders` are those on this machine from which
    recordings may be added, None for any. `largest` is the most bytes of an uploaded file.
    """

    password: str | None = None
    token: str | None = None
    read_only: bool = False
    names: frozenset[str] | None = LOCAL
    folders: tuple[Path, ...] | None = None
    largest: int = 8 * GIB

    @property
    def asks(self) -> bool:
        """Whether people have to log in."""
        return bool(self.password or self.token)


def hashed(password: str) -> str:
    """The argon2 hash of a password; what is one already stays as it is."""
    return password if password.startswith("$argon2") else HASHER.hash(password)


class TooManyTries(Exception):
    """An address gave too many wrong passwords; `wait` is in seconds."""

    template = "too many wrong passwords; try again in {wait} s"

    def __init__(self, wait: int) -> None:
        super().__init__(self.template.format(wait=wait))
        self.wait, self.fields = wait, {"wait": wait}


@dataclass
class Access:
    """Checks tokens and passwords, and remembers who logged in (in memory: a restart asks again)."""

    rules: Rules
    sessions: dict[str, float] = field(default_factory=dict)  # hash of the cookie → when it ends
    wrong: dict[str, list[float]] = field(default_factory=dict)  # address → when it gave a wrong password
    hashing: threading.Lock = field(default_factory=threading.Lock)  # argon2 wants memory: one at a time
    noting: threading.Lock = field(default_factory=threading.Lock)  # of tries and sessions: none is lost

    def knows(self, cookie: str | None) -> bool:
        """Whether this cookie's session goes on."""
        return bool(cookie) and self.sessions.get(_digest(cookie or ""), 0.0) > time.time()

    def is_token(self, given: str | None) -> bool:
        """Whether this is the token, compared in constant time."""
        token = self.rules.token
        return bool(given and token) and hmac.compare_digest(_digest(given or ""), _digest(token or ""))

    def log_in(self, secret: str, *, address: str) -> str | None:
        """A new cookie for the right password or token, None for a wrong one. Raises TooManyTries. A try counts before
        it is looked at, so that many at once are no more than one after the other."""
        now = time.time()
        with self.noting:
            tries = [at for at in self.wrong.get(address, []) if now - at < WITHIN]
            if len(tries) >= TRIES:
                raise TooManyTries(int(WITHIN - (now - tries[0])) + 1)
            kept = {other: at for other, at in self.wrong.items() if now - at[-1] < WITHIN}
            self.wrong = kept | {address: [*tries, now]}
        if not (self.is_token(secret) or self._is_password(secret)):
            return None
        with self.noting:
            self.wrong.pop(address, None)
        return self.remember()

    def remember(self) -> str:
        """A new session's cookie."""
        now, cookie = time.time(), secrets.token_urlsafe(32)
        with self.noting:
            kept = [(key, end) for key, end in self.sessions.items() if end > now][-MOST_SESSIONS + 1 :]
            self.sessions = {**dict(kept), _digest(cookie): now + SESSION}
        return cookie

    def forget(self, cookie: str | None) -> None:
        """Ends a session."""
        with self.noting:
            self.sessions.pop(_digest(cookie or ""), None)

    def _is_password(self, given: str) -> bool:
        if not self.rules.password:
            return False
        with self.hashing:
            try:
                return HASHER.verify(self.rules.password, given)
            except (VerificationError, InvalidHashError):
                return False


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
