"""Learning classes with a ViT: cross-entropy, pictures varied by chance, and patches left out to save time.

Leaving out a part of the patches while learning (PatchDropout, Liu et al. 2022; half of them as in Li et al. 2022,
"Scaling Language-Image Pre-training via Masking") makes a step nearly as much cheaper; in use all patches are read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ateneo.errors import SettingsError
from ateneo.models.train.data import Batch, Pictures
from ateneo.models.train.items import Item
from ateneo.models.train.loop import Task
from ateneo.models.train.pictures import erased, jittered, normalised, preprocessing, sheet, varied
from ateneo.models.vit import Stem, ViT, ViTConfig, vit_config

TEST_BATCH = 256
AMPLITUDE = 0.1  # of the positions at the beginning, about that of the patches
SHOWN = 48  # pictures on the sheet of guesses
SIZES = {  # width, layers, heads: for pictures and machines smaller than those of the published sizes
    "small": (128, 6, 4),
    "medium": (192, 6, 3),
    "large": (384, 8, 6),
}


def config_by_name(
    name: str, *, image_size: int, patch_size: int, classes: int | None, stem: Stem = "patches"
) -> ViTConfig:
    """A published size such as ViT-B/16, or one of SIZES, whose patches are pooled by their mean: it learns faster."""
    if name not in SIZES:
        return vit_config(name, image_size=image_size, classes=classes, stem=stem)
    if image_size % patch_size:
        raise SettingsError(f"cannot cut {image_size} pixels into patches of {patch_size}; give --patch a divisor")
    width, layers, heads = SIZES[name]
    return ViTConfig(
        image_size=image_size, patch_size=patch_size, width=width, layers=layers, heads=heads, mlp_width=4 * width,
        classes=classes, pool="mean", stem=stem,
    )  # fmt: skip


class VitTask(Task):
    """A ViT and the names of its classes."""

    name = "vit"
    model: ViT

    def __init__(
        self,
        config: ViTConfig,
        names: Sequence[str],
        *,
        keep: float = 1.0,
        whole: float = 0.0,
        smoothing: float = 0.1,
        jitter: float = 0.2,
        erase: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 < keep <= 1:
            raise SettingsError(f"cannot keep {keep} of the patches: give --keep above 0 and at most 1")
        if not 0 <= whole <= 1:
            raise SettingsError(f"cannot read whole pictures for {whole} of the steps: give --whole from 0 to 1")
        self.model = ViT(config)
        sine_positions(self.model)
        self.names = list(names)
        self.keep, self.whole, self.smoothing, self.jitter, self.erase = keep, whole, smoothing, jitter, erase
        self.read = keep  # the part of the patches read in this step

    def before_step(self, through: float) -> None:
        """All patches are read in the last part of the steps, and `keep` of them before."""
        self.read = 1.0 if through >= 1 - self.whole else self.keep

    def forward(self, batch: Batch) -> Tensor:
        """Cross-entropy with smoothed labels."""
        device = self.model.positions.device
        pixels = erased(jittered(normalised(varied(batch.pixels)), self.jitter), self.erase).to(device)
        logits = logits_of_some(self.model, pixels, keep=self.read)
        return F.cross_entropy(logits.float(), self.labels(batch.items).to(device), label_smoothing=self.smoothing)

    def labels(self, items: Iterable[Item]) -> Tensor:
        """(B,) places in the list of names."""
        places = {name: place for place, name in enumerate(self.names)}
        return torch.tensor([places[item.label or ""] for item in items])

    def test(self, model: nn.Module, held: Pictures) -> dict[str, float]:
        """The part of the held pictures that is classified rightly, and the cross-entropy."""
        right, loss, seen = 0.0, 0.0, 0
        for batch in held.in_order(TEST_BATCH):
            labels = self.labels(batch.items).to(self.model.positions.device)
            logits = model(normalised(batch.pixels).to(labels.device)).float()
            right += (logits.argmax(1) == labels).sum().item()
            loss += F.cross_entropy(logits, labels, reduction="sum").item()
            seen += len(labels)
        return {"accuracy": right / seen, "loss": loss / seen}

    def show(self, model: nn.Module, held: Pictures, path: Path) -> None:
        """A sheet of held pictures, each with the class guessed; a wrong one is followed by the right one."""
        batch = held.batch(range(0, len(held), max(1, len(held) // SHOWN))[:SHOWN])
        guesses = model(normalised(batch.pixels).to(self.model.positions.device)).argmax(1).tolist()
        sheet(batch.pixels, columns=12, under=captions_of(guesses, batch.items, self.names)).save(path)

    def config(self) -> dict[str, Any]:
        """The ViT's configuration, the classes, and how pixels are normalised."""
        return {"ateneo": "vit", "config": asdict(self.model.config), "classes": self.names, "mean": 0.5, "std": 0.5}

    def companions(self) -> dict[str, bytes]:
        """How pictures are prepared."""
        size = self.model.config.image_size
        return preprocessing(size) if isinstance(size, int) else {}


def captions_of(guesses: Sequence[int], items: Sequence[Item], names: Sequence[str]) -> list[str]:
    """One line a picture: the guess, and where it is wrong, the truth."""
    right = (names[guess] == item.label for guess, item in zip(guesses, items, strict=True))
    pairs = zip(guesses, items, right, strict=True)
    return [f"{names[guess]}\n" if ok else f"{names[guess]}?\n({item.label})" for guess, item, ok in pairs]


def logits_of_some(model: ViT, pixels: Tensor, *, keep: float) -> Tensor:
    """(B, 3, H, W) → (B, classes), or (B, D) without classes, from patches chosen by chance for each picture."""
    if keep == 1:
        return model(pixels)  # type: ignore[no-any-return]
    x = model._embed(pixels)  # (B, 1 + N, D)
    B, N, D = len(x), x.shape[1] - 1, x.shape[2]
    chosen = torch.rand(B, N).argsort(1)[:, : max(1, round(N * keep))].to(x.device)  # (B, n)
    some = x[:, 1:].gather(1, chosen[..., None].expand(-1, -1, D))
    x = torch.cat([x[:, :1], some], 1)
    by_mean = model.config.pool == "mean"
    x = model.transformer(x)[:, 1:].mean(1) if by_mean else model.transformer(x, first=1)[:, 0]  # (B, D)
    return model.norm(x) if model.head is None else model.head(model.norm(x))  # type: ignore[no-any-return]


@torch.no_grad()
def sine_positions(model: ViT) -> None:
    """Positions begin as sines and cosines of row and column (Beyer et al. 2022, "Better plain ViT baselines")."""
    h, w = model.config.grid
    D = model.config.width
    frequencies = 1 / 10_000 ** (torch.arange(D // 4) / max(1, D // 4 - 1))
    rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    angles = torch.stack([rows.flatten(), columns.flatten()], 1)[..., None] * frequencies  # (h·w, 2, D/4)
    waves = torch.cat([angles.sin(), angles.cos()], -1).flatten(1)  # (h·w, 4 · (D // 4))
    model.positions[1:, : waves.shape[1]] = AMPLITUDE * waves
