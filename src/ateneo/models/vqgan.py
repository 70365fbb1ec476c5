"""VQGAN: pictures as a grid of codes from a codebook, and back (Esser et al. 2021, "Taming transformers").

The encoder halves the picture once for every level but the first; each vector of the grid is replaced by the nearest of
the codebook; the decoder mirrors the encoder. `Quantized` lets a gradient through as if nothing had been replaced, so
that one can learn the model, and draw with it by changing the grid under CLIP (`models.vqgan_clip`).
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ateneo.errors import InputError, SettingsError
from ateneo.models.layers import Linear, attend


@dataclass(frozen=True)
class VqganConfig:
    """The choices that make a VQGAN; a level is one resolution, each half as wide and high as the one before."""

    image_size: int = 256  # pixels it was trained on
    channels: int = 3
    widths: tuple[int, ...] = (128, 128, 256, 256, 512)  # of each level
    blocks: int = 2  # residual blocks of each level on the way down; one more on the way up
    attention: tuple[int, ...] = (4,)  # the levels that have attention after each block
    middle_attention: bool = True
    z_channels: int = 256
    codes: int = 1024
    embed: int = 256  # numbers of a code
    groups: int = 32
    eps: float = 1e-6

    def __post_init__(self) -> None:
        """SettingsError where the numbers do not fit together."""
        if not self.widths or self.blocks < 1 or self.codes < 2:
            raise SettingsError("a VQGAN needs at least one level in `widths`, one of `blocks` and two `codes`")
        for width in self.widths:
            if width % self.groups:
                raise SettingsError(f"a level {width} wide cannot be split into {self.groups} groups; change `widths`")

    @property
    def stride(self) -> int:
        """Pixels along a side of what one code stands for."""
        return int(2 ** (len(self.widths) - 1))


class ResBlock(nn.Module):
    """Two convolutions around which the input goes."""

    def __init__(self, width: int, out_width: int, config: VqganConfig) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(config.groups, width, eps=config.eps)
        self.conv1 = nn.Conv2d(width, out_width, 3, padding=1)
        self.norm2 = nn.GroupNorm(config.groups, out_width, eps=config.eps)
        self.conv2 = nn.Conv2d(out_width, out_width, 3, padding=1)
        self.skip = nn.Identity() if width == out_width else nn.Conv2d(width, out_width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C', H, W)."""
        h = self.conv1(F.silu(self.norm1(x)))
        return self.skip(x) + self.conv2(F.silu(self.norm2(h)))  # type: ignore[no-any-return]


class PixelAttention(nn.Module):
    """Self-attention of one head over the pixels of a level, added to its input."""

    def __init__(self, width: int, config: VqganConfig) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(config.groups, width, eps=config.eps)
        self.q, self.k, self.v, self.out = (Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, H, W)."""
        tokens = self.norm(x).flatten(2).transpose(1, 2)[:, None]  # (B, 1, H·W, C)
        y = attend(self.q(tokens), self.k(tokens), self.v(tokens))[:, 0]
        return x + self.out(y).transpose(1, 2).reshape(x.shape)  # type: ignore[no-any-return]


class Downsample(nn.Module):
    """Half as wide and high, by a convolution that is padded right and below only."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, H/2, W/2)."""
        return self.conv(F.pad(x, (0, 1, 0, 1)))  # type: ignore[no-any-return]


class Upsample(nn.Module):
    """Twice as wide and high: each pixel four times, then a convolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, 2H, 2W)."""
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))  # type: ignore[no-any-return]


class Level(nn.Module):
    """Residual blocks of one resolution, attention after each where the level has it, then a change of size."""

    def __init__(self, config: VqganConfig, level: int, *, width: int, blocks: int, resample: nn.Module | None) -> None:
        super().__init__()
        out = config.widths[level]
        self.blocks = nn.ModuleList(ResBlock(width if n == 0 else out, out, config) for n in range(blocks))
        asked = level in config.attention
        self.attention = nn.ModuleList(PixelAttention(out, config) for _ in range(blocks if asked else 0))
        self.resample = resample

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C', H', W')."""
        for n, block in enumerate(self.blocks):
            x = block(x)
            if len(self.attention):
                x = self.attention[n](x)
        return x if self.resample is None else self.resample(x)


def _middle(config: VqganConfig) -> nn.Sequential:
    width = config.widths[-1]
    attention = PixelAttention(width, config) if config.middle_attention else nn.Identity()
    return nn.Sequential(ResBlock(width, width, config), attention, ResBlock(width, width, config))


