"""Drawing in the web: a page, and a stream of how the picture comes along.

Each drawing runs in a process of its own (`drawing.worker`), one at a time, and ends where the reader goes away.
Nothing is kept on the server.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncGenerator
from functools import cache
from importlib.util import find_spec
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from ateneo import errors
from ateneo.drawing.order import Order
from ateneo.errors import EngineError
from ateneo.web.events import event, stream
from ateneo.web.pages import page

SHOWN = ("unclip", "guided", "vqgan")  # drawn by what ships
LINE = 16 * 2**20  # bytes of a line of the worker: film strips are large
MOST_STEPS = 250  # of the web: whoever wants more draws by the command

router = APIRouter()


class Draw(BaseModel):
    """What is asked for."""

    model_config = ConfigDict(extra="forbid")

    words: Annotated[str, Field(max_length=4000)]
    method: Annotated[str, Field(max_length=32)] = "unclip"
    seed: Annotated[int | None, Field(ge=0, lt=2**32)] = None
    scale: Annotated[float | None, Field(ge=0)] = None
    steps: Annotated[int | None, Field(ge=1, le=MOST_STEPS)] = None
    trace: bool = False

    def order(self) -> Order:
        """As an order. Raises InputError and SettingsError for what cannot be drawn."""
        order = Order(self.words, self.method, seed=self.seed, scale=self.scale, steps=self.steps).checked()
        if order.method not in SHOWN:
            raise errors.InputError(
                "the page draws by {shown}; use the command for {method}", shown=", ".join(SHOWN), method=order.method
            )
        return order


@router.get("/draw", include_in_schema=False)
def show(request: Request) -> Response:
    """The page: words, a method, and the picture as it comes."""
    return page(request, "draw.html", able=find_spec("torch") is not None)


@router.get("/api/draw/events", summary="Draw a picture of words, step by step", tags=["draw"])
async def draw_events(request: Request, query: Annotated[Draw, Query()]) -> StreamingResponse:
    """Server-sent events: `step` with the picture so far, then `drawn` with the picture and its settings (and with
    `trace` a film strip and an animation of the way with and without guidance), all as data URLs; or `failed`."""
    return stream(_events(query.order(), keep=query.trace), request)


async def _events(order: Order, *, keep: bool) -> AsyncGenerator[str, None]:
    if find_spec("torch") is None:
        raise EngineError("drawing needs torch, which is not installed; run: pip install 'ateneo[models]'")
    turn = _turn()
    if turn.locked():
        yield event("waiting", {})
    async with turn:
        asked = {"words": order.words, "method": order.method, "seed": order.seed, "scale": order.scale,
                 "steps": order.steps, "size": order.size, "trace": keep}  # fmt: skip
        async with contextlib.aclosing(_worker(asked)) as lines:
            async for said in lines:
                yield event(*_named(said))


def _named(said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A line of the worker as an event. Raises the error that it tells."""
    if "failed" in said:
        kind = getattr(errors, said["kind"], EngineError)
        raise kind(said["failed"], **said["fields"])
    return ("drawn" if "drawn" in said else "step"), said


async def _worker(asked: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ateneo.drawing.worker", stdin=pipe, stdout=pipe, limit=LINE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(asked).encode())
        process.stdin.close()
        async for line in process.stdout:
            yield json.loads(line)
        if await process.wait():
            raise EngineError(
                "drawing ended with status {returncode}; the server's log says why", returncode=process.returncode
            )
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@cache
def _turn() -> asyncio.Lock:
    """One drawing at a time: it keeps a processor busy."""
    return asyncio.Lock()
