"""The pages for people, out of the same records as the JSON; each is whole without its scripts but for what moves."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Query, Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ateneo.api import Archive
from ateneo.export import clock
from ateneo.records import Talk, TalkDetail
from ateneo.text import light, tokens
from ateneo.web import static, texts
from ateneo.web.access import COOKIE
from ateneo.web.api import TalkId
from ateneo.web.guard import cookie_of, set_cookie
from ateneo.web.site import Here, Site, site_of

RECENT = 4  # talks on the first page
SHELF = 60  # talks of the library at a time
SAID = 50  # hits by which the library finds talks by what was said in them

router = APIRouter(include_in_schema=False)


@router.get("/")
def ask(here: Here, request: Request) -> Response:
    """The first page: one box."""
    talks = here.shelf.talks()
    return page(request, "ask.html", count=len(talks), recent=_cards(here.archive, talks[::-1][:RECENT]))


@router.get("/see")
def see(here: Here, request: Request) -> Response:
    """Slides by words or by a picture."""
    return page(request, "see.html", recent=_recent_slides(here))


@router.get("/talks")
def library(
    here: Here,
    request: Request,
    words: Annotated[str, Query(max_length=500)] = "",
    speaker: Annotated[str, Query(max_length=500)] = "",
    year: Annotated[str, Query(max_length=4)] = "",
    language: Annotated[str, Query(max_length=35)] = "",
    show: Annotated[int, Query(ge=1, le=100_000)] = SHELF,
) -> Response:
    """All talks, the newest first, filtered."""
    talks = here.shelf.talks()[::-1]
    said: set[str] = set()
    if words.strip():
        with here.readers.one() as archive:
            said = {hit.talk.id for hit in archive.search(words, limit=SAID)}
    given = {"words": words, "speaker": speaker, "year": year, "language": language}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value}
    fitting = [talk for talk in talks if _fits(talk, given, said)]
    return page(
        request, "library.html", given=given, count=len(fitting), shown=_cards(here.archive, fitting[:show]),
        more=f"/talks?{urlencode(chosen | {'show': show + SHELF})}" if len(fitting) > show else None,
        speakers=sorted({name for talk in talks for name in talk.speakers}),
        years=sorted({talk.date[:4] for talk in talks if talk.date}, reverse=True),
        languages=sorted({talk.language for talk in talks if talk.language}),
    )  # fmt: skip


@router.get("/talks/{talk_id}")
def talk(here: Here, request: Request, talk_id: TalkId) -> Response:
    """One talk, to watch and to read."""
    found = here.archive.talk(talk_id)
    return page(request, "talk.html", talk=found, speakers="\n".join(found.speakers), slides=_slides(found))


@router.get("/add")
def add(here: Here, request: Request) -> Response:
    """Adding recordings, and how far they are."""
    return page(request, "add.html", folders=here.rules.folders != ())


@router.get("/api")
def interface(request: Request) -> Response:
    """What programs can ask for, out of the OpenAPI description."""
    paths = request.app.openapi()["paths"]
    rows = [(method.upper(), path, about) for path, methods in paths.items() for method, about in methods.items()]
    groups: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for row in rows:
        groups.setdefault((row[2].get("tags") or ["other"])[0], []).append(row)
    return page(request, "api.html", groups=groups)


@router.get("/login")
def log_in_form(request: Request) -> Response:
    """Asks for the password."""
    return page(request, "login.html", wrong=False)


@router.post("/login")
async def log_in(request: Request) -> Response:
    """Checks it. Raises TooManyTries."""
    import asyncio

    given = parse_qs((await request.body()).decode(errors="replace"), max_num_fields=5)
    address = request.client.host if request.client else ""
    access = site_of(request).access
    secret = given.get("password", [""])[0]
    cookie = await asyncio.to_thread(access.log_in, secret, address=address)
    if cookie is None:
        return page(request, "login.html", status=401, wrong=True)
    answer = RedirectResponse(_own_path(request.query_params.get("next", "/")), 303)
    set_cookie(answer, cookie, secure=request.url.scheme == "https")
    return answer


@router.post("/logout")
def log_out(request: Request) -> Response:
    """Ends the session."""
    site_of(request).access.forget(cookie_of(request.headers))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE)
    return answer


@router.get("/language/{language}")
def choose_language(request: Request, language: str) -> Response:
    """Remembers the language of the interface and goes back."""
    answer = RedirectResponse(_own_path(request.query_params.get("next", "/")), 303)
    if language in texts.TEXTS:
        answer.set_cookie(texts.COOKIE, language, max_age=365 * 24 * 3600, samesite="lax", httponly=True)
    return answer


@router.get("/static/{version}/{name}")
def static_file(request: Request, version: str, name: str) -> Response:
    """Styles and scripts; see `static`."""
    return static.respond(request, name, current=version == static.VERSION)


@router.get("/favicon.ico")
def icon(request: Request) -> Response:
    """The sign in the browser's tab."""
    return static.respond(request, "icon.svg", current=False)


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the reader's language."""
    site: Site = site_of(request)
    language = texts.preferred(request.headers.get("accept-language", ""), request.cookies.get(texts.COOKIE))
    known = texts.TEXTS[language]
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")

    def say(key: str, **parts: object) -> str:
        return known[key].format(**parts) if parts else known[key]

    content = _environment().get_template(template).render(
        t=say, texts=dict(known), language=language, languages_known=texts.LANGUAGES, here=here, path=request.url.path,
        version=static.VERSION, may_write=not site.rules.read_only, asks=site.rules.asks, **values,
    )  # fmt: skip
    return HTMLResponse(content, status, headers={"Vary": "Accept-Language, Cookie", "Content-Language": language})


