"""Attention and linear layers: each quick way gives what the plain one gives."""

import copy
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode

from ateneo.models import pack
from ateneo.models.layers import NARROW, PLAIN_TOKENS, Attention, Linear, Transformer, attend


@pytest.mark.parametrize("causal", [False, True])
def test_attention_for_training_has_the_values_and_gradients_of_the_fused_kernel(causal: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    q, k, v = torch.randn(3, 2, 4, 9, NARROW + 8, generator=generator).unbind()
    ours = [x.clone().requires_grad_() for x in (q, k, v)]
    theirs = [x.clone().requires_grad_() for x in (q, k, v)]
    y, wanted = attend(*ours, causal=causal), F.scaled_dot_product_attention(*theirs, is_causal=causal)
    torch.testing.assert_close(y, wanted, rtol=1e-5, atol=1e-6)
    y.square().sum().backward()
    wanted.square().sum().backward()
    for x, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(x.grad, other.grad, rtol=1e-4, atol=1e-5)


def test_attention_over_many_tokens_or_with_narrow_heads_keeps_no_table_of_scores() -> None:
    q = torch.randn(1, 1, PLAIN_TOKENS + 1, NARROW + 8, requires_grad=True)
    assert "ScaledDotProduct" in type(attend(q, q, q).grad_fn).__name__
    fewer = q[:, :, 1:]
    assert "ScaledDotProduct" not in type(attend(fewer, fewer, fewer).grad_fn).__name__
    narrow = fewer[..., :NARROW]
    assert "ScaledDotProduct" in type(attend(narrow, narrow, narrow).grad_fn).__name__
    half = narrow.bfloat16()
    assert "ScaledDotProduct" not in type(attend(half, half, half).grad_fn).__name__


def blocks() -> nn.Module:
    torch.manual_seed(0)
    return Transformer(64, 4, layers=2, mlp_width=128, activation_name="gelu", eps=1e-5).eval()


@pytest.mark.parametrize("rows", [1, 7, 40])
def test_packed_weights_give_what_plain_ones_give(rows: int) -> None:
    plain = blocks()
    packed = pack(copy.deepcopy(plain))
    x = torch.randn(2, rows, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(packed(x), plain(x), rtol=1e-5, atol=1e-6)
    assert packed.state_dict().keys() == plain.state_dict().keys()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_where_onednn_takes_no_part_packing_joins_q_k_and_v(dtype: torch.dtype) -> None:
    plain = blocks().to(dtype)
    packed = pack(copy.deepcopy(plain))
    x = torch.randn(2, 7, 64, dtype=dtype, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted, products = plain(x), CountsProducts()
        with products:
            found = packed(x)
        torch.testing.assert_close(found, wanted)
        assert products.count == 2 * 4  # of two blocks: q, k and v in one, the output, up and down
        first = next(part for part in packed.modules() if isinstance(part, Attention))
        first.k.weight.zero_()
        assert not torch.equal(packed(x), wanted)
    assert packed.state_dict().keys() == plain.state_dict().keys()


class CountsProducts(TorchFunctionMode):
    """How often F.linear is called."""

    count = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is F.linear
        return func(*args, **(kwargs or {}))


def test_weights_that_change_after_packing_count() -> None:
    layer, x = Linear(8, 4), torch.ones(1, 8)
    pack(layer)
    with torch.no_grad():
        layer.weight.fill_(2.0)
        layer.bias.zero_()
        assert torch.equal(layer(x), torch.full((1, 4), 16.0))
        pack(layer)
        layer.load_state_dict({"weight": torch.ones(4, 8), "bias": torch.zeros(4)}, assign=True)
        assert torch.equal(layer(x), torch.full((1, 4), 8.0))


def test_a_packed_layer_learns_and_is_copied_as_a_plain_one() -> None:
    layer, x = Linear(8, 4), torch.ones(3, 8)
    pack(layer)
    layer(x).sum().backward()
    assert layer.weight.grad is not None
    assert torch.equal(layer.weight.grad, torch.full((4, 8), 3.0))
    with torch.no_grad():
        torch.testing.assert_close(copy.deepcopy(layer)(x), layer(x))
