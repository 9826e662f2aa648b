"""The objective of a whole optimiser step and its gradient, whatever the micro-batches.

Where one micro-batch holds the step, it is computed as written. Where the reduction is linear in the terms, each
micro-batch's terms are weighted by d reduce / d term, which needs no log-probs, and back-propagated at once. Otherwise
the step's log-probs are computed first without a graph, the objective is differentiated with respect to them, and a
second pass back-propagates each micro-batch with those weights; dropout replays its random state.

Several processes may share a step: each takes every n-th micro-batch, and what the objective has to know of the others'
log-probs is summed over the processes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from harness.batch import Batch, Facts, Logps, Measured
from harness.engine.collate import collate, units
from harness.engine.encoding import Encoded
from harness.engine.peers import Alone, Peers
from harness.engine.reading import ToMeasure
from harness.errors import HarnessError
from harness.method import Method, Unit

Forward = Callable[[Sequence[Encoded]], Logps]
Backward = Callable[[Tensor], None]


@dataclass(frozen=True)
class Step:
    """The examples of one optimiser step, cut into micro-batches, with their columns."""

    parts: Sequence[Sequence[Encoded]]
    columns: Mapping[str, Sequence[np.ndarray]]
    """Per name, (K,) per example, in the order of the parts."""
    facts: Facts
    to_measure: ToMeasure | None = None
    measured: Measured | None = None
    """What `to_measure` gave, before anything is learnt."""

    @property
    def passes(self) -> list[Sequence[Encoded]]:
        """All that goes through the model at once."""
        return [*(self.to_measure.parts if self.to_measure else ()), *self.parts]

    @property
    def examples(self) -> list[Encoded]:
        """All examples, in the order of the parts."""
        return [e for part in self.parts for e in part]

    def batch(self, logps: Logps) -> Batch:
        """The batch of the whole step."""
        return collate(self.examples, logps, self.columns, self.facts, self.measured)

    def part_batches(self) -> list[Callable[[Logps], Batch]]:
        """Per micro-batch, what makes its batch from its log-probs."""
        edges = np.concatenate(([0], np.cumsum([len(p) for p in self.parts]))).tolist()

        def maker(part: Sequence[Encoded], start: int, end: int) -> Callable[[Logps], Batch]:
            own = {name: values[start:end] for name, values in self.columns.items()}
            return lambda logps: collate(part, logps, own, self.facts, self.measured)

        return [maker(part, a, b) for part, (a, b) in zip(self.parts, pairwise(edges), strict=True)]


@dataclass(frozen=True)
class Outcome:
    """The value of a step's objective, and the batch it was computed on, without a graph."""

    loss: Tensor
    batch: Batch


def checked_terms(method: Method, batch: Batch, prompts: int) -> Tensor:
    """The method's terms, of the shape it promised."""
    terms = method.terms(batch)
    wanted = (units(batch, method.unit(), prompts),)
    if tuple(terms.shape) != wanted:
        raise HarnessError(
            f"method {method.name!r} gave terms of shape {tuple(terms.shape)} where {wanted} was due",
            fix=f"return one unreduced term per {method.unit()}",
        )
    return terms


def run_step(method: Method, step: Step, forward: Forward, backward: Backward, peers: Peers | None = None) -> Outcome:
    """Compute the objective of a step and add its gradient to the parameters'.

    Args:
        method: whose objective it is.
        step: the whole of it, the same in every process.
        forward: log-probs of a micro-batch.
        backward: adds the gradient of a loss.
        peers: the processes among which the micro-batches are dealt out; this one alone by default. Each adds the
            gradient of its own, and the sum over processes is that of the step. All make equally many passes.
    """
    peers, forward = peers or Alone(), _of_any(forward)
    if step.to_measure is not None:
        step = replace(step, measured=_measure(step.to_measure, forward, peers))
    if len(step.parts) == 1 and peers.count == 1:
        logps = forward(step.parts[0])
        batch = step.batch(logps)
        loss = method.reduce(checked_terms(method, batch, len(step.parts[0])), batch)
        backward(loss)
        return Outcome(loss.detach(), step.batch(Logps(logps.total.detach(), logps.tokens)))
    if method.linear_reduce() and not method.batch_statistic():
        return _weighted(method, step, forward, backward, peers)
    return _two_pass(method, step, forward, backward, peers)


def _of_any(forward: Forward) -> Forward:
    """`forward`, also of examples that nothing is learnt from: they have no responses, and never reach the model."""

    def run(part: Sequence[Encoded]) -> Logps:
        if some := [e for e in part if e.responses]:
            return forward(some)
        return Logps(torch.zeros(0, requires_grad=torch.is_grad_enabled()), torch.zeros(0))

    return run


