"""Calls of a language model, within bounds: so long, so often, so many tokens; kept, so that none is made twice.

An answer is kept under the hash of all that it hangs on (engine and model, prompt and version, what was filled in,
pictures, schema), whole ones alone; with the answers kept, everything works without the server. What a model thinks
aloud before it answers (`<think>`) is no part of an answer.
"""

import contextlib
import hashlib
import json
import random
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ateneo.archive.storage import Storage
from ateneo.engines import ChatEngine, Message, Usage
from ateneo.errors import ArchiveError, BudgetSpent, CannotSee, EngineError, Unavailable
from ateneo.language.prompts import Prompt, prompt

FOLDER = "cache/answers"  # of an archive
BUDGET = 4  # calls for one answer
TOKENS = 1500  # of one answer, at most
LIMIT = 120.0  # s for one call, its tries together
TRIES = 3  # of a call whose server is busy or breaks off
WAIT = 1.0  # s before the second try; doubled for each more
LONGEST_WAIT = 20.0  # s; a server that asks for more is not tried again
LETTERS = 8  # characters that a token has at most: what goes on beyond has lost its end
LETTERS_MEAN = 4  # of a token, where the server does not count
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


@dataclass
class Spent:
    """What was spent: calls answered by the model, of them again (`tries` beyond the first), and from the cache."""

    calls: int = 0
    tries: int = 0
    cached: int = 0
    read: int = 0  # tokens
    written: int = 0  # tokens


