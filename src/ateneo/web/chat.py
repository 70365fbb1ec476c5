"""The archive as a chat model: as much of the OpenAI-compatible interface as chat programs use.

The last message of the user is the question. The answer is the archive's own, with numbered citations and a link to
each moment; what the messages say otherwise, instructions above all, changes nothing.
"""

import json
import time
import uuid
from collections.abc import AsyncGenerator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from ateneo.export import clock
from ateneo.records import Asked, Citation
from ateneo.text import guess_language
from ateneo.web.api import Ask, answer
from ateneo.web.errors import Refusal
from ateneo.web.events import stream
from ateneo.web.site import Here
from ateneo.web.texts import TEXTS

MODEL = "ateneo"
LONGEST = 2000  # characters of a question
EARLIER = 4  # questions before it that a language model reads

router = APIRouter(prefix="/v1")


class Part(BaseModel):
    """A part of a message; only text is read."""

    type: Annotated[str, Field(max_length=50)] = "text"
    text: Annotated[str, Field(max_length=100_000)] = ""


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[str, Field(max_length=200_000)] | Annotated[list[Part], Field(max_length=100)] | None = None

    @property
    def text(self) -> str:
        """The text of all parts."""
        parts = self.content if isinstance(self.content, list) else [Part(text=self.content or "")]
        return "\n".join(part.text for part in parts if part.type == "text").strip()


class Completion(BaseModel):
    """What is read of a request; other settings are accepted and change nothing."""

    model: Annotated[str, Field(max_length=200)] = MODEL
    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    stream: bool = False


@router.get("/models", summary="The one model there is", tags=["chat"])
def models() -> JSONResponse:
    """As OpenAI lists models."""
    return JSONResponse({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}]})


@router.post("/chat/completions", summary="Ask as in a chat", tags=["chat"])
async def completions(here: Here, request: Request, body: Completion) -> Response:
    """As OpenAI's chat completions, whole or streamed."""
    question = next((message.text for message in reversed(body.messages) if message.role == "user"), "")
    if not question:
        raise Refusal(422, "messages: no message of a user with a text; the last one is the question")
    if len(question) > LONGEST:
        raise Refusal(422, "messages: a question has at most {longest} characters", longest=LONGEST)
    before = [message.text[:LONGEST] for message in body.messages if message.role == "user" and message.text]
    asked = await answer(here, Ask.model_validate({"question": question, "after": before[:-1][-EARLIER:]}))
    pieces = written(asked, str(request.base_url).rstrip("/"))
    about = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": MODEL}
    if body.stream:
        return stream(_chunks(pieces, about), request)
    choice = {"index": 0, "message": {"role": "assistant", "content": "".join(pieces)}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    return JSONResponse({**about, "object": "chat.completion", "choices": [choice], "usage": usage})


def written(asked: Asked, address: str) -> list[str]:
    """The answer as pieces of Markdown: sentences with numbers, then what they stand for, each with its link."""
    texts = TEXTS["es" if guess_language(asked.question) == "es" else "en"]
    if asked.answer is None:
        near = [f"- [{hit.talk.title}, {clock(hit.start)}]({address}/talks/{hit.talk.id}?t={hit.start:.0f})\n"
                for hit in asked.nearest]  # fmt: skip
        return [texts["refusal"], *([f"\n\n{texts['nearest']}\n\n", *near] if near else [])]
    numbers: dict[Citation, int] = {}
    pieces = []
    for sentence in asked.answer.sentences:
        marks = "".join(f"[{numbers.setdefault(one, len(numbers) + 1)}]" for one in sentence.citations)
        pieces.append(f"{'(?) ' if sentence.doubt else ''}{sentence.text} {marks} ")
    titles = {part.talk.id: part.talk.title for part in asked.talks}
    pieces.append("\n\n")
    for one, number in numbers.items():
        place = f"{titles.get(one.talk, one.talk)}, {clock(one.start)}"
        pieces.append(f"{number}. [{place}]({address}/talks/{one.talk}?t={one.start:.0f})\n")
    return pieces


async def _chunks(pieces: list[str], about: dict[str, Any]) -> AsyncGenerator[str, None]:
    def chunk(delta: dict[str, str], reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        document = {**about, "object": "chat.completion.chunk", "choices": [choice]}
        return f"data: {json.dumps(document, ensure_ascii=False)}\n\n"

    yield chunk({"role": "assistant", "content": ""})
    for piece in pieces:
        yield chunk({"content": piece})
    yield chunk({}, "stop")
    yield "data: [DONE]\n\n"
