"""The three things that are learned: a decoder from image vectors to pictures, a VQGAN, and a prior from text vectors
to image vectors. Each is a Task of `ateneo.models.train.loop`.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from stock import Drawings, Drawn, Pairs, Said, Stock
from torch import Tensor, nn

from ateneo.models.diffusion import Denoiser
from ateneo.models.losses import simple_loss
from ateneo.models.prior import Prior, PriorConfig, image_vectors
from ateneo.models.samplers import ddim
from ateneo.models.schedules import schedule
from ateneo.models.train.data import Batch, Pictures
from ateneo.models.train.loop import Task
from ateneo.models.train.pictures import normalised, sheet, to_bytes
from ateneo.models.unclip import Decoder, DecoderConfig
from ateneo.models.unet import UNetConfig
from ateneo.models.vqgan import Vqgan, VqganConfig

UNET = UNetConfig(
    image_size=32, in_channels=15, out_channels=12, channels=64, widths=(64, 128, 192), blocks=1, attention=(1, 2),
    head_channels=32, scale_shift=True, groups=16, vector=384,
)  # fmt: skip
DECODER = DecoderConfig(image_size=64, patch=2, unet=UNET, sketch=16, text=384)
VQGAN = VqganConfig(
    image_size=64, widths=(32, 48, 96), blocks=1, attention=(), middle_attention=False, z_channels=32, codes=512,
    embed=32, groups=16,
)  # fmt: skip
PRIOR = PriorConfig(embed=384, text=384, tokens=0, heads=6, head_width=32, layers=4, bound=6.0)
NOISE, T = "cosine", 1000
RIDGE, RIDGE_TOLD = 300.0, 3.0  # squares of the sketch's weights against those of its errors; texts' vectors are short
MOST_SNR = 4.0  # by which the error of little noise weighs more than that of much
DROPPED = 0.25  # of the conditions: what then is learned is the unconditional model
SHAKEN = 0.5  # length of what is added to the vectors of texts at most, so that other words of the same are near
TOLD = 0.75  # of the pictures that have a vector, those whose text is told as well; of those without, a third
BLURRED = 0.3  # how much noise standardised image vectors get at most: a prior's are not exact


class DecoderTask(Task):
    """x₀ of noisy pictures, given their vectors."""

    name = "drawing decoder"
    model: Decoder

    def __init__(self, stock: Stock) -> None:
        super().__init__()
        self.model, self.schedule = Decoder(DECODER).to(stock.pixels.device), schedule(NOISE, T)
        vectors = stock.vectors.flatten(0, 1)
        self.model.mean.copy_(vectors.mean(0))
        self.model.std.copy_(vectors.std(0))
        nn.init.constant_(self.model.unet.out.bias, stock.pixels[::50].float().mean().item() / 127.5 - 1)
        self._fit_sketch(stock)

    @torch.no_grad()
    def _fit_sketch(self, stock: Stock) -> None:
        """The small picture of a vector, and what a text adds to it, by least squares with a bound on the weights; they
        are learned no further."""
        learned = [n for n, concept in enumerate(stock.concept.tolist()) if concept not in stock.held]
        parts = stock.pixels[learned].split(1024)
        small = torch.cat([F.avg_pool2d(normalised(part), 64 // DECODER.sketch) for part in parts])
        y = torch.stack([small, small.flip(3)], dim=1).flatten(0, 1).flatten(1)  # (2n, 3·side²)
        x = self.model.standardised(stock.vectors[learned]).flatten(0, 1)  # (2n, E)
        assert self.model.sketch is not None
        assert self.model.told_sketch is not None
        bias = y.mean(0)
        weight = ridge(x, y - bias, RIDGE)
        self.model.sketch.weight.copy_(weight.T)
        self.model.sketch.bias.copy_(bias)
        texts = Said(stock).texts(torch.tensor(learned, device=x.device), torch.Generator(x.device).manual_seed(0))
        self.model.told_sketch.weight.copy_(ridge(texts.repeat_interleave(2, 0), y - bias - x @ weight, RIDGE_TOLD).T)
        self.model.sketch.requires_grad_(False)
        self.model.told_sketch.requires_grad_(False)

    def forward(self, batch: Batch) -> Tensor:
        """The simple loss, in which steps with less noise weigh more, up to a bound."""
        vectors, texts = self.model.standardised(_vectors(batch)), _texts(batch)
        chance = torch.rand(4, len(vectors), 1, device=vectors.device)
        vectors = vectors + BLURRED * chance[0] * torch.randn_like(vectors)
        texts = shaken(texts, chance[1])
        seen = chance[2] >= DROPPED
        told = chance[3] < torch.where(seen, TOLD, 1 / 3)
        return self._loss(self.model, normalised(batch.pixels), vectors * seen, texts * told).mean()

    def _loss(self, model: Decoder, x0: Tensor, vectors: Tensor, texts: Tensor) -> Tensor:
        def network(x: Tensor, t: Tensor) -> Tensor:
            return model(x, t, vector=vectors, text=texts).float()

        i = torch.randint(T, (len(x0),), device=x0.device)
        noise = torch.randn_like(x0)
        denoiser = Denoiser(network, predicts=DECODER.predicts, clip=None)
        snr = self.schedule.at("ratio", i, x0).flatten() ** -2
        return simple_loss(denoiser, x0, schedule=self.schedule, i=i, noise=noise) * (1 + snr.clamp(max=MOST_SNR))

    def test(self, model: nn.Module, held: Pictures) -> dict[str, float]:
        """The loss on concepts kept apart."""
        assert isinstance(model, Decoder)
        losses = [
            self._loss(model, normalised(batch.pixels), model.standardised(_vectors(batch)), _texts(batch))
            for batch in held.in_order(64)
        ]
        return {"loss": torch.cat(losses).mean().item()}

    def show(self, model: nn.Module, held: Pictures, path: Path) -> None:
        """Concepts kept apart and concepts learned from, each above what is drawn from its vector; then whatever the
        model draws by itself."""
        assert isinstance(model, Decoder)
        assert isinstance(held, Drawings)
        stock = held.stock
        chosen = held.rows[:: max(1, len(held) // 10)][:10].tolist()
        chosen += list(range(5, len(stock.pixels), len(stock.pixels) // 10))[:10]
        wanted, vectors = stock.pixels[chosen], stock.vectors[chosen, 0]
        x_T = torch.randn(len(chosen), 3, 64, 64, device=wanted.device)
        levels = self.schedule.levels("ddim25")
        drawn = to_bytes(ddim(model.denoiser(vectors, scale=2.0), x_T, levels=levels)).cpu()
        free, wanted = to_bytes(ddim(model.denoiser(), x_T, levels=levels)).cpu(), wanted.cpu()
        rows = torch.cat([wanted[:10], drawn[:10], wanted[10:], drawn[10:], free])
        sheet(rows, columns=10, scale=1).save(path)

    def config(self) -> dict[str, Any]:
        """The decoder's configuration."""
        return {"ateneo": "decoder", "config": asdict(self.model.config), "schedule": NOISE, "T": T}


