"""The U-Net of diffusion models, one class for two published layouts, and the classifier that is its first half.

ADM (Dhariwal & Nichol 2021, guided-diffusion) and DDPM (Ho et al. 2020, as Diffusers publishes it) wire their blocks
alike and differ in a few choices, which UNetConfig names: how a level is resampled, whether the embedding scales and
shifts, the order of sines and cosines, the epsilon of the norms. `unet(name)` and `classifier(name)` build the
published sizes.

Three things make it quicker than the published code, exactly: attention works on tokens (B, N, C), so that
scaled_dot_product_attention takes its fast path; where every row of a batch has the same t (an expanded tensor, as the
samplers pass it) the embedding is computed once; and what repeats pixels and then convolves them is one transposed
convolution with less than half of the products, where a CPU draws.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ateneo.errors import InputError, SettingsError
from ateneo.models.layers import Attention, takes_onednn

Resampling = Literal["conv", "block"]
M = TypeVar("M", nn.Conv2d, nn.Linear)


@dataclass(frozen=True)
class UNetConfig:
    """The choices that make a U-Net; a level is one resolution, each half as wide and high as the one before."""

    image_size: int = 32  # pixels; only the classifier depends on it
    in_channels: int = 3
    out_channels: int = 3  # twice in_channels where Σ is learned; the number of classes for a classifier
    channels: int = 128  # of the timestep embedding; its perceptron is four times as wide
    widths: tuple[int, ...] = (128, 256, 256, 256)  # channels of each level
    blocks: int = 2  # residual blocks of each level on the way down; one more on the way up
    attention: tuple[int, ...] = (1,)  # the levels that have attention after each block, the first being 0
    heads: int = 1  # of attention, where head_channels is None
    head_channels: int | None = None  # channels of one head: then their number grows with the width
    classes: int | None = None  # labels 0 to classes - 1
    unlabelled: bool = False  # one more label, `classes`, that stands for none: for classifier-free guidance
    vector: int | None = None  # channels of a conditioning vector; zeros stand for none
    dropout: float = 0.0
    scale_shift: bool = False  # the embedding scales and shifts after the norm (ADM), else it is added before it (DDPM)
    resample: Resampling = "conv"  # by a convolution (DDPM), or inside a residual block without one (ADM)
    pad_after: bool = False  # the strided convolution pads right and below only (DDPM as first published)
    middle_attention: bool = True
    sin_first: bool = False  # the order in the timestep embedding: sines first (DDPM), or cosines (ADM)
    freq_shift: float = 0.0  # what is taken from the half of the channels in its frequencies: 1 (DDPM) or 0 (ADM)
    groups: int = 32
    eps: float = 1e-5  # of the group norms

    def __post_init__(self) -> None:
        """SettingsError where the numbers do not fit together."""
        if not self.widths or self.blocks < 1:
            raise SettingsError("a U-Net needs at least one level in `widths` and one of `blocks`")
        for width in self.widths:
            if width % self.groups:
                raise SettingsError(f"a level {width} wide cannot be split into {self.groups} groups; change `widths`")
        if any(level not in range(len(self.widths)) for level in self.attention):
            raise SettingsError(f"`attention` {self.attention} names a level that `widths` {self.widths} does not have")
        if self.channels % 2:
            raise SettingsError(f"the timestep embedding needs an even number of channels, not {self.channels}")

    @property
    def stride(self) -> int:
        """Height and width of a picture must be multiples of this."""
        return int(2 ** (len(self.widths) - 1))

    def heads_of(self, width: int) -> int:
        """How many heads attention has at a level of this width."""
        return width // self.head_channels if self.head_channels else self.heads


def timestep_embedding(
    t: Tensor, channels: int, *, sin_first: bool = False, freq_shift: float = 0.0, scale: float = 1.0
) -> Tensor:
    """Sines and cosines of t (B,) at `channels` / 2 frequencies from 1 down to about 1/10000: (B, channels), float32.

    Source: Vaswani et al. 2017, section 3.5. The published models differ in the order and in freq_shift.
    """
    half = channels // 2
    steps = torch.arange(half, dtype=torch.float32, device=t.device)
    frequencies = torch.exp(steps * (-math.log(10000.0) / (half - freq_shift)))
    angles = scale * t.float()[:, None] * frequencies  # (B, channels / 2)
    parts = (angles.sin(), angles.cos()) if sin_first else (angles.cos(), angles.sin())
    return torch.cat(parts, dim=1)


def resized(x: Tensor, direction: str) -> Tensor:
    """Twice as high and wide by repetition ("up"), or half by averages ("down")."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest") if direction == "up" else F.avg_pool2d(x, 2)


