"""The index on a local disk: tantivy for words, memory-mapped numpy for vectors.

A passage is written into several fields of different weight: stems (ñ apart from n), word forms and character n-grams
(ñ as n), pairs of neighbouring stems, and the words of title and speakers. The words are analysed here, in Python, and
tantivy only sees them separated by spaces, so that query and passage meet the same letters. A commit is atomic: a
process killed at any moment leaves the state before it or after it.
"""

import dataclasses
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tantivy
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ateneo import text
from ateneo.archive.documents import TalkState, found, frame_document, passage_document, schema, talk_document
from ateneo.archive.index import Found, IndexDamaged, Vectors, Where, talk_filter
from ateneo.archive.vectors import Row, Segment, nearest, read_segments, tidy, write_segment
from ateneo.errors import ArchiveError, ArchiveLocked, InputError
from ateneo.records import Frame, Kind, Passage, Talk

FORMAT = 1  # raised when the fields or the analysis change: an index of another format is made again
HEAP = 64 << 20  # bytes the writer gathers before it writes a segment
WEIGHTS = {"stem": 1.0, "form": 0.35, "pair": 0.35, "gram": 0.08, "about": 0.35}
QUERY_LANGUAGES = ("es", "en")  # stemmers tried on a query, besides its own language's
MOST_QUERY_WORDS = 64  # of a longer query (a pasted page) the rest is left out
PANIC = "PanicException"  # what a panic in Rust is in Python; a BaseException that has no name to import
BROKEN = "cannot read the index {folder}: {why}; run `ateneo reindex` to make it again"

T = TypeVar("T")