def error_page(request: Request, status: int, message: str) -> HTMLResponse:
    """An error as a page."""
    return page(request, "error.html", status=status, code=status, message=message)


def count_key(count: int) -> str:
    """The key of "1 talk" or "3 talks"."""
    return "talks_one" if count == 1 else "talks_many"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ateneo.web"), autoescape=select_autoescape(default=True), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["clock"] = clock
    environment.globals["count_key"] = count_key
    return environment


def _cards(archive: Archive, talks: Sequence[Talk]) -> list[dict[str, Any]]:
    """Talks with the picture by which they are known: their first slide with some text on it, else their first."""
    cards = []
    for one in talks:
        frames = archive.store.frames(one.id)
        best = next((frame for frame in frames if frame.text.strip()), frames[0] if frames else None)
        cards.append({"talk": one, "picture": best.path.removeprefix("frames/") if best else None})
    return cards


def _recent_slides(here: Site) -> list[dict[str, Any]]:
    """A few slides of each of the newest talks, each slide once."""
    found: list[dict[str, Any]] = []
    for one in here.shelf.talks()[::-1][:RECENT]:
        frames = {frame.path: frame for frame in reversed(here.archive.store.frames(one.id)) if frame.kind != "blank"}
        found += [{"talk": one, "frame": frame} for frame in sorted(frames.values(), key=lambda f: f.start)[:RECENT]]
    return found


def _slides(talk: TalkDetail) -> list[dict[str, Any]]:
    return [
        {"start": f.start, "end": f.end, "name": f.path.removeprefix("frames/"), "text": f.text} for f in talk.frames
    ]


def _fits(talk: Talk, given: Mapping[str, str], said: set[str]) -> bool:
    if given["speaker"] and given["speaker"] not in talk.speakers:
        return False
    if given["year"] and not (talk.date or "").startswith(given["year"]):
        return False
    if given["language"] and talk.language != given["language"]:
        return False
    wanted = {light(word) for word in tokens(given["words"])}
    about = {light(word) for word in tokens(f"{talk.title} {' '.join(talk.speakers)} {talk.number or ''}")}
    return not given["words"].strip() or talk.id in said or (bool(wanted) and wanted <= about)


def _own_path(place: str) -> str:
    """A path of this site, whatever somebody put into the address."""
    plain = place.startswith("/") and not place.startswith(("//", "/\\")) and place.isprintable() and "\\" not in place
    return place if plain else "/"
