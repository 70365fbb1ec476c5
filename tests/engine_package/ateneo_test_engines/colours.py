"""An engine that sees colours and nothing else, so that tests know what must be found.

A picture is the share of it that each colour takes, with a little of how light and dark lie on it, so that only equal
pictures are equal. Words are the colours that they name, in Spanish or English.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ateneo import text
from ateneo.engines import Picture
from ateneo.models.preprocess import open_picture

COLOURS = {
    (220, 20, 20): "rojo red", (20, 150, 40): "verde green", (20, 50, 220): "azul blue",
    (240, 220, 30): "amarillo yellow", (255, 255, 255): "blanco white", (0, 0, 0): "negro black",
}  # fmt: skip
GRID = 8  # the picture is looked at in GRID x GRID pixels
LAYOUT = 0.2  # of the whole vector's length


class Colours:
    """The engine `colours`; another version (`colours:VERSION`) has a space of its own. `seen` counts pictures."""

    name = "colours"

    def __init__(self, version: str = "1") -> None:
        self.space = f"colours-{version}"
        self.seen = 0

    def embed_pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """See PictureEngine."""
        self.seen += len(pictures)
        return np.stack([self._picture(open_picture(picture, name=str(picture))) for picture in pictures])

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See PictureEngine."""
        rows = np.full((len(texts), len(COLOURS) + GRID**2), 1e-3, np.float32)
        rows[:, len(COLOURS) :] = 0
        for row, said in zip(rows, texts, strict=True):
            words = text.tokens(said)
            for n, names in enumerate(COLOURS.values()):
                row[n] += sum(word in names.split() for word in words)
        return _unit(rows)

    def _picture(self, image: Picture) -> NDArray[np.float32]:
        small = np.asarray(image.convert("RGB").resize((GRID, GRID)), np.float32)  # type: ignore[union-attr]
        known = np.array(list(COLOURS), np.float32)
        nearest = np.linalg.norm(small[:, :, None] - known, axis=-1).argmin(-1)
        shares = _unit(np.bincount(nearest.ravel(), minlength=len(known)).astype(np.float32)[None])[0]
        light = small.mean(-1).ravel()
        layout = _unit((light - light.mean())[None])[0] * LAYOUT
        return _unit(np.concatenate([shares, layout])[None])[0]


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (rows / np.maximum(lengths, 1e-6)).astype(np.float32)
    return unit
