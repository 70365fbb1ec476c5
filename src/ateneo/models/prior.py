"""The diffusion prior of unCLIP: from the vector of a text to the vector of a picture it may be said of (Ramesh et al.
2022, section 2.2).

A transformer over few tokens: those of the text where there are any, the text's vector, the timestep, the noisy image
vector, and one whose output is the prediction of x₀. It is a network of `models.diffusion` over vectors (B, E) in place
of pictures, so every sampler walks with it; `ancestral` on the cosine schedule is the published way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ateneo.errors import InputError, SettingsError
from ateneo.models.diffusion import Denoiser, Network
from ateneo.models.guidance import ClassifierFree
from ateneo.models.layers import Linear, Mlp
from ateneo.models.samplers import Noise, ancestral
from ateneo.models.schedules import Schedule
from ateneo.models.unet import timestep_embedding

ADDED = 4  # tokens beside those of the text: its vector, the timestep, the noisy vector, the prediction


@dataclass(frozen=True)
class PriorConfig:
    """What the transformer is made of; the defaults are those of the published priors (Karlo, Kandinsky)."""

    embed: int = 768  # E, of image vectors
    text: int = 768  # of text vectors
    tokens: int = 77  # of a text; 0 where only its vector counts
    token_width: int = 768  # of what the text encoder gives for each token
    heads: int = 32
    head_width: int = 64
    layers: int = 20
    bound: float = 10.0  # predicted x₀, standardised, is held within this

    def __post_init__(self) -> None:
        """SettingsError where a number is not positive."""
        if min(self.embed, self.text, self.heads, self.head_width, self.layers) < 1 or self.tokens < 0:
            raise SettingsError("a prior needs at least one layer, one head and one number in every vector")

    @property
    def width(self) -> int:
        """D."""
        return self.heads * self.head_width


class PriorAttention(nn.Module):
    """Self-attention with a mask that is added to the scores."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.out = (Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, N, D), mask (B, 1, N, N) or None → (B, N, D)."""
        q, k, v = (part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.q, self.k, self.v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)  # (B, H, N, D/H)
        return self.out(y.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class PriorBlock(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.mlp = PriorAttention(width, heads), Mlp(width, 4 * width)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, N, D) → (B, N, D)."""
        x = x + self.attention(self.norm1(x), mask)
        return x + self.mlp(self.norm2(x))  # type: ignore[no-any-return]


class Prior(nn.Module):
    """Predicts a standardised image vector (B, E) from a noisy one, t and the text."""

    def __init__(self, config: PriorConfig) -> None:
        super().__init__()
        self.config = config
        D = config.width
        self.time = nn.Sequential(nn.Linear(D, D), nn.SiLU(), nn.Linear(D, D))
        self.picture, self.text = nn.Linear(config.embed, D), nn.Linear(config.text, D)
        self.tokens = nn.Linear(config.token_width, D) if config.tokens else None
        self.positions = nn.Parameter(0.02 * torch.randn(config.tokens + ADDED, D))
        self.prediction = nn.Parameter(0.02 * torch.randn(D))
        self.blocks = nn.ModuleList(PriorBlock(D, config.heads) for _ in range(config.layers))
        self.norm = nn.LayerNorm(D)
        self.out = nn.Linear(D, config.embed)
        self.mean, self.std = nn.Parameter(torch.zeros(config.embed)), nn.Parameter(torch.ones(config.embed))

    def forward(
        self, x: Tensor, t: Tensor, *, text: Tensor, tokens: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """x₀ (B, E) of noisy vectors x (B, E) at t (B,).

        text: (B, text), its vector. tokens: (B, config.tokens, token_width), what the text encoder gives for each, and
        mask: (B, config.tokens), true where there is one; with a mask no token looks ahead. Raises InputError where a
        shape does not fit.
        """
        self._check(x, text, tokens)
        B = len(x)
        angles = timestep_embedding(t.reshape(-1), self.config.width).to(x.dtype)
        row = [self.text(text), self.time(angles).expand(B, -1), self.picture(x), self.prediction.expand(B, -1)]
        h = torch.stack(row, dim=1)  # (B, 4, D)
        if self.tokens is not None and tokens is not None:
            h = torch.cat([self.tokens(tokens), h], dim=1)
        h, scores = h + self.positions, self._mask(mask, h)
        for block in self.blocks:
            h = block(h, scores)
        return self.out(self.norm(h)[:, -1])  # type: ignore[no-any-return]

    def _check(self, x: Tensor, text: Tensor, tokens: Tensor | None) -> None:
        config = self.config
        if x.ndim != 2 or x.shape[1] != config.embed or text.shape != (len(x), config.text):
            raise InputError(
                f"the prior takes vectors (B, {config.embed}) and texts (B, {config.text}), not {tuple(x.shape)} and"
                f" {tuple(text.shape)}"
            )
        wanted = (len(x), config.tokens, config.token_width)
        if bool(config.tokens) != (tokens is not None) or (tokens is not None and tuple(tokens.shape) != wanted):
            got = None if tokens is None else tuple(tokens.shape)
            raise InputError(f"this prior reads {config.tokens} tokens of a text, {wanted}, not {got}")

    def _mask(self, mask: Tensor | None, h: Tensor) -> Tensor | None:
        """Which tokens are looked at, (B, 1, N, N): those that are there, and none that come later."""
        if mask is None:
            return None
        B, N = h.shape[:2]
        there = F.pad(mask.bool(), (0, ADDED), value=True)[:, None, None]  # (B, 1, 1, N)
        return there & torch.ones(N, N, dtype=torch.bool, device=h.device).tril().expand(B, 1, N, N)

    def network(self, condition: Mapping[str, Any], *, nothing: Mapping[str, Any], scale: float = 1.0) -> Network:
        """What a Denoiser wraps: given a text (the arguments of `forward`), guided away from the text that says
        `nothing` (Ho & Salimans 2021)."""
        return ClassifierFree(self, condition, nothing, scale=scale)

    def denoiser(self, condition: Mapping[str, Any], *, nothing: Mapping[str, Any], scale: float = 1.0) -> Denoiser:
        """A denoiser of the one contract, over vectors."""
        network = self.network(condition, nothing=nothing, scale=scale)
        return Denoiser(network, predicts="x0", clip=self.config.bound)

    def standardised(self, vectors: Tensor) -> Tensor:
        """Image vectors (B, E) as the prior learns them."""
        return (vectors - self.mean) / self.std

    def restored(self, vectors: Tensor) -> Tensor:
        """Standardised vectors (B, E) as image vectors."""
        return vectors * self.std + self.mean


def prior_steps(T: int, n: int) -> list[int]:
    """Which n of T steps the published priors walk, the noisiest first: evenly from T - 1 to 0, both among them."""
    if not 2 <= n <= T:
        raise SettingsError(f"a prior cannot take {n} steps of {T}; ask for 2 to {T}")
    return [round(i * (T - 1) / (n - 1)) for i in reversed(range(n))]


def image_vectors(
    prior: Prior,
    text: Tensor,
    *,
    schedule: Schedule,
    steps: int = 25,
    scale: float = 1.0,
    noise: Noise = None,
    x_T: Tensor | None = None,
) -> Tensor:
    """Image vectors (B, E) for the vectors of texts (B, text), by a prior that reads no tokens; x_T (B, E) is the noise
    to begin with."""
    condition, nothing = {"text": text}, {"text": torch.zeros_like(text)}
    start = torch.randn(len(text), prior.config.embed, device=text.device) if x_T is None else x_T
    denoiser = prior.denoiser(condition, nothing=nothing, scale=scale)
    levels = schedule.levels(prior_steps(len(schedule), steps))
    return prior.restored(ancestral(denoiser, start, levels=levels, noise=noise))
