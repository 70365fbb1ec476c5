"""The one object through which an archive is read and written.

Names are relative POSIX paths inside the archive. A write is whole or absent: it goes to a temporary name beside the
target, is synced, and is renamed. That name is the writer's own, so that what a server writes (jobs, thumbnails) beside
a process that adds talks is safe from it, and from itself. Another implementation of these few methods puts an archive
elsewhere than on a local disk.
"""

import contextlib
import errno
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ateneo.errors import ArchiveError, ArchiveLocked

TEMPORARY = ".part"  # suffix of files being written; left behind only by a killed process, removed by `sweep`
UNLOCKED = (  # where readers write, without the lock
    "jobs", "cache/answers", "cache/described", "cache/playable", "cache/thumbnails",
)  # fmt: skip
_WRITES = itertools.count()  # of this process; next() is atomic
REMOVED = ".removed-"  # prefix of folders being removed


class Storage(Protocol):
    """What an archive needs of the place it lives in."""

    def exists(self, name: str) -> bool:
        """Whether there is a file or folder of this name."""

    def read(self, name: str) -> bytes:
        """The content of a file. Raises FileNotFoundError."""

    def write(self, name: str, content: bytes) -> None:
        """Writes a file whole or not at all, making the folders above it. Raises ArchiveError (disk full, ...)."""

    def names(self, folder: str) -> list[str]:
        """The names directly inside a folder, sorted; hidden and unfinished ones left out; [] where it is absent."""

    def remove(self, name: str) -> None:
        """Removes a file or a whole folder; nothing happens where it is absent."""

    def local(self, name: str) -> Path:
        """A path on this machine's disk for libraries that need one (index, pictures)."""

    def sweep(self) -> None:
        """Removes what a killed process left unfinished, and nothing that a server is writing. Only to be called under
        `lock`."""

    def lock(self, *, wait: float = 0.0) -> contextlib.AbstractContextManager[None]:
        """Holds the right to write. Raises ArchiveLocked where another living process holds it still after `wait` s."""


class LocalStorage:
    """An archive in a folder of a local disk."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def exists(self, name: str) -> bool:
        return (self.root / name).exists()

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        target = self.root / name
        temporary = beside(target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise writing_failed(target, error) from error

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(entry.name for entry in os.scandir(self.root / folder) if not entry.name.startswith("."))
        except FileNotFoundError:
            return []

    def remove(self, name: str) -> None:
        target = self.root / name
        if not target.is_dir():
            target.unlink(missing_ok=True)
            return
        doomed = Path(tempfile.mkdtemp(prefix=REMOVED, dir=target.parent))
        target.rename(doomed / target.name)
        shutil.rmtree(doomed)

    def local(self, name: str) -> Path:
        return self.root / name

    def sweep(self) -> None:
        for folder, folders, files in os.walk(self.root):
            for name in [name for name in folders if name.startswith(REMOVED)]:
                shutil.rmtree(Path(folder, name))
                folders.remove(name)
            unlocked = Path(folder).relative_to(self.root).as_posix().startswith(UNLOCKED)
            for name in files:
                if name.startswith(".") and name.endswith(TEMPORARY) and not (unlocked and _being_written(name)):
                    Path(folder, name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def lock(self, *, wait: float = 0.0) -> Iterator[None]:
        from filelock import FileLock, Timeout

        self.root.mkdir(parents=True, exist_ok=True)
        held = FileLock(self.root / ".lock", timeout=wait)
        try:
            held.acquire()
        except Timeout as error:
            raise ArchiveLocked(
                "cannot write to {root}: another ateneo is writing to it; wait until it has finished", root=self.root
            ) from error
        except OSError as error:
            raise writing_failed(self.root, error) from error
        try:
            yield
        finally:
            held.release()


def beside(target: Path) -> Path:
    """The name under which this process writes a file until it is whole."""
    return target.with_name(f".{target.name}.{os.getpid()}.{next(_WRITES)}{TEMPORARY}")


def _being_written(name: str) -> bool:
    """Whether the process that a name of `beside` tells of is alive."""
    try:
        os.kill(int(name.split(".")[-3]), 0)
    except (ValueError, IndexError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def writing_failed(target: Path, error: OSError) -> ArchiveError:
    """The error to raise where a file of the archive cannot be written, with its next step."""
    step = "check that the folder can be written to"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        step = "free some space and run the same command again; what is done stays done"
    return ArchiveError(
        "cannot write {target}: {strerror}; {step}", target=target, strerror=error.strerror or error, step=step
    )
