"""Attention over a packed layout, offered to transformers under a name of its own; done in one of several ways."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface

from harness.engine import flexible
from harness.engine.blocks import Block
from harness.engine.layout import Layout
from harness.engine.native import attention as compiled

PACKED = "harness_packed"
"""The name under which transformers finds `packed_attention`."""

HARMLESS = {"position_ids", "use_cache", "output_attentions", "output_hidden_states", "return_dict", "cache_position"}
"""Arguments of transformers' attention that change no output here. Any other that is given, such as a soft cap of the
scores or sinks, is refused rather than left out."""

KEPT_PROBABILITIES = 1 << 18
"""Blocks of up to so many products a row and head may keep their attention probabilities; larger ones use torch's
scaled_dot_product_attention, which needs less memory."""

WAYS = ("compiled", "flex", "blocked", "sdpa")
"""How it can be done; which is measured per machine. compiled: a kernel made on this machine, for CPUs; flex: torch's
FlexAttention over the flat row, for GPUs; blocked: products of padded blocks, their probabilities kept; sdpa: padded
blocks by torch's scaled_dot_product_attention."""


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    layout: Layout,
    way: str,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    is_causal: bool | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """Each response attends to its prompt and to itself.

    Args:
        module: the attention module, for its training mode.
        query: (1, heads, T, d).
        key: (1, key heads, T, d).
        value: (1, key heads, T, d).
        attention_mask: none: the layout says who sees whom.
        layout: of the T tokens.
        way: one of `WAYS`; where it cannot take these tensors, padded blocks are used.
        scaling: of the products; 1 / sqrt(d) by default.
        dropout: of the probabilities, while training.
        sliding_window: how many positions back a token sees; None for all.
        is_causal: whether a token sees only what is before it; anything else is refused.
        others: refused, but for those of `HARMLESS`.

    Returns:
        (1, T, heads, d), and None in place of the probabilities.

    Raises:
        TypeError: what is given asks for another attention.
    """
    unknown = sorted(name for name, given in others.items() if given is not None and name not in HARMLESS)
    if unknown or attention_mask is not None or is_causal is False:
        raise TypeError(f"packed attention knows no {', '.join(unknown) or 'mask of the model'}")
    if any(x.shape[2] != len(layout.tokens) for x in (query, key, value)):
        raise TypeError(f"packed attention of {len(layout.tokens)} tokens was given {query.shape[2]}")
    rate = dropout if module.training else 0.0
    scale = scaling if scaling is not None else query.shape[3] ** -0.5
    if way == "compiled" and compiled.takes(query, key, value, rate):
        q, k, v = (x[0].transpose(0, 1) for x in (query, key, value))
        return compiled.attend(q, k, v, layout, scale, sliding_window).unsqueeze(0), None
    if way == "flex" and flexible.takes(query, rate):
        return flexible.attend(query, key, value, layout, scale, sliding_window), None
    return _by_blocks(query, key, value, layout, way, scale, rate, sliding_window), None


def _by_blocks(
    query: Tensor, key: Tensor, value: Tensor, layout: Layout, way: str, scale: float, rate: float, window: int | None
) -> Tensor:
    repeats = query.shape[1] // key.shape[1]
    if repeats > 1:
        key, value = (x.repeat_interleave(repeats, dim=1) for x in (key, value))
    heads = query.shape[1]
    flat = [x[0].transpose(0, 1).flatten(1) for x in (query, key, value)]
    rounded = query.dtype != torch.float32 or torch.is_autocast_enabled(query.device.type)
    kept = way != "sdpa" and not rounded  # in bf16, sdpa rounds its output where kept probabilities are rounded too
    parts = [
        _attend(flat, block, heads, block.mask(query.dtype, window), rate, scale, kept=kept)
        for block in layout.blocks.blocks
    ]
    return torch.cat(parts).index_select(0, layout.blocks.unpad).view(1, -1, heads, value.shape[3])


def _attend(
    flat: list[Tensor], block: Block, heads: int, mask: Tensor, rate: float, scale: float, *, kept: bool
) -> Tensor:
    """(B * Q, heads * d): the block's queries against its keys."""
    q, k, v = (
        x.index_select(0, places.flatten()).view(*places.shape, heads, -1).transpose(1, 2)
        for x, places in zip(flat, (block.queries, block.keys, block.keys), strict=True)
    )
    if kept and q.shape[2] * k.shape[2] <= KEPT_PROBABILITIES:
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


@contextmanager
def short_windows(model: nn.Module, window: int = 4) -> Generator[None]:
    """Sliding windows and chunks of a model's attention made short for the time being, so that a few tokens show
    whether packed attention is told of them: some architectures write them into their masks alone.
    """
    config: Any = model.config
    before: list[tuple[Any, str, int]] = []
    for name in ("sliding_window", "attention_chunk_size"):
        long = getattr(config, name, None)
        if isinstance(long, int) and long > window:
            owners: Iterable[Any] = (config, *model.modules())
            before += [(owner, name, long) for owner in owners if vars(owner).get(name) == long]
    for owner, name, _ in before:
        setattr(owner, name, window)
    try:
        yield
    finally:
        for owner, name, long in before:
            setattr(owner, name, long)