_SPREAD = torch.tensor([[0.0, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 0]])  # a kernel of 3 over repeated pixels is one of 4
_SPREAD = torch.kron(_SPREAD, _SPREAD)  # (9, 16), down and across


def convolved_up(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """conv(resized(x, "up")) for a convolution of 3 x 3: (B, C, H, W) → (B, C', 2H, 2W).

    Each pixel that comes out sees 2 x 2 pixels of x, some of them through two or four of the weights: with these summed
    first it is a transposed convolution of 4 x 4 and stride 2, whose 4 products a pixel replace 9. Only for float32 on
    a CPU without gradients: in half precision the sums would be rounded.
    """
    if not takes_onednn(x, conv.weight):
        return conv(resized(x, "up"))  # type: ignore[no-any-return]
    outputs, inputs = conv.weight.shape[:2]
    kernel = conv.weight.flatten(2) @ _SPREAD  # (C', C, 16)
    kernel = kernel.view(outputs, inputs, 4, 4).transpose(0, 1)
    return F.conv_transpose2d(x, kernel, conv.bias, stride=2, padding=1)


class Resample(nn.Module):
    """The convolution between two levels: after repeating each pixel ("up"), or with stride 2 ("down")."""

    def __init__(self, width: int, direction: Literal["up", "down"], *, pad_after: bool) -> None:
        super().__init__()
        self.direction, self.pad_after = direction, pad_after and direction == "down"
        stride = 2 if direction == "down" else 1
        self.conv = nn.Conv2d(width, width, 3, stride=stride, padding=0 if self.pad_after else 1)

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, 2H, 2W) or (B, C, H/2, W/2)."""
        if self.direction == "up":
            return convolved_up(x, self.conv)
        return self.conv(F.pad(x, (0, 1, 0, 1)) if self.pad_after else x)  # type: ignore[no-any-return]


class ResBlock(nn.Module):
    """Two convolutions around which the input goes; the embedding enters between them, a change of size before them."""

    def __init__(self, width: int, out_width: int, *, config: UNetConfig, direction: str | None = None) -> None:
        super().__init__()
        self.direction, self.scale_shift = direction, config.scale_shift
        self.norm1 = nn.GroupNorm(config.groups, width, eps=config.eps)
        self.conv1 = nn.Conv2d(width, out_width, 3, padding=1)
        self.embed = nn.Linear(4 * config.channels, out_width * (2 if config.scale_shift else 1))
        self.norm2 = nn.GroupNorm(config.groups, out_width, eps=config.eps)
        self.dropout = nn.Dropout(config.dropout)
        self.conv2 = zeroed(nn.Conv2d(out_width, out_width, 3, padding=1))
        self.skip = nn.Identity() if width == out_width else nn.Conv2d(width, out_width, 1)

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        """(B, C, H, W) and the activated embedding (B or 1, 4·channels) → (B, C', H', W')."""
        h = F.silu(self.norm1(x))
        if self.direction:
            x = resized(x, self.direction)
        if self.direction == "up":
            h = convolved_up(h, self.conv1)
        else:
            h = self.conv1(resized(h, "down") if self.direction else h)
        e = self.embed(emb)[:, :, None, None]  # (B or 1, C' or 2C', 1, 1)
        if self.scale_shift:
            scale, shift = e.chunk(2, dim=1)
            h = torch.addcmul(shift, self.norm2(h), 1 + scale)
        else:
            h = self.norm2(h + e)
        return self.skip(x) + self.conv2(self.dropout(F.silu(h)))  # type: ignore[no-any-return]


class PictureAttention(nn.Module):
    """Self-attention over the pixels of a level, with a group norm before it, added to its input."""

    def __init__(self, width: int, *, config: UNetConfig) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(config.groups, width, eps=config.eps)
        self.attention = Attention(width, config.heads_of(width))
        zeroed(self.attention.out)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, H, W)."""
        tokens = self.norm(x).flatten(2).transpose(1, 2)  # (B, H·W, C)
        return x + self.attention(tokens).transpose(1, 2).reshape(x.shape)  # type: ignore[no-any-return]


class Stage(nn.Module):
    """What happens between two skips: a residual block, attention, a change of size or a block, where there are any."""

    def __init__(
        self,
        *,
        block: ResBlock | None = None,
        attention: PictureAttention | None = None,
        after: ResBlock | Resample | None = None,
    ) -> None:
        super().__init__()
        self.block, self.attention, self.after = block, attention, after

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C', H', W')."""
        if self.block is not None:
            x = self.block(x, emb)
        if self.attention is not None:
            x = self.attention(x)
        return x if self.after is None else self.after(x, emb)


