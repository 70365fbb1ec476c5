"""A stretch of a talk, described: the facts first, then the telling, sentence by sentence.

The panel is read by code from the recording, kept in the archive's cache, and is the same whatever the style. Without a
scoreboard the facts are the slides that were shown. A telling by a model that fails becomes the sober account, with a
note; nothing here needs a model.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from ateneo import spanish
from ateneo.archive.storage import Storage
from ateneo.archive.store import fingerprint
from ateneo.describing import watching
from ateneo.describing.account import Piece, account, as_text, panel_pieces, slide_pieces, speech_pieces
from ateneo.describing.claims import Checker
from ateneo.describing.match import Panel
from ateneo.describing.panel import read_panel
from ateneo.describing.telling import Style, tell
from ateneo.errors import ArchiveError, EngineError, InputError
from ateneo.ingest.media import RECORDINGS
from ateneo.language.calls import Calls
from ateneo.records import Described, Fact, Talk, TalkDetail, Told, Track
from ateneo.text import guess_language

CODE = 2  # raise to read panels again
FOLDER = "cache/described"  # of an archive: panels, and the pictures of facts
SPREAD = 6  # pictures for a model where nothing tells which
LANGUAGES = ("es", "en")

Seen = Callable[[Fact | Told], None]


@dataclass
class Stretch:
    """What is to be described: a talk from `start` to `end` (s), its recording where there is one, what was said."""

    talk: TalkDetail
    start: float
    end: float
    source: Path | None
    sha256: str
    track: Track | None
    storage: Storage
    notes: list[str] = field(default_factory=list)

    @property
    def folder(self) -> str:
        return f"{FOLDER}/{self.talk.id}"


def stretch_of(talk: TalkDetail, start: float, end: float | None, *, latest: float) -> tuple[float, float]:
    """The stretch that is meant; `latest` is where the talk ends at the latest. Raises InputError where it is none."""
    if end is not None and start >= end:
        raise InputError(
            "cannot describe {id} from {start:g} s to {end:g} s: that ends before it begins; give a later end",
            id=talk.id,
            start=start,
            end=end,
        )
    stop = latest if end is None else min(end, latest) if latest else end
    if not 0 <= start < stop:
        told = "the end" if end is None else f"{end:g} s"
        raise InputError(
            "cannot describe {id} from {start:g} s to {told}: it lasts {latest:g} s; give a stretch within it",
            id=talk.id,
            start=start,
            told=told,
            latest=latest,
        )
    return start, stop


def language_for(style: str, talk: Talk, language: str | None) -> str:
    """es or en: as asked, else that of the style's words, else the talk's. Raises InputError for another one."""
    if language is not None and language.split("-")[0].lower() not in LANGUAGES:
        raise InputError(
            "cannot describe in {language!r}: the panel is told in es and en; give one of them", language=language
        )
    for one in (language, guess_language(style), talk.language):
        if one and one.split("-")[0].lower() in LANGUAGES:
            return one.split("-")[0].lower()
    return "en"


def describe(
    stretch: Stretch, *, style: str, language: str, calls: Sequence[Calls] = (), seen: Seen | None = None
) -> Described:
    """The description; `seen` is given each fact and then each sentence, checked, as soon as it is there. `calls` are
    of the models to try, the best first; none: a sober account. Raises InputError, EngineError of the OCR."""
    told_to = seen or _nobody
    panel = _panel(stretch)
    shown = panel_pieces(panel, language) if panel else _slides(stretch)
    stills = _stills(stretch, shown, panel=panel, for_model=bool(calls))
    facts = [Fact(p.start, p.frame or _kept(stretch, p.start, stills), p.text) for p in shown]
    for fact in facts:
        told_to(fact)
    pieces = [*shown, *speech_pieces(stretch.track, stretch.start, stretch.end)]
    checker = Checker(panel, language, known=(stretch.talk.title, *stretch.talk.speakers))
    lines: list[Told] = []
    engine = ""
    for one in calls if pieces or stills else ():
        for told in _told(pieces, stills, one, Style(style, language), checker, stretch):
            told_to(told)
            lines.append(told)
        if lines:
            engine = one.engine.name
            break
    if not lines:
        lines = account(stretch.talk, pieces, language=language)
        for told in lines:
            told_to(told)
    talk = Talk(**{name: getattr(stretch.talk, name) for name in Talk.__dataclass_fields__})
    return Described(talk, stretch.start, stretch.end, style, language, as_text(lines), tuple(facts), tuple(lines),
                     engine, tuple(stretch.notes))  # fmt: skip


def _nobody(_: Fact | Told) -> None:
    """Whoever does not ask to see the facts and sentences as they come."""


def _told(
    pieces: Sequence[Piece], stills: Mapping[float, bytes], calls: Calls, style: Style, checker: Checker,
    stretch: Stretch,
) -> Iterator[Told]:  # fmt: skip
    """The telling of one model; where it fails, that is noted, and what was told stays."""
    begun = pieces or [Piece("picture", second, second, "picture") for second in stills]
    told = False
    try:
        for sentence in tell(begun, stills, calls=calls, style=style, checker=checker):
            told = True
            yield sentence
    except EngineError as error:
        if told:
            failed = EngineError("the telling breaks off: {error}", error=error)
        else:
            failed = EngineError("told without {name}: {error}", name=calls.engine.name, error=error)
        stretch.notes.append(spanish.in_language(failed, style.language))


def _slides(stretch: Stretch) -> list[Piece]:
    folder = f"talks/{stretch.talk.id}"
    return slide_pieces(stretch.talk.frames, stretch.start, stretch.end, folder=folder)


# the panel, read once


def _panel(stretch: Stretch) -> Panel | None:
    """The panel of the stretch, from the cache where it was read before."""
    if stretch.source is None:
        return None
    name = f"{stretch.folder}/{fingerprint(CODE, stretch.sha256, stretch.start, stretch.end)}.json"
    form: TypeAdapter[Panel | None] = TypeAdapter(Panel | None)
    with contextlib.suppress(OSError, ValueError):
        return form.validate_json(stretch.storage.read(name))
    panel = read_panel(stretch.source, stretch.start, stretch.end)
    _keep(stretch, name, form.dump_json(panel))
    return panel


# pictures


def _stills(stretch: Stretch, shown: Sequence[Piece], *, panel: Panel | None, for_model: bool) -> dict[float, bytes]:
    """The pictures of facts that have none yet; for a model also those of slides, or some of the stretch, spread."""
    found: dict[float, bytes] = {}
    for piece in shown:
        if piece.frame and for_model:
            with contextlib.suppress(OSError):
                found[piece.start] = stretch.storage.read(piece.frame)
    if stretch.source is None:
        return found
    seconds = [piece.start for piece in shown if not piece.frame]
    if for_model and not shown:
        length = stretch.end - stretch.start
        seconds = [stretch.start + length * (n + 0.5) / SPREAD for n in range(SPREAD)]
    every = watching.pace(stretch.start, stretch.end)
    return found | watching.stills(stretch.source, seconds, every=every)


def _kept(stretch: Stretch, second: float, stills: Mapping[float, bytes]) -> str:
    """The picture of a fact, kept in the archive; "" where there is none or it cannot be kept."""
    picture = stills.get(second)
    name = f"{stretch.folder}/{second:010.3f}.jpg"
    return name if picture and _keep(stretch, name, picture) else ""


def _keep(stretch: Stretch, name: str, content: bytes) -> bool:
    """Writes what is only for convenience; whether it is there."""
    if stretch.storage.exists(name):
        return True
    with contextlib.suppress(ArchiveError):
        stretch.storage.write(name, content)
        return True
    return False


def recording(source: str) -> tuple[Path | None, str]:
    """The recording where it can be looked at, and else why not."""
    path = Path(source)
    if path.suffix.lower() not in RECORDINGS:
        return None, ""
    if not path.is_file():
        return None, f"the recording {path} is no longer there: told by its slides and what was said alone"
    return path, ""
