"""Every model that an archive can use: what ships, what was pulled, what else is known to work.

A model is used under the name that `choice` gives: the value of `text_engine` or `picture_engine`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ateneo import engines
from ateneo.engines import model_store
from ateneo.engines.model_store import ENGINES, SETTINGS, Kind, Model
from ateneo.errors import AteneoError, InputError, ModelMissing

KINDS: tuple[Kind, Kind] = ("text", "pictures")
State = Literal["shipped", "installed", "pulled", "folder", "suggested", "missing"]
SHIPPED = {"sentences": "text", "tower": "pictures"}  # engine → kind


@dataclass(frozen=True, slots=True)
class Row:
    """One model. `engine` is the value of the setting that chooses it; `size` in bytes; what is not known is None."""

    name: str
    kind: Kind
    state: State
    engine: str
    size: int | None = None
    licence: str | None = None
    revision: str | None = None
    dimensions: int | None = None
    about: str = ""
    used: bool = False


def _suggested(name: str, kind: Kind, size: int, licence: str, dimensions: int, about: str) -> Row:
    return Row(name, kind, "suggested", f"{ENGINES[kind]}:{name}", size, licence, None, dimensions, about)


SUGGESTED = (  # sizes are those of the whole weights; licences as their authors state them
    _suggested(
        "intfloat/multilingual-e5-small", "text", 470_000_000, "MIT", 384, "some 100 languages; 118 MB with --quantized"
    ),
    _suggested(
        "intfloat/multilingual-e5-large", "text", 2_240_000_000, "MIT", 1024,
        "some 100 languages; 562 MB with --quantized",
    ),
    _suggested("BAAI/bge-m3", "text", 2_270_000_000, "MIT", 1024, "some 100 languages, long texts"),
    _suggested(
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", "text", 470_000_000, "Apache-2.0", 384,
        "some 50 languages",
    ),
    _suggested("sentence-transformers/all-MiniLM-L6-v2", "text", 90_000_000, "Apache-2.0", 384, "English alone"),
    _suggested(
        "Xenova/clip-vit-base-patch32", "pictures", 606_000_000, "MIT", 512, "English alone; OpenAI's CLIP"
    ),
    _suggested(
        "Xenova/siglip-base-patch16-224", "pictures", 813_000_000, "Apache-2.0", 768,
        "English alone; 211 MB with --quantized",
    ),
    _suggested(
        "onnx-community/siglip2-base-patch16-224-ONNX", "pictures", 1_500_000_000, "Apache-2.0", 768, "many languages"
    ),
)  # fmt: skip


def rows(chosen: Mapping[str, str]) -> list[Row]:
    """All models; `chosen` is the value of each setting (`text_engine`, `picture_engine`), whose model is marked."""
    used = {f"{kind} {_settled(chosen[SETTINGS[kind]])}" for kind in KINDS}
    pulled = model_store.models()
    here = {model.name for model in pulled}
    found = [_shipped(kind, name) for kind in KINDS for name in engines.available(kind) if _is_whole(kind, name)]
    found += [_pulled(model, pulled) for model in pulled]
    found += [row for row in SUGGESTED if row.name not in here]
    marked = [_marked(row, used) for row in found]
    return [*marked, *_others(chosen, marked)]


def choice(name: str) -> tuple[Kind, str]:
    """The kind of the model that a person names, and the engine that it is used by: a shipped or installed engine's
    name, a pulled model's, or a folder. Raises ModelMissing where it is none of these, with the way to get it."""
    for kind in KINDS:
        plain = name.partition(":")[0]
        if plain in engines.available(kind) and (":" in name or _is_whole(kind, plain)):
            return kind, name
    if model := model_store.named(full_name(name)):
        return model.kind, f"{ENGINES[model.kind]}:{full_name(name)}"
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _of_folder(folder.resolve())
    if model_store.hub_name(full_name(name)):
        raise ModelMissing(f"{name} is not on this machine; get it with `ateneo models pull {name}`")
    raise InputError(f"no model named {name}, and no such folder; `ateneo models list` lists what there is")


