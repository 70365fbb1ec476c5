"""Captions for pictures that have only a class: templates and the names of the classes, in as many languages as wanted.

A file of wordings is a JSON list; each entry has a "language", "templates" with {} where the name goes, and "names":
class → list of names. Another file of the same kind, with wordings that are not learned from, serves for measuring.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ateneo.errors import InputError
from ateneo.models.train.items import Item, class_names


@dataclass(frozen=True, slots=True)
class Wording:
    """One language's templates, and its names for each class."""

    language: str
    templates: tuple[str, ...]
    names: dict[str, tuple[str, ...]]

    def captions(self, label: str) -> list[str]:
        """Every name of a class in every template."""
        return [template.replace("{}", name) for template in self.templates for name in self.names[label]]


def plain(classes: Sequence[str]) -> list[Wording]:
    """English captions straight from the names of the classes, for those who bring no wordings."""
    names: dict[str, tuple[str, ...]] = {label: (label.replace("_", " ").replace("/", " "),) for label in classes}
    return [Wording("en", ("a photo of a {}", "a {}", "a picture of a {}", "this is a {}"), names)]


def read_wordings(path: Path, classes: Sequence[str]) -> list[Wording]:
    """The file's wordings. Raises InputError where it cannot be read, or leaves a class without names."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        found = [
            Wording(str(entry["language"]), tuple(entry["templates"]), {k: tuple(v) for k, v in entry["names"].items()})
            for entry in entries
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f'cannot read wordings from {path}: {error!r}; it must be a list of {{"language", "templates", "names"}}'
        ) from error
    for wording in found:
        absent = [label for label in classes if not wording.names.get(label)]
        if absent:
            raise InputError(f"{path} has no {wording.language} names for the class {absent[0]!r}; add them")
        bare = [template for template in wording.templates if "{}" not in template]
        if bare or not wording.templates:
            raise InputError(f"{path}: every {wording.language} template needs {{}} for the name; see {bare[:1]}")
    if not found:
        raise InputError(f"{path} holds no wordings; add at least one language")
    return found


def captioned(
    items: Sequence[Item], wordings: Path | None, held: Path | None
) -> tuple[list[str], list[Wording], list[Wording]]:
    """Classes, wordings to learn from and wordings to measure with; all empty where every picture has captions.

    Raises InputError where a picture has neither a caption nor a class.
    """
    bare = next((item for item in items if not item.captions), None)
    if bare is None and wordings is None:
        return [], [], []
    if bare is not None and bare.label is None:
        raise InputError(
            f"cannot learn words: {bare.key} has neither a caption nor a class; write NAME.txt beside it, "
            "name it in a CSV, or put it in a folder named after its class"
        )
    classes = class_names(items)
    learned = read_wordings(wordings, classes) if wordings else plain(classes)
    return classes, learned, read_wordings(held, classes) if held else []
