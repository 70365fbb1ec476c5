"""What every request passes before anything else sees it: host, origin, login, size and pace of the body; and the
headers that every answer carries.

Plain ASGI, so that recordings and events stream through it.
"""

import asyncio
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ateneo.web.access import COOKIE, SESSION, Access, TooManyTries
from ateneo.web.errors import Refusal, describe, is_for_programs, json_error, language_of

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST_BODY = 1 << 20  # bytes, of anything but what is named here
LARGEST_PICTURE = 32 << 20
PATIENCE = 30.0  # s without a byte of a body that is still to come
OPEN = ("/login", "/static/", "/favicon.ico")  # paths that need no login
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """The outermost part of the application."""

    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            elif head:
                message = {**message, "body": b""}
            await send(message)

        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET", "ateneo.head": True}

        try:
            answer = await self._check(scope)
        except (Refusal, TooManyTries) as refusal:
            status, message, given = describe(refusal, language_of(Request(scope)))
            answer = json_error(status, message, headers=given)
        if answer is not None:
            await answer(scope, receive, with_headers)
            return
        await self.app(scope, Body(receive, limit=self._limit(scope)), with_headers)

    async def _check(self, scope: Scope) -> Response | None:
        """None where the request may go on, else what it is answered. Raises Refusal."""
        headers = Headers(scope=scope)
        self._check_host(headers)
        if scope["method"] not in SAFE:
            _check_origin(headers)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._limit(scope):
            raise Refusal(
                413, "the body is larger than {limit} bytes; send less", headers=_CLOSE, limit=self._limit(scope)
            )
        path = scope["path"]
        if not self.access.rules.asks or any(path == one or (one[-1] == "/" and path.startswith(one)) for one in OPEN):
            return None
        return await self._check_login(scope, headers)

    def _check_host(self, headers: Headers) -> None:
        names = self.access.rules.names
        if len(headers.getlist("host")) != 1:
            raise Refusal(400, "a request names one host")
        if names is not None and host_name(headers["host"]) not in names:
            raise Refusal(421, "this server does not answer as {given}; allow it with --name", given=headers["host"])

    async def _check_login(self, scope: Scope, headers: Headers) -> Response | None:
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self.access.is_token(bearer.strip()):
            return None
        if self.access.knows(cookie_of(headers)):
            return None
        request = Request(scope)
        token = request.query_params.get("token")
        if token and scope["method"] == "GET":
            return await self._enter(request, token)
        if is_for_programs(scope["path"]) or scope["method"] not in SAFE:
            raise Refusal(
                401, "log in first, or send Authorization: Bearer TOKEN", headers={"WWW-Authenticate": "Bearer"}
            )
        place = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        return RedirectResponse(f"/login?next={quote(place, safe='')}", 303)

    async def _enter(self, request: Request, token: str) -> Response:
        """Logs in by the address that `ateneo serve` printed, and takes the token out of the address. Raises
        TooManyTries."""
        address = request.client.host if request.client else ""
        cookie = await asyncio.to_thread(self.access.log_in, token, address=address)
        answer = RedirectResponse(request.url.path if cookie else "/login", 303)
        if cookie:
            set_cookie(answer, cookie, secure=request.url.scheme == "https")
        return answer

    def _limit(self, scope: Scope) -> int:
        if scope["path"].startswith("/api/uploads/"):
            return self.access.rules.largest
        return LARGEST_PICTURE if scope["path"] in ("/api/see", "/api/look") else LARGEST_BODY


_CLOSE = {"Connection": "close"}


class Body:
    """The body as it comes, refused where it grows too large or stops coming."""

    def __init__(self, receive: Receive, *, limit: int, patience: float = PATIENCE) -> None:
        self.receive, self.limit, self.patience, self.read, self.ended = receive, limit, patience, 0, False

    async def __call__(self) -> Message:
        if self.ended:
            return await self.receive()  # waits for the end of the connection, which may be long
        try:
            message = await asyncio.wait_for(self.receive(), self.patience)
        except TimeoutError:
            raise Refusal(
                408, "nothing came for {patience:.0f} s; send it again", headers=_CLOSE, patience=self.patience
            ) from None
        self.read += len(message.get("body", b""))
        self.ended = not message.get("more_body", False)
        if self.read > self.limit:
            raise Refusal(413, "the body is larger than {limit} bytes; send less", headers=_CLOSE, limit=self.limit)
        return message


def _check_origin(headers: Headers) -> None:
    """A browser says where a request comes from; one from another site is refused. Other programs say nothing."""
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        raise Refusal(403, "this request comes from another site")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        raise Refusal(403, "this request comes from another site")


def host_name(host: str) -> str:
    """The name without the port; small letters."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if host.count(":") == 1 else host.lower()


def cookie_of(headers: Headers) -> str | None:
    """The session's cookie."""
    jar: SimpleCookie[Any] = SimpleCookie()  # type: ignore[type-arg]
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return None
    return jar[COOKIE].value if COOKIE in jar else None


def set_cookie(answer: Response, cookie: str, *, secure: bool) -> None:
    """Gives the browser its session."""
    answer.set_cookie(COOKIE, cookie, max_age=SESSION, httponly=True, samesite="lax", secure=secure)
