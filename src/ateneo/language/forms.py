"""The forms in which a model is to answer: JSON schemas, put together of few parts."""

from collections.abc import Mapping, Sequence
from typing import Any

Form = Mapping[str, Any]

TEXT: Form = {"type": "string"}
NUMBER: Form = {"type": "integer"}


def many(items: Form, **bounds: int) -> Form:
    """A list; `bounds` as JSON Schema has them, such as maxItems."""
    return {"type": "array", "items": items, **bounds}


def form(parts: Mapping[str, Form], *, optional: Sequence[str] = (), closed: bool = True) -> Form:
    """An object of these parts, all there but the optional ones; `closed`: with nothing else in it."""
    made: dict[str, Any] = {
        "type": "object", "properties": dict(parts), "required": [name for name in parts if name not in optional],
    }  # fmt: skip
    return made | {"additionalProperties": False} if closed else made


SENTENCE = form({"text": TEXT, "evidence": many(NUMBER)})  # and the numbers of the pieces that it rests on