class Encoder(nn.Module):
    """Pictures (B, C, H, W) from -1 to 1 → (B, z_channels, H/stride, W/stride)."""

    def __init__(self, config: VqganConfig) -> None:
        super().__init__()
        self.stem = nn.Conv2d(config.channels, config.widths[0], 3, padding=1)
        self.levels, width, last = nn.ModuleList(), config.widths[0], len(config.widths) - 1
        for level, out in enumerate(config.widths):
            resample = Downsample(out) if level < last else None
            self.levels.append(Level(config, level, width=width, blocks=config.blocks, resample=resample))
            width = out
        self.middle = _middle(config)
        self.norm = nn.GroupNorm(config.groups, width, eps=config.eps)
        self.out = nn.Conv2d(width, config.z_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = self.stem(x)
        for level in self.levels:
            x = level(x)
        return self.out(F.silu(self.norm(self.middle(x))))  # type: ignore[no-any-return]


class Decoder(nn.Module):
    """(B, z_channels, h, w) → pictures (B, C, stride·h, stride·w). Its levels are in order, the smallest first."""

    def __init__(self, config: VqganConfig) -> None:
        super().__init__()
        width = config.widths[-1]
        self.stem = nn.Conv2d(config.z_channels, width, 3, padding=1)
        self.middle = _middle(config)
        self.levels = nn.ModuleList()
        for level, out in reversed(list(enumerate(config.widths))):
            resample = Upsample(out) if level else None
            self.levels.append(Level(config, level, width=width, blocks=config.blocks + 1, resample=resample))
            width = out
        self.norm = nn.GroupNorm(config.groups, width, eps=config.eps)
        self.out = nn.Conv2d(width, config.channels, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """See the class."""
        x = self.middle(self.stem(z))
        for level in self.levels:
            x = level(x)
        return self.out(F.silu(self.norm(x)))  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Quantized:
    """A grid with its vectors replaced: z (B, embed, h, w), through which gradients pass as if they had not been; the
    places in the codebook (B, h, w); what was replaced."""

    z: Tensor
    codes: Tensor
    before: Tensor


class Vqgan(nn.Module):
    """Pictures (B, C, H, W) from -1 to 1 ⇄ grids (B, embed, H/stride, W/stride) ⇄ codes (B, H/stride, W/stride)."""

    def __init__(self, config: VqganConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.codebook = nn.Embedding(config.codes, config.embed)
        nn.init.uniform_(self.codebook.weight, -1 / config.codes, 1 / config.codes)
        self.before = nn.Conv2d(config.z_channels, config.embed, 1)
        self.after = nn.Conv2d(config.embed, config.z_channels, 1)

    def encode(self, pictures: Tensor) -> Tensor:
        """The grid before it is quantized. Raises InputError where a side is no multiple of the stride."""
        stride, channels = self.config.stride, self.config.channels
        if pictures.ndim != 4 or pictures.shape[1] != channels:
            raise InputError(f"the VQGAN takes pictures (B, {channels}, H, W), not {tuple(pictures.shape)}")
        if pictures.shape[2] % stride or pictures.shape[3] % stride:
            raise InputError(
                f"a code stands for {stride} x {stride} pixels, of which {pictures.shape[3]} x {pictures.shape[2]} are"
                " no multiple: resize or crop the picture"
            )
        return self.before(self.encoder(pictures))  # type: ignore[no-any-return]

    def quantize(self, z: Tensor) -> Quantized:
        """Each vector of a grid replaced by the nearest of the codebook (Esser et al. 2021, equation 2)."""
        rows = z.permute(0, 2, 3, 1)  # (B, h, w, embed)
        book = self.codebook.weight
        flat = rows.reshape(-1, book.shape[1])
        # |z - e|² less |z|², which is the same for all codes
        codes = torch.addmm(book.square().sum(1), flat, book.T, alpha=-2).argmin(1).view(rows.shape[:3])
        nearest = self.codebook(codes).permute(0, 3, 1, 2)
        return Quantized(z + (nearest - z).detach(), codes, z)

    def decode(self, z: Tensor) -> Tensor:
        """Pictures of a grid, quantized or not."""
        return self.decoder(self.after(z))  # type: ignore[no-any-return]

    def pictures(self, codes: Tensor) -> Tensor:
        """Pictures of codes (B, h, w); InputError where one is not in the codebook."""
        if codes.is_floating_point() or int(codes.min()) < 0 or int(codes.max()) >= self.config.codes:
            raise InputError(f"codes are whole numbers from 0 to {self.config.codes - 1}")
        return self.decode(self.codebook(codes).permute(0, 3, 1, 2))

    def forward(self, pictures: Tensor) -> Tensor:
        """The pictures as far as the codebook can say them."""
        return self.decode(self.quantize(self.encode(pictures)).z)


_F16 = VqganConfig()
VQGANS: dict[str, VqganConfig] = {
    "vqgan-imagenet-f16-1024": _F16,
    "vqgan-imagenet-f16-16384": VqganConfig(codes=16384),
}


def vqgan(name: str) -> Vqgan:
    """A published VQGAN by name, its weights not loaded; SettingsError where there is none of this name."""
    if name not in VQGANS:
        raise SettingsError(f"there is no VQGAN {name!r}; the names are {', '.join(VQGANS)}")
    return Vqgan(VQGANS[name])
