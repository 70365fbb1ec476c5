"""The runner with worker processes: several talks at once, and a file that crashes a decoder harms only itself.

A worker is `python -m ateneo.ingest.workers ARCHIVE`. It speaks JSON lines: a task comes in, and out go its progress,
its claim for an id (answered by a line) and its outcome. It ends when its input ends, so that it never outlives the
process that started it. Starting a plain command, rather than forking, is what makes this safe beside threads and
usable from a person's own script.
"""

import dataclasses
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import IO, Any

from ateneo.archive.storage import LocalStorage
from ateneo.archive.store import Recording, TalkStore, talk_from
from ateneo.errors import ArchiveError
from ateneo.ingest.discover import Item
from ateneo.ingest.run import Claims, Progress
from ateneo.ingest.stages import Identity, Options, Outcome, process


class Workers:
    """A runner (see `run.Runner`) over `jobs` processes. `stall` is how many seconds a worker may be silent."""

    def __init__(self, root: Path, *, jobs: int, stall: float) -> None:
        self.root, self.jobs, self.stall = root, jobs, stall
        self.lock = threading.Lock()
        self.idle: list[_Worker] = []
        self.all: list[_Worker] = []

    def __call__(
        self,
        items: Sequence[Item],
        claims: Claims,
        store: TalkStore,
        options: Options,
        progress: Callable[[Progress], None],
    ) -> Iterator[tuple[int, Outcome]]:
        turns = _Turns()

        def one(number: int) -> Outcome:
            item = items[number]

            def claim(identity: Identity) -> tuple[str, bool]:
                return turns.take(number, lambda: claims.claim(identity))

            def report(stage: str, fraction: float) -> None:
                with self.lock:
                    progress(Progress(number + 1, len(items), str(item.path), stage, fraction))

            try:
                return self._run(item, options, claims.known(item), claim, report)
            finally:
                turns.over(number)

        pool = ThreadPoolExecutor(self.jobs)
        try:
            running = {pool.submit(one, number): number for number in range(len(items))}
            for future in as_completed(running):
                yield running[future], future.result()
        finally:
            for worker in self.all:
                worker.kill()
            pool.shutdown(cancel_futures=True)

    def _run(
        self,
        item: Item,
        options: Options,
        known: Recording | None,
        claim: Callable[[Identity], tuple[str, bool]],
        report: Callable[[str, float], None],
    ) -> Outcome:
        with self.lock:
            if not self.idle:
                self.idle.append(_Worker(self.root))
                self.all.append(self.idle[-1])
            worker = self.idle.pop()
        try:
            outcome = worker.run(_task(item, options, known), claim, report, stall=self.stall)
        except _Died as death:
            worker.kill()
            return Outcome(str(item.path), None, "skipped", (f"cannot read {item.path}: {death}",))
        with self.lock:
            self.idle.append(worker)
        return outcome


class _Died(Exception):
    """A worker ended or fell silent in the middle of a task."""


class _Turns:
    """Lets items claim their ids in the order they were given, whatever order they are worked on in."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.passed: set[int] = set()
        self.next = 0

    def take(self, number: int, claim: Callable[[], tuple[str, bool]]) -> tuple[str, bool]:
        """Claims when every item before this one has claimed or ended."""
        with self.changed:
            self.changed.wait_for(lambda: self.next >= number)
            try:
                return claim()
            finally:
                self.over(number)

    def over(self, number: int) -> None:
        """This item no longer holds up those after it."""
        with self.changed:
            if number >= self.next:
                self.passed.add(number)
            while self.next in self.passed:
                self.passed.remove(self.next)
                self.next += 1
            self.changed.notify_all()


class _Worker:
    """One worker process and the pipes to it."""

    def __init__(self, root: Path) -> None:
        command = [sys.executable, "-m", "ateneo.ingest.workers", str(root)]
        environment = os.environ | {"PYTHONIOENCODING": "utf-8:surrogateescape"}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self.messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.messages.put(json.loads(line))
        self.messages.put(None)

    def run(
        self,
        task: dict[str, Any],
        claim: Callable[[Identity], tuple[str, bool]],
        report: Callable[[str, float], None],
        *,
        stall: float,
    ) -> Outcome:
        """Sends a task and serves its messages until its outcome. Raises _Died, ArchiveError."""
        self._send(task)
        while True:
            try:
                message = self.messages.get(timeout=stall)
            except queue.Empty as error:
                raise _Died(
                    f"no progress for {stall:.0f} s; convert it with ffmpeg and add it again, or raise ATENEO_STALL"
                ) from error
            match message:
                case None:
                    raise _Died(f"{self._end()}; the file is damaged, convert it with ffmpeg and add it again")
                case {"claim": identity}:
                    self._send({"claimed": claim(Identity(**identity))})
                case {"stage": stage, "fraction": fraction}:
                    report(stage, fraction)
                case {"outcome": outcome}:
                    lines = {name: tuple(outcome[name]) for name in ("problems", "notes")}
                    return Outcome(**outcome | lines)
                case {"stop": reason}:
                    raise ArchiveError(reason)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe and not pipe.closed:
                pipe.close()

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write((json.dumps(message) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise _Died(self._end()) from error

    def _end(self) -> str:
        code = self.process.wait()
        return f"the process that read it was killed by signal {-code}" if code < 0 else f"its process ended ({code})"


def _task(item: Item, options: Options, known: Recording | None) -> dict[str, Any]:
    return {
        "recording": str(item.recording) if item.recording else None,
        "captions": [str(path) for path in item.captions],
        "options": dataclasses.asdict(options),
        "known": dataclasses.asdict(known) if known else None,
    }


def serve(root: Path, tasks: IO[str], results: IO[str]) -> None:
    """The worker's side: takes tasks until there are no more."""
    lines: queue.Queue[dict[str, Any]] = queue.Queue()

    def read() -> None:  # apart from the work, so that the end of the parent is seen at once
        for line in tasks:
            lines.put(json.loads(line))
        os._exit(0)

    def send(message: dict[str, Any]) -> None:
        results.write(json.dumps(message) + "\n")
        results.flush()

    def claim(identity: Identity) -> tuple[str, bool]:
        send({"claim": dataclasses.asdict(identity)})
        talk_id, mine = lines.get()["claimed"]
        return talk_id, mine

    threading.Thread(target=read, daemon=True).start()
    store = TalkStore(LocalStorage(root))
    while True:
        send(_serve_one(lines.get(), store, claim, lambda stage, done: send({"stage": stage, "fraction": done})))


def _serve_one(
    task: dict[str, Any],
    store: TalkStore,
    claim: Callable[[Identity], tuple[str, bool]],
    report: Callable[[str, float], None],
) -> dict[str, Any]:
    item = Item(Path(task["recording"]) if task["recording"] else None, tuple(map(Path, task["captions"])))
    known = task["known"]
    if known:
        lists = {"talk": talk_from(known["talk"]), "captions": tuple(known["captions"])}
        known = Recording(**known | lists)
    try:
        outcome = process(
            item, store=store, options=Options(**task["options"]), known=known, claim=claim, report=report
        )
    except ArchiveError as error:
        return {"stop": str(error)}
    except Exception as error:
        why = f"cannot add {item.path}: {type(error).__name__}: {error}; please report it"
        return {"outcome": dataclasses.asdict(Outcome(str(item.path), None, "skipped", (why,)))}
    return {"outcome": dataclasses.asdict(outcome)}


def main() -> None:
    """Keeps the real stdout for messages: whatever a library prints goes to stderr."""
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(Path(sys.argv[1]), sys.stdin, results)


if __name__ == "__main__":
    main()
