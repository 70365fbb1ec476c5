"""What things are called: the labels by which a picture is named.

Those that ship are CLDR's names of emoji in Spanish and English (`small/labels`, with its card). A file of one's own
has a label a line; other names of the same thing may follow, separated by tabs.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ateneo import text
from ateneo.engines import PictureEngine
from ateneo.errors import InputError

SHIPPED = Path(__file__).resolve().parents[1] / "small" / "labels"
LANGUAGES = ("es", "en")
SPECIAL = {  # lists of their own, by what a question asks for
    "dogs": re.compile(r"\b(?:raza|breed|perr[oa]s?|dogs?|puppy|cachorr[oa]s?)\b"),
    "plants": re.compile(r"\b(?:plantas?|plants?|flor(?:es)?|flowers?|arbol(?:es)?|trees?)\b"),
}
LONGEST = 200  # letters of a label
MOST = 50_000  # labels of a file
MAIN = 0.8  # how likely a thing is called by its first name, where it has others


@dataclass(frozen=True)
class Labels:
    """Things with their names, the usual one first; `source` says where they are from. `also`: the usual name of each
    thing in another language. `mirrored`: a thing is the same from left to right as from right to left."""

    things: tuple[tuple[str, ...], ...]
    source: str
    also: tuple[str, ...] = ()
    mirrored: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The usual name of each thing."""
        return tuple(names[0] for names in self.things)

    def shares(self, place: int) -> list[tuple[str, float]]:
        """The names of a thing, each with how likely it is called so."""
        first, *others = self.things[place]
        if not others:
            return [(first, 1.0)]
        return [(first, MAIN), *((name, (1 - MAIN) / len(others)) for name in others)]


def shipped(language: str) -> Labels:
    """The labels that ship. Raises InputError for a language that they are not in."""
    tag = language.split("-")[0].lower()
    if tag not in LANGUAGES:
        raise InputError(f"no labels in {language!r}: Ateneo has {', '.join(LANGUAGES)}; give a file with --labels")
    own, other = (read(SHIPPED / f"{name}.tsv", source=f"CLDR, {name}") for name in (tag, *(set(LANGUAGES) - {tag})))
    return replace(own, also=other.names, mirrored=True)


def for_question(question: str, language: str) -> Labels:
    """The labels that a question is about: breeds of dogs, kinds of plants, else things. Raises InputError."""
    tag = language.split("-")[0].lower()
    for name, asked in SPECIAL.items():
        if tag in LANGUAGES and asked.search(text.fold(question)):
            return read(SHIPPED / f"{name}.{tag}.tsv", source=f"{name}, {tag}")
    return shipped(language)


def read(path: Path, *, source: str = "") -> Labels:
    """The labels of a file. Raises InputError where it cannot be read, holds none, or too many."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise InputError(f"cannot read the labels {path}: {why}; give a text file with one label a line") from error
    things = tuple(names for names in map(_names, lines) if names)
    if not things:
        raise InputError(f"cannot use the labels {path}: there are none in it; write one label a line")
    if len(things) > MOST or max(len(name) for names in things for name in names) > LONGEST:
        raise InputError(
            f"cannot use the labels {path}: at most {MOST} labels of at most {LONGEST} letters; is it another file?"
        )
    return Labels(things, source or str(path))


def _names(line: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in (" ".join(part.split()) for part in line.split("\t")) if name))


def vectors(labels: Labels, engine: PictureEngine) -> NDArray[np.float32]:
    """The vectors (n, d) of the usual names, each the mean over the languages, kept in the user's cache, as they take
    seconds. Two names err less than one: of what is meant, both hold the same. Raises EngineError."""
    import platformdirs

    digest = hashlib.sha256("\n".join([*labels.names, *labels.also]).encode()).hexdigest()[:16]
    kept = Path(platformdirs.user_cache_dir("ateneo")) / "labels" / f"{engine.space}-{digest}.npy".replace("/", "_")
    try:
        found: NDArray[np.float32] = np.load(kept)
        if found.ndim == 2 and len(found) == len(labels.names):
            return found
    except (OSError, ValueError, EOFError):
        pass  # not made yet, or damaged: made now
    made = engine.embed_texts(labels.names)
    if labels.also:
        made = made + engine.embed_texts(labels.also)
        made /= np.linalg.norm(made, axis=1, keepdims=True)
    _keep(kept, made)
    return made


def _keep(path: Path, rows: NDArray[np.float32]) -> None:
    """Writes the file whole or, where the cache cannot be written, not at all."""
    import contextlib
    import os

    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with draft.open("wb") as file:
            np.save(file, rows)
        draft.replace(path)
