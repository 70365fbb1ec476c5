"""A talk written out for other programs: captions (vtt, srt), Markdown notes, chapters as video sites take them."""

from collections.abc import Sequence

from ateneo.errors import InputError
from ateneo.ingest.captions import write_srt, write_vtt
from ateneo.records import Chapter, Cue, Frame, TalkDetail, Track

FORMATS = {"vtt": ".vtt", "srt": ".srt", "md": ".md", "chapters": ".txt"}  # name → suffix of the file
FIRST_CHAPTER = "Inicio"  # sites need a chapter at 0:00; this names it where the first one starts later


def export(detail: TalkDetail, tracks: Sequence[Track], *, format: str, language: str | None = None) -> str:
    """The text of the exported file. Raises InputError for an unknown format or a language that the talk lacks."""
    if format == "chapters":
        return chapters(detail.chapters)
    if format == "md":
        return notes(detail, track_in(detail, tracks, language) if tracks else None)
    if format in ("vtt", "srt"):
        write = write_vtt if format == "vtt" else write_srt
        return write(track_in(detail, tracks, language))
    raise InputError(
        "cannot export as {format!r}: unknown format; use one of {formats}", format=format, formats=", ".join(FORMATS)
    )


def chapters(found: Sequence[Chapter]) -> str:
    """One line a chapter, `0:00 Title`, the first at 0:00 as video sites ask."""
    rows = [(chapter.start, chapter.title) for chapter in found]
    if rows and rows[0][0] >= 1:
        rows.insert(0, (0.0, FIRST_CHAPTER))
    return "".join(f"{clock(0 if n == 0 else start)} {title}\n" for n, (start, title) in enumerate(rows))


def notes(detail: TalkDetail, track: Track | None) -> str:
    """Markdown: heading, metadata, summary, then for each chapter its slides' text and what was said, with times."""
    about = [", ".join(detail.speakers), detail.date or "", f"nº {detail.number}" if detail.number else ""]
    parts = [f"# {detail.title}", " · ".join(filter(None, about)), detail.summary]
    cues = track.cues if track else ()
    starts = [chapter.start for chapter in detail.chapters] or [0.0]
    titles = [chapter.title for chapter in detail.chapters] or [detail.title]
    starts[0] = 0.0
    for start, stop, title in zip(starts, [*starts[1:], float("inf")], titles, strict=True):
        parts.append(f"## {clock(start)} {title}")
        parts += [_slide(frame) for frame in detail.frames if start <= frame.start < stop and frame.text]
        parts.append(_speech([cue for cue in cues if start <= cue.start < stop]))
    return "\n\n".join(filter(None, parts)) + "\n"


def clock(second: float) -> str:
    """Seconds as M:SS, or H:MM:SS from an hour on."""
    whole = int(second)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _slide(frame: Frame) -> str:
    lines = "\n".join(f"> {line}" for line in frame.text.splitlines())
    return f"> **{clock(frame.start)}**\n>\n{lines}"


def _speech(cues: Sequence[Cue]) -> str:
    return " ".join(" ".join(cue.text.split()) for cue in cues)


def track_in(detail: TalkDetail, tracks: Sequence[Track], language: str | None) -> Track:
    """The transcript in this language, else the talk's own, else the first. Raises InputError where there is none."""
    by_language = {track.language: track for track in tracks}
    wanted = language or detail.language or ""
    if wanted in by_language:
        return by_language[wanted]
    if language is None and tracks:
        return tracks[0]
    known = ", ".join(by_language) or "none"
    raise InputError(
        "no transcript of {id} in {wanted}; it has: {known}", id=detail.id, wanted=wanted or "any language", known=known
    )
