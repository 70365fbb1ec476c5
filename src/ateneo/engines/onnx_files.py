"""ONNX files as published: which file of a folder to run, what else it needs, and running it.

A model's weights may lie beside it in files of any name, which the model names; they are part of it, for loading as for
the digest that tells one model from another. Digests of large files are kept in the cache folder, so that a model of
two gigabytes is read whole once and not at every start.
"""

import contextlib
import hashlib
import json
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from ateneo.errors import EngineError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WHOLE = ("", "_optimized")  # what may follow a model's name: weights as trained
ARM = ("_qint8_arm64",) if platform.machine().lower() in ("arm64", "aarch64") else ()
SMALL = ("_quantized", "_int8", "_uint8", *ARM, "_quint8_avx2", "_qint8_avx512", "_qint8_avx512_vnni")  # of 8 bits
FOLDERS = ("onnx/", "")  # where they lie in a published folder
EXTERNAL = re.compile(rb"\x0a\x08location\x12(.)", re.DOTALL)  # protobuf: key "location", then the value's length
LARGE = 8_000_000  # bytes; a smaller file is read again rather than remembered


def names(stem: str, *, quantized: bool | None = None) -> list[str]:
    """The published names of a model called `stem`, best first; of 8 bits alone, whole alone, or either."""
    endings = {None: WHOLE + SMALL, True: SMALL, False: WHOLE}[quantized]
    return [f"{folder}{stem}{ending}.onnx" for ending in endings for folder in FOLDERS]


def find(folder: Path, stem: str, *, quantized: bool | None = None) -> Path | None:
    """The file of this model in a folder; None where there is none."""
    return next((folder / name for name in names(stem, quantized=quantized) if (folder / name).is_file()), None)


def external(model: Path) -> list[str]:
    """The names of the files beside a model that hold its weights, sorted; [] where it holds them itself."""
    return _facts(model)[1]


def digest(files: Iterable[Path], *said: object) -> str:
    """The first letters of a SHA-256 over whole files, the weights beside them, and whatever else decides about a
    vector. Raises EngineError where weights are missing."""
    every = hashlib.sha256()
    for path in files:
        beside = [path.with_name(name) for name in external(path)] if path.suffix == ".onnx" else []
        if missing := [name for name in beside if not name.is_file()]:
            raise EngineError(
                "cannot load {path}: its weights {name} are not beside it; get them too",
                path=path,
                name=missing[0].name,
            )
        for part in [path, *beside]:
            every.update(_facts(part)[0].encode())
    every.update(repr(said).encode())
    return every.hexdigest()[:12]


def open_session(model: Path, *, threads: int) -> "InferenceSession":
    """The model, ready to run on this many threads (0: as many as there are cores). Raises EngineError."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"])
    except Exception as error:  # what ONNX Runtime raises has no common class
        raise EngineError(
            "cannot read {model}: {error}; get the file, or install Ateneo, again", model=model, error=_plain(error)
        ) from error


def run(
    session: "InferenceSession", output: str, *, given: Mapping[str, NDArray[Any]], model: Path
) -> NDArray[np.float32]:
    """One output for these inputs, as float32. Raises EngineError that names the model's file."""
    try:
        [found] = session.run([output], dict(given))
    except Exception as error:  # as above
        raise EngineError(
            "cannot run {model}: {error}; is it the export of an encoder?", model=model, error=_plain(error)
        ) from error
    return np.asarray(found, np.float32)


def unit(vectors: NDArray[np.float32], *, model: Path) -> NDArray[np.float32]:
    """Rows of length 1; of 0 where a row says nothing at all. Raises EngineError where some are not finite."""
    lengths: NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all():
        raise EngineError("{model} gives vectors that are not finite; the model is damaged, get it again", model=model)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def outputs(session: "InferenceSession") -> dict[str, int]:
    """The outputs and how many dimensions each has, in the file's order."""
    return {output.name: len(output.shape or ()) for output in session.get_outputs()}


def first_of(wanted: Sequence[str], there: Iterable[str]) -> str | None:
    """The first wanted name that is there."""
    known = set(there)
    return next((name for name in wanted if name in known), None)


def _plain(error: Exception) -> str:
    return " ".join(str(error).split())


def _facts(path: Path) -> tuple[str, list[str]]:
    """The SHA-256 of a file and, of a model, the weights beside it; remembered while size and time stay the same."""
    state = path.stat()
    key, seen = str(path.resolve()), [state.st_size, state.st_mtime_ns]
    kept = user_cache_path("ateneo") / "digests.json"
    known = _known(kept).get(key, []) if state.st_size >= LARGE else []
    if known[:2] == seen:
        return known[2], known[3]
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    beside = _external(path) if path.suffix == ".onnx" else []
    if state.st_size >= LARGE:
        _remember(kept, _known(kept) | {key: [*seen, found, beside]})
    return found, beside


def _external(model: Path) -> list[str]:
    content = model.read_bytes()
    found = {content[m.end() : m.end() + m.group(1)[0]] for m in EXTERNAL.finditer(content)}
    return sorted(name.decode(errors="replace") for name in found if name)


def _known(kept: Path) -> dict[str, list[Any]]:
    try:
        found = json.loads(kept.read_text(encoding="utf-8"))
        return {key: row for key, row in found.items() if isinstance(row, list) and len(row) == 4}
    except (OSError, ValueError, AttributeError):
        return {}


def _remember(kept: Path, digests: dict[str, list[Any]]) -> None:
    draft = kept.with_name(f".{kept.name}.{id(digests):x}")
    with contextlib.suppress(OSError):  # a cache folder that cannot be written costs time alone
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(digests), encoding="utf-8")
        draft.replace(kept)
