"""Caption files: WebVTT, SubRip, .sbv and (through pysubs2) SubStation, as people and programs really write them.

What is read keeps every spoken word, in its time. Markup, speakers' labels and sounds named beside speech go; cues that
overlap, run backwards or have no time are put right and counted in a warning. What `write_vtt` writes is read back
cue for cue, since people correct it by hand: its first line says that nothing in it is to be cleaned again.
"""

import html
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pysubs2
from av.error import FFmpegError

from ateneo.errors import InputError
from ateneo.ingest.caption_names import beside, is_caption_file, is_other_kind, split_name
from ateneo.ingest.language import UNKNOWN, of_text, same, tag
from ateneo.ingest.media import Media, open_recording, start_of
from ateneo.records import Cue, Track

__all__ = [
    "beside", "decode", "duration", "embedded", "is_caption_file", "lines_of",
    "read", "split_name", "write_srt", "write_vtt",
]  # fmt: skip

LARGEST = 64 * 2**20  # bytes; a transcript of a day has about 2 MB
OWN = "WEBVTT Ateneo"  # the first line of what `write_vtt` writes
READING = 15.0  # letters a second: how long a caption without an end is shown
ENOUGH = 200  # letters of text that outweigh what a file's header says of its language

_ARROW = re.compile(r"^\s*(\S*?:\S*|\S*(?:nan|null|undefined|inf)\S*)\s*-->\s*(\S*)", re.IGNORECASE)
_SBV = re.compile(
    r"^\s*(-?\d+:\d+:\d+(?:\.\d+)?|[\d:]*NaN[\d:.]*)\s*,\s*(-?\d+:\d+:\d+(?:\.\d+)?|[\d:]*NaN[\d:.]*)\s*$"
)
_TIME = re.compile(r"^(-?)(?:(\d+):)?(\d+):(\d+)(?:[.,:](\d+))?$")
_ASS_TIMES = re.compile(r"^(Dialogue:[^,]*),([^,]*),([^,]*),", re.MULTILINE)
_ASS_TIME = re.compile(r"^\s*-?\d+:\d\d:\d\d\.\d+\s*$")
_TAG = re.compile(
    r"</?(?:b|i|u|s|c|v|ruby|rt|lang|font|span|em|strong|p|div)(?:[.\s][^<>]*)?/?>|<[\d:.]+>|\{\\[^}]*\}", re.I
)
_BREAK = re.compile(r"<br\s*/?>|\\N", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d+|#x[\da-f]+|\w+);", re.IGNORECASE)
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]")
_SOUND = (
    r"(?:m[uú]sic\w*|musik|musique|aplaus\w*|applau\w*|risas?|laugh\w*|silenc\w*|inaudible|ruido|noise|tos|cough\w*|__)"
)
_NAMED_SOUND = re.compile(rf"[\[(]\s*{_SOUND}[^\])]*[\])]|\[ ?__ ?\]", re.IGNORECASE)
_ROLES = (
    r"(?:narrador|presentador|moderador|locutor|entrevistador|orador)a?|ponente|p[uú]blico|voz(?: en off)?|narrator"
)
_ROLES += r"|speaker(?: \d+)?|host|moderator|audience|interviewer|presenter|announcer|hablante(?: \d+)?"
_LABEL = re.compile(
    rf"^\s*(?:>>+\s*)?(?:\[[^\W\d][^\]]*\]\s*:?\s*(?=\w|[¿¡])|\(?(?:{_ROLES})\)?\s*:\s+|>>+\s*)", re.IGNORECASE
)
_NOTES = re.compile("[♩♪♫♬♭♮♯]+")
_ONLY_SOUNDS = re.compile(r"^(?:[\[(][^\])]*[\])]|[♩♪♫♬\s.\-])*$")


