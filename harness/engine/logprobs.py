"""Log-probabilities of given tokens from hidden states, without a (tokens x vocabulary) tensor of the whole batch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

CHUNK = 1 << 25
"""Largest number of logits at a time; float32 makes that 128 MiB."""


def target_logps(hidden: Tensor, target: Tensor, head: Any) -> Tensor:
    """(N,) nats, at least float32: log-softmax of the head's logits at each target.

    Args:
        hidden: (N, width) hidden states that predict the targets.
        target: (N,) int64 token ids.
        head: maps (n, width) to (n, vocabulary) logits.
    """
    rows = max(1, CHUNK // _vocabulary(head))
    if len(target) <= rows:
        return _chunk(hidden, target, head)
    parts: list[Tensor] = []
    for start in range(0, len(target), rows):
        part = hidden[start : start + rows], target[start : start + rows]
        if torch.is_grad_enabled():
            parts.append(checkpoint(_chunk, *part, head, use_reentrant=False))  # pyright: ignore[reportArgumentType]
        else:
            parts.append(_chunk(*part, head))
    return torch.cat(parts)


def _vocabulary(head: Any) -> int:
    return int(head.weight.shape[0])


def _chunk(hidden: Tensor, target: Tensor, head: Any) -> Tensor:
    logits = head(hidden)
    if logits.dtype in (torch.bfloat16, torch.float16):
        logits = logits.float()
    return -torch.nn.functional.cross_entropy(logits, target, reduction="none")