class LocalIndex:
    """An `Index` in a folder of its own, made where it is absent. A reader needs no lock and never waits."""

    name = f"local-{FORMAT}"

    def __init__(self, folder: Path, *, wait: float = 10.0) -> None:
        """`wait` is how many seconds a writer waits for another one. Raises IndexDamaged."""
        self._folder = folder
        self._wait = wait
        self._writer: tantivy.IndexWriter | None = None
        self._waiting: list[_Upsert] = []
        self._every, self._changed = 1, 0
        self._seen: tuple[bytes, frozenset[str]] | None = None
        self._segment_table: dict[str, list[Segment]] | None = None
        self._known: dict[Path, Segment] = {}
        if not (folder / "words" / "meta.json").exists():
            self._make()
        self._index = self._guarded(lambda: tantivy.Index.open(str(folder / "words")))
        self._check_format()
        self.refresh()

    def _make(self) -> None:
        if (self._folder / "format").exists():
            raise IndexDamaged(BROKEN, folder=self._folder, why="words/meta.json is missing")
        try:
            (self._folder / "words").mkdir(parents=True, exist_ok=True)
            with self._locked():
                if not (self._folder / "words" / "meta.json").exists():
                    tantivy.Index(schema(), path=str(self._folder / "words"))
                    (self._folder / "format").write_text(f"{FORMAT}\n", encoding="utf-8")
        except OSError as error:
            raise ArchiveError(
                "cannot make the index {folder}: {error}; check the folder's rights", folder=self._folder, error=error
            ) from error

    def _check_format(self) -> None:
        try:
            found = int((self._folder / "format").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = FORMAT if self._index.schema == schema() else 0
        if found != FORMAT:
            raise IndexDamaged(BROKEN, folder=self._folder, why=f"it has format {found}, this program writes {FORMAT}")

    # --- writing ---

    def upsert(
        self,
        talk_id: str,
        passages: Sequence[Passage],
        frames: Sequence[Frame] = (),
        *,
        talk: Talk | None = None,
        vectors: Sequence[Vectors] = (),
        state: str = "",
    ) -> None:
        """See Index.upsert."""
        talk = talk or (passages[0].talk if passages else Talk(talk_id, talk_id))
        if talk.id != talk_id or any(passage.talk.id != talk_id for passage in passages):
            raise InputError(
                "cannot index {talk_id}: some of its passages belong to another talk; pass only its own",
                talk_id=talk_id,
            )
        upsert = _Upsert(uuid.uuid4().hex, talk, passages, frames, vectors)
        documents = [talk_document(talk, upsert=upsert.name, state=state)]
        documents += [passage_document(p, key=upsert.passage_key(n)) for n, p in enumerate(passages)]
        documents += [frame_document(f, talk, key=upsert.frame_key(n)) for n, f in enumerate(frames)]
        with self._writing() as writer:
            writer.delete_documents_by_term("talk", talk_id)
            for document in documents:
                writer.add_document(document)
            self._waiting.append(upsert)

    def remove(self, talk_id: str) -> None:
        """See Index.remove."""
        with self._writing() as writer:
            writer.delete_documents_by_term("talk", talk_id)

    @contextmanager
    def batch(self, *, every: int = 64) -> Iterator[None]:
        """See Index.batch."""
        with self._locked():
            self._every, self._changed = every, 0
            self._writer = writer = self._guarded(lambda: self._index.writer(heap_size=HEAP, num_threads=1))
            try:
                yield
            finally:
                self._writer = None
                self._commit(writer)
                self._guarded(writer.wait_merging_threads)
                self.refresh()
                tidy(self._folder / "vectors", live=self._live(), name=uuid.uuid4().hex)
                self.refresh()

    @contextmanager
    def _writing(self) -> Iterator[tantivy.IndexWriter]:
        if self._writer is None:
            with self.batch(), self._writing() as writer:
                yield writer
            return
        yield self._writer
        self._changed += 1
        if self._changed % self._every == 0:
            self._commit(self._writer)

    def _commit(self, writer: tantivy.IndexWriter) -> None:
        """Vectors first: until the words are committed they belong to no live upsert."""
        try:
            for space, (rows, vectors) in _by_space(self._waiting).items():
                folder = self._folder / "vectors"
                write_segment(folder, name=uuid.uuid4().hex, space=space, rows=rows, vectors=np.stack(vectors))
            writer.commit()
        except (ValueError, OSError) as error:
            raise ArchiveError(
                "cannot write {folder}: {error}; free some space and run the same command again",
                folder=self._folder,
                error=error,
            ) from error
        finally:
            self._waiting = []

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = FileLock(self._folder / "lock", timeout=self._wait)
        try:
            lock.acquire()
        except Timeout:
            raise ArchiveLocked(
                "cannot write {folder}: another process is writing; wait for it", folder=self._folder
            ) from None
        try:
            yield
        finally:
            lock.release()

    # --- reading ---

    def words(
        self,
        query: str,
        *,
        language: str | None = None,
        kinds: Collection[Kind] = ("speech", "slide", "summary"),
        where: Where | None = None,
        limit: int = 10,
    ) -> list[Found]:
        """See Index.words."""
        filters = self._filters(kinds, where)
        matching = self._matching(query, language)
        if matching is None or limit < 1:
            return []
        clauses = [(tantivy.Occur.Must, part) for part in (matching, *filters)]
        whole = tantivy.Query.boolean_query(clauses)
        hits = self._guarded(lambda: self._searcher.search(whole, limit, count=False).hits)
        return [self._found(address, score) for score, address in hits]

    def near(
        self,
        vector: NDArray[np.float32],
        *,
        space: str,
        kinds: Collection[Kind] = ("speech", "slide", "summary"),
        where: Where | None = None,
        limit: int = 10,
    ) -> list[Found]:
        """See Index.near."""
        upserts = self._live(where)
        language = (where or {}).get("language")
        segments = self._segments().get(space, [])
        keys = nearest(segments, vector, upserts=upserts, kinds=frozenset(kinds), language=language, limit=limit)
        return self._entries(dict(keys))

    def frequency(self, token: str, *, language: str | None = None) -> int:
        """See Index.frequency."""
        forms = _stems(token, language)
        return self._guarded(lambda: max(self._searcher.doc_freq("stem", form) for form in forms))

    def speaks(self, language: str) -> bool:
        """See Index.speaks."""
        there = tantivy.Query.term_query(self._index.schema, "language", language.lower())
        return bool(self._guarded(lambda: self._searcher.search(there, 1, count=False).hits))

    def size(self) -> int:
        """See Index.size."""
        talks = tantivy.Query.term_query(self._index.schema, "kind", "talk")
        counted: Any = self._guarded(lambda: self._searcher.search(talks, 1, count=True))  # .count is not in its stub
        return int(self._searcher.num_docs) - int(counted.count or 0)

    def refresh(self) -> None:
        """See Index.refresh. Nothing is read again where nothing was committed since the last time."""
        now = self._guarded(self._stamp)
        if now == self._seen:
            return
        self._guarded(self._index.reload)
        self._searcher = self._guarded(self._index.searcher)
        self._talk_table: dict[str, TalkState] | None = None
        self._live_table: set[str] | None = None
        self._segment_table = None
        self._seen = now

    def _stamp(self) -> tuple[bytes, frozenset[str]]:
        """What every commit changes: tantivy's own list of its files, and the names of the vectors' files."""
        names = frozenset(path.name for path in (self._folder / "vectors").glob("*.json"))
        return (self._folder / "words" / "meta.json").read_bytes(), names

    def spaces(self) -> list[str]:
        """See Index.spaces."""
        return sorted(self._segments())

    def states(self) -> dict[str, str]:
        """See Index.states."""
        return {talk_id: entry.state for talk_id, entry in self._talks().items()}

    def _matching(self, query: str, language: str | None) -> tantivy.Query | None:
        """The query over all fields; None where it holds no word at all."""
        words = text.tokens(query)[:MOST_QUERY_WORDS]
        if not words:
            return None
        parts = []
        for field, terms in query_terms(words, language).items():
            for term in terms:
                one = tantivy.Query.term_query(self._index.schema, field, term, index_option="freq")
                parts.append((tantivy.Occur.Should, tantivy.Query.boost_query(one, WEIGHTS[field])))
        return tantivy.Query.boolean_query(parts)

    def _filters(self, kinds: Collection[Kind], where: Where | None) -> list[tantivy.Query]:
        passes = talk_filter(where)
        filters = [self._one_of("kind", sorted(kinds))]
        if where:
            filters.append(self._one_of("talk", [t for t, entry in self._talks().items() if passes(entry.talk)]))
            if language := where.get("language"):
                filters.append(self._one_of("language", [str(language).lower()]))
        return filters

    def _one_of(self, field: str, values: Sequence[str]) -> tantivy.Query:
        return tantivy.Query.const_score_query(tantivy.Query.term_set_query(self._index.schema, field, values), 0.0)

    def _addresses(self, field: str, value: str) -> list[tantivy.DocAddress]:
        query = tantivy.Query.term_query(self._index.schema, field, value)
        hits = self._guarded(lambda: self._searcher.search(query, max(1, self._searcher.num_docs), count=False).hits)
        return [address for _, address in hits]

    def _entries(self, scores: Mapping[str, float]) -> list[Found]:
        """Key → score as what was found, in the same order."""
        if not scores:
            return []
        query = tantivy.Query.term_set_query(self._index.schema, "key", list(scores))
        hits = self._guarded(lambda: self._searcher.search(query, len(scores), count=False).hits)
        entries = {entry.key: entry for entry in (self._found(address, 0.0) for _, address in hits)}
        return [dataclasses.replace(entries[key], score=score) for key, score in scores.items() if key in entries]

    def _found(self, address: tantivy.DocAddress, score: float) -> Found:
        return self._guarded(lambda: found(self._searcher.doc(address), score))

    def _talks(self) -> dict[str, TalkState]:
        if self._talk_table is None:
            addresses = self._addresses("kind", "talk")
            read = self._guarded(lambda: [TalkState.read(self._searcher.doc(address)) for address in addresses])
            self._talk_table = {entry.talk.id: entry for entry in read}
        return self._talk_table

    def _live(self, where: Where | None = None) -> set[str]:
        """The upserts of all talks, or of those that pass `where`."""
        if self._live_table is None:
            self._live_table = {entry.upsert for entry in self._talks().values()}
        if not where:
            return self._live_table
        passes = talk_filter(where)
        return {entry.upsert for entry in self._talks().values() if passes(entry.talk)}

    def _segments(self) -> dict[str, list[Segment]]:
        if self._segment_table is None:
            self._segment_table = read_segments(self._folder / "vectors", self._live(), known=self._known)
            self._known = {s.path: s for segments in self._segment_table.values() for s in segments}
        return self._segment_table

    def _guarded(self, action: Callable[[], T]) -> T:
        """What `action` returns; whatever tantivy says of a damaged file becomes IndexDamaged."""
        try:
            return action()
        except (ValueError, OSError, KeyError, TypeError) as error:
            raise IndexDamaged(BROKEN, folder=self._folder, why=error) from error
        except BaseException as error:
            if type(error).__name__ == PANIC:
                raise IndexDamaged(BROKEN, folder=self._folder, why="a file of it is damaged") from None
            raise


@dataclass(frozen=True, slots=True)
class _Upsert:
    """One upsert on its way: its unique name, by which its entries and vectors are known."""

    name: str
    talk: Talk
    passages: Sequence[Passage]
    frames: Sequence[Frame]
    frame_vectors: Sequence[Vectors]

    def passage_key(self, n: int) -> str:
        return f"{self.name}-{n}"

    def frame_key(self, n: int) -> str:
        return f"{self.name}-f{n}"

    def vectors(self) -> Iterator[tuple[str, Row, NDArray[np.float32]]]:
        """(space, row, vector (d,)) of every entry that has vectors."""
        for n, p in enumerate(self.passages):
            for space, vector in p.vectors.items():
                yield space, Row(self.name, self.passage_key(n), p.source, p.language), vector
        for n, vectors in enumerate(self.frame_vectors):
            for space, vector in vectors.items():
                yield space, Row(self.name, self.frame_key(n), "frame", self.talk.language or "es"), vector


def _by_space(upserts: Sequence[_Upsert]) -> dict[str, tuple[list[Row], list[NDArray[np.float32]]]]:
    spaces: dict[str, tuple[list[Row], list[NDArray[np.float32]]]] = {}
    for upsert in upserts:
        for space, row, vector in upsert.vectors():
            rows, vectors = spaces.setdefault(space, ([], []))
            rows.append(row)
            vectors.append(vector)
    return spaces


def query_terms(words: Sequence[str], language: str | None) -> dict[str, list[str]]:
    """Field → the terms to look for in it; function words count in pairs, and alone where there is nothing else."""
    subject = text.content(words) or list(dict.fromkeys(words))
    return {
        "stem": _unique(form for word in subject for form in _stems(word, language)),
        "form": _unique(map(text.light, subject)),
        "pair": _unique(p for known in _languages(language) for p in text.pairs(text.stems(words, known))),
        "gram": _unique(gram for word in subject for gram in text.grams(word)),
        "about": _unique(form for word in subject for form in _stems(word, language)),
    }


def _languages(language: str | None) -> tuple[str, ...]:
    return (language, *QUERY_LANGUAGES) if language else QUERY_LANGUAGES


def _stems(word: str, language: str | None) -> list[str]:
    return _unique(text.stem(word, known) for known in _languages(language))


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))