@dataclass(frozen=True, slots=True)
class Captions(Track):
    """A track that was read, with a line for what had to be put right."""

    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Raw:
    """A cue as it stands in the file: seconds or None where the file has no number, and lines without markup."""

    start: float | None
    end: float | None
    lines: tuple[str, ...]


def read(path: Path, *, language: str | None = None) -> Captions:
    """The captions in a file. The language is the given one, else that of the name, the header or the text.

    Raises InputError for a file that is empty, unreadable or holds no captions.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"cannot read {path}: too large for captions; give a .vtt or .srt of the talk")
        text = decode(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; check the file") from error
    if is_other_kind(path.stem, text[:400]):
        raise InputError(f"cannot read {path}: it holds chapters, descriptions or metadata, not captions; leave it out")
    raws = _parse(text)
    if not text.startswith(OWN):
        raws = _unrolled([replace(raw, lines=_spoken(raw.lines)) for raw in raws])
    cues, faults = _put_right(raws)
    if not cues:
        why = "no captions found in it" if text.strip() else "the file is empty"
        raise InputError(f"cannot read {path}: {why}; give a .vtt, .srt, .sbv or .ass file with text and times")
    known = language or split_name(path)[1] or _language(text, cues)
    warnings = (f"{path}: put right {', '.join(faults)}",) if faults else ()
    return Captions(language=known, cues=cues, warnings=warnings)


def embedded(path: Path, media: Media) -> list[Track]:
    """The subtitle tracks inside a recording, one a language, those that hold text. Empty ones are left out."""
    tracks: dict[str, Track] = {}
    for stream in media.subtitles:
        cues, _ = _put_right(_packets(path, stream.index))
        known = _language(f"language: {stream.language}" if stream.language else "", cues)
        if cues and known not in tracks:
            tracks[known] = Captions(language=known, cues=cues)
    return list(tracks.values())


def duration(paths: Iterable[Path]) -> float | None:
    """The second at which the last caption of these files ends; None where none of them can be read."""
    ends = []
    for path in paths:
        try:
            ends.append(read(path).cues[-1].end)
        except InputError:
            continue
    return max(ends, default=None)


def write_vtt(track: Track) -> str:
    """The track as WebVTT; read back, it gives the same cues."""
    head = f"{OWN}\nKind: captions\nLanguage: {track.language}\n"
    escaped = ((cue, "\n".join(lines_of(cue.text)).translate(_ESCAPES)) for cue in track.cues)
    return "\n".join([head, *(f"{_stamps(cue, '.')}\n{text}\n" for cue, text in escaped if text)])


def write_srt(track: Track) -> str:
    """The track as SubRip."""
    texts = [(cue, "\n".join(lines_of(cue.text)).replace("-->", "→")) for cue in track.cues]
    blocks = [f"{_stamps(cue, ',')}\n{text}\n" for cue, text in texts if text]
    return "\n".join(f"{n}\n{block}" for n, block in enumerate(blocks, start=1))


def decode(content: bytes) -> str:
    """The text of a file that does not say its encoding: Unicode with or without a mark, else Windows' Western one."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace").removeprefix("\ufeff")
    if content[:400].count(b"\0") > len(content[:400]) // 4:
        return content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be", errors="replace")
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            if encoding == "utf-8" and error.reason == "unexpected end of data":
                return content.decode(encoding, errors="replace")
    return content.decode("latin-1")


def _parse(text: str) -> list[_Raw]:
    """The cues of any of the formats; the content tells which, since suffixes lie."""
    if "[Script Info]" in text or re.search(r"^Dialogue:", text, re.MULTILINE):
        return _substation(text)
    lines = re.split(r"\r\n|\r|\n", text)
    pattern = _ARROW if any(_ARROW.match(line) for line in lines) else _SBV
    is_vtt = text.lstrip().startswith("WEBVTT")
    found: list[tuple[str, str, list[str]]] = []
    for line in lines:
        if timing := pattern.match(line):
            if found:
                _drop_identifier(found[-1][2])
            found.append((timing[1], timing[2], []))
        elif found:
            found[-1][2].append(line)
    return [_Raw(_seconds(a), _seconds(b), _plain(_without_notes(body) if is_vtt else body)) for a, b, body in found]


