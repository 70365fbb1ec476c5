"""What the routes stand on: the archive, opened once for each processor, and who is at work on it in the background."""

import contextlib
import os
import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, TypeVar

import anyio
from fastapi import Depends, Request

from ateneo.api import Archive
from ateneo.errors import AteneoError, TalkNotFound
from ateneo.records import Talk
from ateneo.web.access import Access, Rules
from ateneo.web.copies import Copies
from ateneo.web.errors import Refusal
from ateneo.web.jobs import Jobs

MOST_READERS = 4  # a search keeps a processor busy; more of them at once only wait for one another
MOST_WRITERS = 16  # answers that a language model writes at once; they wait for it and keep no processor busy
WAIT = 10.0  # s that a correction waits for whoever is writing

SHARED = ("text_engine", "picture_engine", "lexicon", "language_engine", "vision_engine")  # loaded once, for all
WARMING = "¿Qué se dijo del agua?"

T = TypeVar("T")


class Readers:
    """A few opened archives. A search has one of them to itself, since an opened index is no place for two at once; the
    models are loaded once for all of them."""

    def __init__(self, path: Path) -> None:
        count = max(1, min(MOST_READERS, os.cpu_count() or 1))
        self.limiter = anyio.CapacityLimiter(count)
        self.writers = anyio.CapacityLimiter(MOST_WRITERS)
        self.free: queue.LifoQueue[Archive] = queue.LifoQueue()  # the one that was used last has all in memory
        self.first = Archive(path)
        for archive in (self.first, *(sharing(self.first) for _ in range(count - 1))):
            self.free.put(archive)

    def warm(self) -> None:
        """Loads what the first question would wait for."""
        with self.one() as archive, contextlib.suppress(AteneoError):
            if archive.store.ids():
                archive.search(WARMING)
                archive.gather(WARMING)  # not `ask`: a language model is not asked for nothing

    async def run(self, work: Callable[[Archive], T]) -> T:
        """What `work` gives, done in a thread with an archive of its own."""

        def borrow() -> T:
            with self.one() as archive:
                return work(archive)

        return await anyio.to_thread.run_sync(borrow, limiter=self.limiter)

    @contextlib.contextmanager
    def one(self) -> Iterator[Archive]:
        archive = self.free.get()
        try:
            yield archive
        finally:
            self.free.put(archive)


def sharing(first: Archive, *, wait: float = 0.0) -> Archive:
    """Another opening of the same archive, with the same models."""
    other = Archive(first.path, wait=wait)
    for name in SHARED:
        with contextlib.suppress(AteneoError):  # a model that is not there is told when it is used
            vars(other)[name] = getattr(first, name)
    return other


class Shelf:
    """The list of talks, read again where a talk.json changed."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.known: dict[str, tuple[int, Talk]] = {}

    def talks(self) -> list[Talk]:
        """All talks, by date and then id."""
        found: dict[str, tuple[int, Talk]] = {}
        for talk_id in self.archive.store.ids():
            with contextlib.suppress(FileNotFoundError, TalkNotFound):  # removed since the ids were listed
                changed = self.archive.storage.local(f"talks/{talk_id}/talk.json").stat().st_mtime_ns
                before = self.known.get(talk_id)
                found[talk_id] = before if before and before[0] == changed else (changed, self._read(talk_id))
        self.known = found
        return sorted((talk for _, talk in found.values()), key=lambda talk: (talk.date or "", talk.id))

    def _read(self, talk_id: str) -> Talk:
        return self.archive.store.talk(talk_id)


@dataclass
class Site:
    """One served archive. `archive` is for what needs no index, and for writing."""

    path: Path
    access: Access
    warm: bool = False  # whether models are loaded at the start, before anybody asks

    @property
    def rules(self) -> Rules:
        return self.access.rules

    @cached_property
    def archive(self) -> Archive:
        return sharing(self.readers.first, wait=WAIT)

    @cached_property
    def readers(self) -> Readers:
        return Readers(self.path)

    @cached_property
    def shelf(self) -> Shelf:
        return Shelf(self.archive)

    @cached_property
    def copies(self) -> Copies:
        return Copies(self.path)

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs(self.path, added=self.make_playable)

    def make_playable(self, talk_id: str) -> None:
        """Asks for the copy that browsers need of a new talk, before somebody opens it."""
        self.copies.playing(talk_id, Path(self.archive.source(talk_id)))


def site_of(request: Request) -> Site:
    """The site that a request is for."""
    site: Site = request.app.state.site
    return site


def writable(request: Request) -> Site:
    """The site, where it may be changed. Raises Refusal."""
    site = site_of(request)
    if site.rules.read_only:
        raise Refusal(403, "this archive is served for reading only")
    return site


Here = Annotated[Site, Depends(site_of)]
Writable = Annotated[Site, Depends(writable)]
