"""The application: pages, JSON and chat over one archive."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from ateneo.web import api, chat, describing, drawing, errors, looking, pages, uploads
from ateneo.web.access import Access, Rules
from ateneo.web.guard import Guard
from ateneo.web.site import Site

DESCRIPTION = """Times are seconds, dates ISO 8601, languages BCP 47. Errors are
`{"error": {"status", "type", "message"}}`. docs/json.md describes the documents."""


def make_app(path: Path, rules: Rules | None = None, *, warm: bool = False) -> ASGIApp:
    """The application that serves the archive at `path`; `warm` loads its models at the start, before anybody asks.
    Raises ArchiveError where the archive cannot be used."""
    site = Site(path, Access(rules or Rules()), warm)
    app = FastAPI(
        title="Ateneo", version=version("ateneo"), description=DESCRIPTION, openapi_url="/api/openapi.json",
        docs_url=None, redoc_url=None, lifespan=_lifespan,
    )  # fmt: skip
    app.state.site = site
    for router in (api.router, chat.router, describing.router, drawing.router, looking.router, pages.router):
        app.include_router(router)
    errors.install(app)
    site.archive.talks()  # an archive that cannot be used is told now
    return Guard(app, access=site.access)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """What goes on in the background, for as long as the application does."""
    site: Site = app.state.site
    tasks = [asyncio.create_task(site.jobs.work()), asyncio.create_task(site.copies.work())]
    await asyncio.to_thread(uploads.tidy, site.path)
    if site.warm:
        tasks.append(asyncio.create_task(asyncio.to_thread(site.readers.warm)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