def _drop_identifier(body: list[str]) -> None:
    """Takes the number or name of the next cue off the text of the one before."""
    if body and body[-1].strip() and (body[-1].strip().isdigit() or (len(body) > 1 and not body[-2].strip())):
        body.pop()


def _without_notes(body: Sequence[str]) -> list[str]:
    """The lines of a WebVTT cue without the comments, styles and regions that follow it."""
    kept, skipping = [], False
    for before, line in zip(["-", *body], body, strict=False):
        if not line:
            skipping = False
        elif not before and re.match(r"(?:NOTE|STYLE|REGION)\b", line):
            skipping = True
        if not skipping:
            kept.append(line)
    return kept


def _substation(text: str) -> list[_Raw]:
    """Cues of .ass and .ssa. Times that are none are set to 0, which `_put_right` takes for a missing end."""

    def sound(line: re.Match[str]) -> str:
        times = [time if _ASS_TIME.match(time) else "0:00:00.00" for time in line.groups()[1:]]
        return f"{line[1]},{times[0]},{times[1]},"

    try:
        events = pysubs2.SSAFile.from_string(_ASS_TIMES.sub(sound, text), format_="ass")
    except (pysubs2.Pysubs2Error, ValueError, KeyError, IndexError):
        return []
    shown = [event for event in events if not event.is_comment and not event.is_drawing]
    return [_Raw(e.start / 1000, e.end / 1000, tuple(lines_of(e.plaintext))) for e in shown]


def _packets(path: Path, index: int) -> list[_Raw]:
    """The cues of a subtitle stream inside a recording."""
    found: list[_Raw] = []
    with open_recording(path) as container:
        zero = start_of(container)
        try:
            for packet in container.demux(container.streams[index]):
                if packet.pts is None or not packet.time_base:
                    continue
                start = float(packet.pts * packet.time_base) - zero
                end = start + float((packet.duration or 0) * packet.time_base)
                text = "\n".join(_subtitle_text(subtitle) for subtitle in packet.decode())
                found.append(_Raw(start, end, _spoken(_plain(text.split("\n")))))
        except (FFmpegError, EOFError, ValueError):
            pass  # the end of what can be read is the end
    return found


def _subtitle_text(subtitle: object) -> str:
    """The text of a decoded subtitle, which FFmpeg gives as the fields of a SubStation line."""
    line = getattr(subtitle, "ass", b"") or b""
    text = line.decode("utf-8", errors="replace") if isinstance(line, bytes) else str(line)
    fields = text.split(",", 8)
    return _BREAK.sub("\n", fields[8] if len(fields) == 9 else text)


def _seconds(written: str) -> float | None:
    """HH:MM:SS.mmm, MM:SS.mmm, commas or points, any number of hours; None where it is no time."""
    match = _TIME.match(written.strip())
    if not match:
        return None
    sign, hours, minutes, seconds, fraction = match.groups()
    value = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction or 0}")
    return None if not math.isfinite(value) else -value if sign else round(value, 3)


def _plain(lines: Iterable[str]) -> tuple[str, ...]:
    """Lines without markup and entities."""
    text = _TAG.sub("", _BREAK.sub("\n", "\n".join(lines)))
    text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    return tuple(lines_of(text))


def lines_of(text: str) -> list[str]:
    """The lines of a text that have something in them, without invisible signs and space around."""
    lines = (line.replace("\u00a0", " ").strip() for line in re.split(r"\r\n|\r|\n", _INVISIBLE.sub("", text)))
    return [line for line in lines if line]


