"""Adding many items: one writer, one or more workers, one report at the end.

Each item goes through `stages.process`, here or in worker processes; ids are claimed in the order of the items, so
that the same items always get the same ids; the index is written here, talk by talk, so that a killed run loses at
most the stage it was in.
"""

import dataclasses
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ateneo.archive.index import Index
from ateneo.archive.store import Done, Recording, TalkStore, fingerprint
from ateneo.engines import PictureEngine, TextEngine
from ateneo.errors import ArchiveError
from ateneo.ingest import passages
from ateneo.ingest.discover import Item
from ateneo.ingest.stages import Identity, Options, Outcome, process, refresh
from ateneo.ingest.vectors import frame_vectors, with_vectors

INDEX_CODE = 1  # raise to index every talk again
ID_LENGTH = 60  # characters of date and title in an id


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is: `item` of `total` (from 1), what it is called, its stage and the fraction of it done; `outcome`
    is set once, when the item has ended."""

    item: int
    total: int
    label: str
    stage: str
    fraction: float
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class AddReport:
    """What an `add` did: one outcome an item, and problems that belong to no item (an unreadable folder)."""

    outcomes: tuple[Outcome, ...]
    problems: tuple[str, ...] = ()

    def count(self, state: str) -> int:
        """How many items ended as indexed, unchanged, duplicate or skipped."""
        return sum(outcome.state == state for outcome in self.outcomes)


@dataclass
class Claims:
    """Who gets which id. Made from what the archive holds; grows as items claim."""

    store: TalkStore
    by_sha: dict[str, Recording] = field(default_factory=dict)
    by_path: dict[str, Recording] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    now: dict[str, str] = field(default_factory=dict)  # sha256 → id claimed in this run

    def __post_init__(self) -> None:
        for talk_id in self.store.ids():
            recording = self.store.recording(talk_id)
            self.taken.add(talk_id)
            self.by_sha[recording.sha256] = recording
            self.by_path.update(dict.fromkeys(recording.paths, recording))

    def known(self, item: Item) -> Recording | None:
        """The talk that was made from this path before."""
        paths = [item.recording] if item.recording else item.captions
        return next((self.by_path[str(path)] for path in paths if str(path) in self.by_path), None)

    def claim(self, identity: Identity) -> tuple[str, bool]:
        """The id for an item, and whether it is its own: False where the same recording is a talk already."""
        if identity.sha256 in self.now:
            return self.now[identity.sha256], False
        same = self.by_sha.get(identity.sha256)
        if same and same.source != identity.path and Path(same.source).exists():
            return same.talk.id, False
        talk_id = same.talk.id if same else identity.known or self._free(slug(identity.title, date=identity.date))
        self.taken.add(talk_id)
        self.now[identity.sha256] = talk_id
        return talk_id, True

    def _free(self, wanted: str) -> str:
        talk_id, number = wanted, 2
        while talk_id in self.taken:
            talk_id, number = f"{wanted}-{number}", number + 1
        return talk_id


def slug(title: str, *, date: str | None) -> str:
    """Date and title as an id: lower-case ASCII words joined by hyphens, cut at a word; "talk" where none is left."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", f"{date or ''} {plain}")
    kept = ""
    for word in words:
        if len(kept) + len(word) >= ID_LENGTH:
            break
        kept = f"{kept}-{word}" if kept else word
    return kept or "".join(words)[:ID_LENGTH] or "talk"


def add(
    items: Sequence[Item],
    *,
    store: TalkStore,
    index: Index,
    options: Options,
    runner: "Runner",
    engine: TextEngine | None = None,
    pictures: PictureEngine | None = None,
    progress: Callable[[Progress], None],
) -> AddReport:
    """Adds the items in order and indexes each as it ends. To be called under the archive's lock. Raises ArchiveError
    where the archive cannot be written: everything done until then stays done."""
    claims = Claims(store)
    outcomes = []
    with index.batch(every=1):
        for number, outcome in runner(items, claims, store, options, progress):
            own = outcome.talk_id if outcome.state != "duplicate" else None
            if own and index_talk(own, store=store, index=index, engine=engine, pictures=pictures):
                outcome = dataclasses.replace(outcome, state="indexed")
            outcomes.append(outcome)
            progress(Progress(number + 1, len(items), outcome.path, "index", 1.0, outcome))
    index.refresh()
    return AddReport(tuple(outcomes))


