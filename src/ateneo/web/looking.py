"""One picture in the web: a page on which it is dropped and asked about, and the answer as a document.

Nothing of it is kept on the server but a model's answer, in the archive's cache. It has threads of its own: a model
that thinks for a minute keeps nobody from searching.
"""

import asyncio
from typing import Annotated, Literal

import anyio
from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from ateneo import documents
from ateneo.records import Looked
from ateneo.web import pictures
from ateneo.web.errors import Refusal
from ateneo.web.pages import page
from ateneo.web.site import Here

AT_ONCE = 2  # pictures; reading one keeps a processor busy for some seconds
SIDE = 2000  # px of the longer side that is kept of a dropped picture: small letters of a plan stay readable

router = APIRouter()
_limiter = anyio.CapacityLimiter(AT_ONCE)


@router.get("/look", include_in_schema=False)
def show(request: Request) -> Response:
    """The page: a picture, a question, the answer with its table and its calculations."""
    return page(request, "look.html")


@router.post("/api/look", summary="Ask about a picture", tags=["ask"], openapi_extra=pictures.BODY)
async def look(
    here: Here,
    request: Request,
    question: Annotated[str, Query(max_length=2000)] = "",
    language: Annotated[Literal["es", "en"] | None, Query(description="Of the answer; else the question's.")] = None,
    riddle: Annotated[bool, Query(description="Solve it: first letters of what is drawn.")] = False,
) -> JSONResponse:
    """As `ateneo look IMAGE QUESTION --json`; the body is the picture, a JPEG, PNG or WebP."""
    if not request.headers.get("content-type", "").startswith("image/"):
        raise Refusal(415, "send the picture as the body, with its type (Content-Type: image/jpeg)")
    content = await request.body()
    picture = await asyncio.to_thread(pictures.dropped, content, side=SIDE)

    def work() -> Looked:
        return here.readers.first.look(picture, question, language=language, riddle=riddle)

    return JSONResponse(documents.look(await anyio.to_thread.run_sync(work, limiter=_limiter)))