def _spoken(lines: Sequence[str]) -> tuple[str, ...]:
    """Lines without labels of speakers and without sounds named beside speech; a cue of sounds alone stays."""
    if all(_ONLY_SOUNDS.match(line) for line in lines):
        return tuple(lines)
    spoken = (_NOTES.sub("", _NAMED_SOUND.sub("", _LABEL.sub("", line))).strip() for line in lines)
    kept = tuple(" ".join(line.split()) for line in spoken if line and not _ONLY_SOUNDS.match(line))
    return kept or tuple(lines)


def _unrolled(raws: list[_Raw]) -> list[_Raw]:
    """Captions that roll (each shows the lines of the one before again, as YouTube's automatic ones) said once.

    Nothing is changed in other files, where somebody may well say the same twice.
    """
    filled = [raw for raw in raws if raw.lines]
    pairs = list(pairwise(filled))
    rolls = sum(len(b.lines) > 1 and a.lines != b.lines and a.lines[-1] == b.lines[0] for a, b in pairs)
    if len(filled) < 4 or rolls < 0.25 * len(pairs):
        return raws
    unrolled: list[_Raw] = []
    shown: tuple[str, ...] = ()
    for raw in filled:
        known = next((n for n in range(min(len(shown), len(raw.lines)), 0, -1) if shown[-n:] == raw.lines[:n]), 0)
        new, shown = raw.lines[known:], raw.lines
        if new:
            unrolled.append(replace(raw, lines=new))
        elif unrolled and raw.end is not None:
            unrolled[-1] = replace(unrolled[-1], end=max(raw.end, unrolled[-1].end or 0.0))
    return unrolled


def _put_right(raws: Sequence[_Raw]) -> tuple[tuple[Cue, ...], list[str]]:
    """Cues in order, each after the one before and longer than nothing, no text lost; and what was wrong, counted."""
    faults = dict.fromkeys(("without a time", "negative", "without a length", "out of order", "overlapping"), 0)
    cues: list[Cue] = []
    for raw in raws:
        if not raw.lines:
            continue
        text = "\n".join(raw.lines)
        start = raw.start if raw.start is not None else cues[-1].end if cues else 0.0
        faults["without a time"] += raw.start is None
        faults["negative"] += start < 0
        start = max(start, 0.0)
        end = raw.end if raw.end is not None else start
        if end <= start:
            faults["without a length"] += 1
            end = start + max(1.0, len(text) / READING)
        cues.append(Cue(round(start, 3), round(max(end, start + 0.001), 3), text))
    faults["out of order"] = sum(b.start < a.start for a, b in pairwise(cues))
    kept: list[Cue] = []
    for cue in sorted(cues, key=lambda cue: cue.start):
        if kept and cue.start == kept[-1].start:
            faults["overlapping"] += 1
            kept[-1] = Cue(cue.start, max(cue.end, kept[-1].end), f"{kept[-1].text}\n{cue.text}")
            continue
        if kept and cue.start < kept[-1].end:
            faults["overlapping"] += 1
            kept[-1] = replace(kept[-1], end=cue.start)
        kept.append(cue)
    return tuple(kept), [f"{count} captions {name}" for name, count in faults.items() if count]


def _language(text: str, cues: Sequence[Cue]) -> str:
    """What the header says, unless much text says otherwise; else what the text says."""
    header = re.search(r"^(?:language|lang):\s*([\w-]+)", text[:400], re.IGNORECASE | re.MULTILINE)
    said = tag(header[1]) if header else None
    spoken = " ".join(cue.text for cue in cues[:: max(1, len(cues) // 200)])
    heard = of_text(spoken)
    if said and (len(spoken) < ENOUGH or heard == UNKNOWN or same(said, heard)):
        return said
    return heard


def _stamps(cue: Cue, mark: str) -> str:
    start = round(cue.start * 1000)
    return f"{_stamp(start, mark)} --> {_stamp(max(round(cue.end * 1000), start + 1), mark)}"


def _stamp(milliseconds: int, mark: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{rest:03d}"


_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