class VqganTask(Task):
    """Pictures through a codebook. For the first part of the run there is none; then it is laid at the vectors that the
    encoder gives, by k-means, and codes that are not used are laid anew."""

    name = "drawing vqgan"
    model: Vqgan
    free = 0.15  # of the run without a codebook
    crop = 32  # pixels: the model has no attention, so pieces teach as much as wholes

    def __init__(self, stock: Stock) -> None:
        super().__init__()
        self.model = Vqgan(VQGAN)
        self.register_buffer("used", torch.ones(VQGAN.codes))
        self.register_buffer("laid", torch.zeros(()))
        self.through = 0.0

    def before_step(self, through: float) -> None:
        """Keeps how far the run is."""
        self.through = through

    def forward(self, batch: Batch) -> Tensor:
        """The error of the picture and of its edges, and that of the codebook (Esser et al. 2021, equation 4)."""
        y, x = torch.randint(0, 64 - self.crop + 1, (2,)).tolist()
        pictures = normalised(batch.pixels)[:, :, y : y + self.crop, x : x + self.crop]
        z = self.model.encode(pictures).float()
        if self.through < self.free and not self.laid:
            return difference(self.model.decode(z).float(), pictures)
        if not self.laid:
            self._lay(z)
        found = self.model.quantize(z)
        nearest = self.model.codebook(found.codes).permute(0, 3, 1, 2)
        self._keep_in_use(found.codes, z)
        book = F.mse_loss(nearest, z.detach()) + 0.25 * F.mse_loss(z, nearest.detach())
        return difference(self.model.decode(found.z).float(), pictures) + book

    @torch.no_grad()
    def _lay(self, z: Tensor) -> None:
        rows = z.permute(0, 2, 3, 1).flatten(0, 2)
        book = rows[torch.randperm(len(rows), device=z.device)[: VQGAN.codes]].clone()
        for _ in range(10):
            places = torch.cdist(rows, book).argmin(1)
            sums = torch.zeros_like(book).index_add_(0, places, rows)
            counts = torch.bincount(places, minlength=len(book))[:, None]
            book = torch.where(counts > 0, sums / counts.clamp(min=1), book)
        self.model.codebook.weight.copy_(book)
        self.laid.fill_(1)

    @torch.no_grad()
    def _keep_in_use(self, codes: Tensor, z: Tensor) -> None:
        counts = torch.bincount(codes.flatten(), minlength=VQGAN.codes).float()
        self.used.mul_(0.98).add_(counts, alpha=0.02)
        dead = (self.used < 0.02).nonzero()[:, 0][:16]
        if len(dead) and self.through < 0.8:
            rows = z.permute(0, 2, 3, 1).flatten(0, 2)
            self.model.codebook.weight[dead] = rows[torch.randint(len(rows), (len(dead),), device=z.device)]
            self.used[dead] = 1.0

    def test(self, model: nn.Module, held: Pictures) -> dict[str, float]:
        """The mean absolute error on concepts kept apart, of 2, and how many codes are in use."""
        assert isinstance(model, Vqgan)
        errors, codes = [], set()
        for batch in held.in_order(64):
            pictures = normalised(batch.pixels)
            found = model.quantize(model.encode(pictures).float())
            codes |= set(found.codes.flatten().tolist())
            errors.append((model.decode(found.z).float() - pictures).abs().mean().item())
        return {"error": sum(errors) / len(errors), "codes": float(len(codes))}

    def show(self, model: nn.Module, held: Pictures, path: Path) -> None:
        """Pictures kept apart, and what the codes say of them."""
        assert isinstance(model, Vqgan)
        pixels = next(iter(held.in_order(20))).pixels
        rows = torch.cat([pixels.cpu(), to_bytes(model(normalised(pixels)).float()).cpu()])
        sheet(rows, columns=20, scale=1).save(path)

    def config(self) -> dict[str, Any]:
        """The VQGAN's configuration."""
        return {"ateneo": "vqgan", "config": asdict(self.model.config)}