def index_talk(
    talk_id: str,
    *,
    store: TalkStore,
    index: Index,
    engine: TextEngine | None = None,
    pictures: PictureEngine | None = None,
) -> bool:
    """Puts a talk's passages and frames into the index, with vectors where there are engines, unless it holds just
    these; whether it had to. Pictures that cannot be read are noted in done.json."""
    talk = store.talk(talk_id)
    state = _state(talk_id, store=store, engine=engine, pictures=pictures)
    done = store.done(talk_id).get("index")
    if done and done.input == state and index.states().get(talk_id) == state:
        return False
    began = time.perf_counter()
    summary = store.summary(talk_id)
    rows, frames = store.passages(talk), store.frames(talk_id)
    if summary:
        rows += passages.summary_passages(talk, summary.sentences, summary.language)
    if engine:
        rows = with_vectors(rows, engine, talk_id=talk_id, storage=store.storage)
    vectors, problems = (
        frame_vectors(frames, pictures, talk_id=talk_id, storage=store.storage) if pictures else ([], [])
    )
    index.upsert(talk_id, rows, frames, talk=talk, vectors=vectors, state=state)
    spent = round(time.perf_counter() - began, 3)
    store.mark(talk_id, "index", Done("done", state, seconds=spent, note="; ".join(problems)))
    return True


def pending(
    *, store: TalkStore, index: Index, engine: TextEngine | None = None, pictures: PictureEngine | None = None
) -> list[str]:
    """The talks that the index does not hold as they are now, with the vectors of these engines."""
    held = index.states()
    return [t for t in store.ids() if held.get(t) != _state(t, store=store, engine=engine, pictures=pictures)]


def _state(talk_id: str, *, store: TalkStore, engine: TextEngine | None, pictures: PictureEngine | None) -> str:
    """What the index holds of a talk hangs on this."""
    spaces = [one.space if one else "" for one in (engine, pictures)]
    files = store.hash_of(talk_id, "passages.json", "frames.json", "summary.json")
    return fingerprint(INDEX_CODE, store.talk(talk_id), spaces, files)


def reindex(
    *,
    store: TalkStore,
    index: Index,
    progress: Callable[[Progress], None],
    engine: TextEngine | None = None,
    pictures: PictureEngine | None = None,
) -> AddReport:
    """Redoes what hangs on files that people corrected, indexes what is not indexed, and takes out of the index what
    is no longer in the archive. To be called under the archive's lock."""
    ids = store.ids()
    outcomes = []
    with index.batch():
        for talk_id in set(index.states()) - set(ids):
            index.remove(talk_id)
        for number, talk_id in enumerate(ids):
            outcome = follow(talk_id, store=store, index=index, engine=engine, pictures=pictures)
            outcomes.append(outcome)
            progress(Progress(number + 1, len(ids), talk_id, "index", 1.0, outcome))
    index.refresh()
    return AddReport(tuple(outcomes))


def follow(
    talk_id: str,
    *,
    store: TalkStore,
    index: Index,
    engine: TextEngine | None = None,
    pictures: PictureEngine | None = None,
) -> Outcome:
    """Redoes what hangs on a talk's files, and indexes it; "skipped" where its files cannot be read. Under the lock."""
    try:
        outcome = refresh(talk_id, store=store)
        indexed = index_talk(talk_id, store=store, index=index, engine=engine, pictures=pictures)
    except ArchiveError as error:
        return Outcome(talk_id, talk_id, "skipped", (str(error),))
    return dataclasses.replace(outcome, state="indexed") if indexed else outcome


Runner = Callable[
    [Sequence[Item], Claims, TalkStore, Options, Callable[[Progress], None]], Iterator[tuple[int, Outcome]]
]


def here(
    items: Sequence[Item], claims: Claims, store: TalkStore, options: Options, progress: Callable[[Progress], None]
) -> Iterator[tuple[int, Outcome]]:
    """The runner that does everything in this process, one item after the other."""
    for number, item in enumerate(items):

        def report(stage: str, fraction: float, number: int = number, item: Item = item) -> None:
            progress(Progress(number + 1, len(items), str(item.path), stage, fraction))

        known = claims.known(item)
        yield number, process(item, store=store, options=options, known=known, claim=claims.claim, report=report)