class Encoder(nn.Module):
    """The way down and the middle, with the timestep's embedding: what the U-Net and the classifier share."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        wide = 4 * config.channels
        self.time = nn.Sequential(nn.Linear(config.channels, wide), nn.SiLU(), nn.Linear(wide, wide))
        self.stem = nn.Conv2d(config.in_channels, config.widths[0], 3, padding=1)
        self.down = nn.ModuleList()
        self.skip_widths = [config.widths[0]]
        width = config.widths[0]
        for level, out_width in enumerate(config.widths):
            for _ in range(config.blocks):
                block = ResBlock(width, out_width, config=config)
                self.down.append(Stage(block=block, attention=self._attention(level)))
                width = out_width
                self.skip_widths.append(width)
            if level < len(config.widths) - 1:
                self.down.append(Stage(after=self._resample(width, "down")))
                self.skip_widths.append(width)
        middle = PictureAttention(width, config=config) if config.middle_attention else None
        self.middle = Stage(
            block=ResBlock(width, width, config=config),
            attention=middle,
            after=ResBlock(width, width, config=config),
        )

    def _attention(self, level: int) -> PictureAttention | None:
        config = self.config
        return PictureAttention(config.widths[level], config=config) if level in config.attention else None

    def _resample(self, width: int, direction: Literal["up", "down"]) -> ResBlock | Resample:
        if self.config.resample == "block":
            return ResBlock(width, width, config=self.config, direction=direction)
        return Resample(width, direction, pad_after=self.config.pad_after)

    def _time(self, x: Tensor, t: Tensor) -> Tensor:
        """The embedding of t: (B, 4·channels), or (1, 4·channels) where all rows are one number expanded."""
        config = self.config
        self._check(x, t)
        if t.ndim == 0 or t.stride(0) == 0:
            t = t.reshape(-1)[:1]
        angles = timestep_embedding(t, config.channels, sin_first=config.sin_first, freq_shift=config.freq_shift)
        return self.time(angles.to(self.stem.weight.dtype))  # type: ignore[no-any-return]

    def _check(self, x: Tensor, t: Tensor) -> None:
        channels, stride = self.config.in_channels, self.config.stride
        if x.ndim != 4 or x.shape[1] != channels:
            raise InputError(f"the U-Net takes pictures (B, {channels}, H, W), not {tuple(x.shape)}; check its config")
        if x.shape[2] % stride or x.shape[3] % stride or not x.shape[2] * x.shape[3]:
            raise InputError(
                f"the U-Net halves pictures {len(self.config.widths) - 1} times; {x.shape[2]} x {x.shape[3]} pixels"
                f" are not multiples of {stride}: resize or crop them"
            )
        if t.ndim > 1 or (t.ndim == 1 and t.shape[0] not in (1, x.shape[0])):
            raise InputError(f"t must be one number or one for each of {x.shape[0]} pictures, not {tuple(t.shape)}")

    def _encode(self, x: Tensor, emb: Tensor) -> list[Tensor]:
        """What comes out of the stem, of every stage on the way down, and of the middle."""
        outputs = [self.stem(x)]
        for stage in self.down:
            outputs.append(stage(outputs[-1], emb))
        return [*outputs, self.middle(outputs[-1], emb)]


class UNet(Encoder):
    """Predicts what a diffusion model learns (ε, x₀ or v, and Σ where it is learned) from a noisy picture and t."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__(config)
        wide = 4 * config.channels
        if config.classes is not None:
            self.labels = nn.Embedding(config.classes + config.unlabelled, wide)
        if config.vector is not None:
            self.vector = nn.Linear(config.vector, wide)
        self.up = nn.ModuleList()
        skips, width = list(self.skip_widths), config.widths[-1]
        for level, out_width in reversed(list(enumerate(config.widths))):
            for i in range(config.blocks + 1):
                block = ResBlock(width + skips.pop(), out_width, config=config)
                last = level > 0 and i == config.blocks
                after = self._resample(out_width, "up") if last else None
                self.up.append(Stage(block=block, attention=self._attention(level), after=after))
                width = out_width
        self.norm = nn.GroupNorm(config.groups, width, eps=config.eps)
        self.out = zeroed(nn.Conv2d(width, config.out_channels, 3, padding=1))

    def forward(self, x: Tensor, t: Tensor, *, labels: Tensor | None = None, vector: Tensor | None = None) -> Tensor:
        """The prediction for pictures x at timesteps t.

        x: (B, in_channels, H, W); t: (B,) or (); labels: (B,) integers; vector: (B, config.vector).
        Returns (B, out_channels, H, W). No labels means `config.classes`, the label of none, where the network has
        one. Raises InputError where a shape, a label or the condition does not fit the config.
        """
        emb = self._time(x, t)
        emb = F.silu(self._conditioned(emb, x.shape[0], labels=labels, vector=vector))
        *skips, h = self._encode(x, emb)
        for stage in self.up:
            h = stage(torch.cat([h, skips.pop()], dim=1), emb)
        return self.out(F.silu(self.norm(h)))  # type: ignore[no-any-return]

    def _conditioned(self, emb: Tensor, batch: int, *, labels: Tensor | None, vector: Tensor | None) -> Tensor:
        """The embedding with that of the labels and of the vector added: (B, 4·channels)."""
        config = self.config
        if config.classes is None and labels is not None:
            raise InputError("this U-Net was made without classes; pass no labels, or set `classes` in its config")
        if config.vector is None and vector is not None:
            raise InputError("this U-Net was made without a conditioning vector; set `vector` in its config")
        if config.classes is not None:
            if labels is None and not config.unlabelled:
                raise InputError(f"this U-Net needs a label from 0 to {config.classes - 1} for each picture")
            if labels is None:
                labels = torch.full((1,), config.classes, device=emb.device)
            if labels.shape not in ((batch,), (1,)) or labels.is_floating_point():
                raise InputError(f"labels must be {batch} integers, not {labels.dtype} {tuple(labels.shape)}")
            emb = emb + self.labels(labels)
        if vector is not None:
            if vector.shape != (batch, config.vector):
                raise InputError(f"the vector must be ({batch}, {config.vector}), not {tuple(vector.shape)}")
            emb = emb + self.vector(vector)
        elif config.vector is not None:
            emb = emb + self.vector.bias
        return emb


