"""What a stretch holds, piece by piece: what the panel showed, what was said, which slides there were; and the sober
account made of these pieces alone, where no language model is at hand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ateneo.archive.store import clock as stamp
from ateneo.describing.events import events, told
from ateneo.describing.match import Panel
from ateneo.ingest.sentences import sentences
from ateneo.ingest.summary import summarise
from ateneo.language import arithmetic
from ateneo.records import Cue, Frame, Talk, Told, Track

LONGEST_LINE = 160  # characters of a slide that are told
READ = 15.0  # characters a second that people read
SHORTEST, LONGEST = 1.2, 7.0  # s of a caption

Kind = Literal["panel", "slide", "speech", "picture"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that a telling can rest on. `frame` is a picture of the archive, where there is one."""

    kind: Kind
    start: float
    end: float
    text: str
    frame: str = ""
    weight: int = 0  # of a fact: 2 where the lead changes or it ends, 1 where somebody scores


def panel_pieces(panel: Panel, language: str) -> list[Piece]:
    """The facts of a panel."""
    weights = {"tie": 2, "lead": 2, "final": 2, "closing": 1, "score": 1, "time up": 2, "opening": 1}
    return [Piece("panel", event.second, event.second, told(event, panel, language), weight=weights.get(event.kind, 0))
            for event in events(panel)]  # fmt: skip


def slide_pieces(frames: Iterable[Frame], start: float, end: float, *, folder: str) -> list[Piece]:
    """The slides with text that were shown between `start` and `end` (s), each once."""
    found, before = [], ""
    for frame in frames:
        line = _line(frame.text)
        if frame.start < end and frame.end > start and line and line != before:
            shown = max(start, frame.start)
            found.append(Piece("slide", shown, min(end, frame.end), line, f"{folder}/{frame.path}"))
            before = line
    return found


def speech_pieces(track: Track | None, start: float, end: float) -> list[Piece]:
    """The sentences that were said, those that begin in the stretch."""
    if track is None:
        return []
    said = sentences(track.cues, marks=track.marks)
    return [Piece("speech", cue.start, cue.end, cue.text) for cue in said if start <= cue.start < end]


_SAID = {
    "es": {"slide": "En pantalla: «{}».", "speech": "Se dice: «{}»", "panel": "{}."},
    "en": {"slide": 'On the screen: "{}".', "speech": 'It is said: "{}"', "panel": "{}."},
}


def account(talk: Talk, pieces: Sequence[Piece], *, language: str) -> list[Told]:
    """The pieces as sentences, in order of time: every fact and slide, and of what was said the main sentences."""
    chosen = [piece for piece in pieces if piece.kind in ("panel", "slide")]
    said = tuple(Cue(piece.start, piece.end, piece.text) for piece in pieces if piece.kind == "speech")
    if said:
        main = summarise(talk, Track(talk.language or language, said)).sentences
        chosen += [Piece("speech", cue.start, cue.end, cue.text) for cue in main]
    order = sorted(chosen, key=lambda piece: piece.start)
    return [Told(p.start, p.end, _SAID[language][p.kind].format(_shown(p, language))) for p in order]


def _shown(piece: Piece, language: str) -> str:
    """The words of a piece; what is said or shown is calculated again."""
    return piece.text.rstrip(".") if piece.kind == "panel" else arithmetic.corrected(piece.text, language)[0]


def timed(lines: Sequence[Told]) -> list[Told]:
    """The sentences with the times of captions: each from when it happens, or after the one before, for as long as
    reading it takes or until the next one."""
    found: list[Told] = []
    for n, line in enumerate(lines):
        begin = max(line.start, found[-1].end if found else 0.0)
        room = lines[n + 1].start - begin if n + 1 < len(lines) else LONGEST
        end = begin + max(SHORTEST, min(room, len(line.text) / READ))
        found.append(replace(line, start=round(begin, 3), end=round(end, 3)))
    return found


def as_text(lines: Iterable[Told]) -> str:
    """All sentences; what has something against it is marked with that."""
    return " ".join(f"⚠ {line.text} [{line.against}]" if line.against else line.text for line in lines)


def as_vtt(lines: Iterable[Told]) -> str:
    """The sentences as WebVTT captions; timed to be read; those with something against them are left out."""
    kept = timed([line for line in lines if not line.against])
    blocks = [f"{stamp(line.start)} --> {stamp(line.end)}\n{_plain(line.text)}\n" for line in kept]
    return "\n".join(["WEBVTT\n", *blocks])


def _plain(text: str) -> str:
    return " ".join(text.replace("-->", "→").replace("&", "&amp;").replace("<", "&lt;").split())


def _line(text: str) -> str:
    """A slide's text in one line, cut at a word."""
    line = " / ".join(" ".join(part.split()) for part in text.splitlines() if part.strip())
    return line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE].rsplit(" ", 1)[0] + " …"


def heading(piece: Piece) -> str:
    """A piece as it is given to a model: its time and what it is."""
    return f"{stamp(piece.start)} {piece.kind}: {piece.text}"
