"""Styles and scripts: few and small, read once, sent packed, and kept by browsers for as long as they do not change.

The version is part of the path, so that the scripts which a script imports are of the same version.
"""

import gzip
import hashlib
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from ateneo.web.errors import Refusal

TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


def _read() -> dict[str, bytes]:
    folder = files("ateneo.web") / "static"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in TYPES}


FILES = _read()
PACKED = {name: gzip.compress(content, 9, mtime=0) for name, content in FILES.items()}
VERSION = hashlib.sha256(b"".join(FILES[name] for name in sorted(FILES))).hexdigest()[:12]


def respond(request: Request, name: str, *, current: bool) -> Response:
    """The file, packed where the browser takes it so. Raises Refusal."""
    if name not in FILES:
        raise Refusal(404, "no such file: {name}", name=name[:100])
    keep = "public, max-age=31536000, immutable" if current else "public, max-age=300"
    headers = {"Cache-Control": keep, "Vary": "Accept-Encoding"}
    content = FILES[name]
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = PACKED[name]
        headers["Content-Encoding"] = "gzip"
    return Response(content, headers=headers, media_type=TYPES[name.rpartition(".")[2]])
