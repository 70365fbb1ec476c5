"""What can be swapped: one small protocol a kind, found by name through the entry points `ateneo.engines`.

An entry point is named `KIND.NAME` ("speech.faster-whisper") and loads to a callable that returns the engine, without
arguments or with one, the model asked for. Built-in engines register through the same door as a stranger's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from inspect import signature
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ateneo.errors import EngineError
from ateneo.records import Word

GROUP = "ateneo.engines"
Picture: TypeAlias = str | Path | bytes | Image
SAMPLE_RATE = 16_000  # Hz; what every speech engine is given


class SpeechEngine(Protocol):
    """Speech → words. Samples are mono float32 in [-1, 1] at SAMPLE_RATE, shape (n,); times are relative to them."""

    name: str
    version: str

    def languages(self, samples: NDArray[np.float32]) -> Mapping[str, float]:
        """BCP 47 tag → probability for these samples; empty where the engine cannot tell."""

    def recognise(self, samples: NDArray[np.float32], *, language: str | None) -> Sequence[Word]:
        """The words heard, in order. Raises ModelMissing where the weights are absent and cannot be fetched."""


class OcrEngine(Protocol):
    """Picture → text."""

    name: str
    version: str

    def read(self, picture: Path, *, languages: Sequence[str]) -> str:
        """The text of the picture, one line of the slide a line, in reading order; empty where there is none."""


class TextEngine(Protocol):
    """Texts → vectors of one space."""

    name: str

    @property
    def space(self) -> str:
        """The name of the space, model and version: vectors of different spaces are never compared."""

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Unit vectors (N, D), in the order of the texts: passages, or with `query` what is searched with, which some
        models embed otherwise. Raises EngineError."""


class WordEngine(Protocol):
    """Single words → vectors: near each other for words that mean the same, in any language."""

    def embed_words(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (N, D); 0 for what the engine cannot place. Raises EngineError."""

    def vocabulary(self) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """Folded words (V) that a word can be translated to, and their vectors (V, D)."""


class PictureEngine(Protocol):
    """Pictures and words → vectors of one space, so that words find pictures."""

    name: str

    @property
    def space(self) -> str:
        """The name of the space, model and version: vectors of different spaces are never compared."""

    def embed_pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Files, bytes or PIL images → unit vectors (N, D). Raises InputError that names a picture it cannot read."""

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (N, D), in the order of the texts. Raises EngineError."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a language model; `images` are whole JPEG or PNG files."""

    role: Literal["system", "user", "assistant"]
    text: str
    images: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that one answer cost, as the model counts them."""

    read: int
    written: int


class ChatEngine(Protocol):
    """Messages, and pictures where it sees them → text, as it is written (kinds "language" and "vision")."""

    name: str  # engine, model and server: part of the key under which an answer is kept
    sees: bool  # False: images are never sent

    def stream(
        self, messages: Sequence[Message], *, schema: Mapping[str, Any] | None = None, max_tokens: int
    ) -> Iterator[str]:
        """The answer in pieces. With a JSON schema the answer should be a document of it, which the caller checks. A
        generator may return its Usage. Raises Unavailable where another try may help, CannotSee, else EngineError."""


def available(kind: str) -> list[str]:
    """The names of the registered engines of a kind ("speech", "ocr", "text", "pictures", "language"), sorted."""
    return sorted(e.name.removeprefix(kind + ".") for e in entry_points(group=GROUP) if e.name.startswith(kind + "."))


def load(kind: str, name: str) -> Any:
    """The engine of this kind and name, made new; "NAME:MODEL" hands the model to it. Raises EngineError with the known
    names where there is none, or where the engine needs a model and none is named."""
    plain, _, model = name.partition(":")
    for entry in entry_points(group=GROUP, name=f"{kind}.{plain}"):
        try:
            make = entry.load()
        except ImportError as error:
            raise EngineError(
                "cannot load the {kind} engine {plain}: {error}; install what it needs",
                kind=kind,
                plain=plain,
                error=error,
            ) from error
        if not model and _needs_model(make):
            raise EngineError(
                "the {kind} engine {plain} needs a model: {plain}:NAME; see `ateneo models list`",
                kind=kind,
                plain=plain,
            )
        return make(model) if model else make()
    known = ", ".join(available(kind)) or "none"
    raise EngineError(
        "no {kind} engine named {plain}; known: {known}; see `ateneo doctor`", kind=kind, plain=plain, known=known
    )


def load_chat(kind: str, name: str, **given: Any) -> Any:
    """The chat engine of this name, of a kind ("language", "vision"; one of the other kind does as well): its callable
    is given those of `url`, `model`, `key`, `timeout` that it takes. Raises EngineError where there is none."""
    for known in dict.fromkeys((kind, "language", "vision")):
        for entry in entry_points(group=GROUP, name=f"{known}.{name}"):
            make = entry.load()
            takes = signature(make).parameters
            return make(**{key: value for key, value in given.items() if key in takes})
    known = ", ".join(sorted({*available("language"), *available("vision"), "none"}))
    raise EngineError(
        "no {kind} engine named {name}; known: {known}; see docs/assistant.md", kind=kind, name=name, known=known
    )


def takes_model(kind: str, name: str) -> bool:
    """Whether this engine is used as NAME:MODEL alone, having no model of its own. False where it cannot be loaded."""
    try:
        return any(_needs_model(entry.load()) for entry in entry_points(group=GROUP, name=f"{kind}.{name}"))
    except ImportError:
        return False


def _needs_model(make: Any) -> bool:
    return any(
        parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        for parameter in signature(make).parameters.values()
    )
