"""What ViT and CLIP share: attention, the two-layer perceptron, the block of both, and a stack of blocks.

Written for speed: tokens stay (B, N, D) throughout, one call of scaled_dot_product_attention follows the products, and
the last block computes only the rows that are looked at afterwards. q, k and v are layers of their own, so that
files which keep them apart are mapped as they lie; a single product for all three saved 1 to 4 % of one short text.
"""

from abc import ABC, abstractmethod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ateneo.errors import SettingsError

NARROW = 32  # numbers in a head up to which the fused kernel's backward pass was the quicker one
PLAIN_TOKENS = 256  # above, the (N, N) scores that plain attention keeps for its backward pass take too much memory

PACKED_ROWS = 16  # the rows that weights are packed for; other numbers of rows take the same blocks


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x Wᵀ + b. Where no gradient is wanted, float32 on a CPU goes to oneDNN.

    Its inner product takes weights as they lie; on an AMD processor, whose AVX-512 MKL leaves unused, it took 0.7 of
    the time of F.linear at 7 rows and 0.85 at 400. It is an operator of torch's compiler and knows no gradients.
    """
    if not takes_onednn(x, weight):
        return F.linear(x, weight, bias)
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")  # type: ignore[no-any-return]


def takes_onednn(x: Tensor, weight: Tensor) -> bool:
    """Float32 on a CPU; not where gradients are wanted, or the product is recorded (export, compilation) or cast."""
    if torch.is_grad_enabled() or not x.is_cpu or not x.dtype == weight.dtype == torch.float32:
        return False
    if torch.compiler.is_compiling() or torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        return False
    return torch.backends.mkldnn.is_available() and not torch.is_autocast_enabled("cpu")  # type: ignore[no-untyped-call]


def attend(q: Tensor, k: Tensor, v: Tensor, *, causal: bool = False) -> Tensor:
    """softmax(q kᵀ / √d) v over (B, H, N, d); where a CPU needs its gradient and N is small, as plain products.

    The fused kernel's backward pass is slow there (torch 2.13): with 65 tokens a step of training took twice as long
    with it, and a third longer with torch's own unfused form, which looks for rows that are masked altogether. With
    narrow heads and no mask it is 1.04 to 1.34 times as fast as plain products, from 64 to 256 tokens, in float32; in
    bfloat16, on a processor with AMX, plain products made a step of a U-Net 1.18 times as fast.
    """
    narrow = q.shape[-1] <= NARROW and not causal and q.dtype == torch.float32
    if narrow or not (q.requires_grad and q.is_cpu and k.shape[2] <= PLAIN_TOKENS):
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    scores: Tensor = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)  # (B, H, N, N)
    if causal:
        scores = scores.masked_fill(torch.ones_like(scores[0, 0], dtype=torch.bool).triu(1), -torch.inf)
    return scores.softmax(-1) @ v


class Packable(nn.Module, ABC):
    """A module that `pack` gives a copy of its weights, laid out anew for the processor. Its copies and pickles have
    none."""

    _packed: tuple[Any, ...] | None = None  # what the copy was made of, and the copy

    @abstractmethod
    def pack(self) -> None:
        """Lays the weights out anew, where that is of use."""

    def __getstate__(self) -> dict[str, object]:
        """All but the copy."""
        return {name: value for name, value in self.__dict__.items() if name != "_packed"}


class Linear(Packable, nn.Linear):
    """nn.Linear by way of `linear`; after `pack`, without gradient, from a copy laid out as oneDNN reads it."""

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) → (..., outputs)."""
        if self._packed is not None and takes_onednn(x, self.weight) and self._packed[0] == _state(self.weight):
            return torch.ops.mkldnn._linear_pointwise(x, self._packed[1], self.bias, "none", [], "")  # type: ignore[no-any-return]
        return linear(x, self.weight, self.bias)

    def pack(self) -> None:
        """Lays the weights out anew, where they are float32 on a CPU."""
        if _for_onednn(self.weight):
            copy = torch.ops.mkldnn._reorder_linear_weight(self.weight.detach(), PACKED_ROWS)
            self._packed = (_state(self.weight), copy)


def _for_onednn(weight: Tensor) -> bool:
    return weight.is_cpu and weight.dtype == torch.float32 and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]


def _state(*weights: Tensor) -> tuple[tuple[int, int], ...]:
    """Other after any of the weights was changed or replaced."""
    return tuple((weight.data_ptr(), 0 if weight.is_inference() else weight._version) for weight in weights)


def pack(model: nn.Module) -> nn.Module:
    """Makes a model quicker for few rows, such as one short text: returns it.

    In float32 on a CPU the weights of its blocks are copied into oneDNN's own blocks, which takes as much memory again
    as they do. Elsewhere those of q, k and v are copied into one, a quarter as much, so that a block launches one
    product for the three. Weights that change afterwards are noticed and read as they lie until `pack` is called again;
    changes by way of `.data`, or to tensors made in inference mode, are not noticed.
    """
    for module in model.modules():
        if isinstance(module, Packable):
            module.pack()
    return model


