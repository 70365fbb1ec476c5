"""Records as the JSON documents of docs/json.md. Every surface renders these same dicts."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from ateneo.engines.catalogue import Row
from ateneo.ingest.marks import doubtful
from ateneo.records import (
    Asked,
    Assistance,
    Citation,
    Cue,
    Described,
    Hit,
    Hits,
    Looked,
    MarkedSpan,
    Sentence,
    Sight,
    Sights,
    Talk,
    TalkDetail,
    Track,
)

VERSION = 1


def talk(record: Talk) -> dict[str, Any]:
    """TALK, also of a TalkDetail."""
    return {field.name: _plain(getattr(record, field.name)) for field in dataclasses.fields(Talk)}


def talks(records: Iterable[Talk]) -> dict[str, Any]:
    """What `talks --json` prints."""
    return {"version": VERSION, "talks": [talk(record) for record in records]}


def show(record: TalkDetail) -> dict[str, Any]:
    """What `show --json` prints."""
    names = ("summary", "chapters", "captions", "frames", "repairs", "stages")
    details = {name: _plain(getattr(record, name)) for name in names}
    return {"version": VERSION, **talk(record), **details}


def search(found: Hits) -> dict[str, Any]:
    """What `search --json` prints."""
    return {"version": VERSION, "query": found.query, "hits": [hit(record) for record in found.hits]}


def see(found: Sights) -> dict[str, Any]:
    """What `see --json` prints."""
    return {"version": VERSION, "query": found.query, "hits": [sight(record) for record in found.hits]}


def look(found: Looked) -> dict[str, Any]:
    """What `look --json` prints."""
    return {"version": VERSION, **_record(found, Looked)}


def describe(found: Described) -> dict[str, Any]:
    """What `describe --json` prints."""
    return {"version": VERSION, **_record(found, Described)} | {"talk": talk(found.talk)}


def ask(asked: Asked) -> dict[str, Any]:
    """What `ask --json` prints."""
    return {
        "version": VERSION,
        "question": asked.question,
        "answer": {"sentences": [sentence(s) for s in asked.answer.sentences]} if asked.answer else None,
        "talks": [
            {"talk": talk(part.talk), "sentences": [sentence(s) for s in part.sentences]} for part in asked.talks
        ],
        "nearest": [hit(record) for record in asked.nearest],
        "dropped": asked.dropped,
        **({"assistance": _assistance(asked.assistance)} if asked.assistance else {}),
    }


def _assistance(record: Assistance) -> dict[str, Any]:
    """ASSISTANCE."""
    sides = [[sentence(one) for one in part] for part in record.disagreements]
    said = {name: value for name, value in _record(record, Assistance).items() if name != "failed"}
    return said | {"disagreements": sides, "note": record.note}


def models(rows: Iterable[Row]) -> dict[str, Any]:
    """What `models list --json` prints."""
    return {"version": VERSION, "models": [_record(row, Row) for row in rows]}


def hit(record: Hit) -> dict[str, Any]:
    """HIT."""
    return _record(record, Hit) | {"talk": talk(record.talk)}


def sight(record: Sight) -> dict[str, Any]:
    """A hit of `see`: a talk, one of its frames, and the score."""
    return _record(record, Sight) | {"talk": talk(record.talk)}


def sentence(record: Sentence) -> dict[str, Any]:
    """SENTENCE."""
    doubt = {"doubt": record.doubt} if record.doubt else {}
    return {"text": record.text, "citations": [_record(c, Citation) for c in record.citations], **doubt}


def transcript(track: Track, talk_id: str) -> dict[str, Any]:
    """What was said in one language, caption by caption: TRANSCRIPT of docs/web.md."""
    return {
        "version": VERSION,
        "talk": talk_id,
        "language": track.language,
        "origin": track.origin,
        "cues": [_record(cue, Cue) | {"doubtful": doubtful(cue, track.words)} for cue in track.cues],
        "marks": [_record(mark, MarkedSpan) for mark in track.marks],
    }


def _record(record: Any, kind: type) -> dict[str, Any]:
    return {field.name: _plain(getattr(record, field.name)) for field in dataclasses.fields(kind)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _record(value, type(value))
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
