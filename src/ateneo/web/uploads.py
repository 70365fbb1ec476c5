"""Recordings that come by the page: dropped files, kept in the archive's `recordings/`, or a folder on this machine.

A drop is a folder of its own there, so that captions and metadata lie beside their recording under the names they had.
"""

import contextlib
import errno
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import anyio

from ateneo.ingest.captions import is_caption_file
from ateneo.ingest.media import RECORDINGS
from ateneo.web.access import Rules
from ateneo.web.errors import Refusal

FOLDER = "recordings"
COMING = ".upload"  # suffix of a file that is still coming
SPARE = 1 << 30  # bytes that stay free on the disk
BROKEN_OFF = 24 * 3600  # s after which an upload that has not ended is given up
MOST_FILES = 500  # of one drop
LONGEST_NAME = 200  # bytes
TABLES = frozenset({"talks.csv", "talks.yaml", "talks.yml"})


def begin(archive: Path) -> str:
    """A new, empty drop."""
    upload = secrets.token_hex(12)
    (archive / FOLDER / upload).mkdir(parents=True)
    return upload


def tidy(archive: Path) -> None:
    """Removes what uploads that broke off long ago have left."""
    for part in (archive / FOLDER).glob(f"*/.*{COMING}"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > BROKEN_OFF:
                part.unlink()
    for drop in (archive / FOLDER).glob("*"):
        with contextlib.suppress(OSError):
            if time.time() - drop.stat().st_mtime > BROKEN_OFF:
                drop.rmdir()  # an empty one only


async def take(archive: Path, upload: str, name: str, body: AsyncIterator[bytes]) -> int:
    """Writes one file of a drop, whole or not at all; its size. Raises Refusal."""
    check_name(name)
    folder = archive / FOLDER / upload
    if not folder.is_dir():
        raise Refusal(404, "no such upload; begin one with POST /api/uploads")
    if sum(1 for _ in folder.iterdir()) >= MOST_FILES:
        raise Refusal(413, "more than {most_files} files in one upload; begin another", most_files=MOST_FILES)
    part = folder / f".{secrets.token_hex(4)}{COMING}"
    size = 0
    try:
        async with await anyio.open_file(part, "wb") as file:
            async for block in body:
                size += len(block)
                if shutil.disk_usage(folder).free < SPARE:
                    raise Refusal(507, "the disk of the server is full; free some space there")
                await file.write(block)
            await file.flush()
            await anyio.to_thread.run_sync(os.fsync, file.wrapped.fileno())
        if size == 0:
            raise Refusal(422, "{name} is empty", name=name)
        part.replace(folder / name)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise Refusal(
            507 if full else 400, "cannot keep {name}: {strerror}", name=name, strerror=error.strerror
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return size


def check_name(name: str) -> None:
    """Raises Refusal for what is no plain name of a recording, a caption file or a table of talks."""
    plain = name == Path(name).name and "\\" not in name and not name.startswith(".") and name.isprintable()
    if not plain or len(name.encode(errors="replace")) > LONGEST_NAME:
        raise Refusal(422, "name: a file's plain name, without folders")
    path = Path(name)
    table = name.lower() in TABLES or name.lower().endswith(".info.json")
    if not (table or path.suffix.lower() in RECORDINGS or is_caption_file(path)):
        raise Refusal(
            415, "{name} is neither a recording nor captions; send video, audio, .vtt, .srt, .sbv or .ass", name=name
        )


def taken(archive: Path, upload: str) -> Path:
    """The folder of a drop that has something in it. Raises Refusal."""
    folder = archive / FOLDER / upload
    if not folder.is_dir():
        raise Refusal(404, "no such upload; begin one with POST /api/uploads")
    if not any(not file.name.startswith(".") for file in folder.iterdir()):
        raise Refusal(422, "nothing was uploaded; PUT files first")
    return folder


def folder(rules: Rules, given: str) -> Path:
    """The folder or file on this machine, where recordings may be added from it. Raises Refusal."""
    path = Path(given).expanduser() if "\0" not in given else Path("\\")
    if not path.is_absolute():
        raise Refusal(422, "folder: give the whole path on the server, such as /home/ana/recordings")
    path = path.resolve()
    if rules.folders is not None and not any(path.is_relative_to(one) for one in rules.folders):
        raise Refusal(403, "recordings may not be added from there; `ateneo serve --folder DIR` allows a folder")
    if not path.exists():
        raise Refusal(422, "folder: {given} is not there", given=given)
    return path
