"""The one training loop: every method, every row, and the base models that sources offer."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from harness.batch import Facts
from harness.digest import digest
from harness.engine.collate import facts
from harness.engine.encoding import Encoded
from harness.engine.language_model import LanguageModel, split_by_tokens
from harness.engine.objective import Outcome, Step, run_step
from harness.engine.stepper import LocalStepper, Stepper, learning_rate, make_trainable
from harness.errors import DataError, ModelError
from harness.examples import ExampleSet
from harness.method import Method
from harness.training import Budget, Training

Progress = Callable[[int, int], None]
"""(done, total)."""


@dataclass(frozen=True)
class TrainJob:
    """What to train on, and how."""

    method: Method
    examples: ExampleSet
    """In the order they are seen; already prepared by the method."""
    columns: Mapping[str, Sequence[np.ndarray]]
    """Per name, (K,) per example."""
    training: Training
    budget: Budget
    seed: int


@dataclass(frozen=True)
class TrainReport:
    """What training did."""

    steps: int
    prompts: int
    response_tokens: int
    partition: str
    """Digest of how every step was cut into micro-batches: results depend on it in their last digits."""
    most_parts: int
    """Micro-batches of the step that had most."""
    last: Mapping[str, float]
    """Metrics, averaged over the last tenth of the steps."""


def epoch_orders(examples: ExampleSet, epochs: int, seed: int) -> list[list[int]]:
    """Per epoch, indices of the examples. The first epoch keeps their order; later ones are reshuffled within classes
    (all responses desirable, none, or mixed), so that every step keeps its share of each.
    """
    kinds = [_kind(e.labels) if not e.pairs else "pairs" for e in examples]
    orders = [list(range(len(examples)))]
    for epoch in range(1, epochs):
        generator = np.random.Generator(np.random.PCG64([seed, epoch]))
        order = [0] * len(examples)
        for kind in sorted(set(kinds)):
            places = [i for i, k in enumerate(kinds) if k == kind]
            for place, example in zip(places, generator.permutation(places).tolist(), strict=True):
                order[place] = example
        orders.append(order)
    return orders


def _kind(labels: Sequence[object]) -> str:
    found = {getattr(label, "desirable", None) for label in labels}
    return "mixed" if len(found) != 1 else str(found.pop())


def train(policy: LanguageModel, job: TrainJob, metrics: Path, progress: Progress | None = None) -> TrainReport:
    """Train a policy in place; one line of JSON per optimiser step goes to `metrics`.

    Raises:
        DataError: there is nothing to train on.
        ModelError: the loss or the gradient stopped being finite.
    """
    if not len(job.examples):
        raise DataError("there is no example to train on", fix="look at the ledger of the training split")
    encoded = policy.encoder.examples(job.examples.examples)
    policy = make_trainable(policy, job.training, job.seed)
    orders = epoch_orders(job.examples, job.budget.epochs, job.seed)
    batches = [o[i : i + job.budget.batch] for o in orders for i in range(0, len(o), job.budget.batch)]
    stepper = LocalStepper(policy, job.training)
    about = facts(job.examples.examples)
    log = _Log(job.method)
    with metrics.open("w") as lines, torch.random.fork_rng():
        torch.manual_seed(job.seed)
        for number, batch in enumerate(batches):
            step = _step(encoded, batch, job.columns, about, policy)
            rate = learning_rate(job.training, number, len(batches))
            outcome, norm = _update(stepper, job.method, step, rate)
            lines.write(json.dumps(log.line(number, step, outcome, rate, norm)) + "\n")
            if progress:
                progress(number + 1, len(batches))
    policy.model.eval()
    return log.report(sum(map(len, batches)))


def _step(
    encoded: Sequence[Encoded],
    batch: Sequence[int],
    columns: Mapping[str, Sequence[np.ndarray]],
    about: Facts,
    policy: LanguageModel,
) -> Step:
    """The examples of a step, longest first, in micro-batches within the token budget."""
    order = sorted(batch, key=lambda i: encoded[i].length, reverse=True)
    parts = split_by_tokens([encoded[i] for i in order], policy.token_budget)
    return Step(parts, {name: [values[i] for i in order] for name, values in columns.items()}, about)


def _update(stepper: Stepper, method: Method, step: Step, rate: float) -> tuple[Outcome, float]:
    outcome = run_step(method, step, stepper.forward, stepper.backward)
    norm = stepper.update(rate)
    if not (math.isfinite(float(outcome.loss)) and math.isfinite(norm)):
        raise ModelError(
            f"training with {method.name} broke down at a learning rate of {rate:.3g}: "
            f"loss {float(outcome.loss):.4g}, gradient norm {norm:.4g}",
            fix="lower the row's learning rate",
        )
    return outcome, norm


class _Log:
    """What is kept of each step, and what becomes the report."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self._lines: list[dict[str, float]] = []
        self._parts: list[list[int]] = []
        self._tokens = 0

    def line(self, number: int, step: Step, outcome: Outcome, rate: float, norm: float) -> dict[str, object]:
        tokens = sum(len(r) for e in step.examples for r in e.responses)
        values = {"loss": float(outcome.loss), "gradient_norm": norm, "learning_rate": rate}
        with torch.no_grad():
            values |= {k: float(v) for k, v in self._method.diagnostics(outcome.batch).items()}
        self._tokens += tokens
        self._lines.append(values)
        self._parts.append([len(p) for p in step.parts])
        finite = {k: v if math.isfinite(v) else None for k, v in values.items()}
        return {"step": number + 1, **finite, "response_tokens": tokens, "micro_batches": self._parts[-1]}

    def report(self, prompts: int) -> TrainReport:
        tail = self._lines[-max(1, len(self._lines) // 10) :]
        means = {k: float(np.mean([line[k] for line in tail])) for k in tail[0]}
        return TrainReport(
            steps=len(self._lines),
            prompts=prompts,
            response_tokens=self._tokens,
            partition=digest(self._parts),
            most_parts=max(map(len, self._parts)),
            last={k: v for k, v in means.items() if math.isfinite(v)},
        )
