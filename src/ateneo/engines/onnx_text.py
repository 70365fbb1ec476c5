"""Sentence encoders published as ONNX: E5, BGE, MiniLM and whatever else is laid out like them, pulled or in a folder.

A folder holds `tokenizer.json`, `onnx/model.onnx` (or `model.onnx`, `*_optimized.onnx`, or weights of 8 bits) and the
files that say how the encoder is to be used (`engines.sentence_conventions`). What the model is given and gives is read
from it: a vector a text where it pools itself, else vectors of tokens, which are pooled here.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ateneo.engines import model_store, onnx_files
from ateneo.engines.sentence_conventions import Conventions, conventions, pool
from ateneo.errors import EngineError, ModelMissing
from ateneo.models.config import read_config

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

BATCH = 16  # texts run together; more cost memory and gain nothing on a processor
POOLED = ("sentence_embedding", "text_embeds", "embeddings")  # outputs that are vectors of texts
TOKENS = ("last_hidden_state", "token_embeddings")  # outputs that are vectors of tokens
INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")

Vectors = NDArray[np.float32]


class OnnxText:
    """The engine `text.onnx`. `model` is a pulled model's name, NAME or NAME@REVISION, or a folder.

    Raises ModelMissing where it is not on this machine or a file of it is missing, EngineError where nothing says how
    it is to be used. `space` changes with every byte of the model and with every convention.
    """

    name = "onnx"

    def __init__(self, model: str | Path, *, said: model_store.Model | None = None, threads: int = 0) -> None:
        """`said` is the model's card where it has none beside it yet; `threads` 0 are as many as there are cores."""
        self.folder, self._card = model_store.find(model, kind="text")
        self._card, self._threads = said or self._card, threads
        self.model = self._card.name if self._card else self.folder.resolve().name
        found = onnx_files.find(self.folder, "model", quantized=self._card.quantized if self._card else None)
        tokenizers = [p for p in (self.folder / "tokenizer.json", self.folder / "onnx/tokenizer.json") if p.is_file()]
        if found is None or not tokenizers:
            missing = "model.onnx" if found is None else "tokenizer.json"
            raise ModelMissing(
                "no sentence encoder in {folder}: {missing} is missing; the folder needs onnx/model.onnx "
                "and tokenizer.json, as Hugging Face publishes ONNX models",
                folder=self.folder,
                missing=missing,
            )
        self._file, self._tokenizer_file = found, tokenizers[0]

    @cached_property
    def version(self) -> str:
        """The first letters of a SHA-256 over model, tokenizer and conventions."""
        return onnx_files.digest([self._file, self._tokenizer_file], self.conventions)

    @property
    def space(self) -> str:
        """The name of the space that the vectors belong to."""
        return f"{re.sub(r'[^A-Za-z0-9._-]+', '--', self.model)}@{self.version}"

    @cached_property
    def conventions(self) -> Conventions:
        """How this encoder wants to be used. Raises EngineError where nothing says it."""
        said = self._card
        pooled = self._output in POOLED or onnx_files.outputs(self._session)[self._output] == 2
        if not pooled:
            self._refuse_more_layers()
        return conventions(
            self.folder, self.model, pooled=pooled,
            pooling=said.pooling if said else "", query=said.query if said else None,
            passage=said.passage if said else None,
        )  # fmt: skip

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Unit vectors (N, D), in the order of the texts, which are passages, or questions with `query`; of a long text
        the beginning counts. Raises EngineError where the model cannot be run."""
        before = self.conventions.query if query else self.conventions.passage
        whole = [before + (text.lower() if self.conventions.lower else text) for text in texts]
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(whole)]
        order = sorted(range(len(rows)), key=lambda n: len(rows[n]))
        vectors: dict[int, Vectors] = {}
        for first in range(0, len(order), BATCH):
            part = order[first : first + BATCH]
            vectors.update(zip(part, self._run([rows[n] for n in part]), strict=True))
        found = np.stack([vectors[n] for n in range(len(rows))]) if rows else np.zeros((0, self.width), np.float32)
        return onnx_files.unit(found, model=self._file)

    @property
    def width(self) -> int:
        """How many numbers a vector has."""
        said = next(o.shape[-1] for o in self._session.get_outputs() if o.name == self._output)
        return said if isinstance(said, int) else int(self.embed(["a"]).shape[1])

    def _run(self, rows: Sequence[Sequence[int]]) -> Vectors:
        ids = np.zeros((len(rows), max(map(len, rows))), np.int64)  # (B, T)
        mask = np.zeros_like(ids)
        for n, row in enumerate(rows):
            ids[n, : len(row)], mask[n, : len(row)] = row, 1
        ids[mask == 0] = self._words[1]
        positions = np.broadcast_to(np.arange(ids.shape[1]), ids.shape)
        given = dict(zip(INPUTS, (ids, mask, np.zeros_like(ids), positions), strict=True))
        wanted = {i.name for i in self._session.get_inputs()}
        found = onnx_files.run(
            self._session, self._output, given={n: v for n, v in given.items() if n in wanted}, model=self._file
        )
        return found if found.ndim == 2 else pool(found, mask, how=self.conventions.pooling)

    @cached_property
    def _output(self) -> str:
        """The output to take: vectors of texts where there are some, else vectors of tokens. A `pooler_output` is
        neither: it was trained for another task."""
        there = onnx_files.outputs(self._session)
        alone = next(iter(there)) if len(there) == 1 else None
        found = onnx_files.first_of(POOLED, there) or onnx_files.first_of(TOKENS, there) or alone
        if found is None or there[found] not in (2, 3):
            raise EngineError(
                "cannot use {file}: its outputs are {there}; an encoder gives {tokens}",
                file=self._file,
                there=", ".join(there),
                tokens=" or ".join(TOKENS),
            )
        return found

    def _refuse_more_layers(self) -> None:
        """An encoder whose vectors go through further trained layers cannot be used by its tokens alone."""
        path = self.folder / "modules.json"
        if path.is_file() and '.Dense"' in path.read_text(encoding="utf-8"):
            raise EngineError(
                "cannot use {model}: a dense layer follows its pooling (modules.json), which its ONNX "
                "file does not hold; take an export with the output sentence_embedding",
                model=self.model,
            )

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        return self._words[0]

    @cached_property
    def _words(self) -> "tuple[Tokenizer, int]":
        """The tokenizer, and the token that fills short rows: the mask hides it, but some models count positions by
        it."""
        from tokenizers import Tokenizer

        try:
            found = Tokenizer.from_file(str(self._tokenizer_file))
        except Exception as error:  # tokenizers raises plain exceptions
            raise EngineError(
                "cannot read {tokenizer_file}: {error}; get the file again",
                tokenizer_file=self._tokenizer_file,
                error=error,
            ) from error
        config = self.folder / "config.json"
        padding = (found.padding or {}).get("pad_id")
        if padding is None and config.is_file():
            padding = read_config(config).get("pad_token_id")
        found.no_padding()
        found.enable_truncation(self.conventions.longest)
        return found, int(padding or 0)

    @cached_property
    def _session(self) -> "InferenceSession":
        session = onnx_files.open_session(self._file, threads=self._threads)
        if unknown := [i.name for i in session.get_inputs() if i.name not in INPUTS]:
            raise EngineError(
                "cannot use {file}: it wants the input {unknown}; sentence encoders take {inputs}",
                file=self._file,
                unknown=unknown[0],
                inputs=", ".join(INPUTS),
            )
        return session
