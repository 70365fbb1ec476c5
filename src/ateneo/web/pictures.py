"""Slides as they were shown, or as thumbnails kept in the archive's cache; and pictures that people drop."""

import io
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError
from starlette.responses import FileResponse, Response

from ateneo.api import Archive
from ateneo.engines.reading import on_plain
from ateneo.web.errors import Refusal

WIDTHS = (320, 640)  # pixels of thumbnails; the second is for dense screens
QUALITY = 82
MOST_PIXELS = 50_000_000  # of a dropped picture; a bomb of a few kilobytes unpacks to gigabytes
TOO_MANY = "the picture has more than {most} million pixels; send a smaller one"
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("image/jpeg", "image/png", "image/webp")
        },
    }
}
CACHE = {"Cache-Control": "private, max-age=86400"}


def frame(archive: Archive, talk_id: str, name: str, *, width: int | None) -> Response:
    """The slide of this name, which has to be one of the talk's. Raises Refusal."""
    if width is not None and width not in WIDTHS:
        raise Refusal(422, "width: one of {widths}", widths=", ".join(map(str, WIDTHS)))
    source = path_of(archive, talk_id, name)
    return FileResponse(source if width is None else _thumbnail(archive, source, talk_id, width), headers=CACHE)


def path_of(archive: Archive, talk_id: str, name: str) -> Path:
    """The file of a talk's slide. Raises TalkNotFound, Refusal."""
    archive.store.talk(talk_id)
    source = archive.storage.local(f"talks/{talk_id}/frames/{name}")
    if not source.is_file():
        raise Refusal(404, "{talk_id} has no slide {name}", talk_id=talk_id, name=name)
    return source


def small(archive: Archive, talk_id: str, path: str, *, width: int) -> Path:
    """The file of a slide's thumbnail; `path` is the frame's, relative to the talk's folder."""
    return _thumbnail(archive, path_of(archive, talk_id, Path(path).name), talk_id, width)


def _thumbnail(archive: Archive, source: Path, talk_id: str, width: int) -> Path:
    stat = source.stat()
    name = f"cache/thumbnails/{talk_id}/{source.stem}-{stat.st_mtime_ns:x}-{width}.jpg"
    if not archive.storage.exists(name):
        with Image.open(source) as picture:
            picture.draft("RGB", (width * 2, width * 2))
            small = picture.convert("RGB")
            if small.width > width:
                small = small.resize(
                    (width, max(1, round(small.height * width / small.width))), Image.Resampling.LANCZOS
                )
        content = io.BytesIO()
        small.save(content, "JPEG", quality=QUALITY, optimize=True, progressive=True)
        archive.storage.write(name, content.getvalue())
    return archive.storage.local(name)


def dropped(content: bytes, *, side: int = 1024) -> bytes:
    """A picture that somebody sent, checked, turned as its camera says, its longer side at most so many pixels, as PNG.
    Raises Refusal for what is none, or a bomb."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:  # a larger one is refused by Pillow itself
            if picture.width * picture.height > MOST_PIXELS:
                raise Refusal(413, TOO_MANY, most=MOST_PIXELS // 10**6)
            picture.draft("RGB", (side, side))
            picture.thumbnail((side, side))
            small = on_plain(ImageOps.exif_transpose(picture))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refusal(413, TOO_MANY, most=MOST_PIXELS // 10**6) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise Refusal(415, "this is no picture that can be read; send a JPEG, PNG or WebP") from error
    kept = io.BytesIO()
    small.save(kept, "PNG")
    return kept.getvalue()
