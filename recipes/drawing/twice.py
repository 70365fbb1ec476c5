"""Convolutions whose gradient can be learned. Torch's own may be differentiated twice as well, but by convolutions with
filters as large as the picture; these at the price of an ordinary one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

INPUT, WEIGHT = (True, False, False), (False, True, False)


class Convolution(nn.Conv2d):
    """nn.Conv2d of equal strides and paddings, computed in bfloat16 where autocast says so."""

    only_input = False  # whether a backward pass in progress wants no gradients of weights

    @classmethod
    @contextmanager
    def to_input_alone(cls) -> Iterator[None]:
        """Backward passes in here give gradients of inputs alone, which may be differentiated in turn."""
        cls.only_input = True
        try:
            yield
        finally:
            cls.only_input = False

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) → (B, outputs, h / stride, w / stride)."""
        kind = torch.get_autocast_dtype(x.device.type) if torch.is_autocast_enabled(x.device.type) else x.dtype
        weight, bias = self.weight.to(kind, memory_format=torch.channels_last), self.bias
        assert bias is not None
        with torch.autocast(x.device.type, enabled=False):
            found: Tensor = _Forth.apply(x.to(kind), weight, self.stride, self.padding)
            return found + bias.to(kind)[:, None, None]


def _back(g: Tensor, x: Tensor, weight: Tensor, how: tuple[Any, Any], wanted: tuple[bool, ...]) -> Any:
    stride, padding = how
    return torch.ops.aten.convolution_backward(
        g, x, weight, None, stride, padding, (1, 1), False, (0, 0), 1, list(wanted)
    )


class _Forth(torch.autograd.Function):
    """x * w; its gradient to x is `_Back`, which is a function that has a gradient too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: Any, padding: Any) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.how = stride, padding
        return torch.conv2d(x, weight, None, stride, padding)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        x, weight = ctx.saved_tensors
        to_x = _Back.apply(g, weight, x.detach(), ctx.how) if ctx.needs_input_grad[0] else None
        learn = ctx.needs_input_grad[1] and not Convolution.only_input
        return to_x, _back(g, x, weight, ctx.how, WEIGHT)[1] if learn else None, None, None


class _Back(torch.autograd.Function):
    """The gradient of x * w to x, given that of the product; linear in both g and w."""

    @staticmethod
    def forward(ctx: Any, g: Tensor, weight: Tensor, x: Tensor, how: tuple[Any, Any]) -> Tensor:
        ctx.save_for_backward(g, weight)
        ctx.how = how
        found: Tensor = _back(g, x, weight, how, INPUT)[0]
        return found

    @staticmethod
    def backward(ctx: Any, h: Tensor) -> Any:
        g, weight = ctx.saved_tensors
        to_g = torch.conv2d(h, weight, None, *ctx.how) if ctx.needs_input_grad[0] else None
        return to_g, _back(g, h, weight, ctx.how, WEIGHT)[1] if ctx.needs_input_grad[1] else None, None, None
