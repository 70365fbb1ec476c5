"""The small image tower: a residual network of convolutions, its last grid averaged and projected to the space of the
sentence encoder. recipes/pictures trains it; drawing is guided by it and draws its vectors.

Convolutions alone, because what a core can learn from in an hour is little: from the same drawings in the same time a
transformer of that price had learned a third as much. A picture may have any size from 16 pixels.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ateneo.models.clip import l2_normalize


@dataclass(frozen=True, slots=True)
class TowerConfig:
    """What the tower is made of."""

    image_size: int = 80  # pixels
    widths: tuple[int, ...] = (32, 64, 128, 256)  # channels; each halves the side of the grid ...
    blocks: tuple[int, ...] = (0, 1, 2, 2)  # ... and is followed by so many blocks
    head: int = 512  # channels that are averaged
    embed: int = 384  # d_e, the space of the sentence encoder


class Tower(nn.Module):
    """Pictures (B, 3, S, S) from -1 to 1 → vectors (B, d_e) of unit length."""

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        self.config = config
        parts: list[nn.Module] = []
        inputs = 3
        for width, count in zip(config.widths, config.blocks, strict=True):
            parts += [Convolution(inputs, width, stride=2), *(Block(width) for _ in range(count))]
            inputs = width
        self.body = nn.Sequential(*parts, Convolution(inputs, config.head, side=1))
        self.W_i = nn.Parameter(torch.randn(config.head, config.embed) * config.head**-0.5)

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, S, S) → (B, d_e)."""
        grid = self.body(pixels.to(memory_format=torch.channels_last))  # (B, head, s, s)
        return l2_normalize(grid.mean((2, 3)) @ self.W_i)

    def matrices(self) -> list[nn.Parameter]:
        """What Muon learns: all filters but those of the pixels, and the projection."""
        _, *filters = (m.weight for m in self.body.modules() if isinstance(m, Convolution))
        return [*filters, self.W_i]


class Convolution(nn.Module):
    """A convolution, normalised. Its filters are the rows of a matrix, which is what Muon takes."""

    def __init__(self, inputs: int, outputs: int, *, side: int = 3, stride: int = 1, active: bool = True) -> None:
        super().__init__()
        self.side, self.stride, self.active = side, stride, active
        fan = inputs * side * side
        self.weight = nn.Parameter(torch.randn(outputs, fan) * (2 / fan) ** 0.5)
        self.norm = nn.BatchNorm2d(outputs)
        self.plain: nn.Conv2d | None = None  # in place of both, once `merged`

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) → (B, outputs, h / stride, w / stride)."""
        if self.plain is not None:
            x = self.plain(x)
        else:
            x = self.norm(F.conv2d(x, self.filters(), stride=self.stride, padding=self.side // 2))
        return F.silu(x) if self.active else x

    def filters(self) -> Tensor:
        """(outputs, inputs, side, side)."""
        return self.weight.view(len(self.weight), -1, self.side, self.side)

    def merged(self) -> nn.Conv2d:
        """The convolution with its normalisation in weights and bias, as `norm` is when it does not learn."""
        filters = self.filters().detach()
        outputs, inputs = filters.shape[:2]
        made = nn.Conv2d(inputs, outputs, self.side, self.stride, self.side // 2)
        mean, var = self.norm.running_mean, self.norm.running_var
        assert mean is not None
        assert var is not None
        assert made.bias is not None
        gain = self.norm.weight.detach() / (var + self.norm.eps).sqrt()
        made.weight.data = filters * gain[:, None, None, None]
        made.bias.data = self.norm.bias.detach() - mean * gain
        return made


class Block(nn.Module):
    """Two convolutions beside a way past them (He et al. 2015); at first only the way past (Goyal et al. 2017)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.one, self.two = Convolution(width, width), Convolution(width, width, active=False)
        nn.init.zeros_(self.two.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, h, w) → the same."""
        return F.silu(x + self.two(self.one(x)))
