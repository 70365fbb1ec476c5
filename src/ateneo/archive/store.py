"""The talks of an archive, as typed records over the storage: talk.json, frames.json, summary, chapters, done.json.

docs/archive.md describes every file. Transcripts are read and written by `ingest.transcripts`, because they are caption
files; everything else of a talk's folder goes through here.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ateneo.archive.storage import Storage
from ateneo.errors import ArchiveError, TalkNotFound
from ateneo.records import Chapter, Cue, Frame, Passage, Talk

VERSION = 1
STAGES = ("probe", "words", "frames", "slide-text", "passages", "summary", "index")


@dataclass(frozen=True, slots=True)
class Recording:
    """A talk and where it came from. `source` is an absolute path; `captions` are the caption files taken with it;
    `sha256` is of the source, or of all caption files together where there is no recording."""

    talk: Talk
    source: str
    sha256: str
    size: int
    mtime: float
    captions: tuple[str, ...] = ()
    description: str = ""
    url: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that this talk is known by: the recording's, or the caption files' where there is none."""
        return self.captions if self.source in self.captions else (self.source,)


@dataclass(frozen=True, slots=True)
class Done:
    """One stage of one talk. `input` is the hash of all that it hangs on; `note` what a person should know;
    `outputs` maps the files it wrote to their hash, so that a correction by hand is noticed."""

    state: str
    input: str
    engine: str = ""
    seconds: float = 0.0
    note: str = ""
    outputs: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of a talk: whole sentences of it with their times, in order, and the language they are in."""

    language: str
    sentences: tuple[Cue, ...]
    engine: str = "extractive"

    @property
    def text(self) -> str:
        return " ".join(sentence.text for sentence in self.sentences)


class TalkStore:
    """Reads and writes the folders `talks/ID`. Raises TalkNotFound for an id that is not there."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def ids(self) -> list[str]:
        return [name for name in self.storage.names("talks") if self.storage.exists(f"talks/{name}/talk.json")]

    def recording(self, talk_id: str) -> Recording:
        found = self._json(talk_id, "talk.json")
        if found is None:
            raise TalkNotFound("no talk {talk_id!r} in this archive; `ateneo talks` lists them", talk_id=talk_id)
        source = found.get("source", {})
        return Recording(
            talk=talk_from(found | {"id": talk_id}),
            source=source.get("path", ""),
            sha256=source.get("sha256", ""),
            size=source.get("size", 0),
            mtime=source.get("mtime", 0.0),
            captions=tuple(source.get("captions", ())),
            description=found.get("description", ""),
            url=found.get("url", ""),
        )

    def talk(self, talk_id: str) -> Talk:
        return self.recording(talk_id).talk

    def save_recording(self, recording: Recording) -> None:
        source = {"path": recording.source, "sha256": recording.sha256, "size": recording.size,
                  "mtime": recording.mtime, "captions": list(recording.captions)}  # fmt: skip
        self._save(recording.talk.id, "talk.json", dataclasses.asdict(recording.talk) | {
            "description": recording.description, "url": recording.url, "source": source})  # fmt: skip

    def frames(self, talk_id: str) -> list[Frame]:
        found = self._json(talk_id, "frames.json") or {"frames": []}
        return [Frame(**frame) for frame in found["frames"]]

    def save_frames(self, talk_id: str, frames: Iterable[Frame]) -> None:
        self._save(talk_id, "frames.json", {"frames": [dataclasses.asdict(frame) for frame in frames]})

    def passages(self, talk: Talk) -> list[Passage]:
        found = self._json(talk.id, "passages.json") or {"passages": []}
        return [
            Passage(talk, p["start"], p["end"], p["language"], p["source"], tuple(Cue(*c) for c in p["sentences"]))
            for p in found["passages"]
        ]

    def save_passages(self, talk_id: str, passages: Iterable[Passage]) -> None:
        rows = [
            {"start": p.start, "end": p.end, "language": p.language, "source": p.source,
             "sentences": [[c.start, c.end, c.text] for c in p.sentences]}
            for p in passages
        ]  # fmt: skip
        self._save(talk_id, "passages.json", {"passages": rows})

    def summary(self, talk_id: str) -> Summary | None:
        found = self._json(talk_id, "summary.json")
        if found is None:
            return None
        return Summary(found["language"], tuple(Cue(**s) for s in found["sentences"]), found["engine"])

    def save_summary(self, talk_id: str, summary: Summary) -> None:
        self._save(talk_id, "summary.json", dataclasses.asdict(summary) | {"text": summary.text})

    def chapters(self, talk_id: str) -> list[Chapter]:
        name = f"talks/{talk_id}/chapters.vtt"
        return parse_chapters(self.storage.read(name).decode()) if self.storage.exists(name) else []

    def save_chapters(self, talk_id: str, chapters: Sequence[Chapter], *, end: float) -> None:
        self.storage.write(f"talks/{talk_id}/chapters.vtt", format_chapters(chapters, end=end).encode())

    def done(self, talk_id: str) -> dict[str, Done]:
        found = self._json(talk_id, "done.json") or {"stages": {}}
        return {stage: Done(**values) for stage, values in found["stages"].items()}

    def mark(self, talk_id: str, stage: str, done: Done) -> None:
        """Notes how a stage ended, after everything it wrote is on disk."""
        stages = self.done(talk_id) | {stage: done}
        ordered = {name: dataclasses.asdict(stages[name]) for name in STAGES if name in stages}
        self._save(talk_id, "done.json", {"stages": ordered})

    def hash_of(self, talk_id: str, *names: str) -> str:
        """One hash over these files of a talk; an absent file counts as empty."""
        return fingerprint(*(self._bytes(talk_id, name) for name in names))

    def _bytes(self, talk_id: str, name: str) -> bytes:
        try:
            return self.storage.read(f"talks/{talk_id}/{name}")
        except FileNotFoundError:
            return b""

    def _json(self, talk_id: str, name: str) -> dict[str, Any] | None:
        content = self._bytes(talk_id, name)
        if not content:
            return None
        try:
            found = json.loads(content)
        except ValueError as error:
            raise ArchiveError(
                "cannot read talks/{talk_id}/{name}: {error}; correct the file, or remove the talk and add it again",
                talk_id=talk_id,
                name=name,
                error=error,
            ) from error
        assert isinstance(found, dict)
        return found

    def _save(self, talk_id: str, name: str, content: Mapping[str, Any]) -> None:
        text = json.dumps({"version": VERSION, **content}, ensure_ascii=False, indent=1) + "\n"
        self.storage.write(f"talks/{talk_id}/{name}", text.encode(errors="surrogatepass"))


