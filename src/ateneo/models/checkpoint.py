"""A checkpoint on disk: names and shapes at once, tensors when asked for, mapped from the file where it allows it.

Safetensors are read first where a folder has several kinds. Pickles are read with weights_only, so that no code in
them runs; TorchScript archives by torch.jit.load, which is how OpenAI's models were published.
"""

import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import torch
from torch import Tensor

from ateneo.errors import InputError
from ateneo.models.config import read_config

Read = Callable[[str], Tensor]
PREFERRED = (  # the files of a folder, best first
    "model.safetensors",
    "open_clip_model.safetensors",
    "diffusion_pytorch_model.safetensors",
    "model.safetensors.index.json",
    "diffusion_pytorch_model.safetensors.index.json",
    "pytorch_model.bin",
    "open_clip_pytorch_model.bin",
    "diffusion_pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
ENDINGS = (".safetensors", ".pt", ".pth", ".bin", ".npz", ".ckpt")
WRAPPERS = ("state_dict", "model_state_dict", "model", "module", "net")  # keys under which trainers put the weights
CALLBACKS = ("model_checkpoint.ModelCheckpoint", "early_stopping.EarlyStopping")


class _Callback:
    """Stands for a callback of Lightning's, whose class is the key of its state: nothing of it is run or kept."""


LIGHTNING: list[Any] = [
    (_Callback, f"{package}.callbacks.{name}")
    for package in ("pytorch_lightning", "lightning.pytorch")
    for name in CALLBACKS
]
WRAPPED = ("module.", "_orig_mod.")  # what DistributedDataParallel and torch.compile put before every name


class Checkpoint:
    """One checkpoint, however many files it is in: `shapes`, `hints`, `config(name)`, and `open()` for tensors."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path.parent
        self.shapes: dict[str, tuple[int, ...]] = {}  # name as the layouts know it → shape
        self.hints: dict[str, str] = {}  # what the file says beyond names and shapes, such as its activation
        self.mapped = False  # whether tensors are views of the file
        self._original: dict[str, str] = {}  # name as the layouts know it → name in the file
        self._open: Callable[[], Read] = _closed

    def open(self) -> Read:
        """A reader: name → tensor. Where `mapped`, the mapping lives as long as the reader and what it returned."""
        read = self._open()
        return lambda name: read(self._original[name])

    def config(self, name: str) -> dict[str, Any]:
        """The JSON file of this name beside the checkpoint, {} where there is none."""
        path = self.folder / name
        return read_config(path) if path.is_file() else {}

    def original(self, name: str) -> str:
        """The name in the file."""
        return self._original[name]

    def holds(self, shapes: Mapping[str, tuple[int, ...]], *, opens: Callable[[], Read], mapped: bool) -> None:
        """Sets what the file holds, less the prefixes that wrappers put before every name."""
        self.shapes, self._open, self.mapped = dict(shapes), opens, mapped
        self._original = {name: name for name in shapes}
        for prefix in WRAPPED:
            if self.shapes and all(name.startswith(prefix) for name in self.shapes):
                self.strip((prefix,))

    def strip(self, prefixes: Iterable[str]) -> None:
        """Takes these prefixes off the names that have them."""
        for prefix in prefixes:
            shapes: dict[str, tuple[int, ...]] = {}
            original: dict[str, str] = {}
            for name, shape in self.shapes.items():
                short = name.removeprefix(prefix)
                if short in shapes:
                    raise InputError(f"{self.path}: {original[short]} and {self._original[name]} are one name twice")
                shapes[short], original[short] = shape, self._original[name]
            self.shapes, self._original = shapes, original


def _closed() -> Read:
    raise InputError("this checkpoint was not read")


def open_checkpoint(path: Path) -> Checkpoint:
    """Reads names and shapes; InputError that names the file where it cannot be read."""
    path = weights_of(path) if path.is_dir() else path
    if not path.is_file():
        raise InputError(f"{path} is not there; give a checkpoint file or a folder with one")
    checkpoint = Checkpoint(path)
    try:
        _open_by_content(checkpoint)
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, pickle.UnpicklingError, zipfile.BadZipFile,
            safetensors.SafetensorError) as error:  # fmt: skip
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise InputError(
            f"cannot read {path}: {reason}; if it was downloaded, compare its size with the published one"
        ) from error
    if not checkpoint.shapes:
        raise InputError(f"{path} holds no weights")
    return checkpoint


def weights_of(folder: Path) -> Path:
    """The checkpoint in a folder: by its published name, else the only one; InputError where that is not clear."""
    for name in PREFERRED:
        if (folder / name).is_file():
            return folder / name
    found = sorted(file for file in folder.iterdir() if file.suffix in ENDINGS)
    if len(found) == 1:
        return found[0]
    what = f"several: {', '.join(file.name for file in found)}" if found else f"none ({', '.join(ENDINGS)})"
    raise InputError(f"{folder} should hold one checkpoint, it holds {what}; give the file")


def _open_by_content(checkpoint: Checkpoint) -> None:
    """Picks the reader by what the file begins with, not by its name."""
    path = checkpoint.path
    with path.open("rb") as file:
        start = file.read(64)
    if path.name.endswith(".index.json"):
        _open_shards(checkpoint)
    elif start[8:9] == b"{":
        _open_safetensors(checkpoint, {path: None})
    elif start[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        if any(name.endswith("/constants.pkl") for name in names):
            _open_torchscript(checkpoint)
        elif any(name.endswith(".npy") for name in names):
            _open_npz(checkpoint)
        else:
            _open_pickle(checkpoint, [path], mapped=True)
    elif start[:1] == b"\x80":
        _open_pickle(checkpoint, [path], mapped=False)
    else:
        raise ValueError(_kind(start))


def _kind(start: bytes) -> str:
    """What a file that is no checkpoint seems to be."""
    if not start:
        return "it is empty"
    if start.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the weights; fetch them with `git lfs pull`"
    if start.lstrip().startswith(b"<"):
        return "it is a web page, not the weights"
    return "it is neither safetensors nor a PyTorch file nor a NumPy archive"


def _open_shards(checkpoint: Checkpoint) -> None:
    """A folder of Hugging Face's in several files, listed by an index."""
    weight_map = read_config(checkpoint.path).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ValueError("it has no weight_map")
    files: dict[Path, list[str]] = {}
    for name, file in weight_map.items():
        files.setdefault(checkpoint.folder / str(file), []).append(name)
    if absent := [file.name for file in files if not file.is_file()]:
        raise ValueError(f"its part {absent[0]} is not there ({len(files) - len(absent)} of {len(files)} parts are)")
    if next(iter(files)).suffix == ".safetensors":
        _open_safetensors(checkpoint, files)
    else:
        _open_pickle(checkpoint, list(files), mapped=True)


def _open_safetensors(checkpoint: Checkpoint, files: Mapping[Path, list[str] | None]) -> None:
    """One or more safetensors files, each with the names to take from it, None for all."""
    shapes: dict[str, tuple[int, ...]] = {}
    where: dict[str, Path] = {}
    for file, names in files.items():
        with safetensors.safe_open(file, framework="pt") as opened:
            present = list(opened.keys())
            if absent := sorted(set(names or ()) - set(present)):
                raise ValueError(f"{file.name} has no {absent[0]}, which the index puts there")
            for name in present if names is None else names:
                shapes[name], where[name] = tuple(opened.get_slice(name).get_shape()), file

    def opens() -> Read:
        handles = {file: safetensors.safe_open(file, framework="pt") for file in files}
        return lambda name: handles[where[name]].get_tensor(name)  # type: ignore[no-untyped-call]

    checkpoint.holds(shapes, opens=opens, mapped=True)


def _open_pickle(checkpoint: Checkpoint, files: list[Path], *, mapped: bool) -> None:
    """torch.save's files: the archive since 1.6 (mapped) or the older stream."""

    def opens() -> Read:
        tensors: dict[str, Tensor] = {}
        for file in files:
            tensors |= _unwrapped(_torch_load(file, mapped=mapped))
        return tensors.__getitem__

    first: dict[str, Tensor] = {}
    for file in files:
        first |= _unwrapped(_torch_load(file, mapped=mapped))
    shapes = {name: tuple(tensor.shape) for name, tensor in first.items()}
    checkpoint.holds(shapes, opens=opens if mapped else lambda: first.__getitem__, mapped=mapped)


def _torch_load(file: Path, *, mapped: bool) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Detected pickle protocol", category=UserWarning)
            with torch.serialization.safe_globals(LIGHTNING):
                return torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{file.name} holds Python objects that are not weights, which may run code when they are read, or is "
            f"damaged; save its state_dict alone ({str(error).split('.')[0].strip()})"
        ) from error


