"""Attention over a packed layout, offered to transformers under a name of its own."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface

from harness.engine.layout import Layout

PACKED = "harness_packed"
"""The name under which transformers finds `packed_attention`."""

KEPT_PROBABILITIES = 256
"""Tokens: on a CPU, groups up to this long keep their attention probabilities, which is faster there; longer ones, and
other devices, use torch's scaled_dot_product_attention, which needs less memory."""


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
    groups, longest = layout.branch.shape
    blocks = [_pad(x, layout, groups, longest) for x in (query, key, value)]
    mask = layout.mask(query.dtype, sliding_window)
    rate = dropout if module.training else 0.0
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    if query.device.type == "cpu" and longest <= KEPT_PROBABILITIES:
        q, k, v = blocks
        weights = torch.softmax(torch.matmul(q * scale, k.transpose(2, 3)) + mask, dim=-1)
        out = torch.matmul(nn.functional.dropout(weights, rate), v)
    else:
        out = nn.functional.scaled_dot_product_attention(*blocks, attn_mask=mask, dropout_p=rate, scale=scale)
    flat = out.transpose(1, 2).reshape(groups * longest, -1)
    return flat.index_select(0, layout.unpad).view(1, -1, query.shape[1], query.shape[3]), None


def _pad(x: Tensor, layout: Layout, groups: int, longest: int) -> Tensor:
    """(1, heads, T, d) -> (groups, heads, longest, d)."""
    heads, width = x.shape[1], x.shape[3]
    flat = x[0].transpose(0, 1).reshape(-1, heads * width)
    return flat.index_select(0, layout.pad).view(groups, longest, heads, width).transpose(1, 2)


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
