"""What is kept of every optimiser step, and the report that is made of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from harness.digest import digest
from harness.engine.encoding import Encoded
from harness.engine.objective import Outcome, Step
from harness.method import Method


@dataclass(frozen=True)
class TrainReport:
    """What training did."""

    steps: int
    prompts: int
    response_tokens: int
    """Of the examples' own responses that the method learns from."""
    sampled_tokens: int
    partition: str
    """Digest of how every step was cut into micro-batches: results depend on it in their last digits."""
    most_parts: int
    """Micro-batches of the step that had most."""
    token_budget: int
    """Tokens of a micro-batch, at the end."""
    halvings: int
    """How often memory was not enough and the budget was halved."""
    last: Mapping[str, float]
    """Metrics, averaged over the last tenth of the steps."""
    state_held: tuple[int, ...] = ()
    """Numbers of the optimiser's state in each process, where several shared the steps."""


class TrainLog:
    """What is kept of each step, and what becomes the report."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self._lines: list[dict[str, float]] = []
        self._parts: list[list[int]] = []
        self._tokens = self._sampled = 0
        self.halvings = 0
        """How often the token budget was halved so far."""

    def line(self, number: int, step: Step, outcome: Outcome, rate: float, norm: float) -> dict[str, object]:
        """Step `number`, from 0, as it is written down."""
        own, sampled = _token_counts(step.examples)
        with torch.no_grad():
            found = dict(self._method.diagnostics(outcome.batch))
            if outcome.batch.samples is not None:
                found["unfinished"] = 1 - outcome.batch.samples.finished.double().mean()
        loss, *others = _numbers([outcome.loss, *found.values()])
        values = {"loss": loss, "gradient_norm": norm, "learning_rate": rate}
        values |= dict(zip(found, others, strict=True))
        counts: dict[str, object] = {"response_tokens": own}
        if outcome.batch.samples is not None:
            counts["sampled_tokens"] = sampled
        if step.to_measure is not None:
            counts["measured_tokens"] = step.to_measure.tokens
        self._tokens += own
        self._sampled += sampled
        self._lines.append(values)
        self._parts.append([len(p) for p in step.parts])
        finite = {k: v if math.isfinite(v) else None for k, v in values.items()}
        return {"step": number + 1, **finite, **counts, "micro_batches": self._parts[-1]}

    def report(self, prompts: int, token_budget: int) -> TrainReport:
        """Of all steps; `prompts` were seen, and a micro-batch had `token_budget` tokens at the end."""
        tail = self._lines[-max(1, len(self._lines) // 10) :]
        means = {k: float(np.mean([line[k] for line in tail])) for k in tail[0]}
        return TrainReport(
            steps=len(self._lines),
            prompts=prompts,
            response_tokens=self._tokens,
            sampled_tokens=self._sampled,
            partition=digest(self._parts),
            most_parts=max(map(len, self._parts)),
            token_budget=token_budget,
            halvings=self.halvings,
            last={k: v for k, v in means.items() if math.isfinite(v)},
        )


def _numbers(values: Sequence[torch.Tensor]) -> list[float]:
    """Of tensors with one element each, read together: a GPU is waited for once."""
    return torch.stack([torch.as_tensor(v).detach().double().reshape(()) for v in values]).tolist()


def _token_counts(examples: Sequence[Encoded]) -> tuple[int, int]:
    """Tokens of the examples' own responses that are learnt from, and of their samples."""
    lengths = [(len(r), k >= len(e.responses) - e.samples) for e in examples for k, r in enumerate(e.responses)]
    return sum(n for n, sample in lengths if not sample), sum(n for n, sample in lengths if sample)
