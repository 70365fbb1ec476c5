"""CLIP and SigLIP by ONNX Runtime: words and pictures as vectors of one space, without torch.

Reads a folder in the layout in which Hugging Face publishes ONNX CLIPs and SigLIPs, and in which `ateneo models export`
writes: `config.json`, `preprocessor_config.json`, `tokenizer.json`, and under `onnx/` a `text_model` and a
`vision_model` (`*.onnx`, or `*_quantized.onnx`), or one `model.onnx` with both, which costs both towers for either.
What the files say is followed, not assumed: sizes, mean and deviation, the names of inputs and outputs.
"""

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ateneo.engines import model_store, onnx_files
from ateneo.engines.clip_texts import texts_of
from ateneo.errors import EngineError, ModelMissing
from ateneo.models.config import read_config
from ateneo.models.preprocess import Picture, Preprocess

if TYPE_CHECKING:
    import onnxruntime

Vectors = NDArray[np.float32]
LAYOUT = "the folder needs config.json, preprocessor_config.json, tokenizer.json, onnx/text_model.onnx and vision_model"
FILES = ("config.json", "preprocessor_config.json", "tokenizer.json")
BATCH = 16  # pictures or texts at a time: more gains nothing on a processor and costs memory
TEXT, VISION, BOTH = "text_model", "vision_model", "model"
OUTPUTS = {TEXT: ("text_embeds", "embeddings"), VISION: ("image_embeds", "embeddings")}
UNPROJECTED = ("pooler_output",)  # of a SigLIP, which has no projections; a CLIP's is not yet in the common space


class OnnxClip:
    """The engine `pictures.onnx-clip`: a CLIP or SigLIP, a pulled model's name or a folder.

    Vectors are float32 (N, d), of length 1, or 0 for a text that says nothing. `quantized` asks for weights of 8 bits,
    or for whole ones; None takes what is there, whole ones first.
    """

    name = "onnx-clip"

    def __init__(self, folder: Path | str, *, quantized: bool | None = None, threads: int = 1) -> None:
        self.folder, card = model_store.find(folder, kind="pictures")
        self.model = card.name if card else self.folder.resolve().name
        asked = card.quantized if card and quantized is None else quantized
        whole = any(onnx_files.find(self.folder, tower, quantized=False) for tower in (TEXT, VISION, BOTH))
        self.quantized = not whole if asked is None else asked
        self.threads = threads
        for name in FILES:
            if not (self.folder / name).is_file():
                raise ModelMissing("no {name} in {folder}; {layout}", name=name, folder=self.folder, layout=LAYOUT)
        self._preprocess = Preprocess.beside(self.folder)
        self._config = read_config(self.folder / "config.json")
        self._given = texts_of(self.folder, self._config)

    @cached_property
    def version(self) -> str:
        """The first letters of a SHA-256 over towers, tokenizer and preprocessing: other ones are another space."""
        files = [self._file(TEXT), self._file(VISION), *(self.folder / name for name in FILES[1:])]
        return onnx_files.digest(dict.fromkeys(files))

    @property
    def space(self) -> str:
        """The name of the vectors' space: NAME@VERSION."""
        return f"{re.sub(r'[^A-Za-z0-9._-]+', '--', self.model)}@{self.version}"

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Texts → (N, d); of a text longer than the model reads, the beginning counts."""
        return self._batches(list(texts), lambda part: self._run(TEXT, dict(self._given(part))))

    def embed_pictures(self, pictures: Sequence[Picture]) -> Vectors:
        """Files, bytes or PIL images → (N, d). InputError that names the picture which cannot be read."""
        return self._batches(
            list(pictures), lambda part: self._run(VISION, {"pixel_values": self._preprocess.arrays(part)})
        )

    @property
    def width(self) -> int:
        """How many numbers a vector has."""
        there = {o.name: o.shape[-1] for o in self._session(VISION).get_outputs()}
        said = there[self._output(VISION)]
        return said if isinstance(said, int) else int(self.embed_texts([""]).shape[1])

    def _batches(self, items: list[Any], run: Callable[[list[Any]], Vectors]) -> Vectors:
        found = [run(items[n : n + BATCH]) for n in range(0, len(items), BATCH)]
        vectors: Vectors = np.concatenate(found) if found else np.zeros((0, self.width), np.float32)
        return onnx_files.unit(vectors, model=self.folder)

    def _run(self, tower: str, given: dict[str, NDArray[Any]]) -> Vectors:
        wanted = [i.name for i in self._session(tower).get_inputs()]
        missing = [name for name in wanted if name not in given]
        if missing and self._file(TEXT) == self._file(VISION):  # one file with both towers: the other reads a blank
            side = self._preprocess.size
            given = {**self._given([""]), "pixel_values": np.zeros((1, 3, side, side), np.float32), **given}
        given = {name: given[name] for name in wanted if name in given}
        return onnx_files.run(self._session(tower), self._output(tower), given=given, model=self._file(tower))

    def _output(self, tower: str) -> str:
        """The output that is a vector of the common space. Raises EngineError where none is known to be."""
        there = onnx_files.outputs(self._session(tower))
        known = OUTPUTS[tower] + (UNPROJECTED if self._config.get("model_type") == "siglip" else ())
        alone = next(iter(there)) if list(there.values()) == [2] else None
        found = onnx_files.first_of(known, there) or alone
        if found is None:
            raise EngineError(
                "cannot use {file}: its outputs are {there}; {known} is needed",
                file=self._file(tower),
                there=", ".join(there),
                known=known[0],
            )
        return found

    def _session(self, tower: str) -> "onnxruntime.InferenceSession":
        path = self._file(tower)
        if path not in self._sessions:
            self._sessions[path] = onnx_files.open_session(path, threads=self.threads)
        return self._sessions[path]

    @cached_property
    def _sessions(self) -> dict[Path, "onnxruntime.InferenceSession"]:
        return {}

    def _file(self, tower: str) -> Path:
        found = onnx_files.find(self.folder, tower, quantized=self.quantized)
        found = found or onnx_files.find(self.folder, BOTH, quantized=self.quantized)
        if found is None:
            ending = "_quantized" if self.quantized else ""
            raise ModelMissing(
                "no {tower}{ending}.onnx in {folder}; {layout}",
                tower=tower,
                ending=ending,
                folder=self.folder,
                layout=LAYOUT,
            )
        return found
