"""The stages that turn one item into one talk of the archive: probe, words, frames, slide-text, passages, summary.

Each stage knows the hash of all that it hangs on, does nothing where `done.json` has that hash already, writes its
files, and then marks itself done. A failed stage is noted and tried again the next time; the others still run. The
seventh stage, index, belongs to the single writer (`ingest.run`).
"""

import dataclasses
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ateneo.archive.store import Done, Recording, TalkStore, fingerprint
from ateneo.engines import OcrEngine, SpeechEngine, load
from ateneo.engines.tesseract import best_ocr
from ateneo.errors import ArchiveError, AteneoError, EngineError, InputError
from ateneo.ingest import captions, media, metadata, passages, slides, speech, summary, transcripts
from ateneo.ingest.discover import Item
from ateneo.records import Frame, Talk, Track

CODE = {"probe": 1, "words": 1, "frames": 1, "slide-text": 1, "passages": 1, "summary": 1}  # raise to redo a stage
UNKNOWN = "und"  # BCP 47 for a language that nothing tells
BLOCK = 1 << 20  # bytes read at a time for a hash

Report = Callable[[str, float], None]  # stage, fraction of it done


@dataclass(frozen=True, slots=True)
class Options:
    """How talks are to be made. The engines are names, so that a worker process can be told them."""

    language: str | None = None
    speech: bool = True
    thorough: bool = False
    speech_engine: str = "faster-whisper"
    ocr_engine: str = "auto"


@dataclass(frozen=True, slots=True)
class Identity:
    """What an item is recognised by before it has an id; `known` is the id of the talk made from this path before."""

    path: str
    sha256: str
    known: str
    title: str
    date: str | None


