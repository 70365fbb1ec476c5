"""The Vision Transformer (Dosovitskiy et al. 2020, "An image is worth 16x16 words").

A picture is cut into patches, each patch becomes a token, a class token is put in front, and a transformer reads them.
The same class serves as CLIP's image tower: `pre_norm`, no bias on the patches, QuickGELU.

Pictures of another size than the configured one are read with interpolated positions: bicubic with antialiasing, as
timm and open_clip do it (transformers interpolates without antialiasing, which differs a little).
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ateneo.errors import InputError, SettingsError
from ateneo.models.layers import Transformer, linear

Stem = Literal["patches", "convolutions"]


@dataclass(frozen=True, slots=True)
class ViTConfig:
    """What a ViT is made of. The defaults are those of the paper's models as Google and timm publish them."""

    image_size: int | tuple[int, int] = 224  # pixels: side, or height and width
    patch_size: int = 16  # pixels
    width: int = 768  # D
    layers: int = 12
    heads: int = 12
    mlp_width: int = 3072
    classes: int | None = None  # None: features, not logits
    representation: int | None = None  # width of a tanh layer before the head: "pre_logits", or HF's pooler
    pool: Literal["token", "mean"] = "token"
    activation: str = "gelu"
    eps: float = 1e-6  # of every LayerNorm; Google and timm 1e-6, transformers 1e-12, CLIP 1e-5
    pre_norm: bool = False  # CLIP normalises the tokens before the first block
    patch_bias: bool = True
    channels: int = 3
    stem: Stem = "patches"  # what makes tokens of pixels

    @property
    def grid(self) -> tuple[int, int]:
        """Patches down and across."""
        height, width = (self.image_size,) * 2 if isinstance(self.image_size, int) else self.image_size
        return height // self.patch_size, width // self.patch_size


_SIZES = {  # name: width D, layers, heads; the MLP is 4 D wide (table 1 of the paper; Ti and S from DeiT)
    "Ti": (192, 12, 3),
    "S": (384, 12, 6),
    "B": (768, 12, 12),
    "L": (1024, 24, 16),
    "H": (1280, 32, 16),
}
_LETTERS = {"Tiny": "Ti", "Small": "S", "Base": "B", "Large": "L", "Huge": "H"}


def vit_config(
    name: str, *, image_size: int | tuple[int, int] = 224, classes: int | None = 1000, **changes: object
) -> ViTConfig:
    """The configuration of "ViT-B/16", "ViT-Large/32", "H/14" ...; `changes` are further fields of ViTConfig."""
    size, _, patch = name.removeprefix("ViT-").partition("/")
    size = _LETTERS.get(size, size)
    if size not in _SIZES or not patch.isdigit() or int(patch) < 1:
        raise SettingsError(
            f"there is no ViT named {name!r}; names look like ViT-B/16: one of {', '.join(_SIZES)}, then the patch size"
        )
    width, layers, heads = _SIZES[size]
    config = ViTConfig(
        image_size=image_size, patch_size=int(patch), width=width, layers=layers, heads=heads, mlp_width=4 * width,
        classes=classes,
    )  # fmt: skip
    return replace(config, **changes)  # type: ignore[arg-type]


def vit(name: str, *, image_size: int | tuple[int, int] = 224, classes: int | None = 1000, **changes: object) -> "ViT":
    """A ViT with fresh weights by name: vit("ViT-B/16"). With classes=None it returns features."""
    return ViT(vit_config(name, image_size=image_size, classes=classes, **changes))