@torch.no_grad()
def _measure(wanted: ToMeasure, forward: Forward, peers: Peers) -> Measured:
    found: dict[int, Tensor] = {}
    like = torch.empty(0)
    for index, counts in _dealt(len(wanted.parts), peers):
        like = forward(wanted.parts[index]).total
        if counts:
            found[index] = like
    return wanted.with_logps(_whole(wanted.parts, found, like, peers))


def _dealt(parts: int, peers: Peers) -> list[tuple[int, bool]]:
    """Which micro-batches are this process's, and whether each counts. Where they do not go round, the last is computed
    once more for nothing, so that no process waits for a pass that another does not make.
    """
    places = range(peers.rank, -(-parts // peers.count) * peers.count, peers.count)
    return [(min(place, parts - 1), place < parts) for place in places]


def _whole(parts: Sequence[Sequence[Encoded]], own: Mapping[int, Tensor], like: Tensor, peers: Peers) -> Logps:
    """The log-probs of all parts, from those of every process's micro-batches by their index."""
    edges = _edges([sum(len(e.responses) for e in part) for part in parts])
    counts = [len(r) for part in parts for e in part for r in e.responses]
    total = like.new_zeros(len(counts))
    for index, values in own.items():
        total[edges[index] : edges[index + 1]] = values
    return Logps(peers.summed(total), torch.tensor(counts, dtype=like.dtype, device=like.device))


def _edges(sizes: Sequence[int]) -> list[int]:
    return np.cumsum([0, *sizes]).tolist()


def _terms_in(part: Sequence[Encoded], unit: Unit) -> int:
    if unit == "prompt":
        return len(part)
    return sum(len(e.example.pairs if unit == "pair" else e.example.labels) for e in part)


def _weighted(method: Method, step: Step, forward: Forward, backward: Backward, peers: Peers) -> Outcome:
    makers, edges = step.part_batches(), _edges([_terms_in(part, method.unit()) for part in step.parts])
    found: dict[int, Tensor] = {}
    values: list[Tensor] = []
    weights = like = torch.empty(0)
    for index, counts in _dealt(len(step.parts), peers):
        logps = forward(step.parts[index])
        if not values:
            like = logps.total.detach()
            whole = step.batch(_whole(step.parts, {}, like, Alone()))
            dummy = like.new_zeros(edges[-1]).requires_grad_()
            (weights,) = torch.autograd.grad(method.reduce(dummy, whole), dummy)
        terms = checked_terms(method, makers[index](logps), len(step.parts[index]))
        loss = (terms * (weights[edges[index] : edges[index + 1]] if counts else 0.0)).sum()
        backward(loss)
        values.append(loss.detach())
        if counts:
            found[index] = logps.total.detach()
    return Outcome(peers.summed(torch.stack(values).sum()), step.batch(_whole(step.parts, found, like, peers)))


def _two_pass(method: Method, step: Step, forward: Forward, backward: Backward, peers: Peers) -> Outcome:
    dealt = _dealt(len(step.parts), peers)
    states: list[RandomState] = []
    found: dict[int, Tensor] = {}
    like = torch.empty(0)
    with torch.no_grad():
        for index, counts in dealt:
            states.append(RandomState.now())
            like = forward(step.parts[index]).total
            if counts:
                found[index] = like
    after = RandomState.now()
    whole = _whole(step.parts, found, like, peers)
    total = whole.total.requires_grad_()
    batch = step.batch(Logps(total, whole.tokens))
    loss = method.reduce(checked_terms(method, batch, len(step.examples)), batch)
    (weights,) = torch.autograd.grad(loss, total)
    edges = _edges([sum(len(e.responses) for e in part) for part in step.parts])
    for (index, counts), state in zip(dealt, states, strict=True):
        state.restore()
        again = forward(step.parts[index]).total
        backward((again * (weights[edges[index] : edges[index + 1]] if counts else 0.0)).sum())
    after.restore()
    return Outcome(loss.detach(), step.batch(Logps(total.detach(), whole.tokens)))


@dataclass(frozen=True)
class RandomState:
    """Torch's random state on the CPU and on every GPU, to go back to."""

    cpu: Tensor
    gpus: list[Tensor]

    @classmethod
    def now(cls) -> RandomState:
        """As it is."""
        return cls(torch.get_rng_state(), torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [])

    def restore(self) -> None:
        """As it was."""
        torch.set_rng_state(self.cpu)
        if self.gpus:
            torch.cuda.set_rng_state_all(self.gpus)
