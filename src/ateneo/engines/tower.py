"""Pictures → vectors in the space of the sentence encoder, by the image tower that ships (`ateneo/small/pictures`, with
its card), through ONNX Runtime.

A slide, a frame or a drawing lies near what is said of it in Spanish or English. The tower was trained to meet one
sentence encoder and serves with no other: `text_space` in its config.json names it.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ateneo.engines import Picture, onnx_files
from ateneo.engines.sentence_vectors import SentenceVectors
from ateneo.errors import EngineError, ModelMissing
from ateneo.models.preprocess import Preprocess

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SHIPPED = Path(__file__).resolve().parents[1] / "small" / "pictures"
MODEL, CONFIG, PREPARED = "vision_model.onnx", "config.json", "preprocessor_config.json"
BATCH = 16  # pictures run together; more cost memory and gain nothing on a processor


class PictureTower:
    """The engine `pictures.tower`. `folder` holds vision_model.onnx (float32 `pixel_values` (N, 3, S, S) →
    `image_embeds` (N, D), unit length), preprocessor_config.json, and config.json with `text_space`; None is the model
    that ships. Raises ModelMissing where a file is absent, EngineError where config.json cannot be used.

    `text` is the sentence encoder that embeds words; None is the one that ships.
    """

    name = "tower"

    def __init__(
        self, folder: str | Path | None = None, *, text: SentenceVectors | None = None, threads: int = 1
    ) -> None:
        self._folder, self._text, self._threads = Path(folder or SHIPPED), text, threads
        for file in (MODEL, CONFIG, PREPARED):
            if not (self._folder / file).is_file():
                raise ModelMissing(
                    "no image tower at {folder}: {file} is missing; name a folder that holds {model}, "
                    "{config} and {prepared}, or install Ateneo again",
                    folder=self._folder,
                    file=file,
                    model=MODEL,
                    config=CONFIG,
                    prepared=PREPARED,
                )
        self.text_space = self._read_text_space()

    @cached_property
    def version(self) -> str:
        """The first letters of the SHA-256 of all that decides a vector."""
        digest = hashlib.sha256(self.text_space.encode())
        for file in (MODEL, PREPARED):
            digest.update((self._folder / file).read_bytes())
        return digest.hexdigest()[:10]

    @property
    def space(self) -> str:
        """The name of the space of the pictures' vectors."""
        return f"{self.name}-{self.version}"

    def embed_pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Files, bytes or PIL images → unit vectors (N, D). Raises InputError that names a picture it cannot read."""
        given = list(pictures)
        parts = [self._run(given[first : first + BATCH]) for first in range(0, len(given), BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, self._size), np.float32)

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (N, D), in the order of the texts. Raises EngineError where the sentence encoder at hand is not
        the one that the tower was trained to meet."""
        if self._encoder.space != self.text_space:
            raise EngineError(
                "cannot find pictures by words: the image tower at {folder} meets the sentence encoder "
                "{text_space}, and the one installed is {space}; install the two together, or train the "
                "tower again (recipes/pictures)",
                folder=self._folder,
                text_space=self.text_space,
                space=self._encoder.space,
            )
        return self._encoder.embed(texts)

    def _run(self, pictures: list[Picture]) -> NDArray[np.float32]:
        pixels = self._preprocess.arrays(pictures)  # (B, 3, S, S)
        given = {"pixel_values": pixels}
        return onnx_files.run(self._session, "image_embeds", given=given, model=self._folder / MODEL)

    def _read_text_space(self) -> str:
        path = self._folder / CONFIG
        try:
            found = json.loads(path.read_text(encoding="utf-8"))["text_space"]
        except (ValueError, KeyError, TypeError) as error:
            raise EngineError(
                "cannot use {path}: no text_space in it ({error}); install Ateneo again", path=path, error=error
            ) from error
        return str(found)

    @cached_property
    def _encoder(self) -> SentenceVectors:
        return self._text or SentenceVectors(threads=self._threads)

    @cached_property
    def _preprocess(self) -> Preprocess:
        return Preprocess.beside(self._folder)

    @cached_property
    def _session(self) -> "InferenceSession":
        return onnx_files.open_session(self._folder / MODEL, threads=self._threads)

    @property
    def _size(self) -> int:
        return int(self._session.get_outputs()[0].shape[-1])
