"""The image tower of drawing: what another tower sees in a picture, and what noisy pictures are called. With it a
diffusion model is guided from its first step on.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from stock import SIZE, Drawn, Names, Stock
from tasks import NOISE, T
from torch import Tensor, nn

from ateneo.models.losses import add_noise
from ateneo.models.schedules import schedule
from ateneo.models.tower import Tower, TowerConfig
from ateneo.models.train.data import Batch, Pictures
from ateneo.models.train.loop import Task
from ateneo.models.train.pictures import normalised

CONFIG = TowerConfig(image_size=SIZE, widths=(32, 64, 128, 288), blocks=(1, 2, 3, 2), head=640)
CLEAN = 0.2  # of the pictures, those without noise
FULL = 150  # the step from which on names count in full; with less noise the other tower's vector counts
ALIKE, NEAR = 10.0, 2.0  # what the distance from that vector counts for without noise, and with it, times α²
START, HIGHEST = 4.0, 4.6  # of the logarithm of the scale
TESTED = 500  # the step at which names are tested


class TowerTask(Task):
    """Without noise the stock's vectors; with noise, of the names of all concepts and of what is said of the other
    pictures, the text that is true (CLIP's loss, one way)."""

    name = "tower of drawings"
    model: Tower

    def __init__(self, stock: Stock) -> None:
        super().__init__()
        device = stock.pixels.device
        self.model, self.t = Tower(CONFIG).to(device), nn.Parameter(torch.tensor(START, device=device))
        self.names, self.schedule = Names(stock), schedule(NOISE, T)

    def forward(self, batch: Batch) -> Tensor:
        """The sum of what is lost without noise and with it."""
        assert isinstance(batch, Drawn)
        assert batch.vectors is not None
        B, device = len(batch.pixels), batch.pixels.device
        i = torch.randint(1, T, (B,), device=device)
        clean = torch.rand(B, device=device) < CLEAN
        clean[0] = True
        seen = F.normalize(self.model(self._noisy(batch.pixels, i, clean)).float(), dim=1)
        off = 1 - (seen * batch.vectors).sum(1)  # (B,)
        counts = torch.where(clean, 0.0, (i / FULL).clamp(max=1))
        near = NEAR * (torch.where(clean, 1.0, self.schedule.at("alpha", i, off).flatten() ** 2) * off).mean()
        names = (counts * self._called(seen, batch)).sum() / counts.sum().clamp(min=1)
        return names + ALIKE * off[clean].mean() + near

    def _noisy(self, pixels: Tensor, i: Tensor, clean: Tensor) -> Tensor:
        x0 = normalised(pixels)
        noisy = add_noise(self.schedule, x0, i=i, noise=torch.randn_like(x0))
        return torch.where(clean[:, None, None, None], x0, noisy)

    def _called(self, seen: Tensor, batch: Drawn) -> Tensor:
        """The cross-entropy of each picture (B,). What is as true of it as its own text is no other choice: the same
        thing in the same colour, and its name in none."""
        assert batch.texts is not None
        assert batch.concept is not None
        assert batch.colour is not None
        names, B = self.names.any(), len(seen)  # (C, E)
        logits = seen @ torch.cat([names, batch.texts]).T * self.t.exp()  # (B, C + B)
        own = F.one_hot(batch.concept, len(names)).bool()
        same = (batch.concept[:, None] == batch.concept) & (batch.colour[:, None] == batch.colour)
        same.fill_diagonal_(False)
        logits = logits.masked_fill(torch.cat([own, same], dim=1), -1e9)
        return F.cross_entropy(logits, torch.arange(B, device=seen.device) + len(names), reduction="none")

    def after_step(self) -> None:
        """Holds the scale within bounds."""
        with torch.no_grad():
            self.t.clamp_(0, HIGHEST)

    def test(self, model: nn.Module, held: Pictures) -> dict[str, float]:
        """Of concepts kept apart: the cosine with the other tower's vector, and the part whose Spanish name is found
        first among all in much noise."""
        alike, right = [], []
        for batch in held.in_order(128):
            assert isinstance(batch, Drawn)
            assert batch.vectors is not None
            i = torch.full((len(batch.pixels),), TESTED, device=batch.pixels.device)
            clean = torch.zeros_like(i, dtype=torch.bool)
            alike.append((model(self._noisy(batch.pixels, i, ~clean)).float() * batch.vectors).sum(1))
            seen = model(self._noisy(batch.pixels, i, clean)).float()
            right.append(((seen @ self.names.usual().T).argmax(1) == batch.concept).float())
        return {"alike": torch.cat(alike).mean().item(), "names": torch.cat(right).mean().item()}

    def show(self, model: nn.Module, held: Pictures, path: Path) -> None:
        """It draws nothing."""

    def config(self) -> dict[str, Any]:
        """The tower's configuration."""
        return {"ateneo": "tower", "config": asdict(self.model.config)}
