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
from harness.engine.fresh import FreshResponses
from harness.engine.language_model import LanguageModel
from harness.engine.objective import Outcome, Step, run_step
from harness.engine.packed_model import PackedModel, split_by_tokens
from harness.engine.stepper import LocalStepper, Stepper, learning_rate, make_trainable
from harness.errors import DataError, HarnessError, ModelError
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
    reference: LanguageModel | None = None
    """What scores the samples of a method that draws them: the policy that training starts from."""


@dataclass(frozen=True)
class TrainReport:
    """What training did."""

    steps: int
    prompts: int
    response_tokens: int
    """Of the examples' own responses."""
    sampled_tokens: int
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


def train(policy: PackedModel, job: TrainJob, metrics: Path, progress: Progress | None = None) -> TrainReport:
    """Train a policy or a reward model in place; one line of JSON per optimiser step goes to `metrics`.

    Raises:
        DataError: there is nothing to train on.
        HarnessError: the method draws samples, and the job cannot.
        ModelError: the loss or the gradient stopped being finite.
    """
    if not len(job.examples):
        raise DataError("there is no example to train on", fix="look at the ledger of the training split")
    encoded = policy.encoder.examples(job.examples.examples)
    policy = make_trainable(policy, job.training, job.seed)
    orders = epoch_orders(job.examples, job.budget.epochs, job.seed)
    batches = [o[i : i + job.budget.batch] for o in orders for i in range(0, len(o), job.budget.batch)]
    stepper = LocalStepper(policy, job.training)
    fresh = _fresh(policy, job, encoded)
    about = facts(job.examples.examples)
    log = _Log(job.method)
    with metrics.open("w") as lines, torch.random.fork_rng():
        torch.manual_seed(job.seed)
        for number, batch in enumerate(batches):
            own = fresh.join(number, batch) if fresh else [encoded[i] for i in batch]
            step = _step(dict(zip(batch, own, strict=True)), job.columns, about, policy.token_budget)
            rate = learning_rate(job.training, number, len(batches))
            outcome, norm = _update(stepper, job.method, step, rate)
            lines.write(json.dumps(log.line(number, step, outcome, rate, norm)) + "\n")
            if progress:
                progress(number + 1, len(batches))
    policy.model.eval()
    return log.report(sum(map(len, batches)))


def _fresh(policy: PackedModel, job: TrainJob, encoded: Sequence[Encoded]) -> FreshResponses | None:
    sampling = job.method.sampling()
    if sampling is None:
        return None
    if job.reference is None or not isinstance(policy, LanguageModel):
        raise HarnessError(
            f"method {job.method.name!r} draws samples: it needs a language model to train and one to score them",
            fix="give the job a reference",
        )
    return FreshResponses(policy, job.reference, sampling, encoded, job.seed)


def _step(
    examples: Mapping[int, Encoded], columns: Mapping[str, Sequence[np.ndarray]], about: Facts, budget: int
) -> Step:
    """The examples of a step by their index, longest first, in micro-batches within the token budget."""
    order = sorted(examples, key=lambda i: examples[i].length, reverse=True)
    parts = split_by_tokens([examples[i] for i in order], budget)
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
        self._tokens = self._sampled = 0

    def line(self, number: int, step: Step, outcome: Outcome, rate: float, norm: float) -> dict[str, object]:
        own, sampled = _token_counts(step.examples)
        values = {"loss": float(outcome.loss), "gradient_norm": norm, "learning_rate": rate}
        with torch.no_grad():
            values |= {k: float(v) for k, v in self._method.diagnostics(outcome.batch).items()}
        counts: dict[str, object] = {"response_tokens": own}
        if outcome.batch.samples is not None:
            values["unfinished"] = 1 - float(outcome.batch.samples.finished.float().mean())
            counts["sampled_tokens"] = sampled
        self._tokens += own
        self._sampled += sampled
        self._lines.append(values)
        self._parts.append([len(p) for p in step.parts])
        finite = {k: v if math.isfinite(v) else None for k, v in values.items()}
        return {"step": number + 1, **finite, **counts, "micro_batches": self._parts[-1]}

    def report(self, prompts: int) -> TrainReport:
        tail = self._lines[-max(1, len(self._lines) // 10) :]
        means = {k: float(np.mean([line[k] for line in tail])) for k in tail[0]}
        return TrainReport(
            steps=len(self._lines),
            prompts=prompts,
            response_tokens=self._tokens,
            sampled_tokens=self._sampled,
            partition=digest(self._parts),
            most_parts=max(map(len, self._parts)),
            last={k: v for k, v in means.items() if math.isfinite(v)},
        )


def _token_counts(examples: Sequence[Encoded]) -> tuple[int, int]:
    """Tokens of the examples' own responses, and of their samples."""
    lengths = [(len(r), k >= len(e.responses) - e.samples) for e in examples for k, r in enumerate(e.responses)]
    return sum(n for n, sample in lengths if not sample), sum(n for n, sample in lengths if sample)