Claim = Callable[[Identity], tuple[str, bool]]  # → the id, and whether it is this item's own


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item: `state` is indexed, unchanged, duplicate or skipped; `problems` and `notes` are lines."""

    path: str
    talk_id: str | None
    state: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class Run:
    """One item on its way to being a talk."""

    item: Item
    store: TalkStore
    options: Options
    report: Report
    known: Recording | None
    talk_id: str = ""
    changed: bool = False
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        return str(self.item.path)

    @property
    def talk(self) -> Talk:
        return self.store.talk(self.talk_id)

    @cached_property
    def media(self) -> media.Media | None:
        """What the recording holds; None for captions alone."""
        return media.probe(self.item.recording) if self.item.recording else None

    @cached_property
    def sha256(self) -> str:
        """Of the recording, or of all caption files together; taken from the last time where size and time are the
        same."""
        if not self.item.recording:
            return fingerprint(*(path.read_bytes() for path in self.item.captions))
        stat = self.item.recording.stat()
        if self.known and (self.known.size, self.known.mtime) == (stat.st_size, stat.st_mtime):
            return self.known.sha256
        return _sha256(self.item.recording, lambda fraction: self.report("probe", fraction))

    @cached_property
    def captions(self) -> list[captions.Captions]:
        """The caption files, read; a file that cannot be read is a problem, and an error where it is all there is."""
        found = []
        for path in self.item.captions:
            try:
                found.append(captions.read(path, language=captions.split_name(path)[1]))
            except InputError as error:
                if not self.item.recording and len(self.item.captions) == 1:
                    raise
                self.problems.append(str(error))
        return found

    def stage(self, name: str, depends: Sequence[object], engine: str, work: Callable[[], Done]) -> None:
        """Runs a stage unless it ended well before with the same input and engine. An error of the stage's own marks
        it failed, and the others go on; ArchiveError ends the run."""
        inputs = fingerprint(CODE[name], *depends)
        before = self.store.done(self.talk_id).get(name)
        if before and before.state != "failed" and (before.input, before.engine) == (inputs, engine):
            return
        self.changed = True
        self.report(name, 0.0)
        began = time.perf_counter()
        try:
            result = work()
        except ArchiveError:
            raise
        except AteneoError as error:
            result = Done("failed", "", note=str(error))
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            result = Done("failed", "", note=f"cannot finish the stage {name} of {self.path}: {why}; please report it")
        if result.state == "failed":
            self.problems.append(result.note)
        spent = round(time.perf_counter() - began, 3)
        self.store.mark(self.talk_id, name, dataclasses.replace(result, input=inputs, engine=engine, seconds=spent))
        self.report(name, 1.0)


def process(
    item: Item, *, store: TalkStore, options: Options, known: Recording | None, claim: Claim, report: Report
) -> Outcome:
    """Takes one item through all stages but the index. Raises ArchiveError where the archive cannot be written;
    everything that is wrong with the item itself is told in the outcome."""
    run = Run(item, store, options, report, known)
    try:
        if not item.recording and not known and not run.captions:
            return Outcome(run.path, None, "skipped", tuple(run.problems))
        about = metadata.read(item.path, tags=run.media.tags if run.media else None)
        identity = Identity(run.path, run.sha256, known.talk.id if known else "", about.title, about.date)
    except ArchiveError:
        raise
    except AteneoError as error:
        return Outcome(run.path, None, "skipped", (str(error),))
    except OSError as error:
        return Outcome(run.path, None, "skipped", (f"cannot read {run.path}: {error.strerror}; check the file",))
    run.talk_id, own = claim(identity)
    if not own:
        return Outcome(run.path, run.talk_id, "duplicate", (), (f"{run.path}: the same recording as {run.talk_id}",))
    run.notes += about.warnings
    _probe(run, about)
    for stage in (_words, _frames, _slide_text, _passages, _summary):
        try:
            stage(run)
        except EngineError as error:  # an engine that is not there; the other stages do not need it
            run.problems.append(str(error))
    return Outcome(
        run.path, run.talk_id, "indexed" if run.changed else "unchanged", tuple(run.problems), tuple(run.notes)
    )


def refresh(talk_id: str, *, store: TalkStore) -> Outcome:
    """Redoes the stages that hang on files which people correct (transcripts, talk.json), without the recording."""
    recording = store.recording(talk_id)
    run = Run(Item(Path(recording.source)), store, Options(), lambda stage, done: None, recording, talk_id)
    for stage in (_passages, _summary):
        stage(run)
    return Outcome(recording.source, talk_id, "indexed" if run.changed else "unchanged", tuple(run.problems))


def _probe(run: Run, about: metadata.TalkMetadata) -> None:
    """talk.json. Fields that a person corrected there stay; they are known by differing from what was written."""
    spoken = run.options.language or about.language

    def work() -> Done:
        made = {
            "title": _printable(about.title),
            "speakers": about.speakers,
            "date": about.date,
            "number": about.number,
            "language": spoken,
        }
        before = run.store.done(run.talk_id).get("probe")
        kept = _corrected(run.talk, before.outputs) if before else {}
        duration = run.media.duration if run.media else captions.duration(run.item.captions)
        talk = Talk(id=run.talk_id, duration=duration, **made | kept)
        stat = run.item.path.stat()
        taken = tuple(map(str, run.item.captions))
        about_it = (_printable(about.description), about.url or "")
        recording = Recording(talk, run.path, run.sha256, stat.st_size, stat.st_mtime, taken, *about_it)
        run.store.save_recording(recording)
        return Done("done", "", outputs={name: fingerprint(value) for name, value in made.items()})

    run.stage("probe", [run.path, run.sha256, about, spoken, [str(path) for path in run.item.captions]], "", work)


def _corrected(talk: Talk, written: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a talk that differ from what the probe wrote."""
    now = {name: getattr(talk, name) for name in written}
    return {name: value for name, value in now.items() if fingerprint(value) != written[name]}


