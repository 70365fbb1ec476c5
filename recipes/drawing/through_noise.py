"""The image tower of drawing: what another tower sees in a picture, what noisy pictures are called, and which way they
are to change so that they show what is asked for. With it a diffusion model is guided from its first step on.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from stock import SIZE, Drawings, Drawn, Names, Stock
from tasks import BLURRED, NOISE, T, shaken
from torch import Tensor, nn
from twice import Convolution

from ateneo.models.losses import add_noise
from ateneo.models.noisy_tower import NoisyTower, NoisyTowerConfig
from ateneo.models.schedules import schedule
from ateneo.models.train.data import Batch, Pictures
from ateneo.models.train.loop import Task
from ateneo.models.train.pictures import normalised
from ateneo.models.unclip import Decoder

CONFIG = NoisyTowerConfig(image_size=SIZE, schedule=NOISE, T=T)
CLEAN = 0.25  # as many pictures without noise are seen beside those with it
FULL = 150  # the step from which on names count in full
ALIKE, NAMED = 2.0, 0.05  # what the distance from the other tower's vector counts for without noise, and names with it
WORDS, VECTOR = 0.35, 0.15  # of the pictures, those led by words alone, and by a vector alone
OTHER = 0.2  # of the pictures, those led by what is asked for of another ...
HALF = 0.5  # ... which count for so much
START, HIGHEST = 3.5, 4.6  # of the logarithm of the scale
TESTED = 500  # the step at which names are tested
LIKELY, FAR = 35.0, 10.0  # how far the decoder is moved by what it is told, about 35 σ/√(σ² + 100 α²) ...
LEAST = 1.25  # ... and at least so far


class TowerTask(Task):
    """Without noise the stock's vectors; with noise, of the names of all concepts and of what is said of the other
    pictures, the text that is true (CLIP's loss, one way), and a gradient that is the difference between what the
    decoder predicts with vector and words and without (Chao et al. 2022, equation 9, of a model in place of pictures).
    """

    name = "tower of drawings"
    model: NoisyTower

    def __init__(self, stock: Stock, decoder: Decoder, config: NoisyTowerConfig = CONFIG) -> None:
        super().__init__()
        device = stock.pixels.device
        self.model = NoisyTower(config, convolution=Convolution).to(device)
        self.t = nn.Parameter(torch.tensor(START, device=device))
        self.stock, self.names, self.schedule = stock, Names(stock), schedule(NOISE, T)
        self.learned = torch.tensor(Drawings.kept(stock), device=device)
        self._decoder = [decoder.to(device).eval().requires_grad_(False)]  # in a list: its weights are not learned
        self.model.mean.copy_(decoder.mean)
        self.model.std.copy_(decoder.std)
        self.model.text_mean.copy_(stock.texts.mean(0))
        self.model.text_std.fill_((stock.texts - stock.texts.mean(0)).square().mean().sqrt())

    @property
    def decoder(self) -> Decoder:
        """What the gradient is learned from."""
        return self._decoder[0]

    def forward(self, batch: Batch) -> Tensor:
        """The sum of what is lost by the gradient, by names and without noise."""
        assert isinstance(batch, Drawn)
        assert batch.vectors is not None
        assert batch.texts is not None
        B, device = len(batch.pixels), batch.pixels.device
        i = torch.randint(1, T, (B,), device=device)
        x, chance = self._noisy(batch.pixels, i), torch.rand(3, B, 1, device=device)
        blur = BLURRED * self.model.std * chance[0] * torch.randn_like(batch.vectors)
        vectors, texts = batch.vectors + blur, shaken(batch.texts, chance[1])
        other = int(B * OTHER)
        vectors = torch.cat([vectors[:other].roll(1, 0), vectors[other:]])
        texts = torch.cat([texts[:other].roll(1, 0), texts[other:]])
        counts = torch.where(torch.arange(B, device=device) < other, HALF, 1.0)
        asked = self.model.asked(vectors, texts) * self._given(chance[2])
        moved, hidden = self._moved(x, i, asked)
        wanted = self._wanted(x, i, vectors, texts)
        far = (counts * ((moved - wanted) / self._likely(i, x)).square().sum((1, 2, 3))).mean()
        part = (i / FULL).clamp(max=1)
        names = (part * self._called(self.model.seen(hidden).float(), batch)).sum() / part.sum()
        return far + NAMED * names + ALIKE * self._unlike(int(B * CLEAN))

    def _noisy(self, pixels: Tensor, i: Tensor) -> Tensor:
        x0 = normalised(pixels)
        return add_noise(self.schedule, x0, i=i, noise=torch.randn_like(x0))

    def _given(self, chance: Tensor) -> Tensor:
        """Which parts of what is asked for count (B, d_e + text + 1), by chance (B, 1): both, words or vector alone."""
        E, text = self.model.config.embed, self.model.config.text
        seen, told = chance >= WORDS, (chance < WORDS) | (chance >= WORDS + VECTOR)
        one = torch.ones_like(seen)
        return torch.cat([seen.expand(-1, E), told.expand(-1, text), one], dim=1).float()

    def _moved(self, x: Tensor, i: Tensor, asked: Tensor, *, learn: bool = True) -> tuple[Tensor, Tensor]:
        """How far x₀ of pictures x at steps i is moved at s = 1, σ²/α ∇ log p, (B, 3, S, S); and the hidden numbers."""
        with torch.enable_grad(), Convolution.to_input_alone():
            x = x.detach().requires_grad_()
            hidden = self.model.hidden(x, i)
            led = (self.model.lead(hidden).float() * asked).sum(1) * self.model.gain(i)
            (moved,) = torch.autograd.grad(led.sum(), x, create_graph=learn)
        return moved, hidden

    @torch.no_grad()
    def _wanted(self, x: Tensor, i: Tensor, vectors: Tensor, texts: Tensor) -> Tensor:
        """x₀ as the decoder predicts it with vector and words, less that without."""
        given, nothing = self.decoder.standardised(vectors), torch.zeros_like(vectors)
        found = self.decoder(
            torch.cat([x, x]), torch.cat([i, i]), vector=torch.cat([given, nothing]),
            text=torch.cat([texts, torch.zeros_like(texts)]),
        )  # fmt: skip
        with_both, without = found.float().chunk(2)
        return with_both - without

    def _likely(self, i: Tensor, x: Tensor) -> Tensor:
        """How far that usually is (B, 1, 1, 1), so that all steps count alike."""
        alpha, sigma = self.schedule.at("alpha", i, x), self.schedule.at("sigma", i, x)
        return (LIKELY * sigma * (sigma**2 + (FAR * alpha) ** 2).rsqrt()).clamp(min=LEAST)

    def _unlike(self, n: int) -> Tensor:
        """How far what is seen in n pictures by chance is from the stock's vectors."""
        rows = self.learned[torch.randint(len(self.learned), (max(1, n),), device=self.learned.device)]
        turned = torch.rand(len(rows), device=rows.device) < 0.5
        x = normalised(self.stock.pixels[rows])
        x = torch.where(turned[:, None, None, None], x.flip(3), x)
        return (1 - (self.model(x).float() * self.stock.vectors[rows, turned.long()]).sum(1)).mean()

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
        """Of concepts kept apart: the cosine with the other tower's vector; in much noise the part whose Spanish name
        is found first among all, and the cosine of the gradient with what it should be."""
        assert isinstance(model, NoisyTower)
        learned, self.model = self.model, model
        alike, right, led = [], [], []
        for batch in held.in_order(128):
            assert isinstance(batch, Drawn)
            assert batch.vectors is not None
            assert batch.texts is not None
            alike.append((model(normalised(batch.pixels)).float() * batch.vectors).sum(1))
            i = torch.full((len(batch.pixels),), TESTED, device=batch.pixels.device)
            x = self._noisy(batch.pixels, i)
            right.append(((model(x, i).float() @ self.names.usual().T).argmax(1) == batch.concept).float())
            moved, _ = self._moved(x, i, model.asked(batch.vectors, batch.texts), learn=False)
            wanted = self._wanted(x, i, batch.vectors, batch.texts)
            led.append(F.cosine_similarity(moved.flatten(1), wanted.flatten(1), dim=1))
        self.model = learned
        found = {"alike": alike, "names": right, "gradient": led}
        return {name: torch.cat(values).mean().item() for name, values in found.items()}

    def show(self, model: nn.Module, held: Pictures, path: Path) -> None:
        """It draws nothing."""

    def config(self) -> dict[str, Any]:
        """The tower's configuration."""
        return {"ateneo": "noisy tower", "config": asdict(self.model.config)}
