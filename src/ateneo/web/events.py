"""Server-sent events: one named event with a JSON document each, and a sign of life where nothing happens."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse

from ateneo.web import errors

SIGN = 15.0  # s between signs of life, by which a connection that is gone is noticed
HEADERS = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}  # a proxy in front passes events on at once


def event(name: str, document: Any) -> str:
    """One event as it is sent."""
    return f"event: {name}\ndata: {json.dumps(document, ensure_ascii=False)}\n\n"


def stream(events: AsyncGenerator[str, None], request: Request) -> StreamingResponse:
    """The events as a response. An error becomes an event `failed`, since the status is sent by then."""
    language = errors.language_of(request)
    return StreamingResponse(_alive(events, language), media_type="text/event-stream", headers=HEADERS)


async def _alive(events: AsyncGenerator[str, None], language: str) -> AsyncIterator[str]:
    yield ": here\n\n"
    coming: asyncio.Task[str] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait({coming}, timeout=SIGN)
            if not done:
                yield ": still here\n\n"
                continue
            try:
                yield coming.result()
            except StopAsyncIteration:
                return
            except Exception as error:
                status, message, _headers = errors.describe(error, language)
                yield event("failed", errors.document(status, message))
                return
            coming = None
    finally:
        if coming and not coming.done():
            coming.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await coming
        await events.aclose()
