"""Attention over a packed layout, offered to transformers under a name of its own."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface

from harness.engine.layout import Block, Layout

PACKED = "harness_packed"
"""The name under which transformers finds `packed_attention`."""

KEPT_PROBABILITIES = 1 << 16
"""On a CPU, blocks of up to so many products a row and head keep their attention probabilities, which is faster there;
larger ones, and other devices, use torch's scaled_dot_product_attention, which needs less memory."""


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,  # noqa: ARG001  # transformers' signature; the layout says who sees whom
    *,
    layout: Layout,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Each response attends to its prompt and to itself.

    Args:
        module: the attention module, for its training mode.
        query: (1, heads, T, d).
        key: (1, key heads, T, d).
        value: (1, key heads, T, d).
        attention_mask: unused.
        layout: of the T tokens.
        scaling: of the products; 1 / sqrt(d) by default.
        dropout: of the probabilities, while training.
        sliding_window: how many positions back a token sees; None for all.

    Returns:
        (1, T, heads, d), and None in place of the probabilities.
    """
    repeats = query.shape[1] // key.shape[1]
    if repeats > 1:
        key, value = (x.repeat_interleave(repeats, dim=1) for x in (key, value))
    heads, width = query.shape[1], query.shape[3]
    rate = dropout if module.training else 0.0
    scale = scaling if scaling is not None else width**-0.5
    flat = [x[0].transpose(0, 1).reshape(-1, heads * width) for x in (query, key, value)]
    parts = [
        _attend(flat, block, heads, block.mask(query.dtype, sliding_window), rate, scale) for block in layout.blocks
    ]
    return torch.cat(parts).index_select(0, layout.unpad).view(1, -1, heads, width), None


def _attend(flat: list[Tensor], block: Block, heads: int, mask: Tensor, rate: float, scale: float) -> Tensor:
    """(B * Q, heads * d): the block's queries against its keys."""
    q, k, v = (
        x.index_select(0, places.flatten()).view(*places.shape, heads, -1).transpose(1, 2)
        for x, places in zip(flat, (block.queries, block.keys, block.keys), strict=True)
    )
    if q.device.type == "cpu" and q.shape[2] * k.shape[2] <= KEPT_PROBABILITIES:
        weights = torch.softmax(torch.matmul(q * scale, k.transpose(2, 3)) + mask, dim=-1)
        out = torch.matmul(nn.functional.dropout(weights, rate), v)
    else:
        out = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=rate, scale=scale)
    return out.transpose(1, 2).reshape(-1, heads * v.shape[3])


AttentionInterface.register(PACKED, packed_attention)


@contextmanager
def packed(config: Any) -> Generator[None]:
    """Use packed attention in every module that shares `config`, for the time being."""
    before = config._attn_implementation
    config._attn_implementation = PACKED
    try:
        yield
    finally:
        config._attn_implementation = before
