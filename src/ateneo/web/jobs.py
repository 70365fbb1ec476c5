"""Adding recordings from the page: one job after the other, each in a process of its own, watched line by line.

A job is written to the archive before it is confirmed, so that one which a crash interrupted goes on when the server is
started again; what its talks had done stays done.
"""

import asyncio
import json
import os
import secrets
import sys
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ateneo.archive.storage import LocalStorage
from ateneo.errors import AteneoError
from ateneo.web.errors import Refusal

MOST_KEPT = 30  # ended jobs that are remembered
WAITING = 2.0  # s between tries while another program writes to the archive
PACE = 0.25  # s at the least between two pictures of the jobs sent to a page
LIVING = ("waiting", "running")


@dataclass
class Job:
    """Recordings on their way into the archive. `state` is waiting, running, done, failed or cancelled; `items` are
    {"label", "stage", "fraction", "state", "talk", "problems"}, in the order of the files."""

    id: str
    paths: list[str]
    made: str
    options: dict[str, Any] = field(default_factory=dict)
    state: str = "waiting"
    problem: str = ""
    total: int = 0
    items: list[dict[str, Any]] = field(default_factory=list)


class Jobs:
    """The jobs of one archive."""

    def __init__(self, archive: Path, *, added: Callable[[str], object] = bool) -> None:
        """`added` is called, in a thread, with the id of each talk that is done."""
        self.archive, self.added = archive, added
        self.storage = LocalStorage(archive)
        self.jobs: dict[str, Job] = {}
        self.wake = asyncio.Event()
        self.changed = asyncio.Condition()
        self.process: asyncio.subprocess.Process | None = None
        self.running: Job | None = None
        self.saving = asyncio.Lock()  # what was written last is what was said last
        for name in self.storage.names("jobs"):
            if name.endswith(".json"):
                job = Job(**json.loads(self.storage.read(f"jobs/{name}")))
                self.jobs[job.id] = replace(job, state="waiting") if job.state in LIVING else job
        self.jobs = dict(sorted(self.jobs.items()))

    def document(self) -> dict[str, Any]:
        """The jobs, the newest first, as JSON; files by name, since where they lie is nobody's business."""
        jobs = [asdict(job) | {"paths": [Path(path).name for path in job.paths]} for job in self.jobs.values()]
        return {"version": 1, "jobs": jobs[::-1]}

    async def add(self, paths: Sequence[str], **options: Any) -> Job:
        """A new job, on disk when this returns."""
        made = datetime.now(UTC)
        job = Job(
            f"{made:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}", list(paths), made.isoformat(timespec="seconds"), options
        )
        self.jobs[job.id] = job
        await self._save(job)
        self.wake.set()
        return job

    async def cancel(self, job_id: str) -> Job:
        """Stops a job; the talks that are done stay. Raises Refusal."""
        job = self._job(job_id)
        if job.state in LIVING:
            job.state = "cancelled"
            if self.running is job and self.process and self.process.returncode is None:
                self.process.kill()
            await self._save(job)
        return job

    async def retry(self, job_id: str) -> Job:
        """Does a job again that failed, was cancelled, or has items that failed. Raises Refusal."""
        job = self._job(job_id)
        if job.state not in LIVING:
            job.state, job.problem, job.items, job.total = "waiting", "", [], 0
            await self._save(job)
            self.wake.set()
        return job

    def _job(self, job_id: str) -> Job:
        if job_id not in self.jobs:
            raise Refusal(404, "no job {job_id!r}; GET /api/jobs lists them", job_id=job_id)
        return self.jobs[job_id]

    async def watch(self) -> AsyncGenerator[dict[str, Any], None]:
        """The jobs now and whenever they change."""
        while True:
            yield self.document()
            began = time.monotonic()
            async with self.changed:
                await self.changed.wait()
            await asyncio.sleep(max(0.0, PACE - (time.monotonic() - began)))

    async def work(self) -> None:
        """Does the jobs, until it is cancelled."""
        while True:
            job = next((job for job in self.jobs.values() if job.state == "waiting"), None)
            if job is None:
                self.wake.clear()
                await self.wake.wait()
                continue
            try:
                await self._run(job)
            except (AteneoError, OSError) as error:  # this job's trouble, not the next one's
                job.state, job.problem = "failed", str(error)

    async def _run(self, job: Job) -> None:
        self.running, job.state, job.items = job, "running", []
        await self._save(job)
        try:
            await self._follow(job)
        finally:
            if self.process and self.process.returncode is None:
                self.process.kill()
                await self.process.wait()
            self.process = self.running = None
        if job.state == "running":
            job.state, job.problem = "failed", job.problem or "the process that added the recordings ended; try again"
        await self._save(job)
        await self._forget_old()

    async def _follow(self, job: Job) -> None:
        """Starts the process and takes in what it tells."""
        command = [sys.executable, "-m", "ateneo.web.adding", str(self.archive)]
        environment = os.environ | {"PYTHONIOENCODING": "utf-8:surrogateescape"}
        self.process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment, limit=1 << 22
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write((json.dumps({"paths": job.paths, "options": job.options}) + "\n").encode())
        await self.process.stdin.drain()
        async for line in self.process.stdout:
            if job.state == "running":
                message = json.loads(line)
                self._take(job, message)
                if message.get("state") == "done":
                    await asyncio.to_thread(self.added, message["talk"])
                async with self.changed:
                    self.changed.notify_all()
        await self.process.wait()

    def _take(self, job: Job, message: dict[str, Any]) -> None:
        """One line of the process: a change of an item, the number of items, a problem, or the end."""
        job.total = message.get("total", job.total)
        job.problem = message.get("problem", job.problem)
        if "item" in message:
            number = message.pop("item")
            blank = {"label": "", "stage": "", "fraction": 0.0, "state": "running", "talk": None, "problems": []}
            job.items += [dict(blank) for _ in range(number + 1 - len(job.items))]
            job.items[number] |= message
        if "end" in message:
            job.state = message["end"]

    async def _save(self, job: Job) -> None:
        async with self.saving:
            text = json.dumps(asdict(job), ensure_ascii=False, indent=1) + "\n"
            await asyncio.to_thread(self.storage.write, f"jobs/{job.id}.json", text.encode(errors="surrogatepass"))
        async with self.changed:
            self.changed.notify_all()

    async def _forget_old(self) -> None:
        ended = [job.id for job in self.jobs.values() if job.state not in LIVING]
        for job_id in ended[:-MOST_KEPT]:
            del self.jobs[job_id]
            await asyncio.to_thread(self.storage.remove, f"jobs/{job_id}.json")
