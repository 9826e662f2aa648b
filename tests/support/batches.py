"""Batches of given log-probs, for tests of formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

import harness


@dataclass(frozen=True)
class Given(harness.Column):
    """Stands for any column where a test puts the numbers into the batch itself."""

    name: ClassVar[str] = "given"
    source: ClassVar[str] = "test"

    def compute(self, examples: Sequence[harness.Example], bench: harness.Bench) -> list[Any]:
        raise NotImplementedError


def batch(
    policy: Sequence[float] | Tensor,
    reference: Sequence[float] | None = None,
    *,
    tokens: Sequence[float] | None = None,
    columns: Mapping[str, Sequence[float]] | None = None,
    prompt: Sequence[int] | None = None,
    pairs: Sequence[tuple[int, int]] = (),
    labels: Sequence[tuple[int, bool]] = (),
    facts: harness.Facts | None = None,
    samples: harness.Samples | None = None,
    measured: harness.Measured | None = None,
    dtype: torch.dtype = torch.float64,
) -> harness.Batch:
    """Responses with these summed log-probs, to one prompt where nothing is said; (chosen, rejected) pairs and
    (response, desirable) labels by index.
    """
    total = policy if isinstance(policy, Tensor) else torch.tensor(policy, dtype=dtype, requires_grad=True)

    def number(values: Any) -> Tensor:
        return torch.tensor(list(values), dtype=total.dtype)

    def index(values: Any) -> Tensor:
        return torch.tensor(list(values), dtype=torch.int64)

    good = sum(desirable for _, desirable in labels)
    return harness.Batch(
        policy=harness.Logps(total, number(tokens or [1.0] * len(total))),
        columns={
            **({} if reference is None else {"reference": number(reference)}),
            **{name: number(values) for name, values in (columns or {}).items()},
        },
        prompt=index(prompt or [0] * len(total)),
        chosen=index(w for w, _ in pairs),
        rejected=index(loser for _, loser in pairs),
        share=number([float("nan")] * len(pairs)),
        labelled=index(r for r, _ in labels),
        desirable=torch.tensor([desirable for _, desirable in labels], dtype=torch.bool),
        sources=(None,) * len(total),
        facts=facts or harness.Facts(1, len(pairs), good, len(labels) - good),
        samples=samples,
        measured=measured,
    )


def measured(policy: Sequence[float], reference: Sequence[float]) -> harness.Measured:
    """Measured responses with these summed log-probs."""
    total = torch.tensor(list(policy), dtype=torch.float64)
    logps = harness.Logps(total, torch.full_like(total, 3.0))
    return harness.Measured(logps, {"reference": torch.tensor(list(reference), dtype=total.dtype)})


def samples(
    policy: Sequence[float] | Tensor,
    reference: Sequence[float],
    *,
    prompt: Sequence[int] | None = None,
    finished: Sequence[bool] | None = None,
) -> harness.Samples:
    """Samples with these summed log-probs, to one prompt and finished where nothing is said."""
    total = policy if isinstance(policy, Tensor) else torch.tensor(policy, dtype=torch.float64, requires_grad=True)
    return harness.Samples(
        policy=harness.Logps(total, torch.full_like(total, 3.0, requires_grad=False)),
        reference=torch.tensor(list(reference), dtype=total.dtype),
        prompt=torch.tensor(list(prompt or [0] * len(total)), dtype=torch.int64),
        finished=torch.tensor(list(finished or [True] * len(total)), dtype=torch.bool),
    )


def gradient(method: harness.Method, made: harness.Batch) -> Tensor:
    """(responses,) d objective / d log-prob."""
    (found,) = torch.autograd.grad(method.reduce(method.terms(made), made), made.policy.total)
    return found