class PriorTask(Task):
    """The vector of a picture from the vector of what is said of it."""

    name = "drawing prior"
    model: Prior

    def __init__(self, stock: Stock) -> None:
        super().__init__()
        self.model, self.schedule = Prior(PRIOR).to(stock.vectors.device), schedule(NOISE, T)
        vectors = stock.vectors.flatten(0, 1)
        self.model.mean.data.copy_(vectors.mean(0))
        self.model.std.data.copy_(vectors.std(0))
        self.model.mean.requires_grad_(False)
        self.model.std.requires_grad_(False)

    def forward(self, batch: Batch) -> Tensor:
        """The error of the predicted vector, evenly over all levels of noise."""
        text = _texts(batch)
        chance = torch.rand(2, len(text), 1, device=text.device)
        text = shaken(text, chance[0]) * (chance[1] >= DROPPED)
        return self._loss(self.model, _vectors(batch), text).mean()

    def _loss(self, model: Prior, vectors: Tensor, text: Tensor) -> Tensor:
        x0, i = model.standardised(vectors), torch.randint(T, (len(vectors),), device=vectors.device)
        denoiser = Denoiser(lambda x, t: model(x, t, text=text).float(), predicts="x0", clip=None)
        return simple_loss(denoiser, x0, schedule=self.schedule, i=i, noise=torch.randn_like(x0))

    def test(self, model: nn.Module, held: Pictures) -> dict[str, float]:
        """On concepts kept apart: the loss, and the cosine of vectors made from texts with those of drawings."""
        assert isinstance(model, Prior)
        assert isinstance(held, Pairs)
        batch = held.batch(range(0, len(held), max(1, len(held) // 256)))
        made = image_vectors(model, _texts(batch), schedule=self.schedule, steps=20)
        cosine = F.cosine_similarity(made, _vectors(batch)).mean().item()
        return {"loss": self._loss(model, _vectors(batch), _texts(batch)).mean().item(), "cosine": cosine}

    def show(self, model: nn.Module, held: Pictures, path: Path) -> None:
        """Vectors have no looks."""

    def config(self) -> dict[str, Any]:
        """The prior's configuration."""
        return {"ateneo": "prior", "config": asdict(self.model.config), "schedule": NOISE, "T": T}


def shaken(texts: Tensor, part: Tensor) -> Tensor:
    """Vectors of texts (B, E) with a part (B, 1) of SHAKEN added by chance, of unit length."""
    return F.normalize(texts + SHAKEN * part * torch.randn_like(texts) * texts.shape[1] ** -0.5, dim=1)


def ridge(x: Tensor, y: Tensor, bound: float) -> Tensor:
    """W (I, O) of the least ‖x W - y‖² + bound ‖W‖², for rows x (n, I) and y (n, O)."""
    return torch.linalg.solve(x.T @ x + bound * torch.eye(x.shape[1], device=x.device), x.T @ y)


def difference(drawn: Tensor, wanted: Tensor) -> Tensor:
    """The mean absolute error, and that of the edges, at two sizes."""
    loss = F.l1_loss(drawn, wanted) + F.mse_loss(drawn, wanted)
    for d, w in ((drawn, wanted), (F.avg_pool2d(drawn, 2), F.avg_pool2d(wanted, 2))):
        loss = loss + F.l1_loss(d.diff(dim=2), w.diff(dim=2)) + F.l1_loss(d.diff(dim=3), w.diff(dim=3))
    return loss


def _vectors(batch: Batch) -> Tensor:
    assert isinstance(batch, Drawn)
    assert batch.vectors is not None
    return batch.vectors


def _texts(batch: Batch) -> Tensor:
    assert isinstance(batch, Drawn)
    assert batch.texts is not None
    return batch.texts
