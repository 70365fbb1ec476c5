"""Texts → the rows of tokens that a CLIP or a SigLIP was trained on.

A CLIP reads as far as the end of the text. A SigLIP reads a row of fixed length, what fills it included, so that the
filling is part of the model: SigLIP's is its end of a text, SigLIP 2's a token of its own, and SigLIP 2 was trained on
small letters though its tokenizer does not make them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ateneo.errors import InputError
from ateneo.models.config import read_config
from ateneo.models.tokenizer import Tokenizer

LENGTH = 64  # tokens of a row, in every published SigLIP, where no file says another
Given = dict[str, NDArray[np.int64]]


class Texts(Protocol):
    """Texts → what a text tower is given, each (B, L)."""

    def __call__(self, texts: Sequence[str]) -> Given:
        """`input_ids` and `attention_mask`; of a text that is too long the beginning counts."""


def texts_of(folder: Path, config: dict[str, Any]) -> Texts:
    """By the model's config.json. Raises InputError where its kind is not handled or its tokenizer not usable."""
    kind = config.get("model_type")
    if kind == "clip":
        return ClipTexts(folder)
    if kind == "siglip":
        return SiglipTexts(folder, config)
    raise InputError(f"cannot use {folder}: its config.json says model_type {kind!r}; clip and siglip are handled")


class ClipTexts:
    """Rows as long as the longest text of the batch."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = Tokenizer.load(folder / "tokenizer.json")

    def __call__(self, texts: Sequence[str]) -> Given:
        """See Texts."""
        rows = self._tokenizer.rows(list(texts), truncate=True)  # (B, context)
        ends = (rows == self._tokenizer.end).argmax(1)
        rows = rows[:, : ends.max() + 1]  # what follows the longest text's end is not read
        mask = (np.arange(rows.shape[1]) <= ends[:, None]).astype(np.int64)
        return {"input_ids": rows, "attention_mask": mask}


class SiglipTexts:
    """Rows of one length, filled at their end."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        from tokenizers import Tokenizer

        path = folder / "tokenizer.json"
        said = read_config(folder / "tokenizer_config.json") if (folder / "tokenizer_config.json").is_file() else {}
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers raises plain exceptions
            raise InputError(f"cannot read {path}: {error}; get the file again") from error
        self.length = int(config.get("text_config", {}).get("max_position_embeddings", LENGTH))
        self.end, self.filling = self._token(path, said, "eos_token"), self._token(path, said, "pad_token")
        self.lower = bool(said.get("do_lower_case")) or any(
            name in str(said.get("tokenizer_class", "")) for name in ("Gemma", "Siglip2")
        )
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def _token(self, path: Path, said: dict[str, Any], name: str) -> int:
        token = said.get(name)
        token = token.get("content") if isinstance(token, dict) else token
        number = self._tokenizer.token_to_id(token) if isinstance(token, str) else None
        if number is None:
            raise InputError(f"cannot use {path}: tokenizer_config.json beside it names no {name} that it has")
        return int(number)

    def __call__(self, texts: Sequence[str]) -> Given:
        """See Texts."""
        rows = np.full((len(texts), self.length), self.filling, np.int64)
        whole = [text.lower() if self.lower else text for text in texts]
        for n, encoding in enumerate(self._tokenizer.encode_batch(whole)):
            ids = encoding.ids[:-1] if encoding.ids[-1:] == [self.end] else encoding.ids
            ids = [*ids[: self.length - 1], self.end]
            rows[n, : len(ids)] = ids
        return {"input_ids": rows, "attention_mask": np.ones_like(rows)}  # trained without a mask
