"""Texts → vectors by the bilingual sentence encoder that ships (`ateneo/small/sentences`, with its card), through ONNX
Runtime.

A Spanish and an English text that mean the same lie near each other. Accents and capitals never change a vector.
"""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ateneo.engines import onnx_files
from ateneo.errors import EngineError, ModelMissing

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

SHIPPED = Path(__file__).resolve().parents[1] / "small" / "sentences"
MODEL, TOKENIZER = "model.onnx", "tokenizer.json"
BATCH = 16  # texts run together; more cost memory and gain nothing on a processor
TABLES = ("embeddings.npy", "scales.npy")  # where the model keeps its word embeddings apart


class SentenceVectors:
    """The engine `text.sentences`. `folder` holds model.onnx (int64 `ids` and `mask` (N, T) → float32 `vectors` (N, D),
    unit length) and tokenizer.json; None is the model that ships. Raises ModelMissing where a file is absent.

    `version` changes with every byte of the files, and with it `space`: vectors of different models are never
    compared. Threads other than one pay only for many texts at once.
    """

    name = "sentences"

    def __init__(self, folder: str | Path | None = None, *, threads: int = 1) -> None:
        self._folder, self._threads = Path(folder or SHIPPED), threads
        for file in (MODEL, TOKENIZER):
            if not (self._folder / file).is_file():
                raise ModelMissing(
                    "no sentence encoder at {folder}: {file} is missing; name a folder that holds "
                    "{model} and {tokenizer}, or install Ateneo again",
                    folder=self._folder,
                    file=file,
                    model=MODEL,
                    tokenizer=TOKENIZER,
                )

    @cached_property
    def version(self) -> str:
        """The first letters of the SHA-256 of model, embeddings and tokenizer."""
        digest = hashlib.sha256()
        for file in (MODEL, TOKENIZER, *TABLES):
            if (path := self._folder / file).is_file():
                digest.update(path.read_bytes())
        return digest.hexdigest()[:10]

    @property
    def space(self) -> str:
        """The name of the space that the vectors belong to."""
        return f"{self.name}-{self.version}"

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Unit vectors (N, D), in the order of the texts; of a long text the first 256 tokens count. A text without any
        word has the vector of the empty text. Queries and passages are embedded alike. Raises EngineError where the
        model cannot be run."""
        encodings = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(encodings)), key=lambda n: len(encodings[n].ids))
        rows: dict[int, NDArray[np.float32]] = {}
        for first in range(0, len(order), BATCH):
            part = order[first : first + BATCH]
            rows.update(zip(part, self._run([encodings[n].ids for n in part]), strict=True))
        return np.stack([rows[n] for n in range(len(rows))]) if rows else self._nothing

    def _run(self, tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        ids = np.zeros((len(tokens), max(map(len, tokens))), np.int64)  # (N, T); 0 is padding
        mask = np.zeros_like(ids)
        for n, row in enumerate(tokens):
            ids[n, : len(row)], mask[n, : len(row)] = row, 1
        return onnx_files.run(self._session, "vectors", given={"ids": ids, "mask": mask}, model=self._folder / MODEL)

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        return read_tokenizer(self._folder)

    @cached_property
    def _session(self) -> "InferenceSession":
        return onnx_files.open_session(self._folder / MODEL, threads=self._threads)

    @property
    def _nothing(self) -> NDArray[np.float32]:
        return np.zeros((0, int(self._session.get_outputs()[0].shape[-1])), np.float32)


def read_tokenizer(folder: Path) -> "Tokenizer":
    """The tokenizer of an encoder's folder. Raises EngineError where it cannot be read."""
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:  # of no class of its own
        raise EngineError(
            "cannot read {folder}: {error}; install Ateneo again", folder=folder / TOKENIZER, error=error
        ) from error
