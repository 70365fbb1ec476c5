"""The JSON interface under /api: the same dictionaries as `--json`, described by OpenAPI at /api/openapi.json."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path as File
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from ateneo import documents, spanish
from ateneo.answer.ask import Gathered
from ateneo.answer.assisted import assisted
from ateneo.export import FORMATS
from ateneo.records import Asked, Sentence, Sights
from ateneo.web import pictures, recordings
from ateneo.web.errors import Refusal, language_of
from ateneo.web.events import event, stream
from ateneo.web.site import Here, Site, Writable

router = APIRouter(prefix="/api")

TalkId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$", description="A talk's id.")]
Language = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{2,35}$", description="BCP 47 tag of a transcript.")]


class Where(BaseModel):
    """The filters that `search` and `ask` take."""

    talk: list[str] | None = Field(None, max_length=50, description="Only these talks.")
    speaker: str | None = Field(None, max_length=200, description="Only talks of this speaker.")
    language: str | None = Field(None, max_length=35, description="Only text in this language.")
    since: str | None = Field(None, pattern=r"^\d{4}(-\d\d(-\d\d)?)?$", description="Only talks from this date on.")
    until: str | None = Field(None, pattern=r"^\d{4}(-\d\d(-\d\d)?)?$", description="Only talks up to this date.")

    def given_where(self) -> dict[str, Any] | None:
        """As `ateneo.Archive` takes it."""
        names = ("talk", "speaker", "language", "since", "until")
        return {name: getattr(self, name) for name in names if getattr(self, name)} or None


class Search(Where):
    words: str = Field(min_length=1, max_length=2000, description="What to look for.")
    limit: int = Field(10, ge=1, le=50, description="How many hits at most.")


class Ask(Where):
    question: str = Field(min_length=1, max_length=2000)
    limit: int = Field(5, ge=1, le=20, description="How many talks at most.")
    threshold: float | None = Field(None, ge=0, le=1, description="How sure an answer must be.")
    after: list[Annotated[str, Field(max_length=2000)]] = Field(
        [], max_length=8, description="The questions asked before, oldest first; a language model reads them."
    )


class Correction(BaseModel):
    """What to put right of a talk; what is not given stays, "" empties a field."""

    model_config = ConfigDict(extra="forbid")
    title: str | None = Field(None, max_length=500)
    speakers: list[Annotated[str, Field(max_length=500)]] | None = Field(None, max_length=50)
    date: str | None = Field(None, max_length=40)
    number: str | None = Field(None, max_length=100)
    language: str | None = Field(None, max_length=35)


class CaptionCorrection(BaseModel):
    """The text of the caption that begins at `start` s; "" takes it out. `was` is what it said when looked at."""

    model_config = ConfigDict(extra="forbid")
    start: float = Field(ge=0, le=10**6)
    text: str = Field(max_length=5000)
    was: str | None = Field(None, max_length=5000)


@router.get("/talks", summary="List the talks, by date", tags=["talks"])
def talks(here: Here) -> JSONResponse:
    """As `ateneo talks --json`."""
    return JSONResponse(documents.talks(here.shelf.talks()))


@router.get("/talks/{talk_id}", summary="All that is known of one talk", tags=["talks"])
def show(here: Here, talk_id: TalkId) -> JSONResponse:
    """As `ateneo show TALK --json`."""
    return JSONResponse(documents.show(here.archive.talk(talk_id)))


@router.patch("/talks/{talk_id}", summary="Correct title, speakers, date, number, language", tags=["correct"])
def correct(site: Writable, talk_id: TalkId, body: Correction) -> JSONResponse:
    """The talk as it is then; it is indexed again before this answers."""
    given = body.model_dump(exclude_none=True)
    if not given:
        raise Refusal(422, "nothing to correct; give title, speakers, date, number or language")
    return JSONResponse(documents.show(site.archive.correct(talk_id, **given)))


@router.delete("/talks/{talk_id}", status_code=204, summary="Take a talk out of the archive", tags=["correct"])
def remove(site: Writable, talk_id: TalkId) -> Response:
    """The recording stays where it is."""
    site.archive.remove(talk_id)
    return Response(status_code=204)


@router.get("/talks/{talk_id}/transcripts/{language}", summary="What was said, caption by caption", tags=["talks"])
def transcript(here: Here, talk_id: TalkId, language: Language) -> JSONResponse:
    """Captions with their times, doubtful words and marks (TRANSCRIPT in docs/web.md)."""
    return JSONResponse(documents.transcript(here.archive.transcript(talk_id, language=language), talk_id))


@router.patch("/talks/{talk_id}/transcripts/{language}", summary="Correct a caption", tags=["correct"])
def correct_caption(site: Writable, talk_id: TalkId, language: Language, body: CaptionCorrection) -> JSONResponse:
    """The transcript as it is then; the talk is indexed again before this answers."""
    track = site.archive.correct_caption(talk_id, language=language, start=body.start, text=body.text, was=body.was)
    return JSONResponse(documents.transcript(track, talk_id))


@router.get("/talks/{talk_id}/captions/{language}.vtt", summary="Captions for a player", tags=["talks"])
def captions(here: Here, talk_id: TalkId, language: Language) -> Response:
    """WebVTT."""
    text = here.archive.export(talk_id, format="vtt", language=language)
    return Response(text, media_type="text/vtt; charset=utf-8", headers={"Cache-Control": "no-cache"})


@router.get("/talks/{talk_id}/export", summary="Captions, notes or chapters as a file", tags=["talks"])
def export(
    here: Here,
    talk_id: TalkId,
    format: Annotated[str, Query(pattern=f"^({'|'.join(FORMATS)})$")] = "vtt",
    language: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9-]{2,35}$")] = None,
) -> Response:
    """A file to keep; `format` is vtt, srt, md or chapters."""
    text = here.archive.export(talk_id, format=format, language=language)
    name = f"{talk_id}{f'.{language}' if language else ''}{FORMATS[format]}"
    return PlainTextResponse(text, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.get("/talks/{talk_id}/frames/{name}", summary="A slide as a picture", tags=["talks"])
def frame(
    here: Here,
    talk_id: TalkId,
    name: Annotated[str, Path(pattern=r"^\d{1,9}\.\d{3}\.jpg$")],
    width: Annotated[int | None, Query(description="320 or 640 pixels; else as it was shown.")] = None,
) -> Response:
    """JPEG."""
    return pictures.frame(here.archive, talk_id, name, width=width)


@router.get("/talks/{talk_id}/playing", summary="How a recording can be played", tags=["talks"])
def playing(here: Here, talk_id: TalkId) -> JSONResponse:
    """`state` is ready, waiting, making, failed or absent. A copy that browsers need is asked for by this."""
    found = here.copies.playing(talk_id, File(here.archive.source(talk_id)))
    kind = recordings.content_type(found.path) if found.path else None
    return JSONResponse({"version": 1, "talk": talk_id, "state": found.state, "type": kind, "fraction": found.fraction,
                         "problem": found.problem or None})  # fmt: skip


@router.get("/talks/{talk_id}/recording", summary="The recording, whole or a range of it", tags=["talks"])
async def recording(here: Here, request: Request, talk_id: TalkId) -> Response:
    """The recording, or the copy of it that browsers play."""
    source = await asyncio.to_thread(here.archive.source, talk_id)
    found = await asyncio.to_thread(here.copies.playing, talk_id, File(source))
    if found.path is None:
        raise Refusal(
            404, "{talk_id} has nothing to play yet: {problem}", talk_id=talk_id, problem=found.problem or found.state
        )
    return recordings.respond(request, found.path)


@router.get("/search", summary="Find passages", tags=["ask"])
async def search(here: Here, query: Annotated[Search, Query()]) -> JSONResponse:
    """As `ateneo search WORDS --json`."""
    found = await here.readers.run(lambda a: a.search(query.words, limit=query.limit, where=query.given_where()))
    return JSONResponse(documents.search(found))


@router.get("/ask", summary="Answer a question", tags=["ask"])
async def ask(here: Here, request: Request, query: Annotated[Ask, Query()]) -> JSONResponse:
    """As `ateneo ask QUESTION --json`."""
    return JSONResponse(_document(await answer(here, query), language_of(request)))


def _document(asked: Asked, language: str) -> dict[str, Any]:
    """The document of an answer; what the model failed at is said in this language."""
    document = documents.ask(asked)
    if language == "es" and asked.assistance and asked.assistance.failed:
        document["assistance"]["note"] = spanish.said(asked.assistance.failed)
    return document


@router.get("/ask/events", summary="Answer a question, sentence by sentence", tags=["ask"])
async def ask_events(here: Here, request: Request, query: Annotated[Ask, Query()]) -> StreamingResponse:
    """Server-sent events: `sentence` for each checked sentence of the merged answer, `talk` for each talk's own, then
    `answer`, the whole document; or `failed` with an error."""
    return stream(_ask_events(here, query, language_of(request)), request)


async def _ask_events(here: Site, query: Ask, language: str) -> AsyncGenerator[str, None]:
    coming: asyncio.Queue[Sentence | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def told(sentence: Sentence | None) -> None:
        with contextlib.suppress(RuntimeError):  # the server has ended
            loop.call_soon_threadsafe(coming.put_nowait, sentence)

    answering = asyncio.ensure_future(answer(here, query, told=told))
    answering.add_done_callback(lambda _: told(None))
    while (sentence := await coming.get()) is not None:
        yield event("sentence", documents.sentence(sentence))
    asked = _document(await answering, language)
    for talk in asked["talks"]:
        yield event("talk", talk)
    yield event("answer", asked)


async def answer(here: Site, query: Ask, *, told: Callable[[Sentence], None] | None = None) -> Asked:
    """What the archive says; `told` is given each checked sentence of the merged answer, from another thread."""
    asked: dict[str, Any] = {"limit": query.limit, "where": query.given_where(), "threshold": query.threshold}
    calls = here.readers.first.calls()
    if calls is None:
        return await here.readers.run(lambda archive: archive.ask(query.question, told=told, **asked))

    def look(question: str) -> Gathered:  # a reader is held for a search, not while a model writes
        with here.readers.one() as archive:
            return archive.gather(question, **asked)

    def work() -> Asked:
        lexicon = here.readers.first.lexicon
        return assisted(query.question, look, calls=calls, lexicon=lexicon, after=query.after, told=told)

    return await anyio.to_thread.run_sync(work, limiter=here.readers.writers)


class See(BaseModel):
    """Words, or a slide of a talk: `talk` and `frame` (its name), for more like it."""

    words: str | None = Field(None, min_length=1, max_length=2000)
    talk: str | None = Field(None, pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$")
    frame: str | None = Field(None, pattern=r"^\d{1,9}\.\d{3}\.jpg$")
    limit: int = Field(24, ge=1, le=100, description="How many hits at most.")


@router.get("/see", summary="Find slides by words, or more like one", tags=["ask"])
async def see(here: Here, query: Annotated[See, Query()]) -> JSONResponse:
    """As `ateneo see WORDS --json`."""
    if (query.words is None) == (query.talk is None) or (query.talk is None) != (query.frame is None):
        raise Refusal(422, "give either words, or talk and frame")
    image = None
    if query.talk and query.frame:
        image = pictures.path_of(here.archive, query.talk, query.frame)
    found = await here.readers.run(
        lambda archive: archive.see(query.words, image=image, limit=query.limit + bool(image))
    )
    own = query.talk, f"frames/{query.frame}"  # is not one more like it
    others = [one for one in found.hits if (one.talk.id, one.frame.path) != own][: query.limit]
    sights = Sights(query.words or f"{query.talk}/{query.frame}", tuple(others))
    return JSONResponse(documents.see(sights))


@router.post("/see", summary="Find slides by a picture", tags=["ask"], openapi_extra=pictures.BODY)
async def see_picture(here: Here, request: Request, limit: Annotated[int, Query(ge=1, le=100)] = 24) -> JSONResponse:
    """As `ateneo see --image FILE --json`; the body is the picture, a JPEG, PNG or WebP."""
    if not request.headers.get("content-type", "").startswith("image/"):
        raise Refusal(415, "send the picture as the body, with its type (Content-Type: image/jpeg)")
    picture = await asyncio.to_thread(pictures.dropped, await request.body())
    found = await here.readers.run(lambda archive: archive.see(image=picture, limit=limit))
    return JSONResponse(documents.see(found))


@router.get("/jobs", summary="What is being added", tags=["add"])
async def jobs(site: Writable) -> JSONResponse:  # where the jobs change, so that none changes meanwhile
    """JOB in docs/web.md; the newest first."""
    return JSONResponse(site.jobs.document())


@router.get("/jobs/events", summary="What is being added, as it changes", tags=["add"])
async def job_events(site: Writable, request: Request) -> StreamingResponse:
    """Server-sent events: `jobs`, the document of GET /api/jobs, now and whenever it changes."""
    return stream(_job_events(site), request)


async def _job_events(site: Site) -> AsyncGenerator[str, None]:
    async with aclosing(site.jobs.watch()) as changes:
        async for document in changes:
            yield event("jobs", document)


class NewJob(BaseModel):
    """Recordings to add: those of one `upload`, or a `folder` (or file) on the server."""

    model_config = ConfigDict(extra="forbid")
    upload: str | None = Field(None, pattern=r"^[0-9a-f]{24}$")
    folder: str | None = Field(None, min_length=1, max_length=1000)
    language: str | None = Field(None, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    speech: bool = True
    thorough: bool = False


@router.post("/jobs", status_code=202, summary="Add recordings", tags=["add"])
async def new_job(site: Writable, body: NewJob) -> JSONResponse:
    """The job; it is on disk, and goes on after a crash, once this has answered."""
    from ateneo.web import uploads

    if (body.upload is None) == (body.folder is None):
        raise Refusal(422, "give either upload or folder")
    if body.upload is not None:
        path = await asyncio.to_thread(uploads.taken, site.path, body.upload)
    else:
        path = await asyncio.to_thread(uploads.folder, site.rules, body.folder or "")
    options = {"language": body.language, "speech": body.speech, "thorough": body.thorough}
    job = await site.jobs.add([str(path)], **options)
    return JSONResponse({"version": 1, "id": job.id, "state": job.state}, 202)


JobId = Annotated[str, Path(pattern=r"^[0-9a-f-]{1,40}$")]


@router.post("/jobs/{job_id}/cancel", summary="Stop a job; what is done stays done", tags=["add"])
async def cancel(site: Writable, job_id: JobId) -> JSONResponse:
    """The job's state."""
    job = await site.jobs.cancel(job_id)
    return JSONResponse({"version": 1, "id": job.id, "state": job.state})