def _unwrapped(found: Any) -> dict[str, Tensor]:
    """The tensors of a checkpoint, also where a trainer put them under a key of its own."""
    for _ in range(3):
        if not isinstance(found, Mapping):
            raise ValueError(f"it holds a {type(found).__name__}, not a dictionary of weights")
        tensors = {str(name): value for name, value in found.items() if isinstance(value, Tensor)}
        if tensors:
            return tensors
        found = next((found[key] for key in WRAPPERS if key in found), {})
    return {}


def _open_torchscript(checkpoint: Checkpoint) -> None:
    """OpenAI's archives. Their code names QuickGELU, which no state dict does."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit.load.*", category=DeprecationWarning)
        module = torch.jit.load(str(checkpoint.path), map_location="cpu")  # type: ignore[no-untyped-call]
    tensors: dict[str, Tensor] = module.state_dict()
    if any(part.original_name == "QuickGELU" for part in module.modules()):
        checkpoint.hints["activation"] = "quick_gelu"
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    checkpoint.holds(shapes, opens=lambda: tensors.__getitem__, mapped=False)


def _open_npz(checkpoint: Checkpoint) -> None:
    """NumPy archives, read array by array."""
    path = checkpoint.path
    shapes = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            with archive.open(member) as file:
                shapes[member.removesuffix(".npy")] = _npy_shape(file)

    def opens() -> Read:
        arrays = np.load(path, allow_pickle=False)
        return lambda name: torch.from_numpy(arrays[name])

    checkpoint.holds(shapes, opens=opens, mapped=False)


def _npy_shape(file: Any) -> tuple[int, ...]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape: tuple[int, ...] = read(file)[0]
    return shape
