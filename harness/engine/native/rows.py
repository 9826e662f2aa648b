"""Compiled passes over rows: log-softmax, RMS norm, gated SiLU, rotary embedding, each in one sweep. The gradient is
theirs too; a gradient of that gradient is an error.
"""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from harness.engine.native.library import dense, functions, pointer


def rms_norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """Weight * x / sqrt(mean(x^2) + epsilon) over the last dimension."""
    return _RmsNorm.apply(x, weight, epsilon)  # pyright: ignore


def gated_silu(gate: Tensor, up: Tensor) -> Tensor:
    """silu(gate) * up."""
    return _GatedSilu.apply(gate, up)  # pyright: ignore


def rotary(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotary position embedding of (T, heads, d) by (T, d) cosines and sines; the result is dense."""
    return _Rotary.apply(x, cosine, sine)  # pyright: ignore


def log_sum_exp(logits: Tensor) -> Tensor:
    """(N,) log of the sum of exponentials of (N, V) logits. No gradient."""
    found = torch.empty(len(logits))
    call("log_sum_exp", *logits.shape, pointer(logits), pointer(found))
    return found


def log_softmax_slopes_(logits: Tensor, normaliser: Tensor, target: Tensor, weight: Tensor) -> None:
    """(N, V) logits become the gradient, with respect to them, of the sum of weight times log-softmax at the targets.

    Args:
        logits: (N, V); overwritten.
        normaliser: (N,) from `log_sum_exp`.
        target: (N,) int64.
        weight: (N,).
    """
    call("log_softmax_slopes", *logits.shape, *(pointer(x) for x in (logits, normaliser, target, weight)))


def call(name: str, *arguments: Any) -> None:
    """A compiled function, with the number of threads behind its arguments. Python's integers go as 64 bits."""
    told = [ctypes.c_int64(x) if isinstance(x, int) else x for x in (*arguments, torch.get_num_threads())]
    getattr(functions(), name)(*told)


class _RmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        x = x.contiguous()
        width = x.shape[-1]
        out, inverse = torch.empty(x.shape), torch.empty(x.numel() // width)
        call(
            "rms_norm_forward",
            len(inverse),
            width,
            ctypes.c_float(epsilon),
            pointer(x),
            pointer(weight),
            pointer(out),
            pointer(inverse),
        )
        ctx.save_for_backward(x, weight, inverse)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, weight, inverse = ctx.saved_tensors
        above = grads[0].contiguous()
        found, parts = torch.empty(x.shape), torch.zeros(torch.get_num_threads(), x.shape[-1])
        call(
            "rms_norm_backward",
            len(inverse),
            x.shape[-1],
            *(pointer(t) for t in (x, weight, inverse, above, found, parts)),
        )
        return found, parts.sum(0), None


class _GatedSilu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        gate, up = gate.contiguous(), up.contiguous()
        out = torch.empty(gate.shape)
        call("gated_silu_forward", gate.numel(), *(pointer(t) for t in (gate, up, out)))
        ctx.save_for_backward(gate, up)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        gate, up = ctx.saved_tensors
        above = grads[0].contiguous()
        of_gate, of_up = torch.empty(gate.shape), torch.empty(gate.shape)
        call("gated_silu_backward", gate.numel(), *(pointer(t) for t in (gate, up, above, of_gate, of_up)))
        return of_gate, of_up


class _Rotary(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        ctx.save_for_backward(cosine, sine)
        return _rotated(x, cosine, sine, 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        cosine, sine = ctx.saved_tensors
        return _rotated(grads[0], cosine, sine, -1), None, None


def _rotated(x: Tensor, cosine: Tensor, sine: Tensor, turn: int) -> Tensor:
    x = dense(x)
    out = torch.empty(x.shape)
    sizes = torch.tensor([*x.shape, x.stride(0), x.stride(1)])
    call("rotate", *(pointer(t) for t in (sizes, x, cosine, sine, out)), turn)
    return out
