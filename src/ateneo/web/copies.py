"""Playable copies of recordings, made once, in the background, in the archive's cache.

Each is made by a process of its own at the lowest priority, one after the other, so that a file which crashes a decoder
harms nothing and questions stay quick.
"""

import asyncio
import json
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ateneo.errors import InputError
from ateneo.ingest import playable
from ateneo.web.recordings import is_recording

NICE = 15


@dataclass(frozen=True, slots=True)
class Playing:
    """How a recording can be played. `state` is ready (as `path`), waiting, making, failed (`problem` says why) or
    absent (there is no recording). `fraction` of the copy is done."""

    state: str
    path: Path | None = None
    fraction: float = 0.0
    problem: str = ""


class Copies:
    """Which recordings need a copy, which have one, and the making of them."""

    def __init__(self, archive: Path) -> None:
        self.folder = archive / "cache" / "playable"
        self.plain: dict[tuple[str, int, int], bool] = {}  # path, mtime, size → whether browsers play it as it is
        self.states: dict[Path, Playing] = {}
        self.lock = threading.Lock()
        self.wanted: asyncio.Queue[tuple[Path, Path]] | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    def playing(self, talk_id: str, source: Path) -> Playing:
        """How the recording can be played now; a copy that it needs is asked for."""
        if not is_recording(source):
            return Playing("absent")
        stat = source.stat()
        key = (str(source), stat.st_mtime_ns, stat.st_size)
        try:
            if key not in self.plain:
                self.plain[key] = playable.plays(source)
        except InputError as error:
            return Playing("failed", problem=str(error))
        if self.plain[key]:
            return Playing("ready", source)
        target = self.folder / f"{talk_id}-{stat.st_mtime_ns:x}-{stat.st_size:x}.mp4"
        return Playing("ready", target) if target.exists() else self._ask_for(source, target)

    def _ask_for(self, source: Path, target: Path) -> Playing:
        with self.lock:
            if target not in self.states:
                self.states[target] = Playing("waiting")
                if self.loop and self.wanted:
                    self.loop.call_soon_threadsafe(self.wanted.put_nowait, (source, target))
            return self.states[target]

    def again(self, talk_id: str) -> None:
        """Forgets that a copy failed, so that it is tried once more."""
        with self.lock:
            failed = [t for t, one in self.states.items() if one.state == "failed" and t.name.startswith(f"{talk_id}-")]
            for target in failed:
                del self.states[target]

    async def work(self) -> None:
        """Makes the copies that are asked for, until it is cancelled."""
        self.loop, self.wanted = asyncio.get_running_loop(), asyncio.Queue()
        while True:
            source, target = await self.wanted.get()
            try:
                self.states[target] = await self._make(source, target)
            except OSError as error:
                self.states[target] = Playing("failed", problem=f"cannot make a playable copy: {error.strerror}")

    async def _make(self, source: Path, target: Path) -> Playing:
        self.states[target] = Playing("making")
        command = [sys.executable, "-m", "ateneo.web.copies", str(source), str(target)]
        environment = os.environ | {"PYTHONIOENCODING": "utf-8:surrogateescape"}
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment
        )
        assert process.stdout is not None
        problem = f"the process that converted {source.name} ended; the file may be damaged"
        try:
            async for line in process.stdout:
                message: Mapping[str, Any] = json.loads(line)
                problem = message.get("problem", problem)
                self.states[target] = replace(self.states[target], fraction=message.get("fraction", 0.0))
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Playing("ready", target, 1.0) if target.exists() else Playing("failed", problem=problem)


def end_with_parent() -> None:
    """Ends this process when the one that started it is gone: its end of our stdin is closed then."""

    def read() -> None:
        while sys.stdin.buffer.read(1):
            pass
        os._exit(1)

    threading.Thread(target=read, daemon=True).start()


def main() -> None:
    """`python -m ateneo.web.copies SOURCE TARGET`: makes one copy, and tells its progress in JSON lines."""
    end_with_parent()
    os.nice(NICE)

    def tell(**message: object) -> None:
        print(json.dumps(message), flush=True)

    try:
        playable.make(Path(sys.argv[1]), Path(sys.argv[2]), progress=lambda fraction: tell(fraction=fraction))
    except InputError as error:
        tell(problem=str(error))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
