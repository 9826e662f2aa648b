"""Log-probabilities of given tokens from hidden states, without a (tokens x vocabulary) tensor of the whole batch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.utils.checkpoint import checkpoint

from harness.engine.native import rows as compiled
from harness.engine.native.library import usable

CHUNK = 1 << 23
"""Largest number of logits at a time; float32 makes that 32 MiB."""
KEPT = 1 << 25
"""Largest number of logits of one pass that wait for its gradient, 128 MiB; beyond it they are computed again."""


def target_logps(hidden: Tensor, target: Tensor, head: Any) -> Tensor:
    """(N,) nats, at least float32: log-softmax of the head's logits at each target.

    Args:
        hidden: (N, width) hidden states that predict the targets.
        target: (N,) int64 token ids.
        head: maps (n, width) to (n, vocabulary) logits.
    """
    if (
        type(head) is nn.Linear
        and hidden.dtype == head.weight.dtype
        and hidden.dtype in (torch.float32, torch.float64)
        and not torch.is_autocast_enabled(hidden.device.type)
    ):
        kept = torch.is_grad_enabled() and len(target) * len(head.weight) <= KEPT
        return _TargetLogps.apply(hidden, target, head.weight, head.bias, kept)  # pyright: ignore
    chunks = max(1, CHUNK // int(head.weight.shape[0]))
    parts: list[Tensor] = []
    for part in zip(hidden.split(chunks), target.split(chunks), strict=True):
        if torch.is_grad_enabled() and len(target) > chunks:
            parts.append(checkpoint(_chunk, *part, head, use_reentrant=False))  # pyright: ignore[reportArgumentType]
        else:
            parts.append(_chunk(*part, head))
    return torch.cat(parts)


def _chunk(hidden: Tensor, target: Tensor, head: Any) -> Tensor:
    logits = head(hidden)
    if logits.dtype in (torch.bfloat16, torch.float16):
        logits = logits.float()
    return -nn.functional.cross_entropy(logits, target, reduction="none")


class _TargetLogps(torch.autograd.Function):
    """The gradient with respect to the logits is w (one-hot - softmax): the logits of the forward pass become it in
    place, so that each is written twice in all, and no graph of their parts is kept.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, target: Tensor, weight: Tensor, bias: Tensor | None, kept: bool) -> Tensor:
        values: list[Tensor] = []
        normalisers: list[Tensor] = []
        ctx.logits, ctx.size = [], KEPT if kept else CHUNK
        for states, wished in _chunks(hidden, target, ctx.size, len(weight)):
            logits = nn.functional.linear(states, weight, bias)
            normalisers.append(_log_sum_exp(logits))
            values.append(logits.gather(1, wished.unsqueeze(1)).squeeze(1) - normalisers[-1])
            if kept:
                ctx.logits.append(logits)
        ctx.save_for_backward(hidden, target, weight, bias, torch.cat(normalisers))
        return torch.cat(values)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        hidden, target, weight, bias, normaliser = ctx.saved_tensors
        of_hidden = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        of_weight = torch.zeros_like(weight) if ctx.needs_input_grad[2] else None
        of_bias = torch.zeros_like(bias) if bias is not None and ctx.needs_input_grad[3] else None
        at = 0
        for states, wished in _chunks(hidden, target, ctx.size, len(weight)):
            slopes = ctx.logits.pop(0) if ctx.logits else nn.functional.linear(states, weight, bias)
            these = slice(at, at + len(wished))
            _slopes_(slopes, normaliser[these], wished, grads[0][these].contiguous())
            if of_hidden is not None:
                torch.mm(slopes, weight, out=of_hidden[these])
            if of_weight is not None:
                of_weight.addmm_(slopes.t(), states)
            if of_bias is not None:
                of_bias += slopes.sum(0)
            at += len(wished)
        return of_hidden, None, of_weight, of_bias, None


def _chunks(hidden: Tensor, target: Tensor, size: int, vocabulary: int) -> Any:
    rows = max(1, size // vocabulary)
    return zip(hidden.split(rows), target.split(rows), strict=True)


def _log_sum_exp(logits: Tensor) -> Tensor:
    return compiled.log_sum_exp(logits) if usable(logits) else logits.logsumexp(-1)


def _slopes_(logits: Tensor, normaliser: Tensor, target: Tensor, weight: Tensor) -> None:
    """The logits become weight * (one-hot of the target - softmax)."""
    if usable(logits):
        compiled.log_softmax_slopes_(logits, normaliser, target, weight)
        return
    logits.sub_(normaliser.unsqueeze(1)).exp_().mul_(-weight.unsqueeze(1))
    logits.scatter_add_(1, target.unsqueeze(1), weight.unsqueeze(1))
