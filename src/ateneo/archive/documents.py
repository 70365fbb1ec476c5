"""What the local index writes for a passage, a frame and a talk, and how it is read again."""

import json
from dataclasses import asdict, dataclass
from typing import Any

import tantivy

from ateneo import text
from ateneo.archive.index import Found
from ateneo.records import Cue, Frame, Passage, Talk

WORD_FIELDS = ("stem", "form", "pair", "gram", "about")
NAME_FIELDS = ("talk", "key", "kind", "language")


@dataclass(frozen=True, slots=True)
class TalkState:
    """What the index knows of a talk as a whole; `upsert` names the upsert that its entries came with."""

    talk: Talk
    upsert: str
    state: str

    @classmethod
    def read(cls, document: tantivy.Document) -> "TalkState":
        """The state that `talk_document` wrote."""
        stored = json.loads(bytes(document["stored"][0]))
        return cls(_talk(stored["talk"]), stored["upsert"], stored["state"])


def schema() -> tantivy.Schema:
    """Words in several fields, analysed beforehand and separated by spaces; names as they are; the rest as JSON."""
    builder = tantivy.SchemaBuilder()
    for name in WORD_FIELDS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    for name in NAME_FIELDS:
        builder.add_text_field(name, stored=name == "talk", tokenizer_name="raw", index_option="basic")
    return builder.add_bytes_field("stored", stored=True, indexed=False).build()


def fields(passage: str, about: str, *, language: str) -> dict[str, str]:
    """Word field → its analysed text, terms separated by spaces; `about` is what is known around the passage."""
    words = text.tokens(passage)
    stemmed = text.stems(words, language)
    return {
        "stem": " ".join(stemmed),
        "form": " ".join(map(text.light, words)),
        "pair": " ".join(text.pairs(stemmed)),
        "gram": " ".join(" ".join(text.grams(word)) for word in words),
        "about": " ".join(text.stems(text.tokens(about), language)),
    }


def passage_document(passage: Passage, *, key: str) -> tantivy.Document:
    """The document of a passage."""
    about = " ".join([passage.talk.title, *passage.talk.speakers])
    stored = {
        "talk": asdict(passage.talk),
        "start": passage.start,
        "end": passage.end,
        "sentences": [[s.start, s.end, s.text] for s in passage.sentences],
    }
    names = {"talk": passage.talk.id, "key": key, "kind": passage.source, "language": passage.language.lower()}
    return _document(names, fields(passage.text, about, language=passage.language), {**names, **stored})


def frame_document(frame: Frame, talk: Talk, *, key: str) -> tantivy.Document:
    """The document of a frame, found by the words of its slide."""
    language = (talk.language or "es").lower()
    stored = {
        "talk": asdict(talk),
        "start": frame.start,
        "end": frame.end,
        "sentences": [[frame.start, frame.end, frame.text]] if frame.text else [],
        "frame": asdict(frame),
    }
    names = {"talk": talk.id, "key": key, "kind": "frame", "language": language}
    return _document(names, fields(frame.text, talk.title, language=language), {**names, **stored})


def talk_document(talk: Talk, *, upsert: str, state: str) -> tantivy.Document:
    """The document of a talk as a whole; it matches no words."""
    names = {"talk": talk.id, "key": upsert, "kind": "talk", "language": ""}
    return _document(names, {}, {"talk": asdict(talk), "upsert": upsert, "state": state})


def found(document: tantivy.Document, score: float) -> Found:
    """What `passage_document` or `frame_document` wrote."""
    stored = json.loads(bytes(document["stored"][0]))
    return Found(
        key=stored["key"],
        kind=stored["kind"],
        talk=_talk(stored["talk"]),
        start=stored["start"],
        end=stored["end"],
        language=stored["language"],
        sentences=tuple(Cue(*sentence) for sentence in stored["sentences"]),
        score=score,
        frame=Frame(**stored["frame"]) if "frame" in stored else None,
    )


def _talk(stored: dict[str, Any]) -> Talk:
    return Talk(**{**stored, "speakers": tuple(stored["speakers"])})


def _document(names: dict[str, str], words: dict[str, str], stored: dict[str, Any]) -> tantivy.Document:
    document = tantivy.Document()
    for name, value in (*names.items(), *words.items()):
        document.add_text(name, value)
    if "-" in names["language"]:  # "es" finds "es-mx" as well
        document.add_text("language", names["language"].split("-")[0])
    document.add_bytes("stored", json.dumps(stored, ensure_ascii=False, separators=(",", ":")).encode())
    return document