class QuickGELU(nn.Module):
    """x σ(1.702 x), OpenAI's approximation of GELU, as one silu: silu(1.702 x) / 1.702."""

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        return F.silu(x * 1.702) * (1 / 1.702)


ACTIVATIONS: dict[str, type[nn.Module]] = {"gelu": nn.GELU, "quick_gelu": QuickGELU}


def activation(name: str) -> nn.Module:
    """The activation of this name; SettingsError where there is none."""
    if name not in ACTIVATIONS:
        raise SettingsError(f"there is no activation {name!r}; the names are {', '.join(sorted(ACTIVATIONS))}")
    return ACTIVATIONS[name]()


class Attention(Packable):
    """Multi-head self-attention (Vaswani et al. 2017, section 3.2.2)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise SettingsError(f"a width of {width} cannot be split into {heads} heads; choose a divisor of {width}")
        self.heads = heads
        self.q, self.k, self.v = (Linear(width, width) for _ in range(3))
        self.out: nn.Linear = Linear(width, width)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Weights kept by an earlier version have q, k and v in one layer."""
        for part in ("weight", "bias"):
            if (joined := state_dict.pop(f"{prefix}qkv.{part}", None)) is not None:
                state_dict |= {
                    f"{prefix}{name}.{part}": rows for name, rows in zip("qkv", joined.chunk(3), strict=True)
                }
        super()._load_from_state_dict(state_dict, prefix, *args)

    def forward(self, x: Tensor, *, causal: bool = False, first: int | None = None) -> Tensor:
        """(B, N, D) → (B, N, D); with `first`, only the first so many rows ask and come back: (B, first, D)."""
        if self._packed is not None and first is None and not torch.is_grad_enabled() and self._unchanged():
            joined = F.linear(x, *self._packed[1:])  # (B, N, 3D)
            q, k, v = (self._heads(part) for part in joined.chunk(3, dim=-1))
        else:
            q, k, v = self._heads(self.q(x[:, :first])), self._heads(self.k(x)), self._heads(self.v(x))
        y = attend(q, k, v, causal=causal)  # (B, H, N, D/H)
        return self.out(y.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    def _heads(self, x: Tensor) -> Tensor:
        """(B, N, D) → (B, H, N, D/H)."""
        B, N, D = x.shape
        return x.view(B, N, self.heads, D // self.heads).transpose(1, 2)

    def pack(self) -> None:
        """Joins the weights of q, k and v, where each of them is not packed by itself."""
        if not _for_onednn(self.q.weight):
            weight = torch.cat([part.weight.detach() for part in self._parts])
            bias = torch.cat([part.bias.detach() for part in self._parts])
            self._packed = (_state(*self._tensors), weight, bias)

    def _unchanged(self) -> bool:
        assert self._packed is not None
        return bool(self._packed[0] == _state(*self._tensors))

    @property
    def _parts(self) -> tuple[Linear, Linear, Linear]:
        return self.q, self.k, self.v

    @property
    def _tensors(self) -> list[Tensor]:
        return [tensor for part in self._parts for tensor in (part.weight, part.bias)]


class Mlp(nn.Module):
    """Two linear layers with an activation between them."""

    def __init__(self, width: int, hidden: int, *, activation_name: str = "gelu") -> None:
        super().__init__()
        self.up = Linear(width, hidden)
        self.activation = activation(activation_name)
        self.down = Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) → (..., D)."""
        return self.down(self.activation(self.up(x)))  # type: ignore[no-any-return]


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)): the pre-norm block (Dosovitskiy et al. 2020, eq. 2 and 3)."""

    def __init__(self, width: int, heads: int, mlp_width: int, *, activation_name: str, eps: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=eps)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=eps)
        self.mlp = Mlp(width, mlp_width, activation_name=activation_name)

    def forward(self, x: Tensor, *, causal: bool = False, first: int | None = None) -> Tensor:
        """(B, N, D) → (B, N, D), or (B, first, D)."""
        x = x[:, :first] + self.attention(self.norm1(x), causal=causal, first=first)
        return x + self.mlp(self.norm2(x))  # type: ignore[no-any-return]


class Transformer(nn.Module):
    """A stack of blocks. Set `checkpointing` to trade time for memory while training."""

    def __init__(
        self, width: int, heads: int, *, layers: int, mlp_width: int, activation_name: str, eps: float
    ) -> None:
        super().__init__()
        make = [Block(width, heads, mlp_width, activation_name=activation_name, eps=eps) for _ in range(layers)]
        self.blocks = nn.ModuleList(make)
        self.checkpointing = False

    def forward(self, x: Tensor, *, causal: bool = False, first: int | None = None) -> Tensor:
        """(B, N, D) → (B, N, D), or (B, first, D) where only the first rows are looked at afterwards."""
        last = len(self.blocks) - 1
        for i, block in enumerate(self.blocks):
            rows = first if i == last else None
            if self.checkpointing and self.training and torch.is_grad_enabled():
                x = checkpoint(block, x, causal=causal, first=rows, use_reentrant=False)
            else:
                x = block(x, causal=causal, first=rows)
        return x
