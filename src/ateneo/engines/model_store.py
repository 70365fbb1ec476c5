"""The models that were pulled, in the platform's cache folder: `models/ORG--NAME/REVISION/`, files as published.

A model is there once its `ateneo.json` is: written last, with its name, revision, licence, kind, size and dimensions.
Several revisions may lie side by side; a name without one means the last that was pulled.
"""

import contextlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_cache_path

from ateneo.errors import InputError, ModelMissing

Kind = Literal["text", "pictures"]
CARD = "ateneo.json"
ENGINES: Mapping[str, str] = {"text": "onnx", "pictures": "onnx-clip"}  # kind → the engine that runs such a model
SETTINGS: Mapping[str, str] = {"text": "text_engine", "pictures": "picture_engine"}


@dataclass(frozen=True, slots=True)
class Model:
    """A pulled model. `pulled` is when (ISO 8601), `size` in bytes; `quantized` says which weights are used;
    `pooling`, `query` and `passage` are what a person said of a sentence encoder that does not say it itself."""

    name: str
    revision: str
    kind: Kind
    licence: str
    size: int
    dimensions: int
    pulled: str
    quantized: bool = False
    pooling: str = ""
    query: str | None = None
    passage: str | None = None


def root() -> Path:
    """The folder of all models."""
    return user_cache_path("ateneo") / "models"


def place(name: str, revision: str) -> Path:
    """The folder of one."""
    return root() / name.replace("/", "--") / revision


def models() -> list[Model]:
    """All that are here, by name, the last pulled of a name first."""
    found = [model for path in sorted(root().glob(f"*/*/{CARD}")) if (model := card(path.parent))]
    return sorted(sorted(found, key=lambda m: m.pulled, reverse=True), key=lambda m: m.name.lower())


def card(folder: Path) -> Model | None:
    """What a folder's `ateneo.json` says; None where there is none that can be read."""
    try:
        said: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
        known = {field.name for field in fields(Model)}
        return Model(**{name: value for name, value in said.items() if name in known})
    except (OSError, ValueError, TypeError):
        return None


def hub_name(name: str) -> bool:
    """Whether this could be the name of a model on the hub, ORG/NAME or ORG/NAME@REVISION."""
    return re.fullmatch(r"[\w-][\w.-]*/[\w.-]+(@[\w./-]+)?", name) is not None


def keep(model: Model) -> None:
    """Writes the model's card, which is what makes it one of `models`."""
    folder = place(model.name, model.revision)
    draft = folder / f".{CARD}.part"
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"version": 1, **asdict(model)}, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / CARD)


def named(name: str) -> Model | None:
    """The pulled model of this name, NAME or NAME@REVISION (also its beginning); None where there is none."""
    plain, _, revision = name.partition("@")
    return next((m for m in models() if m.name == plain and m.revision.startswith(revision)), None)


def find(name: str | Path, *, kind: Kind) -> tuple[Path, Model | None]:
    """The folder of a pulled model or a folder of a person's own, and its card where it has one.

    Raises ModelMissing where it is neither, InputError where it is a model of the other kind.
    """
    model = named(str(name))
    folder = place(model.name, model.revision) if model else Path(name).expanduser()
    if not folder.is_dir():
        step = f"get it with `ateneo models pull {name}`" if hub_name(str(name)) else "see `ateneo models list`"
        raise ModelMissing("no model named {name} on this machine, and no such folder; {step}", name=name, step=step)
    said = model or card(folder)
    if said and said.kind != kind:
        raise InputError(
            "cannot use {name} for {kind}: it is a model for {kind2}; set {settings} instead",
            name=name,
            kind=kind,
            kind2=said.kind,
            settings=SETTINGS[said.kind],
        )
    return folder, said


def remove(model: Model) -> None:
    """Takes a pulled model off this machine; its card goes first, so that half a model is never taken for one."""
    folder = place(model.name, model.revision)
    (folder / CARD).unlink(missing_ok=True)
    shutil.rmtree(folder)
    with contextlib.suppress(OSError):  # another revision lies there
        (folder.parent / ".lock").unlink(missing_ok=True)
        folder.parent.rmdir()