class AttentionPool(nn.Module):
    """One vector for a picture: its mean asks all its pixels (Radford et al. 2021, section 2.4)."""

    def __init__(self, tokens: int, width: int, out_width: int, *, heads: int) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.randn(tokens + 1, width) / width**0.5)
        self.attention = Attention(width, heads)
        self.attention.out = nn.Linear(width, out_width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C')."""
        tokens = x.flatten(2).transpose(1, 2)  # (B, H·W, C)
        tokens = torch.cat([tokens.mean(dim=1, keepdim=True), tokens], dim=1) + self.positions
        return self.attention(tokens, first=1)[:, 0]  # type: ignore[no-any-return]


class Classifier(Encoder):
    """The noise-aware classifier p(y | x_t) of Dhariwal & Nichol 2021, section 4: the way down, then attention."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__(config)
        width = config.widths[-1]
        self.norm = nn.GroupNorm(config.groups, width, eps=config.eps)
        tokens = (config.image_size // config.stride) ** 2
        self.pool = AttentionPool(tokens, width, config.out_channels, heads=config.heads_of(width))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Logits (B, out_channels) for noisy pictures x (B, in_channels, image_size, image_size) at t (B,) or ()."""
        size = self.config.image_size
        if x.shape[2:] != (size, size):
            raise InputError(f"this classifier takes pictures of {size} x {size} pixels, not {tuple(x.shape[2:])}")
        h = self._encode(x, F.silu(self._time(x, t)))[-1]
        return self.pool(F.silu(self.norm(h)))  # type: ignore[no-any-return]


def zeroed(layer: M) -> M:
    """The layer with all weights zero, so that at first its block passes the input on unchanged."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _adm(image_size: int, channels: int, multipliers: tuple[float, ...], **choices: object) -> UNetConfig:
    """A config of guided-diffusion: attention at 32, 16 and 8 pixels, ADM's choices for the rest."""
    attention = tuple(level for level in range(len(multipliers)) if image_size >> level in (32, 16, 8))
    widths = tuple(int(channels * m) for m in multipliers)
    base = UNetConfig(
        image_size=image_size, channels=channels, widths=widths, attention=attention, out_channels=6, head_channels=64,
        scale_shift=True, resample="block", classes=1000,
    )  # fmt: skip
    return replace(base, **choices)  # type: ignore[arg-type]


_MULTIPLIERS: dict[int, tuple[float, ...]] = {
    64: (1, 2, 3, 4),
    128: (1, 1, 2, 3, 4),
    256: (1, 1, 2, 2, 4, 4),
    512: (0.5, 1, 1, 2, 2, 4, 4),
}
_DDPM = UNetConfig(eps=1e-6, pad_after=True, sin_first=True, freq_shift=1.0)
_DDPM_256 = replace(_DDPM, image_size=256, widths=(128, 128, 256, 256, 512, 512), attention=(4,))

UNETS: dict[str, UNetConfig] = {
    "ADM-64": _adm(64, 192, _MULTIPLIERS[64], blocks=3, dropout=0.1),
    "ADM-128": _adm(128, 256, _MULTIPLIERS[128], head_channels=None, heads=4),
    "ADM-256": _adm(256, 256, _MULTIPLIERS[256]),
    "ADM-256-uncond": _adm(256, 256, _MULTIPLIERS[256], classes=None),
    "ADM-512": _adm(512, 256, _MULTIPLIERS[512]),
    "ddpm-cifar10-32": _DDPM,
    "ddpm-celebahq-256": _DDPM_256,
    "ddpm-church-256": _DDPM_256,
    "ddpm-bedroom-256": _DDPM_256,
}
CLASSIFIERS: dict[str, UNetConfig] = {
    f"ADM-{size}-classifier": _adm(
        size, 128, _MULTIPLIERS[size], blocks=4 if size == 64 else 2, classes=None, out_channels=1000
    )
    for size in (64, 128, 256, 512)
}


def unet(name: str) -> UNet:
    """A published U-Net by name, its weights not loaded; SettingsError where there is none of this name."""
    if name not in UNETS:
        raise SettingsError(f"there is no U-Net {name!r}; the names are {', '.join(UNETS)}")
    return UNet(UNETS[name])


def classifier(name: str) -> Classifier:
    """A published classifier of noisy pictures by name; SettingsError where there is none of this name."""
    if name not in CLASSIFIERS:
        raise SettingsError(f"there is no classifier {name!r}; the names are {', '.join(CLASSIFIERS)}")
    return Classifier(CLASSIFIERS[name])
