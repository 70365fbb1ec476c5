"""The image tower of the small models that draw: four convolutions that halve the picture, then a small transformer,
its mean projected to the space of the sentence encoder.

Convolutions see edges and colours with far fewer examples than patches would need (Xiao et al. 2021, "Early
convolutions help transformers see better"); the transformer sees how things lie to each other. Searching has another
tower in the same space (recipes/pictures), which judges drawings as one that did not guide them.
"""

import itertools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ateneo.models.clip import l2_normalize
from ateneo.models.layers import Transformer

HALVINGS = 4  # of the side: 128 pixels become 8 x 8 tokens


@dataclass(frozen=True, slots=True)
class TowerConfig:
    """What the tower is made of."""

    image_size: int = 128  # pixels
    width: int = 256  # D
    layers: int = 6
    heads: int = 4
    embed: int = 384  # d_e, the space of the sentence encoder

    @property
    def side(self) -> int:
        """Tokens along a side."""
        return self.image_size >> HALVINGS


class Tower(nn.Module):
    """Pictures (B, 3, S, S) from -1 to 1 → vectors (B, d_e) of unit length."""

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        self.config = config
        D = config.width
        widths = [3, D // 8, D // 4, D // 2, D]
        self.stem = nn.Sequential(*(_halving(a, b) for a, b in itertools.pairwise(widths)))
        self.positions = nn.Parameter(torch.empty(config.side**2, D))
        self.transformer = Transformer(
            D, config.heads, layers=config.layers, mlp_width=4 * D, activation_name="gelu", eps=1e-6
        )
        self.norm = nn.LayerNorm(D, eps=1e-6)
        self.W_i = nn.Parameter(torch.empty(D, config.embed))
        self.reset()

    def reset(self) -> None:
        """Fresh weights."""
        for module in self.transformer.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        nn.init.trunc_normal_(self.positions, std=0.02)
        nn.init.normal_(self.W_i, std=self.config.width**-0.5)

    def forward(self, pixels: Tensor) -> Tensor:
        """Pictures of another size have positions interpolated to theirs."""
        grid = self.stem(pixels)  # (B, D, s, s)
        x = grid.flatten(2).transpose(1, 2) + self._positions(grid.shape[-1])  # (B, N, D)
        x = self.norm(self.transformer(x).mean(1))  # (B, D)
        return l2_normalize(x @ self.W_i)

    def _positions(self, side: int) -> Tensor:
        """(side², D)."""
        own = self.config.side
        if side == own:
            return self.positions
        grid = self.positions.T.reshape(1, -1, own, own)
        return F.interpolate(grid, size=(side, side), mode="bilinear", antialias=True).flatten(2)[0].T


def _halving(inputs: int, outputs: int) -> nn.Sequential:
    """A convolution of stride 2, and where there is room one of stride 1 by channels, each normalised."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.GELU(),
        nn.Conv2d(outputs, outputs, 3, padding=1, groups=outputs, bias=False), nn.BatchNorm2d(outputs), nn.GELU(),
    )  # fmt: skip
