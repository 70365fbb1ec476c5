"""What any index of an archive promises; `local_index` keeps the promise on a local disk.

An index is derived: it can always be made again from the plain files. It holds passages (speech, slides, summaries)
and frames of whole talks, finds them by words and by vectors, and never mixes vectors of different spaces. One writer
at a time holds it, by a lock that a dead process does not keep; a reader sees a finished upsert after `refresh()`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ateneo.errors import ArchiveError, InputError
from ateneo.records import Cue, Frame, Kind, Passage, Talk
from ateneo.text import light, tokens

Where: TypeAlias = Mapping[str, Any]
Vectors: TypeAlias = Mapping[str, NDArray[np.float32]]  # space → unit vector (d,)
WHERE_KEYS = ("language", "not_talk", "number", "since", "speaker", "talk", "until")


class IndexDamaged(ArchiveError):
    """The index cannot be opened or read; nothing is lost, because `ateneo reindex` makes it again."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something found, best first; scores of one call compare with one another only.

    `sentences` are those of the passage, or the text of the frame. `key` names the entry within this state of the
    index. `frame` is there where kind is "frame".
    """

    key: str
    kind: Kind
    talk: Talk
    start: float
    end: float
    language: str
    sentences: tuple[Cue, ...]
    score: float
    frame: Frame | None = None

    @property
    def text(self) -> str:
        """The sentences, joined by spaces."""
        return " ".join(sentence.text for sentence in self.sentences)


class Index(Protocol):
    """The index of one archive.

    `where` maps any of WHERE_KEYS: `talk` and `not_talk` (an id or a collection of ids), `speaker` (all words given,
    accents and capitals aside), `language` (BCP 47 of the text found; "es" finds "es-MX"), `since` and `until` (ISO
    dates, both included; "2024" means the whole year), `number`. Any other key raises InputError. `kinds` is a
    collection of speech, slide, summary, frame. A damaged index raises IndexDamaged.
    """

    name: str  # of the implementation and its format: another name means that all must be indexed again

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
        """Put all of a talk in place of what was there. Durable at once, or within `batch` at its next commit.

        `talk` is its metadata, by default those of its first passage. `vectors` are the frames', one mapping a frame.
        `state` is any string that tells one state of the talk's files from another; `states` gives it back.
        """

    def remove(self, talk_id: str) -> None:
        """Take a talk out; a talk that is not there is no error."""

    def batch(self, *, every: int = 64) -> AbstractContextManager[None]:
        """Hold the writer over many upserts and commit after each `every` talks and at the end, also on an exception.

        Raises ArchiveLocked where another living process holds it.
        """

    def words(
        self,
        query: str,
        *,
        language: str | None = None,
        kinds: Collection[Kind] = ("speech", "slide", "summary"),
        where: Where | None = None,
        limit: int = 10,
    ) -> list[Found]:
        """What holds words of the query, best first; `language` is the query's own, None where it is not known."""

    def near(
        self,
        vector: NDArray[np.float32],
        *,
        space: str,
        kinds: Collection[Kind] = ("speech", "slide", "summary"),
        where: Where | None = None,
        limit: int = 10,
    ) -> list[Found]:
        """The nearest by dot product in a space, best first; empty where nothing has a vector of that space."""

    def frequency(self, token: str, *, language: str | None = None) -> int:
        """In how many entries a folded word stands, in any form with its stem."""

    def speaks(self, language: str) -> bool:
        """Whether anything there is in this language (BCP 47; "es" holds for "es-MX" too)."""

    def size(self) -> int:
        """How many passages and frames there are."""

    def refresh(self) -> None:
        """See what any process has committed until now."""

    def spaces(self) -> list[str]:
        """The names of the spaces that have vectors, sorted."""

    def states(self) -> dict[str, str]:
        """Talk id → the `state` it was last upserted with."""


def talk_filter(where: Where | None) -> Callable[[Talk], bool]:
    """Whether a talk passes `where`, its key `language` aside, which is about the text found.

    Raises InputError for a key that is not known.
    """
    where = where or {}
    if unknown := sorted(set(where) - set(WHERE_KEYS)):
        raise InputError(
            "cannot filter by {unknown}: no such key; use {where_keys}",
            unknown=", ".join(unknown),
            where_keys=", ".join(WHERE_KEYS),
        )
    tests = [_TESTS[key](value) for key, value in where.items() if value is not None and key != "language"]
    return lambda talk: all(test(talk) for test in tests)


def _ids(value: str | Collection[str]) -> frozenset[str]:
    return frozenset([value] if isinstance(value, str) else value)


def _in(value: str | Collection[str]) -> Callable[[Talk], bool]:
    ids = _ids(value)
    return lambda talk: talk.id in ids


def _not_in(value: str | Collection[str]) -> Callable[[Talk], bool]:
    ids = _ids(value)
    return lambda talk: talk.id not in ids


def _speaker(value: str) -> Callable[[Talk], bool]:
    wanted = {light(token) for token in tokens(value)}
    return lambda talk: any(wanted <= {light(token) for token in tokens(name)} for name in talk.speakers)


def _since(value: object) -> Callable[[Talk], bool]:
    return lambda talk: talk.date is not None and talk.date[: len(str(value))] >= str(value)


def _until(value: object) -> Callable[[Talk], bool]:
    return lambda talk: talk.date is not None and talk.date[: len(str(value))] <= str(value)


def _number(value: object) -> Callable[[Talk], bool]:
    return lambda talk: talk.number == str(value)


_TESTS: Mapping[str, Callable[[Any], Callable[[Talk], bool]]] = {
    "talk": _in,
    "not_talk": _not_in,
    "speaker": _speaker,
    "since": _since,
    "until": _until,
    "number": _number,
}
