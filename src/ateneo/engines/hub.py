"""Pulling models from a hub: `huggingface_hub` fetches, this chooses the few files that are needed and keeps the card.

The hub is the one that HF_ENDPOINT names, huggingface.co without it; a token is taken from HF_TOKEN or `hf auth login`.
Whatever file is finished stays, so that an interrupted pull goes on with the file it was at. A model becomes one of
`model_store.models` after it was loaded and has embedded something: what is listed works.
"""

import contextlib
import dataclasses
import errno
import glob
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ateneo.engines import model_store, onnx_files
from ateneo.engines.model_store import Kind, Model
from ateneo.engines.onnx_clip import BOTH, TEXT, VISION
from ateneo.errors import EngineError, InputError, ModelMissing
from ateneo.models.config import read_config

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

PATIENCE = 10.0  # s to wait for an answer of the hub
DESCRIBING = (  # small files that say what a model is and how it is used
    "config.json", "preprocessor_config.json", "tokenizer_config.json", "special_tokens_map.json", "modules.json",
    "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json", "tokenizer.json",
    "README.md", "LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE",
)  # fmt: skip
COMMIT = re.compile("[0-9a-f]{7,64}")
SPARE = 50_000_000  # bytes of the disk that a pull leaves free


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be pulled. `pooling`, `query` and `passage` as in `model_store.Model`."""

    name: str
    revision: str | None = None
    quantized: bool = False
    pooling: str = ""
    query: str | None = None
    passage: str | None = None


def pull(wanted: Wanted, *, bar: type | None = None) -> Model:
    """Fetches a model, or what of it is not here yet, and gives its card. `bar` is a class like tqdm that shows bytes.

    Raises ModelMissing where the hub does not have it or cannot be reached, InputError where it cannot be used here,
    EngineError where it does not load, or the disk is full.
    """
    if not model_store.hub_name(wanted.name):
        raise InputError(f"cannot pull {wanted.name}: models of the hub are named ORG/NAME; see `ateneo models list`")
    with _clear_errors(wanted):
        info = _info(wanted)
        if not COMMIT.fullmatch(str(info.sha)):
            raise ModelMissing(f"cannot pull {wanted.name}: the hub names {info.sha!r} as its revision, which is none")
        with _alone(wanted, str(info.sha)):
            return _Pull(wanted, info, bar).run()


def _info(wanted: Wanted) -> "ModelInfo":
    from huggingface_hub import HfApi

    return HfApi().model_info(wanted.name, revision=wanted.revision, files_metadata=True, timeout=PATIENCE)


class _Pull:
    """One pull of one revision."""

    def __init__(self, wanted: Wanted, info: "ModelInfo", bar: type | None) -> None:
        self.wanted, self.bar = wanted, bar
        self.revision, self.licence = str(info.sha), licence(info)
        files = {sibling.rfilename: sibling.size or 0 for sibling in info.siblings or []}
        self.sizes = {name: size for name, size in files.items() if ".." not in Path(name).parts and name[:1] != "/"}
        self.folder = model_store.place(wanted.name, self.revision)

    def run(self) -> Model:
        """Describing files, then the graphs, then the weights beside them; then tries it and keeps the card."""
        graphs = self._graphs()
        self._fetch([name for name in DESCRIBING if name in self.sizes] + self._other_tokenizer())
        kind = self._kind(graphs)
        self._check(kind)
        self._fetch(
            [*graphs, *(n for n in self.sizes if any(n.startswith((f"{g}_data", f"{g}.data")) for g in graphs))]
        )
        self._fetch(self._beside(graphs))
        model = Model(
            self.wanted.name, self.revision, kind, self.licence, self._bytes(), 0, _now(),
            self.wanted.quantized, self.wanted.pooling, self.wanted.query, self.wanted.passage,
        )  # fmt: skip
        return self._tried(model)

    def _graphs(self) -> list[str]:
        """The ONNX files to run: two towers, or one model."""
        found = [self._first(stem) for stem in (TEXT, VISION)]
        both = [name for name in found if name]
        if len(both) == 2:
            return both
        if model := self._first(BOTH):
            return [model]
        what = (
            "with weights of 8 bits " if self.wanted.quantized and any(n.endswith(".onnx") for n in self.sizes) else ""
        )
        step = "pull it without --quantized" if what else (
            "look on the hub for its ONNX export, often onnx-community/NAME or Xenova/NAME, or export a CLIP yourself "
            "with `ateneo models export`"
        )  # fmt: skip
        raise InputError(f"cannot pull {self.wanted.name}: it holds no ONNX model {what}that is known here; {step}")

    def _first(self, stem: str) -> str | None:
        return onnx_files.first_of(onnx_files.names(stem, quantized=self.wanted.quantized), self.sizes)

    def _other_tokenizer(self) -> list[str]:
        """Some keep the tokenizer beside the model alone."""
        other = "onnx/tokenizer.json"
        return [other] if "tokenizer.json" not in self.sizes and other in self.sizes else []

    def _kind(self, graphs: list[str]) -> Kind:
        if len(graphs) == 2:
            return "pictures"
        config = self.folder / "config.json"
        kind = read_config(config).get("model_type") if config.is_file() else None
        return "pictures" if kind in ("clip", "siglip") and "preprocessor_config.json" in self.sizes else "text"

    def _check(self, kind: Kind) -> None:
        """Refuses what could not be used before its weights are fetched."""
        needed = ["tokenizer.json"] if kind == "text" else ["config.json", "preprocessor_config.json", "tokenizer.json"]
        missing = [n for n in needed if n not in self.sizes and f"onnx/{n}" not in self.sizes]
        if missing:
            raise InputError(
                f"cannot pull {self.wanted.name}: it has no {missing[0]}, without which its model cannot be used; look "
                "for another export of it"
            )

    def _beside(self, graphs: list[str]) -> list[str]:
        """The weights that the graphs name, where they lie beside them under names of their own."""
        found = []
        for graph in graphs:
            for name in onnx_files.external(self.folder / graph):
                path = str(Path(graph).parent / name)
                if path not in self.sizes:
                    raise InputError(
                        f"cannot pull {self.wanted.name}: {graph} wants {name}, which the hub does not have"
                    )
                found.append(path)
        return found

    def _fetch(self, names: list[str]) -> None:
        from huggingface_hub import snapshot_download
        from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

        missing = [name for name in names if not self._whole(name)]
        self._room(sum(self.sizes[name] for name in missing))
        if not missing:
            return
        (enable_progress_bars if self.bar else disable_progress_bars)()
        exact = [glob.escape(name) for name in missing]
        snapshot_download(
            self.wanted.name, revision=self.revision, local_dir=self.folder, allow_patterns=exact,
            etag_timeout=PATIENCE, tqdm_class=self.bar,
        )  # fmt: skip
        lost = [name for name in names if not self._whole(name)]
        if lost:
            raise ModelMissing(f"cannot pull {self.wanted.name}: {lost[0]} did not come; run the same command again")

    def _whole(self, name: str) -> bool:
        path = self.folder / name
        return path.is_file() and self.sizes[name] in (0, path.stat().st_size)

    def _room(self, needed: int) -> None:
        free = shutil.disk_usage(_existing(self.folder)).free
        if needed + SPARE > free:
            raise EngineError(
                f"cannot pull {self.wanted.name}: {needed / 1e6:,.0f} MB are to come and {free / 1e6:,.0f} MB are free "
                f"in {model_store.root()}; free some space, or name another cache folder in XDG_CACHE_HOME"
            )

    def _bytes(self) -> int:
        return sum((self.folder / name).stat().st_size for name in self.sizes if (self.folder / name).is_file())

    def _tried(self, model: Model) -> Model:
        """The model with the dimensions of a vector that it made, its card kept."""
        width = dimensions(model.kind, self.folder, model)
        done = dataclasses.replace(model, dimensions=width)
        model_store.keep(done)
        shutil.rmtree(self.folder / ".cache", ignore_errors=True)
        return done


def dimensions(kind: Kind, folder: Path, said: Model | None = None) -> int:
    """How many numbers a vector of the model in this folder has, seen by making one. Raises EngineError, InputError."""
    from PIL import Image

    from ateneo.engines.onnx_clip import OnnxClip
    from ateneo.engines.onnx_text import OnnxText

    if kind == "text":
        return int(OnnxText(folder, said=said).embed(["a"]).shape[1])
    clip = OnnxClip(folder, quantized=said.quantized if said else None)
    words, picture = clip.embed_texts(["a"]), clip.embed_pictures([Image.new("RGB", (32, 32))])
    if words.shape != picture.shape:
        raise EngineError(
            f"cannot use {folder}: its texts have {words.shape[1]} numbers and its pictures {picture.shape[1]}; "
            "the two towers do not belong together"
        )
    return int(words.shape[1])


def licence(info: "ModelInfo") -> str:
    """As the hub says it: of the card, else of the tags, else "not stated"."""
    card: Any = info.card_data
    said = (card.get("license_name") or card.get("license")) if card else None
    said = said[0] if isinstance(said, list) and said else said
    tagged = next((tag.partition(":")[2] for tag in info.tags or [] if tag.startswith("license:")), None)
    return str(said or tagged or "not stated")


@contextlib.contextmanager
def _alone(wanted: Wanted, revision: str) -> Iterator[None]:
    """Holds the right to pull this model, and clears what a killed pull left half fetched."""
    from filelock import FileLock, Timeout

    folder = model_store.place(wanted.name, revision)
    folder.parent.mkdir(parents=True, exist_ok=True)
    held = FileLock(folder.parent / ".lock", timeout=0)
    try:
        held.acquire()
    except Timeout as error:
        raise EngineError(
            f"cannot pull {wanted.name}: another ateneo is pulling it; wait until it has finished"
        ) from error
    try:
        for half in folder.glob(".cache/huggingface/download/**/*.incomplete"):
            half.unlink(missing_ok=True)
        yield
    finally:
        held.release()


@contextlib.contextmanager
def _clear_errors(wanted: Wanted) -> Iterator[None]:
    """What the hub's client and its transport raise, as one line with the next step."""
    from httpx2 import HTTPError
    from huggingface_hub import constants, errors

    name = f"{wanted.name}@{wanted.revision}" if wanted.revision else wanted.name
    sign_in = "accept its terms on its page, then `hf auth login` or set HF_TOKEN"
    try:
        yield
    except errors.GatedRepoError as error:
        raise ModelMissing(f"cannot pull {name}: it is given to those alone who accept its terms; {sign_in}") from error
    except errors.RevisionNotFoundError as error:
        raise ModelMissing(
            f"cannot pull {name}: the hub knows {wanted.name} but not its revision {wanted.revision}; leave it out, or "
            "take a commit, branch or tag that its page lists"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelMissing(
            f"cannot pull {name}: {constants.ENDPOINT} has no such model, or shows it to its members alone; check the "
            "name (`ateneo models list` has some), or `hf auth login`"
        ) from error
    except errors.HFValidationError as error:
        raise InputError(f"cannot pull {name}: that is no name of a model; models are named ORG/NAME") from error
    except errors.OfflineModeIsEnabled as error:
        raise ModelMissing(f"cannot pull {name}: HF_HUB_OFFLINE is set; unset it and run the same command") from error
    except errors.HfHubHTTPError as error:
        code = error.response.status_code if error.response is not None else "no"
        step = sign_in if code in (401, 403) else "try again later; what has come stays"
        raise ModelMissing(f"cannot pull {name}: {constants.ENDPOINT} answered with status {code}; {step}") from error
    except (HTTPError, errors.LocalEntryNotFoundError) as error:
        raise ModelMissing(
            f"cannot pull {name}: no connection to {constants.ENDPOINT} ({_first_line(error)}); check the network, or "
            "name another hub in HF_ENDPOINT; the same command goes on where it stood"
        ) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        step = "free some space" if full else f"check that {model_store.root()} can be written to"
        raise EngineError(
            f"cannot pull {name}: {error.strerror or _first_line(error)}; {step}, then run it again"
        ) from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:200] or type(error).__name__


def _existing(path: Path) -> Path:
    return next(folder for folder in [path, *path.parents] if folder.is_dir())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
