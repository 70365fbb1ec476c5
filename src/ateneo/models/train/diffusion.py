"""Learning to draw: a U-Net that takes noise away, with or without classes.

Where there are classes, a part of the labels is left out while learning, so that one network draws a class, anything,
and with classifier-free guidance more of a class than the pictures have (Ho & Salimans 2021).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ateneo.errors import SettingsError
from ateneo.models.diffusion import Denoiser, Network, Predicts, Variance
from ateneo.models.losses import hybrid_loss, simple_loss
from ateneo.models.samplers import ddim
from ateneo.models.schedules import schedule
from ateneo.models.train.data import Batch, Pictures
from ateneo.models.train.items import Item
from ateneo.models.train.loop import Task
from ateneo.models.train.pictures import normalised, sheet, to_bytes
from ateneo.models.unet import UNETS, UNet, UNetConfig

TEST_BATCH = 128
TESTED = 1024  # held pictures, each at one level of noise; all levels are met evenly
SHOWN, ACROSS = 40, 10
SAMPLE_STEPS = "ddim50"
WIDTHS = {"small": (32, 64, 128), "medium": (64, 128, 128), "large": (128, 256, 256, 256)}


def unet_config_by_name(name: str, *, image_size: int, classes: int | None, variance: Variance = "small") -> UNetConfig:
    """A published U-Net, or a small one: small, medium, large; with `classes`, it has one label more for none."""
    channels = 6 if variance == "learned" else 3
    if name in UNETS:
        base = UNETS[name]
    elif name in WIDTHS:
        widths = WIDTHS[name]
        base = UNetConfig(
            widths=widths, channels=widths[0], blocks=2 if name == "large" else 1, attention=(len(widths) - 1,),
            head_channels=32, scale_shift=True, groups=16,
        )  # fmt: skip
    else:
        raise SettingsError(f"there is no size {name!r}; give one of {', '.join([*WIDTHS, *UNETS])}")
    config = replace(
        base, image_size=image_size, out_channels=channels, classes=classes, unlabelled=classes is not None
    )
    if image_size % config.stride:
        raise SettingsError(
            f"cannot draw pictures of {image_size} pixels: give --image-size a multiple of {config.stride}"
        )
    return config


class DiffusionTask(Task):
    """A U-Net, its noise schedule, and what it predicts."""

    name = "diffusion"
    model: UNet

    def __init__(
        self,
        config: UNetConfig,
        *,
        classes: Sequence[str] = (),
        noise: str = "cosine",
        T: int = 1000,
        predicts: Predicts = "eps",
        variance: Variance = "small",
        unlabelled: float = 0.2,
        min_snr: float | None = None,
        mirrored: bool = True,
    ) -> None:
        super().__init__()
        self.model = UNet(config)
        self.classes = list(classes)
        self.noise, self.schedule = noise, schedule(noise, T)
        self.predicts, self.variance, self.min_snr = predicts, variance, min_snr
        self.unlabelled, self.mirrored = unlabelled, mirrored

    def forward(self, batch: Batch) -> Tensor:
        """The simple loss at a level of noise of chance for each picture, or where Σ is learned, the hybrid one."""
        x0 = normalised(batch.pixels)
        if self.mirrored:
            x0 = torch.where(torch.rand(len(x0), 1, 1, 1) < 0.5, x0, x0.flip(3))
        labels = self.labels(batch.items)
        if labels is not None:
            labels = torch.where(torch.rand(len(labels)) < self.unlabelled, len(self.classes), labels)
        i = torch.randint(len(self.schedule), (len(x0),))
        return self.losses(self.model, x0, labels=labels, i=i, noise=torch.randn_like(x0)).mean()

    def losses(self, model: UNet, x0: Tensor, *, labels: Tensor | None, i: Tensor, noise: Tensor) -> Tensor:
        """(B,): the loss of each picture x0 at step i with this noise."""
        device = next(model.parameters()).device
        x0, i, noise = x0.to(device), i.to(device), noise.to(device)
        denoiser = self.denoiser(self.network(model, labels))
        loss = hybrid_loss if self.variance == "learned" else simple_loss
        return loss(denoiser, x0, schedule=self.schedule, i=i, noise=noise, min_snr=self.min_snr)

    def network(self, model: UNet, labels: Tensor | None) -> Network:
        """The U-Net with its labels bound, and its answer in float32."""
        bound = model if labels is None else partial(model, labels=labels.to(next(model.parameters()).device))
        return lambda x_t, t: bound(x_t, t).float()

    def denoiser(self, network: Network) -> Denoiser:
        """What samplers walk with."""
        return Denoiser(network, predicts=self.predicts, variance=self.variance)

    def labels(self, items: Iterable[Item]) -> Tensor | None:
        """(B,) places in the list of classes, None where there are no classes."""
        if not self.classes:
            return None
        places = {name: place for place, name in enumerate(self.classes)}
        return torch.tensor([places[item.label or ""] for item in items])

    def test(self, model: nn.Module, held: Pictures) -> dict[str, float]:
        """The loss on held pictures, at levels of noise spread evenly and with noise that is the same every time."""
        assert isinstance(model, UNet)
        losses = []
        for batch in held.in_order(TEST_BATCH):
            x0 = normalised(batch.pixels)
            i = torch.arange(len(x0)) * len(self.schedule) // len(x0)
            losses.append(self.losses(model, x0, labels=self.labels(batch.items), i=i, noise=torch.randn_like(x0)))
            if len(losses) * TEST_BATCH >= TESTED:
                break
        return {"loss": torch.cat(losses).mean().item()}

    def show(self, model: nn.Module, held: Pictures, path: Path) -> None:
        """Drawn pictures, from the same noise every time; with classes, a column a class."""
        assert isinstance(model, UNet)
        size = model.config.image_size
        labels = torch.arange(SHOWN) % ACROSS % len(self.classes) if self.classes else None
        x_T = torch.randn(SHOWN, model.config.in_channels, size, size).to(next(model.parameters()).device)
        denoiser = self.denoiser(self.network(model, labels))
        drawn = ddim(denoiser, x_T, levels=self.schedule.levels(SAMPLE_STEPS))
        sheet(to_bytes(drawn), columns=ACROSS).save(path)

    def config(self) -> dict[str, Any]:
        """The U-Net's configuration, its noise schedule, what it predicts, and the classes."""
        return {
            "ateneo": "diffusion",
            "config": asdict(self.model.config),
            "schedule": self.noise,
            "T": len(self.schedule),
            "predicts": self.predicts,
            "variance": self.variance,
            "classes": self.classes,
            "mean": 0.5,
            "std": 0.5,
        }
