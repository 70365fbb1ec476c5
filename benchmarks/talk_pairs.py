"""Talks in English and Spanish with the same sentences in both: talks_nwit (captions with the same times) and
talks_bitcoin (transcripts with the same paragraphs). Found by ATENEO_SHARED, or in `shared` beside the repository.

A pair of sentences counts where both begin and end together: within a second in the captions, in paragraphs that are
cut into as many sentences in both. Pairs whose lengths differ by more than half are left out as misaligned.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ateneo.ingest.captions import read
from ateneo.ingest.sentences import sentences
from ateneo.records import Cue

SHARED = Path(os.environ.get("ATENEO_SHARED", Path(__file__).resolve().parents[2] / "shared"))
TOGETHER = 1.0  # s
SECONDS_A_LETTER = 0.07
LONGER = 1.5
WORDS = (6, 45)  # of a sentence that says something and is one


@dataclass(frozen=True, slots=True)
class Pair:
    """One sentence in both languages."""

    en: str
    es: str


@dataclass(frozen=True, slots=True)
class PairedTalk:
    """A talk: its sentences in each language with their times, and the pairs among them."""

    id: str
    title: str
    said: dict[str, list[Cue]]
    pairs: list[Pair]


def nwit() -> list[PairedTalk]:
    """The talks of talks_nwit that have both languages."""
    folder = _folder("talks_nwit")
    found = []
    for talk in json.loads((folder / "talks.json").read_text(encoding="utf-8")):
        if not {"en", "es"} <= talk["files"].keys():
            continue
        said = {language: list(sentences(read(folder / talk["files"][language]).cues)) for language in ("en", "es")}
        found.append(PairedTalk(talk["id"], talk["title"], said, list(_by_time(said["en"], said["es"]))))
    return found


def bitcoin() -> list[PairedTalk]:
    """The talks of talks_bitcoin."""
    found = []
    for spanish in sorted(_folder("talks_bitcoin").rglob("*.es.md")):
        english = spanish.with_name(spanish.name.replace(".es.md", ".md"))
        texts = {"en": english.read_text(encoding="utf-8"), "es": spanish.read_text(encoding="utf-8")}
        title = re.search(r"^title: *['\"]?(.*?)['\"]?$", texts["es"], re.MULTILINE)
        paragraphs = {language: _paragraphs(text) for language, text in texts.items()}
        cut = {language: [_cut(p) for p in ps] for language, ps in paragraphs.items()}
        pairs: list[Pair] = []
        if len(cut["en"]) == len(cut["es"]):
            for en, es in zip(cut["en"], cut["es"], strict=True):
                if len(en) == len(es):
                    pairs += [Pair(*both) for both in zip(en, es, strict=True) if _fits(*both)]
        said = {language: _timed([s for p in ps for s in p]) for language, ps in cut.items()}
        found.append(PairedTalk(spanish.name.removesuffix(".es.md"), title[1] if title else spanish.stem, said, pairs))
    return found


def _folder(name: str) -> Path:
    folder = SHARED / "data" / name
    if not folder.is_dir():
        sys.exit(f"{folder} is not there: set ATENEO_SHARED to the folder that holds data/")
    return folder


def _by_time(english: list[Cue], spanish: list[Cue]) -> Iterator[Pair]:
    for one in english:
        for other in spanish:
            together = abs(one.start - other.start) < TOGETHER and abs(one.end - other.end) < TOGETHER
            if together and _fits(one.text, other.text):
                yield Pair(one.text, other.text)
                break


def _fits(english: str, spanish: str) -> bool:
    one, other = len(english.split()), len(spanish.split())
    least, most = WORDS
    return least <= min(one, other) and max(one, other) <= most and max(one, other) <= LONGER * min(one, other)


def _paragraphs(text: str) -> list[str]:
    body = text.split("\n---\n", 1)[-1]
    plain = re.sub(
        r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"```.*?```|<[^>]*>|https?://\S+", " ", body, flags=re.DOTALL)
    )
    return [" ".join(p.split()) for p in re.split(r"\n\s*\n", plain) if p.strip() and not p.lstrip().startswith("#")]


def _cut(paragraph: str) -> list[str]:
    return [s for s in re.split(r"(?<=[.?!])[\"'”»)]*\s+(?=[\"'“«(¿¡]*[A-ZÁÉÍÓÚÑ0-9])", paragraph) if s]


def _timed(said: list[str]) -> list[Cue]:
    cues, now = [], 0.0
    for text in said:
        cues.append(Cue(now, now + SECONDS_A_LETTER * len(text), text))
        now = cues[-1].end
    return cues
