"""The plain records that everything in Ateneo speaks in.

They mirror the JSON that the commands print (docs/json.md): same field names, times in seconds, dates as ISO 8601
strings, languages as BCP 47 tags. They hold data and know nothing of disks, indexes or screens.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ateneo.errors import AteneoError

Source = Literal["speech", "slide", "summary"]
Mark = Literal["loop", "gap", "repaired"]
Kind = Literal["speech", "slide", "summary", "frame"]


@dataclass(frozen=True, slots=True)
class Talk:
    """A recorded talk. `duration` is in seconds, None where there is no recording to measure."""

    id: str
    title: str
    speakers: tuple[str, ...] = ()
    date: str | None = None
    number: str | None = None
    language: str | None = None
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; `probability` in [0, 1]."""

    start: float
    end: float
    text: str
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Cue:
    """A stretch of text with its time: a caption, or one sentence of a passage."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class MarkedSpan:
    """A stretch of recognised speech that is not to be cited (loop, gap) or was changed (repaired)."""

    start: float
    end: float
    mark: Mark
    note: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    """The text of a talk in one language: from captions (`words` empty) or from a speech engine."""

    language: str
    cues: tuple[Cue, ...]
    words: tuple[Word, ...] = ()
    marks: tuple[MarkedSpan, ...] = ()
    origin: str = "captions"


@dataclass(frozen=True, slots=True)
class Frame:
    """What was shown from `start` to `end`: `path` is relative to the talk's folder; `kind` is slide, picture, ..."""

    start: float
    end: float
    path: str
    text: str = ""
    kind: str = "slide"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter begins at `start`."""

    start: float
    title: str


@dataclass(frozen=True, slots=True)
class Passage:
    """What the index holds: whole sentences (about 45 to 90 s of speech, one slide, or a summary), each timed.

    `talk` carries the metadata that `where` filters on. `vectors` maps the name of a space to a unit vector (d,).
    """

    talk: Talk
    start: float
    end: float
    language: str
    source: Source
    sentences: tuple[Cue, ...]
    vectors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentences, joined by spaces."""
        return " ".join(sentence.text for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found, best first; scores of one search compare with one another only."""

    talk: Talk
    start: float
    end: float
    text: str
    language: str
    source: Source
    score: float


@dataclass(frozen=True, slots=True)
class Hits:
    """What `search` returns; it can be walked like the list of its hits."""

    query: str
    hits: tuple[Hit, ...]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, n: int) -> Hit:
        return self.hits[n]


@dataclass(frozen=True, slots=True)
class Sight:
    """A frame that was found, best first; scores of one call compare with one another only."""

    talk: Talk
    frame: Frame
    score: float


@dataclass(frozen=True, slots=True)
class Sights:
    """What `see` returns; it can be walked like the list of its hits. `query` is the words, or the picture's name."""

    query: str
    hits: tuple[Sight, ...]

    def __iter__(self) -> Iterator[Sight]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, n: int) -> Sight:
        return self.hits[n]


@dataclass(frozen=True, slots=True)
class Named:
    """A name, or a word, with how likely it is in [0, 1]."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """One drawing of a riddle: `box` is left, top, right, bottom in pixels; `letter` is the one it stands for, `name`
    what it must then be; `names` are the likeliest without regard to the others."""

    box: tuple[int, int, int, int]
    letter: str
    name: str
    names: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A calculation found in an answer, its value, and whether what was found is right."""

    found: str
    value: float
    right: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """What `look` returns. `tables` are those of a floor plan, header first; `arithmetic` the calculations of the
    answer and of a solution that was marked. `notes` say who answered and what was checked. Of a riddle there are the
    `drawings`, the `words` that they may spell, best first, and where the list of words was from."""

    answer: str
    text_in_image: str
    tables: tuple[tuple[tuple[str, ...], ...], ...] = ()
    arithmetic: tuple[Arithmetic, ...] = ()
    names: tuple[Named, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    words: tuple[Named, ...] = ()
    word_list: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a sentence comes from: the talk's id, the seconds, and the words exactly as they stand there."""

    talk: str
    start: float
    end: float
    quote: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer, with at least one citation. `doubt` says what of it the citations may not say; empty
    where they say all of it, as far as can be checked."""

    text: str
    citations: tuple[Citation, ...]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One merged answer over all talks."""

    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class TalkAnswer:
    """What one talk answers."""

    talk: Talk
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Assistance:
    """What a language model had to do with an answer: its name; calls of it, and tokens read and written; the question
    as it was understood after earlier ones; what talks say against one another, side by side; and what failed, so that
    parts of the answer, or all of it, are Ateneo's own."""

    model: str
    calls: int = 0
    tokens: int = 0
    understood: str = ""
    disagreements: tuple[tuple[Sentence, ...], ...] = ()
    failed: AteneoError | None = None

    @property
    def note(self) -> str:
        """What failed, in English; "" where nothing did."""
        return str(self.failed or "")


@dataclass(frozen=True, slots=True)
class Asked:
    """What `ask` returns. `answer` is None, and `talks` empty, where the archive does not say; `nearest` is then what
    came closest. `dropped` counts sentences that were written but not supported by the evidence they named.
    `assistance` is None where no language model was asked."""

    question: str
    answer: Answer | None
    talks: tuple[TalkAnswer, ...]
    nearest: tuple[Hit, ...]
    dropped: int = 0
    assistance: Assistance | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something read off the screen at `second`; `frame` is a picture of it, relative to the archive, or ""."""

    second: float
    frame: str
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence of a telling, timed to what it tells. `against` is what speaks against it, "" where nothing does."""

    start: float
    end: float
    text: str
    against: str = ""


@dataclass(frozen=True, slots=True)
class Described:
    """What `describe` returns: `text` is all sentences, those with something against them marked. `engine` is the
    model's name, "" where none was at hand; `notes` are lines that a person should know."""

    talk: Talk
    start: float
    end: float
    style: str
    language: str
    text: str
    facts: tuple[Fact, ...]
    sentences: tuple[Told, ...]
    engine: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageState:
    """How a stage of a talk ended: `state` is done, skipped or failed; `seconds` is the time it took."""

    state: str
    engine: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Caption:
    """A transcript file of a talk, `path` relative to the talk's folder."""

    language: str
    path: str


@dataclass(frozen=True, slots=True)
class Repair:
    """A word that a recogniser misheard, put right in the caption that begins at `start`: `was` is what it wrote,
    `now` what the caption says. `source` is where the evidence stands (slide, said, archive), `reason` says what it is;
    `id` is its number in the talk."""

    id: int
    language: str
    start: float
    was: str
    now: str
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class TalkDetail(Talk):
    """Everything about one talk, as `show` prints it."""

    summary: str = ""
    chapters: tuple[Chapter, ...] = ()
    captions: tuple[Caption, ...] = ()
    frames: tuple[Frame, ...] = ()
    repairs: tuple[Repair, ...] = ()
    stages: Mapping[str, StageState] = field(default_factory=dict)
