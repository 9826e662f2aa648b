"""Batches of given log-probs, for tests of formulas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

import harness


def batch(
    policy: Sequence[float] | Tensor,
    reference: Sequence[float] | None = None,
    *,
    tokens: Sequence[float] | None = None,
    pairs: Sequence[tuple[int, int]] = (),
    labels: Sequence[tuple[int, bool]] = (),
    facts: harness.Facts | None = None,
    dtype: torch.dtype = torch.float64,
) -> harness.Batch:
    """Responses with these summed log-probs; (chosen, rejected) pairs and (response, desirable) labels by index."""
    total = policy if isinstance(policy, Tensor) else torch.tensor(policy, dtype=dtype, requires_grad=True)

    def number(values: Any) -> Tensor:
        return torch.tensor(list(values), dtype=total.dtype)

    def index(values: Any) -> Tensor:
        return torch.tensor(list(values), dtype=torch.int64)

    good = sum(desirable for _, desirable in labels)
    return harness.Batch(
        policy=harness.Logps(total, number(tokens or [1.0] * len(total))),
        columns={} if reference is None else {"reference": number(reference)},
        prompt=index([0] * len(total)),
        chosen=index(w for w, _ in pairs),
        rejected=index(loser for _, loser in pairs),
        share=number([float("nan")] * len(pairs)),
        labelled=index(r for r, _ in labels),
        desirable=torch.tensor([desirable for _, desirable in labels], dtype=torch.bool),
        sources=(None,) * len(total),
        facts=facts or harness.Facts(1, len(pairs), good, len(labels) - good),
    )


def gradient(method: harness.Method, made: harness.Batch) -> Tensor:
    """(responses,) d objective / d log-prob."""
    (found,) = torch.autograd.grad(method.reduce(method.terms(made), made), made.policy.total)
    return found
