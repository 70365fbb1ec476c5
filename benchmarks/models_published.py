"""guided-diffusion's arrangement of a step, for the benchmarks to compare with.

It is not on PyPI: what it does in a step is written out here from its description, in our words (tables in float64 that
are sent to the device and expanded in every step, ε derived again from x₀, noise drawn whether or not it is used, one
embedding for each picture, blocks that resize first, attention by products over (B·H, C, N), a classifier whose
weights ask for gradients). LINEAR, LEVELS and SMALL: the schedule, the steps and the U-Net of both benchmarks.
"""

import copy
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ateneo.models.schedules import Schedule, linear_betas, spaced
from ateneo.models.unet import PictureAttention, ResBlock, UNetConfig, resized

STEPS = 20
LINEAR = Schedule(linear_betas(1000, start=1e-4, end=0.02))
SPACED = spaced(1000, STEPS)
LEVELS = LINEAR.levels(SPACED)
SMALL = UNetConfig(
    image_size=32, channels=64, widths=(64, 128, 128), blocks=1, attention=(1, 2), head_channels=32, out_channels=6,
    scale_shift=True, resample="block",
)  # fmt: skip
M = TypeVar("M", bound=nn.Module)


class Published:
    """Its tables and steps, respaced: learned or fixed variance by the number of channels that the model returns."""

    def __init__(self, schedule: Schedule) -> None:
        names = ("alpha_bar", "alpha_bar_prev", "posterior_x0", "posterior_x_t", "posterior_log_variance", "log_betas",
                 "posterior_variance")  # fmt: skip
        self.tables = {name: getattr(schedule, name).numpy() for name in names}
        bar = self.tables["alpha_bar"]
        self.tables |= {"inverse": np.sqrt(1 / bar), "inverse_less_1": np.sqrt(1 / bar - 1)}
        self.timesteps = np.array(schedule.timesteps)

    def at(self, name: str, i: Tensor, shape: torch.Size) -> Tensor:
        """A table's entry for each picture, expanded to every pixel."""
        entries = torch.from_numpy(self.tables[name]).to(i.device)[i].float()
        return entries.reshape(-1, 1, 1, 1).expand(shape)

    def t(self, i: Tensor) -> Tensor:
        """What the model is told at these steps, the table sent to the device each time, as its wrapper does."""
        return torch.tensor(self.timesteps, device=i.device)[i]

    def prediction(self, model: Callable[..., Tensor], x: Tensor, i: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """μ, Σ, log Σ and x₀."""
        output = model(x, self.t(i))
        if output.shape[1] == 2 * x.shape[1]:
            output, v = output.split(x.shape[1], dim=1)
            least, most = self.at("posterior_log_variance", i, x.shape), self.at("log_betas", i, x.shape)
            log_variance = (v + 1) / 2 * most + (1 - (v + 1) / 2) * least
            variance = torch.exp(log_variance)
        else:
            variance = self.at("posterior_variance", i, x.shape)
            log_variance = self.at("posterior_log_variance", i, x.shape)
        x0 = (self.at("inverse", i, x.shape) * x - self.at("inverse_less_1", i, x.shape) * output).clamp(-1, 1)
        return self.mean(x0, x, i), variance, log_variance, x0

    def mean(self, x0: Tensor, x: Tensor, i: Tensor) -> Tensor:
        """Of q(x_{t-1} | x_t, x₀)."""
        return self.at("posterior_x0", i, x.shape) * x0 + self.at("posterior_x_t", i, x.shape) * x

    def eps(self, x0: Tensor, x: Tensor, i: Tensor) -> Tensor:
        """From x₀."""
        return (self.at("inverse", i, x.shape) * x - x0) / self.at("inverse_less_1", i, x.shape)

    def ancestral(self, model: Callable[..., Tensor], x: Tensor) -> Tensor:
        """The loop."""
        generator = torch.Generator(x.device).manual_seed(0)
        for step in reversed(range(len(self.timesteps))):
            i = torch.tensor([step] * x.shape[0], device=x.device)
            with torch.no_grad():
                mean, _, log_variance, _ = self.prediction(model, x, i)
                mask = (i != 0).float().reshape(-1, 1, 1, 1)
                # at the last step none is drawn here, so that the sides agree
                noise = torch.randn(x.shape, generator=generator, device=x.device) if step else torch.zeros_like(x)
                x = mean + mask * torch.exp(0.5 * log_variance) * noise
        return x

    def ddim(self, model: Callable[..., Tensor], x: Tensor, *, gradient: Callable[..., Tensor] | None = None) -> Tensor:
        """The loop at η = 0; with a gradient of log p, in the score form."""
        for step in reversed(range(len(self.timesteps))):
            i = torch.tensor([step] * x.shape[0], device=x.device)
            with torch.no_grad():
                _, _, _, x0 = self.prediction(model, x, i)
                if gradient is not None:
                    bar = self.at("alpha_bar", i, x.shape)
                    eps = self.eps(x0, x, i) - (1 - bar).sqrt() * gradient(x, self.t(i))
                    x0 = self.at("inverse", i, x.shape) * x - self.at("inverse_less_1", i, x.shape) * eps
                    self.mean(x0, x, i)
                eps = self.eps(x0, x, i)
                bar, before = self.at("alpha_bar", i, x.shape), self.at("alpha_bar_prev", i, x.shape)
                sigma = 0.0 * torch.sqrt((1 - before) / (1 - bar)) * torch.sqrt(1 - bar / before)
                noise = torch.randn_like(x)
                mean = x0 * torch.sqrt(before) + torch.sqrt(1 - before - sigma**2) * eps
                x = mean + (i != 0).float().reshape(-1, 1, 1, 1) * sigma * noise
        return x


class PublishedAttention(nn.Module):
    """The same attention as a convolution over (B, C, N) and two products over (B·H, C, N)."""

    def __init__(self, ours: PictureAttention) -> None:
        super().__init__()
        self.norm, self.heads = ours.norm, ours.attention.heads
        width = ours.attention.out.weight.shape[0]
        self.qkv, self.out = nn.Conv1d(width, 3 * width, 1), nn.Conv1d(width, width, 1)
        own = ours.attention
        for theirs, parts in ((self.qkv, (own.q, own.k, own.v)), (self.out, (own.out,))):
            theirs.weight.data = torch.cat([part.weight.data for part in parts])[:, :, None]
            theirs.bias.data = torch.cat([part.bias.data for part in parts])

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, H, W)."""
        B, C = x.shape[:2]
        flat = x.reshape(B, C, -1)
        gain, shift = self.norm.weight.float(), self.norm.bias.float()  # its norms are in float32
        normed = F.group_norm(flat.float(), self.norm.num_groups, gain, shift, self.norm.eps).type(flat.dtype)
        q, k, v = self.qkv(normed).chunk(3, dim=1)
        scale = (C // self.heads) ** -0.25
        q, k, v = (part.reshape(B * self.heads, C // self.heads, -1) for part in (q, k, v))
        weights = torch.softmax(torch.einsum("bct,bcs->bts", q * scale, k * scale).float(), dim=-1).type(x.dtype)
        seen = torch.einsum("bts,bcs->bct", weights, v).reshape(B, C, -1)
        return (flat + self.out(seen)).reshape(x.shape)


class PublishedBlock(ResBlock):
    """The same block, resized before the convolution, and scaled and shifted in two steps."""

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        """(B, C, H, W) and the activated embedding → (B, C', H', W')."""
        h = F.silu(self.norm1(x))
        if self.direction:
            h, x = resized(h, self.direction), resized(x, self.direction)
        h = self.conv1(h)
        e = self.embed(emb)[:, :, None, None]
        if self.scale_shift:
            scale, shift = e.chunk(2, dim=1)
            h = self.norm2(h) * (1 + scale) + shift
        else:
            h = self.norm2(h + e)
        return self.skip(x) + self.conv2(self.dropout(F.silu(h)))  # type: ignore[no-any-return]


def as_published(model: M) -> M:
    """A copy with the blocks and the attention of guided-diffusion and weights that ask for gradients."""
    model = copy.deepcopy(model).requires_grad_(True)
    for stage in model.modules():
        if isinstance(stage, ResBlock):
            stage.__class__ = PublishedBlock
        if isinstance(getattr(stage, "attention", None), PictureAttention):
            stage.attention = PublishedAttention(stage.attention)  # type: ignore[assignment,arg-type]
    return model


def randomised(model: M) -> M:
    """Random weights everywhere, also where a fresh network has zeros."""
    for name, weights in model.named_parameters():
        if weights.ndim > 1:
            nn.init.normal_(weights, std=weights[0].numel() ** -0.5)
        elif name.endswith("weight"):
            nn.init.ones_(weights)
    return model.eval()
