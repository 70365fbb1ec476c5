"""CLIP's modified ResNet (Radford et al. 2021, section 2.4): three stem convolutions, average pools before strided
convolutions (He et al. 2019's ResNet-D with blur-free pooling), and attention in place of the last pool.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ateneo.errors import InputError, SettingsError


@dataclass(frozen=True, slots=True)
class ResNetConfig:
    """What a modified ResNet is made of; the defaults are RN50's."""

    image_size: int = 224  # pixels; the attention pool has positions for this size alone
    layers: tuple[int, int, int, int] = (3, 4, 6, 3)  # bottlenecks in each stage
    width: int = 64  # channels after the stem; 32 times as many at the end
    heads: int = 32  # of the attention pool; OpenAI: width / 2
    output: int = 1024  # width of what comes out


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions; where it strides, an average pool does it, also in the shortcut."""

    def __init__(self, inputs: int, planes: int, *, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(planes, 4 * planes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * planes)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or inputs != 4 * planes:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride) if stride > 1 else nn.Identity(),
                nn.Conv2d(inputs, 4 * planes, 1, bias=False),
                nn.BatchNorm2d(4 * planes),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) → (B, 4·planes, H/stride, W/stride)."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.pool(F.relu(self.bn2(self.conv2(y))))
        return F.relu(self.bn3(self.conv3(y)) + self.shortcut(x))


class AttentionPool(nn.Module):
    """One attention whose only query is the mean of the map; its last layer is the projection W_i of CLIP."""

    def __init__(self, positions: int, width: int, *, heads: int, output: int) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise SettingsError(f"a width of {width} cannot be split into {heads} heads; choose a divisor of {width}")
        self.heads = heads
        self.positions = nn.Parameter(torch.randn(1 + positions, width) / width**0.5)
        self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, output)

    def forward(self, x: Tensor) -> Tensor:
        """(B, D, h, w) → (B, output)."""
        x = x.flatten(2).transpose(1, 2)  # (B, h·w, D)
        x = torch.cat([x.mean(dim=1, keepdim=True), x], dim=1) + self.positions
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, H, N, D/H), N = 1 for q
            for part in (self.q(x[:, :1]), self.k(x), self.v(x))
        )
        return self.out(F.scaled_dot_product_attention(q, k, v).flatten(1))  # type: ignore[no-any-return]


class ModifiedResNet(nn.Module):
    """Pictures (B, 3, S, S), normalised → (B, output), S being config.image_size."""

    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        if config.image_size < 32 or config.image_size % 32:
            raise SettingsError(f"image_size is {config.image_size}; a ResNet needs a multiple of 32")
        self.config = config
        w = config.width
        self.conv1 = nn.Conv2d(3, w // 2, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(w // 2)
        self.conv2 = nn.Conv2d(w // 2, w // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(w // 2)
        self.conv3 = nn.Conv2d(w // 2, w, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(w)
        self.stages = nn.ModuleList()
        inputs = w
        for stage, blocks in enumerate(config.layers):
            planes = w * 2**stage
            first = Bottleneck(inputs, planes, stride=1 if stage == 0 else 2)
            self.stages.append(
                nn.Sequential(first, *(Bottleneck(4 * planes, planes, stride=1) for _ in range(blocks - 1)))
            )
            inputs = 4 * planes
        self.pool = AttentionPool((config.image_size // 32) ** 2, 32 * w, heads=config.heads, output=config.output)
        self.reset()

    def reset(self) -> None:
        """Fresh weights: the last norm of each bottleneck starts at zero, so that it starts as its shortcut."""
        for module in self.modules():
            if isinstance(module, Bottleneck):
                nn.init.zeros_(module.bn3.weight)
            elif isinstance(module, AttentionPool):
                for layer in (module.q, module.k, module.v, module.out):
                    nn.init.normal_(layer.weight, std=layer.in_features**-0.5)

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, S, S) → (B, output)."""
        size = self.config.image_size
        if pixels.shape[1:] != (3, size, size):
            raise InputError(
                f"pictures must be a tensor (batch, 3, {size}, {size}) for this ResNet, this one is "
                f"{tuple(pixels.shape)}; ateneo.models.Preprocess({size}) makes it from picture files"
            )
        x = F.relu(self.bn1(self.conv1(pixels)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.avg_pool2d(F.relu(self.bn3(self.conv3(x))), 2)
        for stage in self.stages:
            x = stage(x)
        return self.pool(x)  # type: ignore[no-any-return]