@router.post("/jobs/{job_id}/retry", summary="Do a job again", tags=["add"])
async def retry(site: Writable, job_id: JobId) -> JSONResponse:
    """The job's state; talks that are done are not done again."""
    job = await site.jobs.retry(job_id)
    return JSONResponse({"version": 1, "id": job.id, "state": job.state})


@router.post("/uploads", status_code=201, summary="Begin an upload", tags=["add"])
def new_upload(site: Writable) -> JSONResponse:
    """`{"upload": ID}`; files are then PUT to /api/uploads/ID/NAME and added by POST /api/jobs."""
    from ateneo.web import uploads

    return JSONResponse({"version": 1, "upload": uploads.begin(site.path)}, 201)


@router.put("/uploads/{upload}/{name}", status_code=201, summary="Send one file, as the body", tags=["add"])
async def upload(
    site: Writable,
    request: Request,
    upload: Annotated[str, Path(pattern=r"^[0-9a-f]{24}$")],
    name: Annotated[str, Path(max_length=200)],
) -> JSONResponse:
    """A recording, captions, or metadata (talks.csv, talks.yaml, NAME.info.json), with its name."""
    from ateneo.web import uploads

    size = await uploads.take(site.path, upload, name, request.stream())
    return JSONResponse({"version": 1, "name": name, "bytes": size}, 201)


@router.get("/doctor", summary="Engines and models, and how to get what is missing", tags=["add"])
def doctor(site: Writable) -> JSONResponse:
    """As `ateneo doctor --json`."""
    from ateneo.doctor import examine

    return JSONResponse(examine(site.path))