class Patches(nn.Module):
    """Pictures → tokens: a convolution whose stride is its kernel, computed as one matrix product."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        p = config.patch_size
        self.convolution = nn.Conv2d(config.channels, config.width, p, stride=p, bias=config.patch_bias)

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, C, H, W) → (B, h·w, D), row by row from the top left."""
        B, C, H, W = pixels.shape
        p = self.convolution.kernel_size[0]
        x = pixels.reshape(B, C, H // p, p, W // p, p).permute(0, 2, 4, 1, 3, 5).reshape(B, -1, C * p * p)
        return linear(x, self.convolution.weight.flatten(1), self.convolution.bias)


class ConvolutionalStem(nn.Module):
    """Pictures → tokens: 3 x 3 convolutions, each of stride 2, until a place is a patch, then a linear layer.

    The hybrid of the paper's section 3.1, with the few convolutions of Xiao et al. 2021, "Early convolutions help
    transformers see better", in the place of a ResNet. Where pictures are few it learns in fewer steps than patches.
    """

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        halvings, D = config.patch_size.bit_length() - 1, config.width
        if halvings < 1 or config.patch_size != 1 << halvings or D % (1 << halvings):
            raise SettingsError(
                f"convolutions halve a picture, so they make no patches of {config.patch_size} pixels with width {D}; "
                "choose a patch size of 2, 4, 8 ... that divides the width, or stem='patches'"
            )
        widths = [config.channels, *(D >> n for n in reversed(range(halvings)))]
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        self.last = nn.Linear(D, D)

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, C, H, W) → (B, h·w, D), row by row from the top left."""
        for convolution in self.convolutions:
            pixels = F.relu(convolution(pixels))
        return self.last(pixels.flatten(2).transpose(1, 2))  # type: ignore[no-any-return]


class ViT(nn.Module):
    """Pictures (B, 3, H, W), normalised → logits (B, classes), or features (B, D) where config.classes is None."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        h, w = config.grid
        if config.stem not in get_args(Stem):
            raise SettingsError(f"there is no stem {config.stem!r}; give one of {', '.join(get_args(Stem))}")
        if h < 1 or w < 1 or config.layers < 1:
            raise SettingsError(f"{config}: a picture needs at least one patch and a ViT at least one layer")
        self.config = config
        D = config.width
        self.patches = ConvolutionalStem(config) if config.stem == "convolutions" else Patches(config)
        self.class_token = nn.Parameter(torch.zeros(D))
        self.positions = nn.Parameter(torch.empty(1 + h * w, D))
        self.pre_norm = nn.LayerNorm(D, eps=config.eps) if config.pre_norm else nn.Identity()
        self.transformer = Transformer(
            D, config.heads, layers=config.layers, mlp_width=config.mlp_width,
            activation_name=config.activation, eps=config.eps,
        )  # fmt: skip
        self.norm = nn.LayerNorm(D, eps=config.eps)
        self.representation = nn.Linear(D, config.representation) if config.representation else None
        self.head = nn.Linear(config.representation or D, config.classes) if config.classes else None
        self.reset()

    def reset(self) -> None:
        """Fresh weights: truncated normal of 0.02 for matrices, zeros for biases and for the head (the paper's B.1)."""
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        if isinstance(self.patches, ConvolutionalStem):
            for convolution in self.patches.convolutions:
                nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")  # type: ignore[arg-type]
        nn.init.trunc_normal_(self.positions, std=0.02)
        nn.init.trunc_normal_(self.class_token, std=0.02)
        if self.head is not None:
            nn.init.zeros_(self.head.weight)

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, classes), or (B, D) without classes."""
        x = self.features(pixels)
        if self.representation is not None:
            x = torch.tanh(self.representation(x))
        return x if self.head is None else self.head(x)

    def features(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, D): the class token after the last norm, or the mean of the patches, normalised."""
        x = self._embed(pixels)
        if self.config.pool == "mean":
            return self.norm(self.transformer(x)[:, 1:].mean(1))  # type: ignore[no-any-return]
        return self.norm(self.transformer(x, first=1)[:, 0])  # type: ignore[no-any-return]

    def tokens(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, 1 + h·w, D): every token after the last norm, the class token first."""
        return self.norm(self.transformer(self._embed(pixels)))  # type: ignore[no-any-return]

    def _embed(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, 1 + h·w, D)."""
        check_pixels(pixels, channels=self.config.channels, patch_size=self.config.patch_size)
        p = self.config.patch_size
        x = self.patches(pixels)  # (B, h·w, D)
        grid = (pixels.shape[2] // p, pixels.shape[3] // p)
        positions: Tensor = self.positions
        if grid != self.config.grid:
            positions = interpolate_positions(positions, old=self.config.grid, new=grid)
        front = (self.class_token + positions[0]).expand(x.shape[0], 1, -1)
        return self.pre_norm(torch.cat([front, x + positions[1:]], dim=1))  # type: ignore[no-any-return]


def check_pixels(pixels: Tensor, *, channels: int, patch_size: int) -> None:
    """InputError unless pixels is (B, channels, H, W) of whole patches."""
    if pixels.ndim != 4 or pixels.shape[1] != channels:
        raise InputError(
            f"pictures must be a tensor (batch, {channels}, height, width), this one is {tuple(pixels.shape)}; "
            "ateneo.models.Preprocess makes it from picture files"
        )
    height, width = pixels.shape[2:]
    if height % patch_size or width % patch_size or not height or not width:
        raise InputError(
            f"pictures of {height} x {width} pixels do not divide into patches of {patch_size}; "
            f"resize them to multiples of {patch_size}"
        )


def interpolate_positions(positions: Tensor, *, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """Position vectors (1 + h·w, D) of an old grid → (1 + h'·w', D) of a new one; the class token's stays.

    Bicubic with antialiasing in float32, equal to timm's resample_abs_pos_embed and open_clip's resize_pos_embed.
    """
    if len(positions) != 1 + math.prod(old):
        raise InputError(f"{len(positions)} positions do not fit a grid of {old[0]} x {old[1]} and a class token")
    grid = positions[1:].float().T.reshape(1, -1, *old)  # (1, D, h, w)
    grid = F.interpolate(grid, size=new, mode="bicubic", antialias=True)
    return torch.cat([positions[:1], grid[0].flatten(1).T.to(positions.dtype)])
