"""A stretch of a talk described, over HTTP: facts and sentences as they come, the pictures of facts, captions.

Reading a panel keeps a processor busy, so that one stretch is described at a time, in a thread with an archive of its
own, and none longer than MOST. Whoever has gone is no longer described for.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from dataclasses import asdict
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from ateneo import documents
from ateneo.describing.account import as_vtt
from ateneo.records import Described, Fact, Told
from ateneo.web.api import TalkId
from ateneo.web.errors import Refusal
from ateneo.web.events import event, stream
from ateneo.web.pictures import CACHE
from ateneo.web.site import Here, Site, sharing

MOST = 900.0  # s of one stretch

router = APIRouter(prefix="/api/talks/{talk_id}", tags=["describe"])
Seen = Callable[[Fact | Told], None]


class Stretch(BaseModel):
    """What to describe, and how."""

    start: float = Field(0.0, ge=0, le=10**6, description="Where it begins, in seconds.")
    end: float = Field(gt=0, le=10**6, description=f"Where it ends; {MOST:g} s after `start` at the most.")
    style: str = Field("", max_length=200, description="How it is told, such as: sports commentator.")
    language: str | None = Field(None, pattern="^(es|en)$", description="es or en.")


class _Gone(Exception):
    """Whoever asked has left."""


@router.get("/describe", summary="Describe a stretch of a talk")
async def describe(here: Here, request: Request, talk_id: TalkId, query: Annotated[Stretch, Query()]) -> JSONResponse:
    """As `ateneo describe TALK --json`."""
    return JSONResponse(documents.describe(await described(here, request, talk_id, query)))


@router.get("/describe.vtt", summary="Describe a stretch of a talk, as captions")
async def captions(here: Here, request: Request, talk_id: TalkId, query: Annotated[Stretch, Query()]) -> Response:
    """WebVTT, timed to the action; sentences that have something against them are left out."""
    found = await described(here, request, talk_id, query)
    name = f"{talk_id}.{found.start:g}-{found.end:g}.{found.language}.vtt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(as_vtt(found.sentences), media_type="text/vtt; charset=utf-8", headers=headers)


@router.get("/describe/events", summary="Describe a stretch of a talk, sentence by sentence")
async def describe_events(
    here: Here, request: Request, talk_id: TalkId, query: Annotated[Stretch, Query()]
) -> StreamingResponse:
    """Server-sent events: `fact` for each fact of the panel, `sentence` for each sentence once checked, and at last
    `described`, the whole document; or `failed` with an error."""
    return stream(_events(here, request, talk_id, query), request)


@router.get("/described/{name}", summary="The picture of a fact")
def picture(here: Here, talk_id: TalkId, name: Annotated[str, Path(pattern=r"^\d{1,9}\.\d{3}\.jpg$")]) -> Response:
    """JPEG, once the stretch was described."""
    here.archive.store.talk(talk_id)
    path = here.archive.storage.local(f"cache/described/{talk_id}/{name}")
    if not path.is_file():
        raise Refusal(
            404, "{talk_id} has no picture {name} of a fact; describe the stretch", talk_id=talk_id, name=name
        )
    return FileResponse(path, headers=CACHE)


async def _events(here: Site, request: Request, talk_id: str, query: Stretch) -> AsyncGenerator[str, None]:
    coming: asyncio.Queue[Fact | Told] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def seen(one: Fact | Told) -> None:
        loop.call_soon_threadsafe(coming.put_nowait, one)

    work = asyncio.create_task(described(here, request, talk_id, query, seen=seen))
    try:
        while not (work.done() and coming.empty()):
            following = asyncio.ensure_future(coming.get())
            await asyncio.wait({work, following}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                following.cancel()
                continue
            one = following.result()
            yield event("fact" if isinstance(one, Fact) else "sentence", asdict(one))
        yield event("described", documents.describe(await work))
    finally:
        work.cancel()


async def described(
    here: Site, request: Request, talk_id: str, query: Stretch, *, seen: Seen | None = None
) -> Described:
    """The description. Raises Refusal for a stretch that is too long, and what `Archive.describe` raises."""
    if query.end - query.start > MOST:
        raise Refusal(
            422,
            "a stretch of {end:g} s is too long here; give at most {most:g} s",
            end=query.end - query.start,
            most=MOST,
        )
    gone = threading.Event()

    def told(one: Fact | Told) -> None:
        if gone.is_set():
            raise _Gone
        if seen:
            seen(one)

    def work() -> Described:
        return sharing(here.readers.first).describe(
            talk_id, start=query.start, end=query.end, style=query.style, language=query.language, seen=told
        )

    try:
        return await anyio.to_thread.run_sync(work, limiter=_limiter(request), abandon_on_cancel=True)
    finally:
        gone.set()


def _limiter(request: Request) -> anyio.CapacityLimiter:
    """One stretch at a time, for the whole application."""
    state: Any = request.app.state
    if not hasattr(state, "describing"):
        state.describing = anyio.CapacityLimiter(1)
    limiter: anyio.CapacityLimiter = state.describing
    return limiter
