"""Compiled parts of a pass over one new token a row: attention with what goes before it, and norms. No gradients."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import torch
from torch import Tensor

from harness.engine.native.library import library

PANEL = 64
"""Columns of weights that lie together."""

POINTER, WHOLE = ctypes.c_void_p, ctypes.c_int64


@cache
def functions() -> Any:
    """The compiled functions, None where there are none."""
    found = library().functions
    if found is not None:
        found.newest.argtypes = (POINTER, ctypes.c_float, *[POINTER] * 9)
        found.panel_product.argtypes = (*[WHOLE] * 3, *[POINTER] * 4, WHOLE)
        found.add_and_norm.argtypes = (WHOLE, WHOLE, ctypes.c_float, *[POINTER] * 4)
    return found


def takes(width: int, weight: Tensor) -> bool:
    """Whether there are compiled functions for heads of this width and such weights."""
    found = functions()
    on_cpu = weight.device.type == "cpu" and weight.dtype == torch.float32
    return found is not None and on_cpu and width % int(found.vector_width()) == 0


def attend(
    new: tuple[Tensor, Tensor, Tensor],
    turning: tuple[Tensor, Tensor],
    kept: tuple[Tensor, Tensor],
    pad: Tensor | None,
    span: tuple[int, int],
    scale: float,
) -> Tensor:
    """(rows, heads * width): what the newest token of each row sees; its key and value are kept in the last slot.

    Args:
        new: (rows, heads, width) query, (rows, key heads, width) key and value, not turned yet.
        turning: (rows, width) cosines and sines of the new places.
        kept: (more rows, key heads, slots, width) keys, and values.
        pad: (more rows, slots), added to the products; None for nothing.
        span: the first slot that is seen, and the one behind the new token's.
        scale: of the products.
    """
    query, key, value = (x.contiguous() for x in new)
    rows, heads, width = query.shape
    keys, values = kept
    first, end = span
    sizes = (WHOLE * 9)(
        rows, heads, key.shape[1], width, keys.shape[2], keys.stride(0), first, end, torch.get_num_threads()
    )
    out = query.new_empty(rows, heads * width)
    cos, sin = turning
    functions().newest(
        sizes,
        scale,
        query.data_ptr(),
        key.data_ptr(),
        value.data_ptr(),
        cos.data_ptr(),
        sin.data_ptr(),
        None if pad is None else pad.data_ptr(),
        keys.data_ptr(),
        values.data_ptr(),
        out.data_ptr(),
    )
    return out


def add_and_norm(states: Tensor, more: Tensor | None, weight: Tensor, epsilon: float) -> Tensor:
    """(rows, width) RMS norm of `states`, to which `more` is added in place first."""
    out = torch.empty_like(states)
    more = None if more is None else more.contiguous()
    functions().add_and_norm(
        *states.shape,
        epsilon,
        states.data_ptr(),
        None if more is None else more.data_ptr(),
        weight.data_ptr(),
        out.data_ptr(),
    )
    return out


class Panels:
    """A linear layer whose weights are copied into the order in which a product with few rows reads them."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._outputs, self._depth = weight.shape
        fill = -self._outputs % int(functions().vector_width())
        self._width = self._outputs + fill
        turned = torch.nn.functional.pad(weight.detach(), (0, 0, 0, fill)).t()
        self._weight = torch.cat([part.reshape(-1) for part in turned.split(PANEL, 1)])
        self._bias = None if bias is None else torch.nn.functional.pad(bias.detach(), (0, fill))

    def __call__(self, x: Tensor) -> Tensor:
        """(rows, outputs) of (rows, inputs)."""
        x = x.contiguous()
        out = x.new_empty(len(x), self._width)
        functions().panel_product(
            len(x),
            self._depth,
            self._width,
            x.data_ptr(),
            self._weight.data_ptr(),
            None if self._bias is None else self._bias.data_ptr(),
            out.data_ptr(),
            torch.get_num_threads(),
        )
        return out if self._width == self._outputs else out[:, : self._outputs]
