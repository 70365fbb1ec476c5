"""What is on this machine: engines, models, programs, packages; what is missing comes with the command that gets it."""

import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from importlib.metadata import entry_points as installed_entry_points
from pathlib import Path
from typing import Any

from ateneo import engines
from ateneo.archive.storage import LocalStorage
from ateneo.archive.store import TalkStore
from ateneo.errors import AteneoError
from ateneo.settings import FILE

PACKAGES = ("av", "faster-whisper", "numpy", "onnxruntime", "rapidocr", "tantivy")
PROGRAMS = {"tesseract": "apt-get install tesseract-ocr tesseract-ocr-spa"}  # optional, each with what gets it

Row = dict[str, Any]


def examine(archive: Path) -> dict[str, Any]:
    """The document that `doctor --json` prints: sections of rows {"name", "ok", "detail", "get"}."""
    return {
        "version": 1,
        "ateneo": version("ateneo"),
        "python": platform.python_version(),
        "archive": [_archive(archive)],
        "engines": [_engine(entry.name) for entry in sorted(installed_entry_points(group=engines.GROUP))],
        "models": [_whisper()],
        "programs": [_program(name, get) for name, get in PROGRAMS.items()],
        "packages": [_package(name) for name in PACKAGES],
    }


def _row(name: str, ok: bool, detail: str, get: str | None = None) -> Row:
    return {"name": name, "ok": ok, "detail": detail, "get": None if ok else get}


def _archive(path: Path) -> Row:
    storage = LocalStorage(path)
    if not storage.exists(FILE):
        return _row(str(path), False, "no archive there yet", f"ateneo --archive {path} add FOLDER")
    return _row(str(path), True, f"{len(TalkStore(storage).ids())} talks")


def _engine(name: str) -> Row:
    kind, _, plain = name.partition(".")
    try:
        engine = engines.load(kind, plain)
    except AteneoError as error:
        return _row(name, False, str(error), PROGRAMS.get(plain, f"see the documentation of the engine {plain}"))
    return _row(name, True, f"version {engine.version}")


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