def full_name(name: str) -> str:
    """ORG/NAME[@REVISION] of a suggested model named by its last part; another name as it is."""
    plain, at, revision = name.partition("@")
    known = {row.name.rpartition("/")[2].lower(): row.name for row in SUGGESTED}
    return known.get(plain.lower(), plain) + at + revision


def _of_folder(folder: Path) -> tuple[Kind, str]:
    """What a folder of a person's own holds, by its files."""
    names = {path.relative_to(folder).as_posix() for path in folder.glob("*")} | {
        path.relative_to(folder).as_posix() for path in folder.glob("onnx/*")
    }
    stems = {Path(name).name.partition(".")[0].removesuffix("_quantized") for name in names if name.endswith(".onnx")}
    if {"text_model", "vision_model"} <= stems or ("model" in stems and "preprocessor_config.json" in names):
        return "pictures", f"{ENGINES['pictures']}:{folder}"
    if "vision_model" in stems:
        return "pictures", f"tower:{folder}"
    if stems:
        ours = "ids" in _inputs(folder / "model.onnx")  # as recipes/sentences makes them
        return "text", f"{'sentences' if ours else ENGINES['text']}:{folder}"
    raise InputError(
        f"cannot use {folder}: it holds no ONNX model; it needs onnx/model.onnx, or onnx/text_model.onnx and "
        "vision_model.onnx, as `ateneo models export` writes and Hugging Face publishes them"
    )


def _inputs(path: Path) -> list[str]:
    from ateneo.engines.onnx_files import open_session

    return [i.name for i in open_session(path, threads=1).get_inputs()] if path.is_file() else []


def _is_whole(kind: str, name: str) -> bool:
    """Whether the engine brings its model with it."""
    return not engines.takes_model(kind, name)


def _shipped(kind: Kind, name: str) -> Row:
    """An engine with a model of its own; those of other packages say no more than their name."""
    if SHIPPED.get(name) != kind:
        return Row(name, kind, "installed", name)
    folder = Path(__file__).resolve().parents[1] / "small" / ("sentences" if kind == "text" else "pictures")
    try:
        engine = engines.load(kind, name)
        vectors = engine.embed([""]) if kind == "text" else engine.embed_texts([""])
    except AteneoError as error:
        return Row(name, kind, "missing", name, about=str(error))
    size = sum(path.stat().st_size for path in folder.iterdir())
    about = "Spanish and English"
    return Row(name, kind, "shipped", name, size, "Apache-2.0", engine.version, vectors.shape[1], about)


def _pulled(model: Model, pulled: list[Model]) -> Row:
    """The last pulled of a name goes by its name alone, an earlier one with its revision."""
    last = next(other for other in pulled if other.name == model.name) == model
    name = model.name if last else f"{model.name}@{model.revision}"
    about = "weights of 8 bits" if model.quantized else ""
    return Row(
        name, model.kind, "pulled", f"{ENGINES[model.kind]}:{name}", model.size, model.licence, model.revision,
        model.dimensions, about,
    )  # fmt: skip


def _settled(engine: str) -> str:
    """The setting's value with the name that `rows` gives its model."""
    plain, colon, name = engine.partition(":")
    model = model_store.named(name) if colon and plain in ENGINES.values() else None
    last = model_store.named(model.name) if model else None
    return engine if model is None else f"{plain}:{model.name}" + ("" if model == last else f"@{model.revision}")


def _marked(row: Row, used: Iterable[str]) -> Row:
    if f"{row.kind} {row.engine}" not in used or row.state == "suggested":
        return row
    return replace(row, used=True)


def _others(chosen: Mapping[str, str], found: Iterable[Row]) -> list[Row]:
    """What is chosen and none of the rows: a folder, or a model that is not on this machine."""
    rows = []
    for kind in KINDS:
        if not any(row.used and row.kind == kind for row in found):
            engine = chosen[SETTINGS[kind]]
            name = engine.partition(":")[2] or engine
            state: State = "folder" if Path(name).is_dir() else "missing"
            rows.append(Row(name, kind, state, engine, used=True))
    return rows
