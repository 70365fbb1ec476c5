"""The library: `from ateneo import Archive`. Typed, and prints nothing; command line and web are thin over it."""

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ateneo.archive.index import Index, IndexDamaged
from ateneo.archive.storage import LocalStorage, writing_failed
from ateneo.archive.store import TalkStore
from ateneo.errors import ArchiveError, EngineError, InputError, ModelMissing, TalkNotFound
from ateneo.records import (
    Asked,
    Described,
    Fact,
    Hits,
    Looked,
    Repair,
    Sentence,
    Sight,
    Sights,
    StageState,
    Talk,
    TalkDetail,
    Told,
    Track,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from ateneo.answer.ask import Gathered
    from ateneo.engines import ChatEngine, Picture, PictureEngine, TextEngine
    from ateneo.ingest.gallery import Gallery
    from ateneo.ingest.run import AddReport, Progress
    from ateneo.language.calls import Calls
    from ateneo.search.lexicon import Lexicon
    from ateneo.settings import Settings

Where = Mapping[str, Any]


class Archive:
    """An archive of talks in a folder (docs/archive.md).

    `make` makes the folder when something is first written. `wait` is how many seconds whoever writes waits for
    another process that writes, before ArchiveLocked. Raises ArchiveNotFound where there is no archive and
    `make` is False, NewerFormat where a later Ateneo wrote it, SettingsError where `ateneo.toml` cannot be used.
    """

    def __init__(self, path: str | os.PathLike[str], *, make: bool = True, wait: float = 0.0) -> None:
        from ateneo.settings import FILE, absent, load

        self.wait = wait
        self.path = Path(path).expanduser().absolute()
        self.storage = LocalStorage(self.path)
        present = self.storage.exists(FILE)
        if not present and self.path.exists() and not self.path.is_dir():
            raise InputError("cannot use {path} as an archive: it is a file; name a folder", path=self.path)
        if not present and not make:
            raise absent(self.path)
        self.settings: Settings = load(self.storage.read(FILE).decode() if present else "")
        self.store = TalkStore(self.storage)

    @cached_property
    def index(self) -> Index:
        """The index, opened when first needed."""
        from ateneo.archive.local_index import LocalIndex

        return LocalIndex(self.storage.local("index"))

    def add(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        language: str | None = None,
        speech: bool = True,
        thorough: bool = False,
        jobs: int = 1,
        progress: "Callable[[Progress], None] | None" = None,
        isolated: bool | None = None,
    ) -> "AddReport":
        """Adds recordings, caption files and folders of them; what is there already is brought up to date.

        With several `jobs`, or `isolated`, each talk is worked on in a process of its own, so that a file that
        crashes a decoder harms only itself. Items that fail are told in the report and do not raise; ArchiveError is
        raised where the archive itself cannot be written, ArchiveLocked where another process is writing to it.
        """
        from ateneo.ingest import run, vectors
        from ateneo.ingest.discover import discover
        from ateneo.ingest.stages import Options
        from ateneo.ingest.workers import Workers

        given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
        found = discover([Path(path) for path in given])
        if not found.items and not found.problems:
            names = ", ".join(map(str, given))
            raise InputError(
                "nothing to add in {names}: no recording or caption file there; name files or their folder", names=names
            )
        options = Options(
            language=language or self.settings.language,
            speech=speech,
            thorough=thorough,
            speech_engine=self.settings.speech_engine,
            ocr_engine=self.settings.ocr_engine,
        )
        separate = jobs > 1 if isolated is None else isolated
        runner = Workers(self.path, jobs=jobs, stall=self.settings.stall) if separate else run.here
        with self._writing():
            report = run.add(
                found.items, store=self.store, index=self.index, options=options, runner=runner,
                progress=progress or _silent, engine=self.text_engine, pictures=self.picture_engine,
            )  # fmt: skip
            vectors.note(self._spaces(), storage=self.storage)
        return dataclasses.replace(report, problems=found.problems)

    def talks(self) -> list[Talk]:
        """All talks, by date and then id."""
        found = []
        for talk_id in self.store.ids():
            with contextlib.suppress(TalkNotFound):  # removed since the ids were listed
                found.append(self.store.talk(talk_id))
        return sorted(found, key=lambda talk: (talk.date or "", talk.id))

    def talk(self, id: str) -> TalkDetail:
        """Everything about one talk. Raises TalkNotFound."""
        from ateneo.ingest import repairs, transcripts

        talk = self.store.talk(id)
        summary = self.store.summary(id)
        return TalkDetail(
            **{field.name: getattr(talk, field.name) for field in dataclasses.fields(Talk)},
            summary=summary.text if summary else "",
            chapters=tuple(self.store.chapters(id)),
            captions=tuple(transcripts.listed(self.storage, id)),
            frames=tuple(self.store.frames(id)),
            repairs=tuple(repairs.read(self.storage, id)),
            stages={name: StageState(d.state, d.engine, d.seconds) for name, d in self.store.done(id).items()},
        )

    def find(self, name: str) -> str:
        """The id that a person means: an id, a talk's number, or a part of only one id. Raises TalkNotFound."""
        ids = self.store.ids()
        if name in ids:
            return name
        numbered = [talk_id for talk_id in ids if self.store.talk(talk_id).number == name]
        matches = numbered or [talk_id for talk_id in ids if name and name.lower() in talk_id]
        if len(matches) == 1:
            return matches[0]
        why = f"it could be {', '.join(matches[:5])}" if matches else "`ateneo talks` lists them"
        raise TalkNotFound("no talk {name!r} in {path}: {why}", name=name, path=self.path, why=why)

    def source(self, id: str) -> str:
        """The path of the recording (or caption file) that a talk was made from. Raises TalkNotFound."""
        return self.store.recording(id).source

    def search(self, words: str, *, limit: int = 10, where: Where | None = None) -> Hits:
        """The passages that hold these words, best first. `where` as in `archive.index.Index`."""
        from ateneo.search.search import search

        index = self._searchable()
        vectors = self._vectors(words, index)
        found = search(index, words, limit=limit, where=where, vectors=vectors, lexicon=self.lexicon)
        return Hits(words, tuple(found))

    def ask(
        self,
        question: str,
        *,
        limit: int = 5,
        where: Where | None = None,
        threshold: float | None = None,
        after: Sequence[str] = (),
        told: "Callable[[Sentence], None] | None" = None,
    ) -> Asked:
        """One merged answer, and the answers of up to `limit` talks; `answer` is None where the archive does not say.
        `where` as in `archive.index.Index`. `threshold` in [0, 1] is how sure an answer must be: lower answers more
        and errs more (docs/answers.md), None is the measured one. With a language model, `after` are the questions
        asked before, oldest first, and `told` is given each sentence of the merged answer once it is checked."""
        from ateneo.answer.ask import Gathered, written
        from ateneo.answer.assisted import assisted
        from ateneo.answer.writer import Extractive

        def look(asked: str) -> Gathered:
            return self.gather(asked, limit=limit, where=where, threshold=threshold)

        if calls := self.calls():
            return assisted(question, look, calls=calls, lexicon=self.lexicon, after=after, told=told)
        asked = written(question, look(question), writer=Extractive())
        for sentence in asked.answer.sentences if asked.answer and told else ():
            told(sentence)  # type: ignore[misc]
        return asked

    def gather(
        self, question: str, *, limit: int = 5, where: Where | None = None, threshold: float | None = None
    ) -> "Gathered":
        """The evidence for a question, before anybody writes; arguments as of `ask`."""
        from ateneo.answer.ask import gather
        from ateneo.answer.confidence import THRESHOLD

        index, sure = self._searchable(), THRESHOLD if threshold is None else threshold
        vectors = self._vectors(question, index)
        return gather(index, question, limit=limit, where=where, threshold=sure, vectors=vectors, lexicon=self.lexicon)

    def see(
        self, words: str | None = None, *, image: "Picture | None" = None, limit: int = 10, where: Where | None = None
    ) -> Sights:
        """The frames that show what the words say, in Spanish or English, or what an image (a file, bytes or a PIL
        image) shows, best first. `where` as in `archive.index.Index`. Raises InputError where neither or both are
        given, the image cannot be read, or the archive has no frames; EngineError where a model cannot be run."""
        from ateneo.engines.reading import upright
        from ateneo.search import see

        if (words is None or not words.strip()) == (image is None):
            raise InputError("cannot tell what to look for: give words or an image, one of the two")
        if image is not None:
            opened = upright(image)
            query = str(image) if isinstance(image, str | Path) else "image"
        index = self._searchable()
        if image is not None:
            sought = see.by_image(opened, index, pictures=self.picture_engine, ocr=self.settings.ocr_engine)
        else:
            query = words or ""
            sought = see.by_words(query, index, pictures=self.picture_engine, texts=self.text_engine)
        hits = see.see(index, sought, frames=self.gallery, limit=limit, where=where, lexicon=self.lexicon)
        if not hits and not self.gallery.any():
            raise InputError(
                "there is nothing to see in {path}: no talk has frames; add recordings with pictures", path=self.path
            )
        return Sights(query, hits)

    @cached_property
    def gallery(self) -> "Gallery":
        """The frames of all talks, with their pictures' vectors."""
        from ateneo.ingest.gallery import Gallery

        return Gallery(self.store)

    def look(
        self,
        image: "Picture",
        question: str = "",
        *,
        labels: Path | None = None,
        words: Path | None = None,
        language: str | None = None,
        riddle: bool = False,
        plan: bool = False,
    ) -> Looked:
        """What one picture shows and says, by the archive's picture and OCR engines and, where they are set, its vision
        and language models; no talk is touched, the archive need not be there. Arguments and errors as in
        `ateneo.looking.look`."""
        from ateneo.looking import look

        return look(
            image, question, pictures=self.picture_engine, ocr=self.settings.ocr_engine, labels=labels, words=words,
            language=language, riddle=riddle, plan=plan, vision=self.calls("vision"), writer=self.calls("language"),
        )  # fmt: skip

    def describe(
        self,
        id: str,
        *,
        start: float = 0.0,
        end: float | None = None,
        style: str = "",
        language: str | None = None,
        seen: "Callable[[Fact | Told], None] | None" = None,
    ) -> Described:
        """What happens in a talk from `start` to `end` (s; None: to its end), told in a style: a panel of facts read
        off the screen, and sentences checked against it (docs/describing.md). `seen` is given each fact and sentence as
        soon as it is there. `language` is es or en. Raises TalkNotFound, InputError, EngineError."""
        from ateneo.describing import describe as describing
        from ateneo.ingest import transcripts

        talk = self.talk(id)
        tracks = {track.language: track for track in transcripts.read(self.storage, id)}
        told_in = describing.language_for(style, talk, language)
        track = next((tracks[tag] for tag in (language, talk.language, told_in) if tag in tracks), None)
        track = track or next(iter(tracks.values()), None)
        latest = talk.duration or (track.cues[-1].end if track and track.cues else 0.0)
        first, last = describing.stretch_of(talk, start, end, latest=latest)
        recording = self.store.recording(id)
        source, note = describing.recording(recording.source)
        stretch = describing.Stretch(
            talk, first, last, source, recording.sha256, track, self.storage, [note] if note else []
        )
        calls = [one for one in (self.calls("vision"), self.calls("language")) if one]
        if len(calls) == 2 and calls[0].engine.name == calls[1].engine.name:
            calls = calls[:1]
        return describing.describe(stretch, style=style, language=told_in, calls=calls, seen=seen)

    def picture(self, sight: Sight) -> Path:
        """The file of a frame that was found."""
        return self.storage.local(f"talks/{sight.talk.id}/{sight.frame.path}")

    def unseen(self) -> str:
        """Why pictures are not found by what they show, and the next step; empty where they are, or where no model for
        it is installed."""
        engine = self.picture_engine
        if engine is None or engine.space in self.index.spaces() or not self.gallery.any():
            return ""
        return f"found by words alone: no picture has a vector of {engine.space} yet; run `ateneo reindex`"

    def contact_sheet(self, found: Sights) -> "Image":
        """The frames that were found, on one page with talk, speaker, date and second."""
        from ateneo.contact_sheet import contact_sheet

        return contact_sheet(found, picture=self.picture)

    def write_sheet(self, target: Path, found: Sights) -> None:
        """Writes the contact sheet to a .png, .jpg or .webp file. Raises InputError, ArchiveError."""
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self.contact_sheet(found).save(target)
        except ValueError as error:
            raise InputError(
                "cannot write {target}: {error}; name a .png, .jpg or .webp file", target=target, error=error
            ) from error
        except OSError as error:
            raise writing_failed(target, error) from error

    def export(self, id: str, *, format: str = "vtt", language: str | None = None) -> str:
        """A talk as the text of a vtt, srt, md or chapters file. Raises TalkNotFound, InputError."""
        from ateneo.export import export
        from ateneo.ingest import transcripts

        return export(self.talk(id), transcripts.read(self.storage, id), format=format, language=language)

    def write_out(self, target: Path, text: str) -> None:
        """Writes an exported text to a file of the person's choice. Raises ArchiveError."""
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        except OSError as error:
            raise writing_failed(target, error) from error

    def transcript(self, id: str, *, language: str | None = None) -> Track:
        """What was said, in this language or else the talk's own. Raises TalkNotFound, and InputError where the talk
        has no such transcript."""
        from ateneo.export import track_in
        from ateneo.ingest import transcripts

        return track_in(self.talk(id), transcripts.read(self.storage, id), language)

    def correct(
        self,
        id: str,
        *,
        title: str | None = None,
        speakers: Sequence[str] | None = None,
        date: str | None = None,
        number: str | None = None,
        language: str | None = None,
    ) -> TalkDetail:
        """Puts right what is given, and indexes the talk again; "" empties a field. Raises TalkNotFound, InputError,
        ArchiveLocked."""
        from ateneo.ingest import corrections

        self.store.talk(id)
        with self._writing():
            recording = self.store.recording(id)
            talk = corrections.talk(
                recording.talk, title=title, speakers=speakers, date=date, number=number, spoken=language
            )
            self.store.save_recording(dataclasses.replace(recording, talk=talk))
            self._follow(id)
        return self.talk(id)

    def correct_caption(self, id: str, *, language: str, start: float, text: str, was: str | None = None) -> Track:
        """Gives the caption that begins at `start` s another text (an empty one takes it out), and indexes the talk
        again. `was` is what it said when it was looked at. Raises TalkNotFound, InputError, ArchiveLocked."""
        from ateneo.ingest import corrections, transcripts

        self.store.talk(id)
        with self._writing():
            track = corrections.cue(self.transcript(id, language=language), start=start, text=text, was=was)
            transcripts.save_corrected(self.storage, id, track)
            self._follow(id)
        return self.transcript(id, language=language)

    def summarise(self, id: str, *, own: bool = False, noted: "Callable[[str], None] | None" = None) -> TalkDetail:
        """Has the language model write summary, chapter titles and, where it is but the file's name, the title, each
        sentence borne out by the talk (docs/mending.md); `own` puts the talk's own sentences back. What was kept of
        it is indexed. `noted` is told what was left out, and what stays as it was. Raises TalkNotFound, InputError
        where nothing was said, EngineError, ArchiveLocked."""
        from ateneo.ingest import caption_names, summary, transcripts, written
        from ateneo.ingest.sentences import sentences

        talk, tracks = self.store.talk(id), transcripts.read(self.storage, id)
        track = next((track for track in tracks if track.language == talk.language), tracks[0] if tracks else None)
        if track is None:
            raise InputError(
                "cannot summarise {id}: nothing was said in it; add captions or recognise its speech", id=id
            )
        chapters = summary.chapters(talk, track, self.store.frames(id))
        made = written.Written(summary.summarise(talk, track), tuple(chapters), "", 0)
        if not own:
            calls = self._needed("summarise", budget=written.calls_for(chapters))
            said = sentences(track.cues, marks=track.marks)
            told = written.write(talk, said, chapters, language=track.language, calls=calls, lexicon=self.lexicon)
            made = dataclasses.replace(told, summary=told.summary or made.summary)
            for note in written.notes(told) if noted else ():
                noted(f"{id}: {note}")  # type: ignore[misc]
        with self._writing():
            recording = self.store.recording(id)
            if made.title and talk.title == caption_names.split_name(Path(recording.source))[0]:
                self.store.save_recording(
                    dataclasses.replace(recording, talk=dataclasses.replace(talk, title=made.title))
                )
            if made.summary:
                self.store.save_summary(id, made.summary)
            self.store.save_chapters(id, made.chapters, end=talk.duration or track.cues[-1].end)
            self._follow(id)
        return self.talk(id)

    def repair(self, id: str, *, language: str | None = None) -> list[Repair]:
        """Puts words right that a recogniser misheard, by slides, the talk itself and the archive's vocabulary, with
        the language model where there is one; gives what it did (docs/mending.md). Captions made by people are not
        touched. Raises TalkNotFound, InputError, EngineError, ArchiveLocked."""
        from ateneo.ingest import repairs, transcripts

        track = self.transcript(id, language=language)
        if track.origin == "captions":
            raise InputError(
                "cannot repair {id} in {language}: its captions were made by people; correct them",
                id=id,
                language=track.language,
            )
        frames = self.store.frames(id)
        vocabulary = [part for talk in self.talks() for part in (talk.title, *talk.speakers)]
        proposals = list(repairs.from_slides(track, frames, vocabulary))
        if calls := self.calls(budget=repairs.batches(track)):
            proposals += repairs.from_model(track, frames, vocabulary, calls)
        evidence = repairs.Evidence(track, frames, vocabulary)
        with self._writing():
            before = repairs.read(self.storage, id)
            first = 1 + max((repair.id for repair in before), default=0)
            track, made = repairs.applied(track, proposals, evidence, first=first)
            if made:
                repairs.save(self.storage, id, [*before, *made])
                transcripts.save_repaired(self.storage, id, track)
                self._follow(id)
        return made

    def undo_repairs(self, id: str, numbers: Sequence[int] | None = None) -> list[Repair]:
        """Takes repairs back, those with these numbers, or all; gives those that were. One whose caption was corrected
        since stays as it is now, and is no longer told. Raises TalkNotFound, InputError for a number that is none."""
        from ateneo.ingest import repairs, transcripts

        self.store.talk(id)
        with self._writing():
            before = repairs.read(self.storage, id)
            chosen = [one for one in before if numbers is None or one.id in numbers]
            if unknown := set(numbers or ()) - {one.id for one in chosen}:
                raise InputError(
                    "{id} has no repair {unknown}; `ateneo show {id}` lists them", id=id, unknown=min(unknown)
                )
            taken: list[Repair] = []
            for one in reversed(chosen):
                track = repairs.undone(self.transcript(id, language=one.language), one)
                if track:
                    transcripts.save_repaired(self.storage, id, track)
                    taken.append(one)
            repairs.save(self.storage, id, [one for one in before if one not in chosen])
            self._follow(id)
        return taken[::-1]

    def remove(self, id: str) -> None:
        """Takes a talk out of the archive; the recording stays where it is. Raises TalkNotFound."""
        from ateneo.ingest import vectors

        self.store.talk(id)
        with self._writing():
            self.index.remove(id)
            self.storage.remove(f"talks/{id}")
            self.storage.remove(f"cache/described/{id}")
            vectors.forget(id, storage=self.storage)
            self.index.refresh()

    def reindex(self, *, progress: "Callable[[Progress], None] | None" = None) -> "AddReport":
        """Follows what people corrected in the talks' folders, and makes the index again where it is missing, damaged
        or holds talks that are gone. What another model than the one in use has embedded is embedded again."""
        from ateneo.ingest import run, vectors

        with self._writing():
            try:
                self.index.states()
            except IndexDamaged:
                self.__dict__.pop("index", None)
                self.storage.remove("index")
            report = run.reindex(
                store=self.store, index=self.index, progress=progress or _silent, engine=self.text_engine,
                pictures=self.picture_engine,
            )  # fmt: skip
            vectors.tidy(self._spaces(), storage=self.storage)
            return report

    def choose(self, setting: str, value: str) -> None:
        """Writes a setting that is a text, such as `text_engine`, into the archive's `ateneo.toml`: its line alone.
        Raises SettingsError, ArchiveError."""
        from ateneo.settings import FILE, edited, load

        with self._writing():
            made = edited(self.storage.read(FILE).decode(), setting, value)
            self.settings = load(made)
            self.storage.write(FILE, made.encode())
        for engine in ("text_engine", "picture_engine"):
            self.__dict__.pop(engine, None)

    def pending(self) -> list[str]:
        """The ids of talks that `reindex` will index again: corrected, or not yet with the models in use."""
        from ateneo.ingest import run

        if not self.storage.exists("index"):
            return self.store.ids()
        return run.pending(store=self.store, index=self.index, engine=self.text_engine, pictures=self.picture_engine)

    def embedded(self, kind: str, ids: Sequence[str]) -> int:
        """How many of these talks have vectors of the model in use for a kind ("text", "pictures"), made before."""
        from ateneo.ingest import vectors

        engine = self.text_engine if kind == "text" else self.picture_engine
        kept = self.storage.names(f"{vectors.FOLDER}/{engine.space}") if engine else []
        return len({f"{talk_id}.npy" for talk_id in ids} & set(kept))

    @cached_property
    def text_engine(self) -> "TextEngine | None":
        """The sentence encoder of the settings, loaded when first needed; None where no encoder at all is installed:
        words alone are used then. Raises EngineError where the one that is asked for is not there."""
        from ateneo import engines

        found: TextEngine | None = (
            engines.load("text", self.settings.text_engine) if engines.available("text") else None
        )
        return found

    @cached_property
    def picture_engine(self) -> "PictureEngine | None":
        """The picture engine of the settings, loaded when first needed; None where the one that ships is asked for and
        is not there: pictures are found by their text and what was said then. Raises EngineError where another one
        cannot be had."""
        from ateneo import engines
        from ateneo.settings import Settings

        name = self.settings.picture_engine
        try:
            found: PictureEngine = engines.load("pictures", name)
        except ModelMissing:
            if name == Settings.model_fields["picture_engine"].default:
                return None
            raise
        return found

    @cached_property
    def language_engine(self) -> "ChatEngine | None":
        """The language model of the settings; None where there is none, and everything works without. Raises
        EngineError where the engine is not installed; whether its server answers is seen when it is called."""
        return self._chat("language")

    @cached_property
    def vision_engine(self) -> "ChatEngine | None":
        """The model that sees pictures: of the vision settings, else of the language ones, where it sees. None, and
        errors, as of `language_engine`."""
        found = self._chat("vision")
        return found if found and found.sees else None

    def calls(self, kind: str = "language", *, budget: int | None = None) -> "Calls | None":
        """Calls of the model of a kind ("language", "vision") for one answer, kept in the archive's cache; None where
        there is no such model. `budget` is how many calls may be made. Raises EngineError."""
        from ateneo.language.calls import BUDGET, Calls

        engine = self.vision_engine if kind == "vision" else self.language_engine
        limit = self.settings.language_timeout
        return Calls(engine, cache=self.storage, budget=budget or BUDGET, limit=limit) if engine else None

    def _needed(self, what: str, *, budget: int) -> "Calls":
        """Calls of the language model. Raises EngineError where there is none."""
        if calls := self.calls(budget=budget):
            return calls
        raise EngineError("cannot {what}: no language model; set language_engine (docs/assistant.md)", what=what)

    def _chat(self, kind: str) -> "ChatEngine | None":
        from ateneo import engines

        of = self.settings
        engine, url, model, key = of.language_engine, of.language_url, of.language_model, of.language_key
        if kind == "vision":
            key = of.vision_key or (key if of.vision_url in ("", url) else None)  # a key stays with its server
            engine, url, model = of.vision_engine or engine, of.vision_url or url, of.vision_model or model
        if engine == "none":
            return None
        found: ChatEngine = engines.load_chat(kind, engine, url=url, model=model, key=key, timeout=of.language_timeout)
        return found

    def _spaces(self) -> dict[str, str]:
        """Kind → the space of the model in use."""
        models = {"text": self.text_engine, "pictures": self.picture_engine}
        return {kind: model.space for kind, model in models.items() if model}

    @cached_property
    def lexicon(self) -> "Lexicon":
        """Which words mean the same, across languages: by the sentence encoder that ships, whatever the text engine."""
        from ateneo.engines.word_vectors import WordVectors
        from ateneo.search.lexicon import Lexicon

        return Lexicon(WordVectors())

    def _vectors(self, words: str, index: Index) -> "dict[str, NDArray[np.float32]]":
        """Space → vector of the words, where the index has vectors of the engine's space."""
        engine = self.text_engine
        return {engine.space: engine.embed([words], query=True)[0]} if engine and engine.space in index.spaces() else {}

    def _searchable(self) -> Index:
        """The index, made first where it is missing although there are talks."""
        if not self.storage.exists("index") and self.store.ids():
            self.reindex()
        self.index.refresh()
        return self.index

    def _follow(self, id: str) -> None:
        """Does again what hangs on a talk's files, and indexes it. Raises ArchiveError."""
        from ateneo.ingest import run

        outcome = run.follow(
            id, store=self.store, index=self.index, engine=self.text_engine, pictures=self.picture_engine
        )
        if outcome.state == "skipped":
            raise ArchiveError("cannot index {id} again: {why}", id=id, why="; ".join(outcome.problems))
        self.index.refresh()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Holds the archive's lock, makes the archive where it is new, clears what a killed run left unfinished."""
        from ateneo.settings import FILE, new_file

        try:
            with self.storage.lock(wait=self.wait):
                self.storage.sweep()
                if not self.storage.exists(FILE):
                    self.storage.write(FILE, new_file().encode())
                yield
        except OSError as error:
            raise writing_failed(self.path, error) from error


def _silent(progress: "Progress") -> None:
    """The progress callback of those who give none."""
