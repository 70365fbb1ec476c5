"""Recordings over HTTP, whole or by ranges, so that a player can jump.

Only the file that a talk was made from, or the playable copy of it, is ever served, and only where it is a recording.
"""

import mimetypes
import re
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ateneo.ingest.media import RECORDINGS
from ateneo.web.errors import Refusal

BLOCK = 256 << 10  # bytes read at a time
TYPES = {".m4a": "audio/mp4", ".m4b": "audio/mp4", ".mov": "video/mp4", ".m4v": "video/mp4", ".mkv": "video/webm",
         ".opus": "audio/ogg", ".oga": "audio/ogg", ".flac": "audio/flac", ".weba": "audio/webm"}  # fmt: skip
_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


def is_recording(path: Path) -> bool:
    """Whether a file is one that may be served as a recording."""
    return path.suffix.lower() in RECORDINGS and path.is_file()


def content_type(path: Path) -> str:
    """The media type by which a browser knows how to play it."""
    return TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def respond(request: Request, path: Path) -> Response:
    """The whole file, or the range that is asked for. Raises Refusal for a range that is none."""
    try:
        stat = path.stat()
    except OSError:
        raise Refusal(404, "the recording is no longer where it was when the talk was added") from None
    etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    headers = {"Accept-Ranges": "bytes", "ETag": etag, "Last-Modified": formatdate(stat.st_mtime, usegmt=True),
               "Cache-Control": "private, max-age=3600"}  # fmt: skip
    asked = request.headers.get("range")
    if asked is not None and request.headers.get("if-range", etag) in (etag, headers["Last-Modified"]):
        first, last = span(asked, stat.st_size)
        headers["Content-Range"] = f"bytes {first}-{last}/{stat.st_size}"
        status = 206
    elif request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    else:
        first, last, status = 0, stat.st_size - 1, 200
    headers["Content-Length"] = str(last - first + 1)
    if request.scope.get("ateneo.head"):
        return Response(status_code=status, headers=headers, media_type=content_type(path))
    return StreamingResponse(_blocks(path, first, last), status, headers=headers, media_type=content_type(path))


def span(asked: str, size: int) -> tuple[int, int]:
    """First and last byte of `bytes=FIRST-LAST`, of the first range where several are asked for. Raises Refusal."""
    match = _RANGE.match(asked.replace(" ", "").split(",")[0])
    if not match or match.groups() == ("", "") or max(map(len, match.groups())) > 18:
        raise Refusal(
            416, "no range of bytes: {asked!r}", headers={"Content-Range": f"bytes */{size}"}, asked=asked[:60]
        )
    begin, end = match.groups()
    first = int(begin) if begin else max(0, size - int(end))
    last = min(int(end), size - 1) if begin and end else size - 1
    if first > last or (not begin and end == "0"):
        raise Refusal(416, "the recording has {size} bytes", headers={"Content-Range": f"bytes */{size}"}, size=size)
    return first, last


async def _blocks(path: Path, first: int, last: int) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        await file.seek(first)
        left = last - first + 1
        while left > 0 and (block := await file.read(min(BLOCK, left))):
            left -= len(block)
            yield block
