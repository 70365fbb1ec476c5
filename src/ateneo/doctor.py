"""What is on this machine: engines, models, programs, packages; what is missing comes with the command that gets it."""

import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from importlib.metadata import entry_points as installed_entry_points
from pathlib import Path
from typing import Any

from ateneo import engines
from ateneo.api import Archive
from ateneo.archive.storage import LocalStorage
from ateneo.engines import catalogue
from ateneo.engines.model_store import SETTINGS
from ateneo.errors import AteneoError
from ateneo.language.trying import trials
from ateneo.settings import FILE, load

PACKAGES = ("av", "faster-whisper", "numpy", "onnxruntime", "openai", "rapidocr", "tantivy")
PROGRAMS = {"tesseract": "apt-get install tesseract-ocr tesseract-ocr-spa"}  # optional, each with what gets it

Row = dict[str, Any]


def examine(archive: Path) -> dict[str, Any]:
    """The document that `doctor --json` prints: sections of rows {"name", "ok", "detail", "get"}."""
    return {
        "version": 1,
        "ateneo": version("ateneo"),
        "python": platform.python_version(),
        "archive": _archive(archive),
        "engines": [_engine(entry.name) for entry in sorted(installed_entry_points(group=engines.GROUP))],
        "models": [_whisper(), *_models(archive)],
        "assistant": _assistant(archive),
        "programs": [_program(name, get) for name, get in PROGRAMS.items()],
        "packages": [_package(name) for name in PACKAGES],
    }


def _row(name: str, ok: bool, detail: str, get: str | None = None) -> Row:
    return {"name": name, "ok": ok, "detail": detail, "get": None if ok else get}


def _archive(path: Path) -> list[Row]:
    """The archive, and whether its index is of the models in use."""
    if not LocalStorage(path).exists(FILE):
        return [_row(str(path), False, "no archive there yet", f"ateneo --archive {path} add FOLDER")]
    try:
        archive = Archive(path, make=False)
        talks, due = len(archive.store.ids()), len(archive.pending())
    except AteneoError as error:
        return [_row(str(path), False, str(error), "as it says")]
    using = f"found by {archive.settings.text_engine} and {archive.settings.picture_engine}"
    waiting = f"{due} of {talks} talks wait to be indexed with the models in use"
    return [
        _row(str(path), True, f"{talks} talks, {using}"),
        _row("index", not due, waiting if due else "up to date", f"ateneo --archive {path} reindex"),
    ]


def _assistant(archive: Path) -> list[Row]:
    """The language model, and the one that sees pictures: reached, there, answering, seeing."""
    rows: list[Row] = []
    for kind in ("language", "vision"):
        try:
            found = Archive(archive)
            engine = found.language_engine if kind == "language" else found.vision_engine
            if engine is None:
                rows.append(_row(f"{kind} model", True, "none is set; all works without one (docs/assistant.md)"))
                continue
            same = found.language_engine is not None and engine.name == found.language_engine.name
            if kind == "vision" and same and not rows[-1]["ok"]:
                rows.append(_row("vision model", False, f"{engine.name}, which fails above", rows[-1]["get"]))
                continue
            tried = trials(engine, pictures=kind == "vision")[-1 if kind == "vision" and same else 0 :]
            rows += [_row(f"{kind} {one.what}", one.works, one.detail, one.step) for one in tried]
        except AteneoError as error:
            rows.append(_row(f"{kind} model", False, str(error), "as it says; docs/assistant.md"))
    return rows


def _models(archive: Path) -> list[Row]:
    """The models that were pulled, and those in use that are not here."""
    file = archive / FILE
    try:
        settings = load(file.read_text(encoding="utf-8") if file.is_file() else "")
    except AteneoError:
        settings = load()
    rows = catalogue.rows({name: getattr(settings, name) for name in SETTINGS.values()})
    return [_model(row) for row in rows if row.state in ("pulled", "folder") or (row.used and row.state == "missing")]


def _model(row: catalogue.Row) -> Row:
    if row.state == "missing":
        return _row(row.name, False, row.about or f"{row.engine} is chosen and not on this machine", _getting(row))
    used = ", used here" if row.used else ""
    return _row(row.name, True, f"{row.kind}, {row.dimensions or '?'} numbers, {row.licence or 'your own'}{used}")


def _getting(row: catalogue.Row) -> str:
    return f"ateneo models pull {row.name}" if ":" in row.engine else "install Ateneo again"


def _engine(name: str) -> Row:
    kind, _, plain = name.partition(".")
    if kind in ("language", "vision"):
        return _row(name, True, "used where the settings name it; see Assistant below")
    if engines.takes_model(kind, plain):
        return _row(name, True, f"used with a model, {plain}:NAME; see `ateneo models list`")
    try:
        engine = engines.load(kind, plain)
    except AteneoError as error:
        return _row(name, False, str(error), PROGRAMS.get(plain, f"see the documentation of the engine {plain}"))
    said = getattr(engine, "version", None)  # who makes vectors has a space in its place
    return _row(name, True, f"version {said}" if said else f"space {engine.space}")


def _whisper() -> Row:
    from ateneo.engines.whisper import FasterWhisper

    engine = FasterWhisper()
    place = engine.weights()
    get = f"hf download {engine.repository} --local-dir FOLDER, then set ATENEO_WHISPER_MODEL=FOLDER"
    return _row(f"whisper {engine.size}", place is not None, str(place or "weights not on this machine"), get)


def _program(name: str, get: str) -> Row:
    place = shutil.which(name)
    return _row(name, place is not None, place or "not installed (optional)", get)


def _package(name: str) -> Row:
    try:
        return _row(name, True, version(name))
    except PackageNotFoundError:
        return _row(name, False, "not installed", f"pip install {name}")
