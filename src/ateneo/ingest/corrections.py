"""What people put right in a talk: its title, speakers, date, number, language, and any line of its transcripts.

Pure functions over records; `ateneo.Archive` writes what they return and indexes the talk again. A machine never
overwrites what was corrected (`stages`, `transcripts`).
"""

import dataclasses
from collections.abc import Sequence

from ateneo.errors import InputError
from ateneo.ingest import captions, language, metadata
from ateneo.records import Cue, Talk, Track

LONGEST = 500  # characters of a title, a name or a number
LONGEST_LINE = 5000  # characters of a caption
SAME_TIME = 0.002  # s; captions are written in milliseconds


def talk(
    record: Talk,
    *,
    title: str | None = None,
    speakers: Sequence[str] | None = None,
    date: str | None = None,
    number: str | None = None,
    spoken: str | None = None,
) -> Talk:
    """The talk with what is given put in; None leaves a field as it is, "" empties it (a title cannot be empty).

    Raises InputError for an empty title, what is no date, no language tag, or too long.
    """
    changes: dict[str, object] = {}
    if title is not None:
        changes["title"] = _line("title", title)
        if not changes["title"]:
            raise InputError("cannot correct {id}: the title is empty; give one", id=record.id)
    if speakers is not None:
        changes["speakers"] = tuple(filter(None, (_line("name of a speaker", name) for name in speakers)))
    if date is not None:
        changes["date"] = _date(record, date)
    if number is not None:
        changes["number"] = _line("number", number) or None
    if spoken is not None:
        changes["language"] = _language(record, spoken)
    return dataclasses.replace(record, **changes)  # type: ignore[arg-type]


def cue(track: Track, *, start: float, text: str, was: str | None = None) -> Track:
    """The track with the caption that begins at `start` saying `text`; an empty text takes the caption out.

    `was` is the text that the person saw. Raises InputError where no caption begins there, where it says something else
    than `was` by now, or where the text is too long.
    """
    place = next((n for n, one in enumerate(track.cues) if abs(one.start - start) < SAME_TIME), None)
    if place is None:
        raise InputError(
            "cannot correct the captions in {language}: none begins at {start:.3f} s; read them again",
            language=track.language,
            start=start,
        )
    before = track.cues[place]
    if was is not None and _plain(was) != _plain(before.text):
        raise InputError(
            "cannot correct the caption at {start:.3f} s: it now says {text!r}; look at it and correct it again",
            start=start,
            text=before.text,
        )
    if len(text) > LONGEST_LINE:
        raise InputError(
            "cannot correct the caption at {start:.3f} s: longer than {longest_line} characters; shorten it",
            start=start,
            longest_line=LONGEST_LINE,
        )
    lines = "\n".join(captions.lines_of(text))
    changed = [Cue(before.start, before.end, lines)] if lines else []
    if not lines and len(track.cues) == 1:
        raise InputError(
            "cannot take out the caption at {start:.3f} s: it is the only one; give it a text", start=start
        )
    return dataclasses.replace(track, cues=(*track.cues[:place], *changed, *track.cues[place + 1 :]))


def _date(record: Talk, written: str) -> str | None:
    if not written.strip():
        return None
    found = metadata.parse_date(written)
    if found is None:
        raise InputError(
            "cannot correct {id}: {written!r} is no date; write it as 2024-05-31", id=record.id, written=written
        )
    return found


def _language(record: Talk, written: str) -> str | None:
    if not written.strip():
        return None
    found = language.tag(written)
    if not found:
        raise InputError(
            "cannot correct {id}: {written!r} is no language; write a tag such as es or en",
            id=record.id,
            written=written,
        )
    return found


def _line(what: str, text: str) -> str:
    """One line without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(line) > LONGEST:
        raise InputError(
            "cannot correct the {what}: longer than {longest} characters; shorten it", what=what, longest=LONGEST
        )
    return line


def _plain(text: str) -> str:
    return " ".join(text.split())
