"""SQuAD-es as an archive: each paragraph, or each article, is a talk that enters as a subtitle file.

The data is found by ATENEO_SHARED, or in the folder `shared` beside the repository. Words are spoken at 2.5 a second;
a caption lasts about five seconds and breaks where it is full, as captions do, not where a sentence ends.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ateneo.archive.local_index import LocalIndex
from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.engines.word_vectors import WordVectors
from ateneo.ingest.captions import read
from ateneo.ingest.passages import make_passages
from ateneo.records import Talk
from ateneo.search.lexicon import Lexicon

SHARED = Path(os.environ.get("ATENEO_SHARED", Path(__file__).resolve().parents[2] / "shared"))
SECONDS_PER_WORD = 0.4
WORDS_PER_CUE = 12


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the texts that answer it, and the (talk, first letter) where one of them stands."""

    text: str
    golds: tuple[str, ...]
    talk: str
    place: int  # letter of the first gold answer in the talk's text
    answerable: bool = True


@dataclass(frozen=True, slots=True)
class Corpus:
    """Talk id → its text, and the questions."""

    texts: dict[str, str]
    questions: list[Question]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What `ask` knows besides words."""

    engine: SentenceVectors | None
    lexicon: Lexicon | None

    @classmethod
    def shipped(cls) -> "Meaning":
        """All of it, as it ships."""
        return cls(SentenceVectors(), Lexicon(WordVectors()))

    def vectors(self, question: str) -> dict[str, NDArray[np.float32]]:
        """Space → the question's vector."""
        return {self.engine.space: self.engine.embed([question], query=True)[0]} if self.engine else {}


def corpus(version: str = "1.1", *, joined: bool = False) -> Corpus:
    """The paragraphs (or, joined, the articles) as texts. Ends the program where the data is absent."""
    path = SHARED / "data" / "qa_squad_es" / f"squad-es-v{version}.json"
    if not path.exists():
        sys.exit(f"{path} is not there: set ATENEO_SHARED to the folder that holds data/")
    texts: dict[str, str] = {}
    questions = []
    for a, article in enumerate(json.loads(path.read_text(encoding="utf-8"))["data"]):
        for p, paragraph in enumerate(article["paragraphs"]):
            talk = f"a{a:02}" if joined else f"a{a:02}p{p:03}"
            before = texts[talk] + " " if talk in texts else ""
            texts[talk] = before + " ".join(paragraph["context"].split())
            questions += list(_questions(paragraph, talk, offset=len(before)))
    return Corpus(texts, questions)


def _questions(paragraph: dict, talk: str, *, offset: int) -> Iterator[Question]:
    for qa in paragraph["qas"]:
        golds = tuple(dict.fromkeys(answer["text"] for answer in qa["answers"]))
        start = qa["answers"][0]["answer_start"] if golds else 0
        place = len(" ".join(paragraph["context"][:start].split())) + (start > 0)
        yield Question(qa["question"], golds, talk, offset + place, not qa.get("is_impossible", False))


def write_subtitles(texts: dict[str, str], folder: Path) -> None:
    """One .vtt a talk."""
    folder.mkdir(parents=True, exist_ok=True)
    for talk, text in texts.items():
        words = text.split()
        cues = [words[n : n + WORDS_PER_CUE] for n in range(0, len(words), WORDS_PER_CUE)]
        lines = ["WEBVTT", ""]
        for n, cue in enumerate(cues):
            start = n * WORDS_PER_CUE * SECONDS_PER_WORD
            end = start + len(cue) * SECONDS_PER_WORD
            lines += [f"{_stamp(start)} --> {_stamp(end)}", _escape(" ".join(cue)), ""]
        (folder / f"{talk}.es.vtt").write_text("\n".join(lines), encoding="utf-8")


def build(texts: dict[str, str], folder: Path, *, engine: SentenceVectors | None = None) -> LocalIndex:
    """The index of the talks, by way of their subtitle files; with an engine, their passages have vectors."""
    write_subtitles(texts, folder / "subtitles")
    (folder / "index").mkdir()
    index = LocalIndex(folder / "index")
    with index.batch(every=10_000):
        for talk_id in texts:
            track = read(folder / "subtitles" / f"{talk_id}.es.vtt")
            talk = Talk(talk_id, talk_id, language="es")
            passages = make_passages(talk, track)
            if engine:
                vectors = engine.embed([passage.text for passage in passages])
                passages = [replace(p, vectors={engine.space: v}) for p, v in zip(passages, vectors, strict=True)]
            index.upsert(talk_id, passages)
    return index


def second_of(texts: dict[str, str], question: Question) -> float:
    """When the first word of the gold answer is said."""
    return texts[question.talk][: question.place].count(" ") * SECONDS_PER_WORD


def sentence_window(texts: dict[str, str], question: Question) -> tuple[float, float]:
    """Start and end, in seconds, of the sentence that holds the gold answer (cut at . ? ! before a capital)."""
    text = texts[question.talk]
    stops = [m.end() for m in re.finditer(r"[.?!][\"'»”)]*\s+(?=[\"'«“(¿¡]*[A-ZÁÉÍÓÚÑ0-9])", text)]
    start = max([s for s in stops if s <= question.place], default=0)
    end = min([s for s in stops if s > question.place], default=len(text))
    return text[:start].count(" ") * SECONDS_PER_WORD, text[:end].rstrip().count(" ") * SECONDS_PER_WORD + 0.4


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *[[f"{c:.3f}" if isinstance(c, float) else str(c) for c in r] for r in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _stamp(second: float) -> str:
    return f"{int(second // 3600):02}:{int(second // 60) % 60:02}:{second % 60:06.3f}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