@dataclass
class Calls:
    """Calls of one model for one purpose. `cache` is an archive's storage, or None; `budget` counts calls that the
    cache cannot answer. Not for two threads at once."""

    engine: ChatEngine
    cache: Storage | None = None
    budget: int = BUDGET
    limit: float = LIMIT
    wait: float = WAIT
    spent: Spent = field(default_factory=Spent)
    sleep: Callable[[float], None] = time.sleep

    def text(
        self, name: str, language: str | None, values: Mapping[str, str], *, images: Sequence[bytes] = (),
        max_tokens: int = TOKENS,
    ) -> str:  # fmt: skip
        """The answer to a prompt. Raises EngineError; BudgetSpent where no call is left; CannotSee."""
        return "".join(self.pieces(name, language, values, images=images, max_tokens=max_tokens)).strip()

    def pieces(
        self, name: str, language: str | None, values: Mapping[str, str], *, images: Sequence[bytes] = (),
        max_tokens: int = TOKENS,
    ) -> Iterator[str]:  # fmt: skip
        """The answer to a prompt as it is written. Raises as `text`; after the first piece nothing is tried again."""
        request = _Request(self.engine, prompt(name, language), values, tuple(images), None, max_tokens)
        told = ""
        for whole in self._growing(request):
            yield whole[len(told) :]
            told = whole
        self._keep(request, told)

    def structured(
        self, name: str, language: str | None, values: Mapping[str, str], schema: Mapping[str, Any], *,
        images: Sequence[bytes] = (), max_tokens: int = TOKENS,
    ) -> Any:  # fmt: skip
        """The answer as a document of the JSON schema. Raises as `text`, and EngineError where it is none."""
        request = _Request(self.engine, prompt(name, language), values, tuple(images), schema, max_tokens)
        whole = ""
        for grown in self._growing(request):
            whole = grown
        document = parsed(whole, schema)
        self._keep(request, whole)
        return document

    def items(
        self, name: str, language: str | None, values: Mapping[str, str], schema: Mapping[str, Any], *, key: str,
        images: Sequence[bytes] = (), max_tokens: int = TOKENS,
    ) -> Generator[Any, None, Any]:  # fmt: skip
        """The elements of the list `key` of such a document, each as soon as it is written whole; returns the document.
        Raises as `structured`; after the first element nothing is tried again."""
        request = _Request(self.engine, prompt(name, language), values, tuple(images), schema, max_tokens)
        whole, given = "", 0
        for grown in self._growing(request):
            whole = grown
            done = _elements(whole, key)[:-1]  # the last one may not be at its end
            for element in done[given:]:
                _check(element, schema["properties"][key]["items"])
                yield element
            given = max(given, len(done))
        document = parsed(whole, schema)
        yield from document[key][given:]
        self._keep(request, whole)
        return document

    def _growing(self, request: "_Request") -> Iterator[str]:
        """All that was written up to now, again and again until its end. Raises EngineError."""
        if (kept := self._kept(request)) is not None:
            self.spent.cached += 1
            yield kept
            return
        if self.spent.calls >= self.budget:
            raise BudgetSpent(
                "{name} was called {budget} times for this; it may not be called more",
                name=self.engine.name,
                budget=self.budget,
            )
        if request.images and not self.engine.sees:
            raise CannotSee("{name} takes no pictures; set vision_model to one that does", name=self.engine.name)
        self.spent.calls += 1
        end = time.monotonic() + self.limit
        for attempt in range(TRIES):
            started = False
            try:
                for whole in self._once(request, end):
                    started = True
                    yield whole
                return
            except Unavailable as error:
                wait = error.after or self.wait * 2**attempt * random.uniform(0.8, 1.2)
                if started or attempt == TRIES - 1 or wait > LONGEST_WAIT or time.monotonic() + wait > end:
                    raise
            self.spent.tries += 1
            self.sleep(wait)

    def _once(self, request: "_Request", end: float) -> Iterator[str]:
        """One try. Raises EngineError where it says nothing, or does not come to an end in time or at length."""
        written, whole = "", ""
        coming = self.engine.stream(request.messages, schema=request.schema, max_tokens=request.max_tokens)
        try:
            while True:
                try:
                    written += next(coming)
                except StopIteration as stop:
                    self._count(request, written, stop.value)
                    break
                if len(written) > request.max_tokens * LETTERS or time.monotonic() > end:
                    self._count(request, written, None)
                    raise EngineError(
                        "{name} did not end within {limit:.0f} s or {max_tokens} tokens; raise "
                        "language_timeout, or use another model",
                        name=self.engine.name, limit=self.limit, max_tokens=request.max_tokens
                    )  # fmt: skip
                whole = _THOUGHT.sub("", written).lstrip()
                if whole and "<think>".startswith(whole[:7]):
                    continue
                if whole:
                    yield whole
        finally:
            with contextlib.suppress(AttributeError):
                coming.close()  # type: ignore[attr-defined]
        if not whole.strip():
            raise EngineError("{name} answered nothing; try another model", name=self.engine.name)

    def _count(self, request: "_Request", written: str, usage: Any) -> None:
        asked = sum(len(message.text) for message in request.messages)
        counted = usage if isinstance(usage, Usage) else Usage(asked // LETTERS_MEAN, len(written) // LETTERS_MEAN)
        self.spent.read += counted.read
        self.spent.written += counted.written

    def _kept(self, request: "_Request") -> str | None:
        if self.cache is None:
            return None
        try:
            text = json.loads(self.cache.read(request.place))["text"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return text if isinstance(text, str) and text else None

    def _keep(self, request: "_Request", whole: str) -> None:
        """Keeps an answer where the archive can be written to; it is only for convenience."""
        if self.cache is None or self.cache.exists(request.place):
            return
        about = {"engine": self.engine.name, "prompt": request.told, "text": whole}
        with contextlib.suppress(ArchiveError):
            self.cache.write(request.place, json.dumps(about, ensure_ascii=False).encode())


class _Request:
    """A prompt filled in, and the place where its answer is kept."""

    def __init__(
        self, engine: ChatEngine, form: Prompt, values: Mapping[str, str], images: tuple[bytes, ...],
        schema: Mapping[str, Any] | None, max_tokens: int,
    ) -> None:  # fmt: skip
        self.messages: list[Message] = form.messages(values, images=images)
        self.images, self.schema, self.max_tokens = images, schema, max_tokens
        self.told = f"{form.name}.{form.language} {form.version}"
        pictures = [hashlib.sha256(image).hexdigest() for image in images]
        texts = [[message.role, message.text] for message in self.messages]
        all_of_it = [engine.name, self.told, texts, pictures, schema, max_tokens]
        digest = hashlib.sha256(json.dumps(all_of_it, sort_keys=True).encode()).hexdigest()
        self.place = f"{FOLDER}/{digest[:2]}/{digest}.json"


def parsed(whole: str, schema: Mapping[str, Any]) -> Any:
    """The document in an answer, whatever stands around it. Raises EngineError where it is none of the schema."""
    start = min((n for n in (whole.find("{"), whole.find("[")) if n >= 0), default=0)
    try:
        document, _ = json.JSONDecoder().raw_decode(whole[start:])
    except (ValueError, RecursionError) as error:
        raise EngineError("the model's answer is no JSON document, as it was asked for; try another model") from error
    _check(document, schema)
    return document


def _check(document: Any, schema: Mapping[str, Any]) -> None:
    """Raises EngineError where a document is none of the schema; what it has besides does not matter."""
    from jsonschema import Draft202012Validator

    try:
        wrong = [e for e in Draft202012Validator(schema).iter_errors(document) if e.validator != "additionalProperties"]
    except RecursionError as error:
        wrong = [error]
    if wrong:
        raise EngineError("the model's answer is not of the form that it was asked for; try another model") from wrong[
            0
        ]


def _elements(whole: str, key: str) -> list[Any]:
    """The elements of a list in a document that is still being written, as far as it goes."""
    from pydantic_core import from_json

    start = whole.find("{")
    if start < 0:
        return []
    try:
        found = from_json(whole[start:], allow_partial=True)
    except ValueError:
        return []
    elements = found.get(key) if isinstance(found, dict) else None
    return elements if isinstance(elements, list) else []
