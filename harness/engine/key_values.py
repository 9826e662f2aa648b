"""Keys and values of sequences that are being written: allocated once, filled in place, and the attention over them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

KEPT_PROBABILITIES = 1 << 16
"""On a CPU, prompts of up to so many products a head are computed in two products, which is faster there."""
CACHED = "harness_cached"
"""The name under which transformers finds `cached_attention`."""


@dataclass
class KeyValues:
    """Of `rows` sequences side by side, each layer's in one buffer, made when that layer first writes.

    Prompts end in the same slot, so that all rows write their next token into one slot, and what is left of a shorter
    prompt is hidden. Slots are as far apart as positions, so a sliding window is a slice.
    """

    rows: int
    """Sequences now; fewer once some have ended."""
    slots: int
    """Of the longest prompt and all that may follow it."""
    pad: Tensor
    """(rows, slots) float32: -inf before a prompt's first token, 0 from there on."""
    padded: bool
    """Whether any row has such slots."""
    now: Now | None = None
    """What the pass that runs is about."""
    layers: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)
    """Layer -> (rows at the start, key heads, slots, width) keys, and values."""

    def keep(self, order: Tensor) -> None:
        """Row i is from now on what row order[i] was, for fewer rows or as many; only those that move are copied."""
        moved = (order != torch.arange(len(order), device=order.device)).nonzero().squeeze(1)
        self.rows = len(order)
        if not len(moved):
            return
        origin = order[moved]
        end = self.now.end if self.now else self.slots
        for buffers in self.layers.values():
            for buffer in buffers:
                buffer[:, :, :end].index_copy_(0, moved, buffer[:, :, :end].index_select(0, origin))
        self.pad.index_copy_(0, moved, self.pad.index_select(0, origin))

    def write(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Put (n, key heads, q, width) keys and values into their slots; the layer's whole buffers."""
        now = self.now
        assert now is not None
        if layer not in self.layers:
            shapes = ((self.rows, x.shape[1], self.slots, x.shape[3]) for x in (key, value))
            self.layers[layer] = (key.new_zeros(next(shapes)), value.new_zeros(next(shapes)))
        keys, values = self.layers[layer]
        rows = slice(now.first_row, now.first_row + len(key) * now.each)
        for buffer, new in ((keys, key), (values, value)):
            buffer[rows, :, now.start : now.end] = new.repeat_interleave(now.each, 0) if now.each > 1 else new
        return keys, values


@dataclass(frozen=True)
class Now:
    """Which tokens a pass computes: those of slots `start` to `end`, of some rows."""

    start: int
    end: int
    first_row: int = 0
    of_prompts: bool = False
    """Whether it computes prompts, not one new token of every row."""
    each: int = 1
    """Rows that get what one sequence computes: the samples of a prompt."""
    seen: Tensor | None = None
    """(n, q, q) bool, of a pass over prompts: which of its tokens sees which; None if each sees all up to itself."""


def cached_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,  # noqa: ARG001  # transformers' signature; the buffers say who sees whom
    *,
    key_values: KeyValues,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: Tensor | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Prompts attend to themselves; a single new token to all that its row holds. Never with dropout.

    Args:
        module: the attention module, for its place among the layers.
        query: (n, heads, q, d).
        key: (n, key heads, q, d).
        value: (n, key heads, q, d).
        attention_mask: unused.
        key_values: where keys and values are kept.
        scaling: of the products; 1 / sqrt(d) by default.
        dropout: must be 0.
        sliding_window: how many positions back a token sees; None for all.
        softcap: not known here.
        s_aux: likewise, attention sinks.

    Returns:
        (n, q, heads, d), and None in place of the probabilities.
    """
    if softcap is not None or s_aux is not None or dropout:
        raise NotImplementedError("attention with a soft cap, sinks or dropout")
    place: Any = module.layer_idx
    keys, values = key_values.write(place, key, value)
    now = key_values.now
    assert now is not None
    if now.of_prompts:
        out = _attend_prompts(query, key, value, now.seen, scaling, sliding_window)
    else:
        out = attend_last(query, keys, values, key_values, scaling, sliding_window)
    return out.transpose(1, 2), None


def attend_last(
    query: Tensor, keys: Tensor, values: Tensor, key_values: KeyValues, scaling: float | None, window: int | None
) -> Tensor:
    """(n, heads, 1, d): the newest token of each row against the layer's buffers. For the arguments, see
    `cached_attention`.

    The queries that share a key head stand in for so many queries of one head: no key is copied for them.
    """
    assert key_values.now is not None
    rows, end = key_values.rows, key_values.now.end
    first = 0 if window is None else max(0, end - window)
    mask = key_values.pad[:rows, None, None, first:end].to(query.dtype) if key_values.padded else None
    grouped = query.view(rows, keys.shape[1], -1, query.shape[3])
    out = scaled_dot_product_attention(
        grouped, keys[:rows, :, first:end], values[:rows, :, first:end], attn_mask=mask, scale=scaling
    )
    return out.view(rows, query.shape[1], 1, -1)


def _attend_prompts(
    query: Tensor, key: Tensor, value: Tensor, seen: Tensor | None, scaling: float | None, window: int | None
) -> Tensor:
    """(n, heads, q, d): each token against those of its own prompt up to itself."""
    repeats = query.shape[1] // key.shape[1]
    if repeats > 1:
        key, value = (x.repeat_interleave(repeats, dim=1) for x in (key, value))
    length = query.shape[2]
    if window is not None and window < length:
        near = torch.ones(length, length, dtype=torch.bool, device=query.device).tril().triu(1 - window)
        seen = near if seen is None else (near & seen)
    if seen is None:
        return scaled_dot_product_attention(query, key, value, is_causal=True, scale=scaling)
    mask = torch.zeros(seen.shape, dtype=query.dtype, device=query.device).masked_fill_(~seen, float("-inf"))
    mask = mask if mask.ndim == 2 else mask.unsqueeze(1)
    if query.device.type == "cpu" and length * length <= KEPT_PROBABILITIES:
        scale = query.shape[3] ** -0.5 if scaling is None else scaling
        return torch.softmax(torch.matmul(query * scale, key.transpose(2, 3)) + mask, -1).to(value.dtype) @ value
    return scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scaling)


AttentionInterface.register(CACHED, cached_attention)


@contextmanager
def cached(config: Any) -> Generator[None]:
    """Use cached attention in every module that shares `config`, for the time being."""
    before = config._attn_implementation
    config._attn_implementation = CACHED
    try:
        yield
    finally:
        config._attn_implementation = before