def _words(run: Run) -> None:
    """transcript.LANG.vtt: from captions where there are any, else from speech."""
    have_captions = bool(run.item.captions or (run.media and run.media.subtitles))
    engine: SpeechEngine | None = None
    if not have_captions and run.options.speech and run.media and run.media.has_audio:
        engine = _speech(run.options.speech_engine)

    def work() -> Done:
        tracks = _tracks(run, engine)
        before = run.store.done(run.talk_id).get("words")
        written = transcripts.write(run.store.storage, run.talk_id, tracks, written=before.outputs if before else {})
        if tracks:
            _set_language(run, tracks)
            return Done("done", "", outputs=written)
        why = "no audio track" if run.media and not run.media.has_audio else "speech not asked for"
        return Done("skipped", "", note=why, outputs=written)

    depends = [run.sha256, [_sha256(path) for path in run.item.captions], run.options.language, run.options.speech]
    run.stage("words", depends, _label(engine) if engine else "captions" if have_captions else "", work)


def _tracks(run: Run, engine: SpeechEngine | None) -> list[Track]:
    """One track a language: the caption files first, then the tracks inside the recording, else what is heard."""
    if engine and run.item.recording:
        heard = speech.transcribe(
            run.item.recording, engine=engine, language=run.talk.language,
            progress=lambda fraction: run.report("words", fraction),
        )  # fmt: skip
        return [heard] if heard.cues else []
    found: dict[str, Track] = {}
    for track in run.captions:
        run.notes += track.warnings
        found.setdefault(track.language, track)
    if run.item.recording and run.media:
        for inside in captions.embedded(run.item.recording, run.media):
            found.setdefault(inside.language, inside)
    return [track for track in found.values() if track.cues]


def _set_language(run: Run, tracks: Sequence[Track]) -> None:
    """The talk's language, where the metadata do not tell it: that of its captions, Spanish first among several."""
    recording = run.store.recording(run.talk_id)
    if recording.talk.language is None:
        spoken = [track.language for track in tracks if track.language != UNKNOWN]
        chosen = min(spoken, key=lambda tag: (not tag.startswith("es"), spoken.index(tag)), default=None)
        talk = dataclasses.replace(recording.talk, language=chosen)
        run.store.save_recording(dataclasses.replace(recording, talk=talk))


def _frames(run: Run) -> None:
    """frames/SECONDS.jpg and frames.json: what was shown, and when."""

    def work() -> Done:
        if not (run.media and run.media.has_video and run.item.recording):
            return Done("skipped", "", note="no video track")
        shown = slides.find_slides(
            run.item.recording, thorough=run.options.thorough, progress=lambda fraction: run.report("frames", fraction)
        )
        frames: list[Frame] = []
        for slide in shown:
            if slide.same_as is None:
                path = f"frames/{slide.start:010.3f}.jpg"
                run.store.storage.write(f"talks/{run.talk_id}/{path}", slide.picture)
            else:
                path = frames[slide.same_as].path
            frames.append(Frame(slide.start, slide.end, path, "", slide.kind))
        run.store.save_frames(run.talk_id, frames)
        _remove_others(run, {frame.path for frame in frames})
        return Done("done", "")

    run.stage("frames", [run.sha256, run.options.thorough], "", work)


def _remove_others(run: Run, kept: set[str]) -> None:
    """Pictures of an earlier run that this one did not make."""
    for name in run.store.storage.names(f"talks/{run.talk_id}/frames"):
        if f"frames/{name}" not in kept:
            run.store.storage.remove(f"talks/{run.talk_id}/frames/{name}")


def _slide_text(run: Run) -> None:
    """The text of each slide, into frames.json. Equal slides are read once."""
    frames = run.store.frames(run.talk_id)
    pictures = list(dict.fromkeys(frame.path for frame in frames))
    written = [caption.language for caption in transcripts.listed(run.store.storage, run.talk_id)]
    spoken = tuple(tag for tag in [*written, run.talk.language or UNKNOWN] if tag != UNKNOWN)
    engine = _ocr(run.options.ocr_engine, spoken) if pictures else None

    def work() -> Done:
        if engine is None:
            return Done("skipped", "", note="no slides")
        texts = {}
        for number, path in enumerate(pictures):
            picture = run.store.storage.local(f"talks/{run.talk_id}/{path}")
            texts[path] = engine.read(picture, languages=spoken)
            run.report("slide-text", (number + 1) / len(pictures))
        run.store.save_frames(run.talk_id, [dataclasses.replace(f, text=texts[f.path]) for f in frames])
        return Done("done", "")

    spans = [(frame.start, frame.end, frame.path, frame.kind) for frame in frames]
    run.stage("slide-text", [run.sha256, spans, spoken], _label(engine) if engine else "", work)


