"""The one training loop: every method, every row, and the base models that sources offer."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from harness.batch import Batch, Facts, Logps
from harness.engine.collate import facts
from harness.engine.encoding import Encoded
from harness.engine.fresh import FreshResponses
from harness.engine.language_model import LanguageModel
from harness.engine.memory import OutOfMemory, attempted, smaller_budget
from harness.engine.objective import Outcome, RandomState, Step, run_step
from harness.engine.packed_model import PackedModel
from harness.engine.reading import ToMeasure, in_parts, learnt, measured
from harness.engine.stepper import LocalStepper, Stepper, learning_rate, make_trainable
from harness.engine.token_budget import training_budget
from harness.engine.training_log import TrainLog, TrainReport
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
        ModelError: the loss or the gradient stopped being finite, or one example alone does not fit in memory.
        Unavailable: several processes are asked for, and there is no DeepSpeed.
    """
    if not len(job.examples):
        raise DataError("there is no example to train on", fix="look at the ledger of the training split")
    encoded = policy.encoder.examples(job.examples.examples)
    policy = make_trainable(policy, job.training, job.seed)
    if policy.token_budget is None and not policy.refusal:
        policy.token_budget = training_budget(policy)
    if job.training.sharding:
        from harness.engine.sharding import train_sharded

        report = train_sharded(policy, job, encoded, metrics, progress)
    else:
        report = train_with(LocalStepper(policy, job.training), policy, job, encoded, metrics, progress)
    policy.model.eval()
    return report


def train_with(
    stepper: Stepper,
    policy: PackedModel,
    job: TrainJob,
    encoded: Sequence[Encoded],
    metrics: Path | None,
    progress: Progress | None = None,
) -> TrainReport:
    """Train a policy that is ready for it; every process that shares its steps calls this alike.

    Args:
        stepper: takes the steps.
        policy: what it steps; its token budget is halved where memory is not enough.
        job: what to train on, and how.
        encoded: the job's examples.
        metrics: gets one line of JSON per step; None for none.
        progress: told after every step.
    """
    batches = step_indices(job)
    fresh = _fresh(policy, job, encoded)
    about = facts(job.examples.examples)
    log = TrainLog(job.method)
    with contextlib.ExitStack() as stack:
        lines = stack.enter_context(metrics.open("w", buffering=1)) if metrics else None
        stack.enter_context(torch.random.fork_rng())
        torch.manual_seed(_seed_of(job.seed, stepper.peers.rank))
        for number, batch in enumerate(batches):
            own = fresh.join(number, batch) if fresh else [encoded[i] for i in batch]
            examples = dict(zip(batch, own, strict=True))
            rate = learning_rate(job.training, number, len(batches))
            step, outcome = _fitting(stepper, policy, job, examples, about, log)
            line = log.line(number, step, outcome, rate, _update(stepper, job.method, outcome, rate))
            if lines:
                lines.write(json.dumps(line) + "\n")
            if progress:
                progress(number + 1, len(batches))
    return log.report(sum(map(len, batches)), policy.pass_tokens)


def step_indices(job: TrainJob) -> list[list[int]]:
    """Per optimiser step, which examples it sees."""
    orders = epoch_orders(job.examples, job.budget.epochs, job.seed)
    return [o[i : i + job.budget.batch] for o in orders for i in range(0, len(o), job.budget.batch)]


def _seed_of(seed: int, rank: int) -> int:
    """Every process draws its own dropout; the first as one alone would."""
    return seed if rank == 0 else int(np.random.SeedSequence([seed, rank]).generate_state(1, np.uint64)[0] >> 1)


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


def _fitting(
    stepper: Stepper,
    policy: PackedModel,
    job: TrainJob,
    examples: Mapping[int, Encoded],
    about: Facts,
    log: TrainLog,
) -> tuple[Step, Outcome]:
    """A step with its gradient. Where memory is not enough, the gradient so far is dropped, the random state put back
    and the same step taken again in smaller micro-batches, of which later steps are made too.
    """
    before = RandomState.now()
    while True:
        step = _step(job, examples, about, policy.pass_tokens, stepper.peers.count)
        found = attempted(partial(run_step, job.method, step, stepper.forward, stepper.backward, stepper.peers))
        if found is not None:
            return step, found[0]
        stepper.forget()
        before.restore()
        policy.token_budget = smaller_budget(step.passes, policy.pass_tokens)
        log.halvings += 1
        if stepper.peers.count > 1:
            raise OutOfMemory(policy.pass_tokens)


def _step(job: TrainJob, examples: Mapping[int, Encoded], about: Facts, budget: int, least: int) -> Step:
    """The examples of a step by their index, as far as the method learns from them, longest first, in micro-batches
    within the token budget; in at least as many as there are processes to share them, where there are as many examples.
    And what the method measures of them.
    """
    inputs = {i: learnt(job.method, example) for i, example in examples.items()}
    aside = {i: measured(job.method, example) for i, example in examples.items()}
    to_measure = ToMeasure.of(aside, job.columns, budget)
    inputs = dict(sorted(inputs.items(), key=lambda item: item[1].length, reverse=True))
    parts = in_parts(list(inputs.values()), budget)
    while len(parts) < min(least, sum(bool(e.responses) for e in inputs.values())):
        budget = smaller_budget(parts, budget)
        parts = in_parts(list(inputs.values()), budget)
    columns = {name: [values[i] for i in inputs] for name, values in job.columns.items()}
    return Step(parts, columns, about, to_measure)


def _update(stepper: Stepper, method: Method, outcome: Outcome, rate: float) -> float:
    """Take the step; the norm of its gradient."""
    norm = stepper.update(rate)
    if not (math.isfinite(norm) and math.isfinite(float(outcome.loss))):
        _check_reading(method, outcome.batch)
        raise ModelError(
            f"training with {method.name} broke down at a learning rate of {rate:.3g}: "
            f"loss {float(outcome.loss):.4g}, gradient norm {norm:.4g}",
            fix="lower the row's learning rate",
        )
    return norm


def _check_reading(method: Method, batch: Batch) -> None:
    """Of an objective that is not finite: whether it would be, if what the method does not learn from were known.

    Raises:
        HarnessError: it would.
    """
    unread = batch.policy.tokens.isnan()
    known = Logps(batch.policy.total.masked_fill(unread, 0), batch.policy.tokens.masked_fill(unread, 1))
    filled = replace(batch, policy=known)
    if unread.any() and bool(method.reduce(method.terms(filled), filled).isfinite()):
        raise HarnessError(
            f"method {method.name!r} reads log-probs of responses that its `learns_from` leaves out, which are NaN",
            fix="let `learns_from` name every response whose log-prob `terms` or `reduce` reads",
        )
