"""Attention of a packed layout by torch's FlexAttention: one flat row, a mask that says who sees whom, no padding."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor

from harness.engine.layout import Layout


def takes(query: Tensor, dropout: float) -> bool:
    """Whether FlexAttention can compute this: on a GPU (it has no gradient on a CPU), without dropout.

    Args:
        query: (1, heads, T, d).
        dropout: of the probabilities.
    """
    on_gpu = query.device.type == "cuda"
    return dropout == 0 and (on_gpu or not torch.is_grad_enabled())


def attend(query: Tensor, key: Tensor, value: Tensor, flat: Layout, scale: float, window: int | None) -> Tensor:
    """(1, T, heads, d): each token's attention to what it may see.

    Args:
        query: (1, heads, T, d).
        key: (1, key heads, T, d).
        value: (1, key heads, T, d).
        flat: the layout of the T tokens.
        scale: of the products.
        window: how many positions back a token sees; None for all.
    """
    grouped = query.shape[1] != key.shape[1]
    mask = _mask(flat, window)
    found = _function(query.device.type)(query, key, value, block_mask=mask, scale=scale, enable_gqa=grouped)
    return found.transpose(1, 2)


@cache
def _function(device: str) -> Any:
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention, dynamic=True) if device == "cuda" else flex_attention


def _mask(flat: Layout, window: int | None) -> Any:
    """The block mask of a layout, made once per pass and window."""
    made: dict[int | None, Any] = flat.__dict__.setdefault("_flex_masks", {})
    if window not in made:
        made[window] = _new_mask(flat, window)
    return made[window]


def _new_mask(flat: Layout, window: int | None) -> Any:
    from torch.nn.attention.flex_attention import create_block_mask

    prompt, response = owners(flat)
    place = flat.positions

    def sees(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        del batch, head
        mine = (response[key] < 0) | (response[key] == response[query])
        back = place[query] - place[key]
        near = back >= 0 if window is None else (back >= 0) & (back < window)
        return (prompt[query] == prompt[key]) & mine & near

    count = len(flat.tokens)
    return create_block_mask(sees, None, None, count, count, device=str(flat.tokens.device))


def owners(flat: Layout) -> tuple[Tensor, Tensor]:
    """(T,) the prompt each token belongs to, and (T,) its response, -1 for a prompt's own tokens."""
    prompt, response = (torch.full(flat.tokens.shape, -1, dtype=torch.int64) for _ in range(2))
    spans = flat.responses.tolist()
    for number, (start, length, first, many) in enumerate(flat.groups.tolist()):
        prompt[start : start + length] = number
        for row in range(first, first + many):
            begin, fed = spans[row]
            prompt[begin : begin + fed] = number
            response[begin : begin + fed] = row
    return prompt.to(flat.tokens.device), response.to(flat.tokens.device)
