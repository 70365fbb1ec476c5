"""A small image tower that knows how much noise there is in what it sees, and whose gradient was learned.

It sees noisy pictures x_t and their t (Nichol et al. 2021, "GLIDE", section 2.4). Beside the vector of what is seen it
has one that leads: its product with what is asked for is log p(y | x_t), and the gradient of that has been taught to be
what a conditional diffusion model knows more than an unconditional one (Chao et al. 2022, "Denoising likelihood score
matching for conditional score-based data generation", section 4.1). recipes/drawing trains it.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ateneo.models.clip import l2_normalize
from ateneo.models.schedules import Schedule, schedule
from ateneo.models.unet import timestep_embedding

UNIT = 1.6  # SiLU of unit variance has about this inverse of a deviation
SPREAD = 10.0  # the ratio σ/α at which noise hides all of a drawing but its mean
LEAST = 0.02  # of the gain, where there is hardly any noise


@dataclass(frozen=True, slots=True)
class NoisyTowerConfig:
    """What the tower is made of."""

    image_size: int = 64  # pixels
    patch: int = 2  # blocks of patch² pixels are what it sees as one
    widths: tuple[int, ...] = (64, 128, 224, 192)  # channels; from the second on each halves the side of the grid ...
    blocks: tuple[int, ...] = (1, 2, 2, 1)  # ... and all are followed by so many blocks
    hidden: int = 288  # numbers that the last grid is made into
    times: int = 128  # numbers that t is made into
    embed: int = 384  # d_e, the space of pictures' vectors
    text: int = 384  # that of texts
    schedule: str = "cosine"  # the noise that it learned from
    T: int = 1000


class NoisyTower(nn.Module):
    """Pictures (B, 3, S, S), from -1 to 1 where there is no noise, and t (B,) → vectors (B, d_e) of unit length.

    convolution: the class of its convolutions, another of which learning may ask for.
    """

    def __init__(self, config: NoisyTowerConfig, *, convolution: type[nn.Conv2d] = nn.Conv2d) -> None:
        super().__init__()
        self.config = config
        self.time = nn.Sequential(
            nn.Linear(config.times, config.times), nn.SiLU(), nn.Linear(config.times, config.times), nn.SiLU()
        )
        width = config.widths[0]
        self.stem = convolution(3 * config.patch**2, width, 3, padding=1)
        parts: list[nn.Module] = []
        for place, (wide, count) in enumerate(zip(config.widths, config.blocks, strict=True)):
            parts += [convolution(width, wide, 2, stride=2)] if place else []
            parts += [Block(wide, config.times, convolution) for _ in range(count)]
            width = wide
        self.body = nn.ModuleList(parts)
        side = config.image_size // config.patch // 2 ** (len(config.widths) - 1)
        self.flat = nn.Linear(width * side**2, config.hidden)
        self.film = nn.Linear(config.times, 2 * config.hidden)
        self.see = nn.Linear(config.hidden, config.embed, bias=False)
        self.lead = nn.Linear(config.hidden, config.embed + config.text + 1)
        # means and deviations of the vectors that may be asked for
        self.mean, self.std = nn.Buffer(torch.zeros(config.embed)), nn.Buffer(torch.ones(config.embed))
        self.text_mean, self.text_std = nn.Buffer(torch.zeros(config.text)), nn.Buffer(torch.ones(1))
        self._begin()

    @cached_property
    def noise(self) -> Schedule:
        """The noise that it learned from."""
        return schedule(self.config.schedule, self.config.T)

    def _at(self, name: str, i: Tensor) -> Tensor:
        """alpha, sigma or ratio at steps i (B,): (B,)."""
        return self.noise.at(name, i, self.mean)

    def _begin(self) -> None:
        """Weights at first: blocks are only the way past them, t says nothing, and nothing leads far."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=module.weight[0].numel() ** -0.5)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        for block in self.body:
            if isinstance(block, Block):
                nn.init.zeros_(block.two.weight)
        for film in (self.film, *(block.film for block in self.body if isinstance(block, Block))):
            nn.init.zeros_(film.weight)
            nn.init.zeros_(film.bias)
        nn.init.normal_(self.lead.weight, std=0.02)
        nn.init.zeros_(self.lead.bias)

    def forward(self, pixels: Tensor, t: Tensor | None = None) -> Tensor:
        """What is seen: (B, 3, S, S), and the steps of noise t (B,), none by default → (B, d_e)."""
        t = torch.zeros(len(pixels), device=pixels.device) if t is None else t
        return self.seen(self.hidden(pixels, t))

    def hidden(self, pixels: Tensor, t: Tensor) -> Tensor:
        """(B, 3, S, S), t (B,) → (B, hidden), of which both kinds of vectors are made."""
        e = self.time(timestep_embedding(t, self.config.times, sin_first=True))
        x = F.pixel_unshuffle(pixels, self.config.patch).to(memory_format=torch.channels_last)
        x = self.stem(x)
        for part in self.body:
            x = part(x, e) if isinstance(part, Block) else part(x)
        scale, shift = self.film(e).chunk(2, dim=1)
        return F.silu(self.flat((F.silu(x) * UNIT).flatten(1)) * (1 + scale) + shift)

    def seen(self, hidden: Tensor) -> Tensor:
        """(B, hidden) → (B, d_e) of unit length."""
        return l2_normalize(self.see(hidden))

    def asked(self, vectors: Tensor | None, texts: Tensor | None) -> Tensor:
        """What `leading` is multiplied by: image vectors (B, d_e), texts' vectors (B, text), or both; → (B, d_e + text
        + 1), the last for what a picture says by itself."""
        given = vectors if vectors is not None else texts
        assert given is not None
        n, none = len(given), given.new_zeros
        image = none(n, self.config.embed) if vectors is None else (vectors - self.mean) / self.std
        words = none(n, self.config.text) if texts is None else (texts - self.text_mean) / self.text_std
        asked: Tensor = torch.cat([image, words, given.new_ones(n, 1)], dim=1) * self.config.embed**-0.5
        return asked

    def leading(self, pixels: Tensor, t: Tensor) -> Tensor:
        """(B, 3, S, S), t (B,) → (B, d_e + text + 1): log p(y | x_t), up to a constant, is its product with `asked`."""
        i = t.round().long()
        strength = self.gain(i) * self._at("alpha", i) / self._at("sigma", i) ** 2  # x₀ moves by σ²/α ∇ log p
        led: Tensor = self.lead(self.hidden(pixels, t))
        return led * strength[:, None]

    def gain(self, i: Tensor) -> Tensor:
        """How far what is asked for moves x₀ at steps i (B,), roughly: (B,)."""
        alpha, sigma = self._at("alpha", i), self._at("sigma", i)
        return sigma * (sigma**2 + (SPREAD * alpha) ** 2).rsqrt() + LEAST

    def resized(self, pixels: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Noisy pictures of any size at its own, and the t of what noise is then left: pixels that are averaged have
        less, and what is left stands to the picture as at an earlier step."""
        side, own = pixels.shape[-1], self.config.image_size
        if tuple(pixels.shape[-2:]) == (own, own):
            return pixels, t
        pixels = F.interpolate(pixels, size=(own, own), mode="area" if side > own else "bilinear")
        i = t.round().long()
        ratios = self.noise.ratio.to(self.mean)  # σ/α, which rises with t
        left = torch.searchsorted(ratios, self._at("ratio", i) * min(1.0, own / side)).clamp(max=len(ratios) - 1)
        left = left.where(t > 0, torch.zeros_like(left))
        scale = torch.where(t > 0, self._at("alpha", left) / self._at("alpha", i), 1.0)
        return pixels * scale[:, None, None, None], left


class Block(nn.Module):
    """Two convolutions beside a way past them, which t scales and shifts in between; no normalisation, whose gradient's
    gradient is dear."""

    def __init__(self, width: int, times: int, convolution: type[nn.Conv2d]) -> None:
        super().__init__()
        self.one, self.two = convolution(width, width, 3, padding=1), convolution(width, width, 3, padding=1)
        self.film = nn.Linear(times, 2 * width)

    def forward(self, x: Tensor, e: Tensor) -> Tensor:
        """(B, width, h, w), t as (B, times) → (B, width, h, w)."""
        scale, shift = self.film(e)[:, :, None, None].chunk(2, dim=1)
        h = self.one(F.silu(x) * UNIT)
        added: Tensor = self.two(F.silu(h * (1 + scale) + shift) * UNIT)
        return x + added
