"""A summary, chapter titles and a title written by a language model, under the rule of evidence that answers have.

Each chapter is summed up by itself (map), then the chapters' sentences together (reduce). The model names the numbers
of the sentences on which each of its own rests; code turns them into seconds and checks that they bear it out
(`language.checks`). What they do not is left out; where nothing is left, the talk's own sentences stay
(`ingest.summary`). Answers of the model are kept by the hash of what it was asked, so nothing is written twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ateneo.archive.store import Summary
from ateneo.errors import BudgetSpent, EngineError, Unavailable
from ateneo.language import arithmetic
from ateneo.language.calls import Calls
from ateneo.language.checks import check
from ateneo.language.fence import numbered
from ateneo.language.forms import SENTENCE, TEXT, form, many
from ateneo.records import Chapter, Cue, Talk
from ateneo.search.lexicon import Lexicon

MOST_READ = 80  # sentences of a chapter that a model reads; of a longer one every n-th
MOST = 5  # sentences of a summary
LONGEST_TITLE = 80  # characters
SHORTEST_TITLE = 3
TOKENS = 700  # of one answer
FORM = form({"title": TEXT, "sentences": many(SENTENCE)})


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote of a talk and its evidence bears out; `summary` is None where nothing of it does. `title` is
    "" where it gave none. `dropped` counts what was left out, `failed` chapters that it did not answer as asked."""

    summary: Summary | None
    chapters: tuple[Chapter, ...]
    title: str
    dropped: int
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Line:
    """A sentence of the model, and those of the talk on which it rests."""

    text: str
    rests: tuple[Cue, ...]

    @property
    def cue(self) -> Cue:
        return Cue(min(one.start for one in self.rests), max(one.end for one in self.rests), self.text)


def calls_for(chapters: Sequence[Chapter]) -> int:
    """How many calls a talk takes at the most."""
    return max(1, len(chapters)) + 1


def write(
    talk: Talk, said: Sequence[Cue], chapters: Sequence[Chapter], *, language: str, calls: Calls,
    lexicon: Lexicon | None = None,
) -> Written:  # fmt: skip
    """Summary, chapter titles and title of a talk of which `said` are the sentences. A chapter that the model does not
    answer as asked stays as it was. Raises EngineError where that is so of all of them, Unavailable of any."""
    writer = _Writer(talk, language, calls, lexicon)
    lines: list[_Line] = []
    named: list[Chapter] = []
    failures: list[EngineError] = []
    for chapter, part in _parts(said, chapters):
        try:
            title, found = writer.sum_up("summary", part)
        except (Unavailable, BudgetSpent):
            raise
        except EngineError as error:
            failures.append(error)
            title, found = "", []
        named.append(replace(chapter, title=title) if title else chapter)
        lines += found
    if failures and len(failures) == len(named):
        raise failures[0]
    title = named[0].title if len(named) == 1 and named[0].title != chapters[0].title else ""
    if len(named) > 1 and lines:
        title, whole = writer.sum_up(
            "summary_whole", [line.cue for line in lines], rests=[line.rests for line in lines]
        )
        lines = whole or lines
    cues = sorted((line.cue for line in lines[:MOST]), key=lambda cue: cue.start)
    cues = [replace(cue, text=arithmetic.corrected(cue.text, language)[0]) for cue in cues]
    summary = Summary(language, tuple(cues), calls.engine.name) if cues else None
    return Written(summary, tuple(named), title, writer.dropped, len(failures))


def notes(made: Written) -> list[str]:
    """What a person should know of it."""
    counts = [
        (made.dropped, "sentences and titles left out because the talk does not bear them out"),
        (made.failed, "chapters that the model did not answer as asked, left as they were"),
    ]
    told = [f"{count} {what}" for count, what in counts if count]
    return told if made.summary else [*told, "nothing is left of its summary: the talk's own sentences stay"]


def _parts(said: Sequence[Cue], chapters: Sequence[Chapter]) -> list[tuple[Chapter, list[Cue]]]:
    """The chapters in which something is said, with their sentences."""
    ends = [chapter.start for chapter in chapters[1:]] + [float("inf")]
    found = []
    for chapter, end in zip(chapters, ends, strict=True):
        part = [cue for cue in said if chapter.start <= cue.start < end]
        found.append((chapter, part[:: 1 + (len(part) - 1) // MOST_READ]))
    return [(chapter, part) for chapter, part in found if part]


@dataclass
class _Writer:
    """Asks for one part at a time and keeps what its evidence bears out."""

    talk: Talk
    language: str
    calls: Calls
    lexicon: Lexicon | None
    dropped: int = 0

    def sum_up(
        self, prompt: str, part: Sequence[Cue], *, rests: Sequence[tuple[Cue, ...]] | None = None
    ) -> tuple[str, list[_Line]]:
        """Title and sentences of a part; `rests` are the talk's own sentences under each, where they are not these."""
        values = {"title": self.talk.title, "evidence": numbered([cue.text for cue in part])}
        document = self.calls.structured(prompt, self.language, values, FORM, max_tokens=TOKENS)
        under = rests or [(cue,) for cue in part]
        lines = []
        for item in document["sentences"][:MOST]:
            line = self._line(item, under)
            self.dropped += line is None
            lines += [line] if line else []
        title = self._title(document["title"], under)
        self.dropped += bool(document["title"].strip()) and not title
        return title, lines

    def _line(self, item: Mapping[str, Any], under: Sequence[tuple[Cue, ...]]) -> _Line | None:
        text = _one_line(item["text"])
        cited = [n for n in dict.fromkeys(item["evidence"]) if 1 <= n <= len(under)]
        rests = tuple(dict.fromkeys(cue for n in cited for cue in under[n - 1]))
        if not text or not rests or self._doubted(text, [cue.text for cue in rests]):
            return None
        return _Line(text, rests)

    def _title(self, given: str, under: Sequence[tuple[Cue, ...]]) -> str:
        """A title of which the part bears out every word; "" where there is none."""
        title = _one_line(given).strip(" .\"'«»“”#*")
        if not SHORTEST_TITLE <= len(title) <= LONGEST_TITLE:
            return ""
        return "" if self._doubted(title, [cue.text for cues in under for cue in cues]) else title

    def _doubted(self, text: str, named: Sequence[str]) -> bool:
        about = [self.talk.title, *self.talk.speakers]
        return bool(check(text, named, lexicon=self.lexicon, about=about))


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