def talk_from(values: Mapping[str, Any]) -> Talk:
    """A Talk out of a mapping that may hold more than its fields."""
    known = {field.name: values[field.name] for field in dataclasses.fields(Talk) if field.name in values}
    return Talk(**known | {"speakers": tuple(values.get("speakers") or ())})


def fingerprint(*parts: object) -> str:
    """A short stable hash of these parts, in order."""
    digest = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else json.dumps(part, default=str).encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:32]


def format_chapters(chapters: Sequence[Chapter], *, end: float) -> str:
    """Chapters as a WebVTT file; the last one ends at `end` seconds."""
    ends = [chapter.start for chapter in chapters[1:]] + [max(end, chapters[-1].start + 1)] if chapters else []
    blocks = [
        f"{clock(chapter.start)} --> {clock(stop)}\n{chapter.title}\n"
        for chapter, stop in zip(chapters, ends, strict=True)
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def parse_chapters(text: str) -> list[Chapter]:
    """The chapters of a WebVTT file as `format_chapters` writes it, or as a person corrected it."""
    found = []
    for block in text.split("\n\n"):
        lines = [line for line in block.strip().splitlines() if line.strip()]
        timing = next((n for n, line in enumerate(lines) if "-->" in line), None)
        if timing is not None:
            found.append(Chapter(seconds(lines[timing].split("-->")[0]), " ".join(lines[timing + 1 :])))
    return found


def clock(second: float) -> str:
    """Seconds as HH:MM:SS.mmm."""
    milliseconds = round(second * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def seconds(stamp: str) -> float:
    """The seconds of [HH:]MM:SS[.mmm] or plain seconds. Raises ArchiveError."""
    total = 0.0
    try:
        for part in stamp.strip().split(":"):
            total = total * 60 + float(part)
    except ValueError as error:
        raise ArchiveError(
            "cannot read the time {stamp!r}: not HH:MM:SS.mmm; correct it", stamp=stamp.strip()
        ) from error
    return total
