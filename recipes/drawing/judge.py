"""The tower that judges drawings and guided none: another one, from another seed, and from styles that the models that
draw never saw. It learns what is called how, picture by picture, among all names.
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from stock import SIZE, Drawings, Drawn, Names, Rows, Stock
from torch import Tensor, nn

from ateneo.models.tower import Tower, TowerConfig
from ateneo.models.train.data import Batch, Pictures
from ateneo.models.train.loop import Task
from ateneo.models.train.pictures import normalised

STYLES = ("emojione", "noto-v1", "fluent-emoji", "fxemoji")  # the last one is kept apart
CONFIG = TowerConfig(image_size=SIZE, widths=(32, 64, 128, 256), blocks=(0, 1, 1, 1), head=384)
START, HIGHEST = 3.0, 4.6  # of the logarithm of the scale
TURN, GROW, TINT, BLURRED = 0.2, 0.2, 0.2, 0.4  # radians, parts, parts; the part of pictures seen at half their size


class Judged(Drawings):
    """Drawings of the judge's styles with their concepts; held: those of the style kept apart, as they stand."""

    def __init__(self, stock: Stock, *, held: bool = False) -> None:
        Rows.__init__(self, stock, [n for n, s in enumerate(stock.style.tolist()) if (s == len(STYLES) - 1) == held])
        self.held = held
        self.concept = torch.from_numpy(stock.concept).to(self.rows.device)

    def cut(self, rows: Tensor, chance: torch.Generator) -> Drawn:
        """The pictures of rows (B,), turned, grown, tinted and blurred by chance, and their concepts."""
        if self.held:
            return Drawn(self.stock.pixels[rows], (), concept=self.concept[rows])
        B, device = len(rows), rows.device
        u = torch.rand(9, B, generator=chance, device=device)
        angle, size = (2 * u[0] - 1) * TURN, 1 + (2 * u[1] - 1) * GROW
        mirror = torch.where(u[2] < 0.5, -1.0, 1.0)
        cos, sin = angle.cos() * size, angle.sin() * size
        theta = torch.stack([cos * mirror, -sin, 0.2 * (u[3] - 0.5), sin * mirror, cos, 0.2 * (u[4] - 0.5)], 1)
        grid = F.affine_grid(theta.view(B, 2, 3), [B, 3, SIZE, SIZE], align_corners=False)
        x = F.grid_sample(normalised(self.stock.pixels[rows]), grid, padding_mode="border", align_corners=False)
        x = x * (1 + TINT * (2 * u[5:8].T[:, :, None, None] - 1))
        half = F.interpolate(F.avg_pool2d(x, 2), scale_factor=2.0, mode="bilinear")
        x = torch.where((u[8] < BLURRED)[:, None, None, None], half, x)
        return Drawn(((x.clamp(-1, 1) + 1) * 127.5).to(torch.uint8), (), concept=self.concept[rows])


class JudgeTask(Task):
    """Of all concepts, each said in one of its wordings by chance, the one that is drawn (CLIP's loss, one way)."""

    name = "judge of drawings"
    model: Tower

    def __init__(self, stock: Stock) -> None:
        super().__init__()
        device = stock.pixels.device
        self.model, self.t = Tower(CONFIG).to(device), nn.Parameter(torch.tensor(START, device=device))
        self.names = Names(stock)

    def forward(self, batch: Batch) -> Tensor:
        """The cross-entropy over concepts."""
        assert isinstance(batch, Drawn)
        assert batch.concept is not None
        return F.cross_entropy(self._logits(self.model, batch, self.names.any()), batch.concept)

    def _logits(self, model: nn.Module, batch: Batch, texts: Tensor) -> Tensor:
        return model(normalised(batch.pixels)).float() @ texts.T * self.t.exp()  # type: ignore[no-any-return]

    def after_step(self) -> None:
        """Holds the scale within bounds."""
        with torch.no_grad():
            self.t.clamp_(0, HIGHEST)

    def test(self, model: nn.Module, held: Pictures) -> dict[str, float]:
        """The part of the drawings in the style kept apart whose Spanish name is found first among all."""
        right = [
            (self._logits(model, batch, self.names.usual()).argmax(1) == batch.concept).float()
            for batch in _drawn(held)
        ]
        return {"names": torch.cat(right).mean().item()}

    def show(self, model: nn.Module, held: Pictures, path: Path) -> None:
        """It draws nothing."""

    def config(self) -> dict[str, Any]:
        """The tower's configuration."""
        return {"ateneo": "tower", "config": asdict(self.model.config)}


def _drawn(held: Pictures) -> Iterator[Drawn]:
    for batch in held.in_order(128):
        assert isinstance(batch, Drawn)
        yield batch