def _passages(run: Run) -> None:
    """passages.json: what is indexed of the speech and the slides."""

    def work() -> Done:
        talk, frames = run.talk, run.store.frames(run.talk_id)
        found = []
        for track in transcripts.read(run.store.storage, run.talk_id):
            found += passages.make_passages(talk, track, slide_changes=[frame.start for frame in frames])
        found += passages.slide_passages(talk, frames, talk.language or UNKNOWN)
        run.store.save_passages(run.talk_id, found)
        return Done("done" if found else "skipped", "", note="" if found else "nothing was said or shown")

    run.stage("passages", _said_and_shown(run), "", work)


def _summary(run: Run) -> None:
    """summary.json and chapters.vtt, out of the talk's own sentences. Either stays where a person corrected it."""

    def work() -> Done:
        talk = run.talk
        tracks = transcripts.read(run.store.storage, run.talk_id)
        track = next((track for track in tracks if track.language == talk.language), tracks[0] if tracks else None)
        if track is None:
            return Done("skipped", "", note="nothing was said")
        before = run.store.done(run.talk_id).get("summary")
        outputs = dict(before.outputs) if before else {}
        if _as_written(run, "summary.json", outputs):
            run.store.save_summary(run.talk_id, summary.summarise(talk, track))
            outputs["summary.json"] = run.store.hash_of(run.talk_id, "summary.json")
        if _as_written(run, "chapters.vtt", outputs):
            found = summary.chapters(talk, track, run.store.frames(run.talk_id))
            run.store.save_chapters(run.talk_id, found, end=talk.duration or track.cues[-1].end)
            outputs["chapters.vtt"] = run.store.hash_of(run.talk_id, "chapters.vtt")
        return Done("done", "", outputs=outputs)

    run.stage("summary", _said_and_shown(run), "extractive", work)


def _as_written(run: Run, name: str, outputs: Mapping[str, str]) -> bool:
    """Whether a file is as this stage wrote it, or not there."""
    present = run.store.storage.exists(f"talks/{run.talk_id}/{name}")
    return not present or name not in outputs or outputs[name] == run.store.hash_of(run.talk_id, name)


def _said_and_shown(run: Run) -> list[object]:
    """What passages and summary hang on."""
    names = [caption.path for caption in transcripts.listed(run.store.storage, run.talk_id)]
    timed = [name.removesuffix(".vtt") + ".json" for name in names]
    return [names, run.talk.language, run.store.hash_of(run.talk_id, "frames.json", *names, *timed)]


@cache
def _speech(name: str) -> SpeechEngine:
    """The speech engine, loaded once a process."""
    engine: SpeechEngine = load("speech", name)
    return engine


@cache
def _ocr(name: str, languages: tuple[str, ...]) -> OcrEngine:
    """The engine that reads slides, loaded once a process; "auto" is the best that knows these languages."""
    engine: OcrEngine = best_ocr(languages) if name == "auto" else load("ocr", name)
    return engine


def _printable(text: str) -> str:
    """Text out of a file's name may hold bytes that are no text; they become U+FFFD."""
    return text.encode(errors="surrogateescape").decode(errors="replace")


def _label(engine: SpeechEngine | OcrEngine) -> str:
    return f"{engine.name} {engine.version}"


def _sha256(path: Path, report: Callable[[float], None] | None = None) -> str:
    """The hash of a file's content, read block by block."""
    digest, size, read = hashlib.sha256(), max(path.stat().st_size, 1), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            read += len(block)
            if report and read % (64 * BLOCK) == 0:
                report(read / size)
    return digest.hexdigest()
