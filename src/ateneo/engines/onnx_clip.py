"""CLIP by ONNX Runtime: words and pictures as vectors of one space, without torch.

Reads a folder in the layout in which Hugging Face publishes ONNX CLIPs, and in which `ateneo models export` writes:
`config.json`, `preprocessor_config.json`, `tokenizer.json`, and under `onnx/` a `text_model` and a `vision_model`
(`*.onnx`; `*_quantized.onnx` with quantized=True). What the files say is followed, not assumed: sizes, mean and
deviation, the names of inputs and outputs.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ateneo.errors import EngineError, ModelMissing
from ateneo.models.preprocess import Picture, Preprocess
from ateneo.models.tokenizer import Tokenizer

if TYPE_CHECKING:
    import onnxruntime

Vectors = NDArray[np.float32]
LAYOUT = "the folder needs config.json, preprocessor_config.json, tokenizer.json, onnx/text_model.onnx and vision_model"
BATCH = 16  # pictures or texts at a time: more gains nothing on a processor and costs memory
TINY = 1e-12  # of a length: no text at all may have no direction
OUTPUTS = {"text_model": ("text_embeds", "embeddings"), "vision_model": ("image_embeds", "embeddings")}


class OnnxClip:
    """A CLIP in a folder. Vectors are float32 (N, d), of length 1, or 0 for a text that says nothing."""

    name = "onnx-clip"

    def __init__(self, folder: Path | str, *, quantized: bool = False, threads: int = 1) -> None:
        self.folder, self.quantized, self.threads = Path(folder), quantized, threads
        for name in ("config.json", "preprocessor_config.json", "tokenizer.json"):
            if not (self.folder / name).is_file():
                raise ModelMissing(f"no {name} in {self.folder}; {LAYOUT}")
        self._preprocess = Preprocess.beside(self.folder)
        self._tokenizer = Tokenizer.load(self.folder / "tokenizer.json")

    @cached_property
    def version(self) -> str:
        """The first letters of the sha256 of both towers: other weights are another space."""
        digest = hashlib.sha256()
        for tower in OUTPUTS:
            with self._file(tower).open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()[:12]

    @property
    def space(self) -> str:
        """The name of the vectors' space: NAME@VERSION."""
        return f"{self.folder.resolve().name}@{self.version}"

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Texts → (N, d); of a text longer than the model reads, the beginning counts."""
        return self._batches(list(texts), self._texts)

    def embed_pictures(self, pictures: Sequence[Picture]) -> Vectors:
        """Files, bytes or PIL images → (N, d). InputError that names the picture which cannot be read."""
        return self._batches(list(pictures), self._pictures)

    @property
    def width(self) -> int:
        """How many numbers a vector has."""
        return int(self._session("vision_model").get_outputs()[-1].shape[-1])

    def _batches(self, items: list[Any], run: Callable[[list[Any]], Vectors]) -> Vectors:
        found = [run(items[n : n + BATCH]) for n in range(0, len(items), BATCH)]
        vectors: Vectors = np.concatenate(found) if found else np.zeros((0, self.width), np.float32)
        lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all():
            raise EngineError(f"{self.folder} gives vectors that are not finite; the model is damaged, get it again")
        unit: Vectors = np.asarray(vectors / np.maximum(lengths, TINY), np.float32)
        return unit

    def _texts(self, texts: list[str]) -> Vectors:
        rows = self._tokenizer.rows(texts, truncate=True)  # (B, context)
        ends = (rows == self._tokenizer.end).argmax(1)
        rows = rows[:, : ends.max() + 1]  # what follows the longest text's end is not read
        mask = (np.arange(rows.shape[1]) <= ends[:, None]).astype(np.int64)
        wanted = {i.name for i in self._session("text_model").get_inputs()}
        given = {"input_ids": rows, "attention_mask": mask}
        return self._run("text_model", {name: value for name, value in given.items() if name in wanted})

    def _pictures(self, pictures: list[Picture]) -> Vectors:
        return self._run("vision_model", {"pixel_values": self._preprocess.arrays(pictures)})

    def _run(self, tower: str, given: dict[str, NDArray[Any]]) -> Vectors:
        session = self._session(tower)
        names = [o.name for o in session.get_outputs()]
        wanted = next((name for name in OUTPUTS[tower] if name in names), names[-1])
        try:
            (found,) = session.run([wanted], given)
        except Exception as error:  # whatever ONNX Runtime raises has no common class
            raise EngineError(f"cannot run {self._file(tower)}: {error}; {LAYOUT}") from error
        return np.asarray(found, np.float32)

    def _session(self, tower: str) -> "onnxruntime.InferenceSession":
        if tower not in self._sessions:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self.threads
            options.log_severity_level = 3
            try:
                session = onnxruntime.InferenceSession(str(self._file(tower)), options, ["CPUExecutionProvider"])
            except Exception as error:  # as above
                raise EngineError(f"cannot load {self._file(tower)}: {error}; get the file again") from error
            self._sessions[tower] = session
        return self._sessions[tower]

    @cached_property
    def _sessions(self) -> dict[str, "onnxruntime.InferenceSession"]:
        return {}

    def _file(self, tower: str) -> Path:
        places = list(self._places(tower))
        found = next((path for path in places if path.is_file()), None)
        if found is None:
            raise ModelMissing(f"no {places[0].name} in {self.folder}; {LAYOUT}")
        return found

    def _places(self, tower: str) -> Iterator[Path]:
        name = f"{tower}_quantized.onnx" if self.quantized else f"{tower}.onnx"
        yield self.folder / "onnx" / name
        yield self.folder / name
