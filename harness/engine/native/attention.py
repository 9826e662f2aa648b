"""Attention of packed examples by the compiled kernel: no padding, no mask, probabilities never stored."""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from harness.engine.layout import Layout
from harness.engine.native.library import dense, functions, heads, pointer, usable


def takes(query: Tensor, key: Tensor, value: Tensor, dropout: float) -> bool:
    """Whether the kernel can compute this: float32 on a CPU, outside autocast, one width of heads, no dropout.

    Args:
        query: the width of a head last.
        key: likewise.
        value: likewise.
        dropout: of the probabilities.
    """
    alike = query.shape[-1] == key.shape[-1] == value.shape[-1]
    return dropout == 0 and alike and all(usable(x) for x in (query, key, value))


def attend(query: Tensor, key: Tensor, value: Tensor, flat: Layout, scale: float, window: int | None) -> Tensor:
    """(T, heads, d): each token's attention to what it may see; differentiable.

    Args:
        query: (T, heads, d).
        key: (T, key heads, d); a divisor of the heads.
        value: (T, key heads, d).
        flat: the layout of the T tokens.
        scale: of the products.
        window: how many positions back a token sees; None for all.
    """
    width = query.shape[2]
    lacking = -width % int(functions().vector_width())
    if lacking:  # zeros change no product
        query, key, value = (torch.nn.functional.pad(x, (0, lacking)) for x in (query, key, value))
    found: Tensor = _Attention.apply(*(dense(x) for x in (query, key, value)), flat, scale, window or 0)  # pyright: ignore
    return found[..., :width] if lacking else found


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, flat: Layout, scale: float, window: int) -> Tensor:
        tokens, many, width = query.shape
        out = torch.empty(tokens, many, width)
        normaliser = torch.empty(tokens, many)
        few = key.shape[1]
        sizes = torch.tensor([few, many // few, width, window, len(flat.groups), torch.get_num_threads()])
        ctx.save_for_backward(query, key, value, out, normaliser, sizes)
        ctx.flat, ctx.scale = flat, scale
        functions().attention_forward(
            pointer(sizes),
            ctypes.c_float(scale),
            pointer(flat.groups),
            pointer(flat.responses),
            *(heads(x) for x in (query, key, value, out)),
            pointer(normaliser),
        )
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        query, key, value, out, normaliser, sizes = ctx.saved_tensors
        above = dense(grads[0])
        found = torch.empty(query.shape), torch.zeros(key.shape), torch.zeros(value.shape)
        functions().attention_backward(
            pointer(sizes),
            ctypes.c_float(ctx.scale),
            pointer(ctx.flat.groups),
            pointer(ctx.flat.responses),
            *(heads(x) for x in (query, key, value, out)),
            pointer(normaliser),
            *(heads(x) for x in (above, *found)),
        )
        return *found, None, None, None
