"""Every refusal as one JSON shape, `{"error": {"status", "type", "message"}}`, or as a page for people.

The status says whose fault it is; the message is the one of the error tree, which says the next step, in the language
of the page that asks.
"""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from ateneo import errors, spanish
from ateneo.web import texts
from ateneo.web.access import TooManyTries

STATUS: tuple[tuple[type[errors.AteneoError], int], ...] = (  # the first that fits
    (errors.TalkNotFound, 404),
    (errors.InputError, 400),
    (errors.ArchiveLocked, 409),
    (errors.EngineError, 424),
    (errors.AteneoError, 503),
)
NAMES = {
    400: "bad_input", 401: "not_logged_in", 403: "not_allowed", 404: "not_found", 405: "wrong_method", 408: "too_slow",
    409: "busy", 413: "too_large", 415: "wrong_type", 416: "bad_range", 421: "unknown_host", 422: "bad_input",
    424: "engine_missing", 429: "too_many_tries", 500: "fault", 503: "archive_unusable", 507: "disk_full",
}  # fmt: skip

FAULT = "a fault of Ateneo's own; its log says more, please report it"

log = logging.getLogger("ateneo.web")


class Refusal(HTTPException):
    """A request that is refused with a status; the message, a template and its fields, is for whoever sent it."""

    def __init__(
        self, status: int, template: str, /, *, headers: Mapping[str, str] | None = None, **fields: object
    ) -> None:
        super().__init__(status, template.format(**fields) if fields else template, dict(headers or {}))
        self.template, self.fields = template, fields


def document(status: int, message: str) -> dict[str, object]:
    """The one shape of an error."""
    return {"error": {"status": status, "type": NAMES.get(status, "refused"), "message": message}}


def json_error(status: int, message: str, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The error as a JSON response."""
    return JSONResponse(document(status, message), status, headers=dict(headers or {}))


def describe(error: Exception, language: str = "en") -> tuple[int, str, dict[str, str]]:
    """Status, message and headers of any error; the message in Spanish where `language` is "es"."""
    message = spanish.said(error) if language == "es" else str(getattr(error, "detail", error))
    match error:
        case HTTPException():
            return error.status_code, message, dict(error.headers or {})
        case RequestValidationError():
            return 422, "; ".join(_field(one, language) for one in error.errors()[:5]), {}
        case TooManyTries():
            return 429, message, {"Retry-After": str(error.wait)}
        case errors.AteneoError():
            return next(status for kind, status in STATUS if isinstance(error, kind)), message, {}
    log.error("a fault of Ateneo's own", exc_info=error)
    return 500, spanish.SPANISH[FAULT] if language == "es" else FAULT, {}


def language_of(request: Request) -> str:
    """The language of whoever asks: of the page; English for programs that name none."""
    accepted, chosen = request.headers.get("accept-language", ""), request.cookies.get(texts.COOKIE)
    if is_for_programs(request.url.path) and not accepted and not chosen:
        return "en"
    return texts.preferred(accepted, chosen)


def install(app: FastAPI) -> None:
    """Makes the application answer errors so."""
    for kind in (HTTPException, RequestValidationError, TooManyTries, errors.AteneoError, Exception):
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    status, message, headers = describe(error, language_of(request))
    wants_page = "text/html" in request.headers.get("accept", "") and not is_for_programs(request.url.path)
    if wants_page and request.method in ("GET", "HEAD"):
        from ateneo.web.pages import error_page

        return error_page(request, status, message)
    return json_error(status, message, headers=headers)


def is_for_programs(path: str) -> bool:
    """Whether a path belongs to the JSON interfaces."""
    return path.startswith(("/api/", "/v1/"))


def _field(error: Mapping[str, Any], language: str) -> str:
    """`limit: should be less than or equal to 50`, without repeating what was sent."""
    place = error.get("loc", ())
    name = ".".join(str(part) for part in place[1:]) if isinstance(place, tuple) else ""
    if language == "es":
        return f"{name or 'la petición'}: {spanish.wrong(error)}"
    return f"{name or 'the request'}: {error.get('msg', 'wrong')}"
