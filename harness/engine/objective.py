"""The objective of a whole optimiser step and its gradient, whatever the micro-batches.

Where one micro-batch holds the step, it is computed as written. Where the reduction is linear in the terms, each
micro-batch's terms are weighted by d reduce / d term, which needs no log-probs, and back-propagated at once. Otherwise
the step's log-probs are computed first without a graph, the objective is differentiated with respect to them, and a
second pass back-propagates each micro-batch with those weights; dropout replays its random state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from harness.batch import Batch, Facts, Logps
from harness.engine.collate import collate, units
from harness.engine.encoding import Encoded
from harness.errors import HarnessError
from harness.method import Method

Forward = Callable[[Sequence[Encoded]], Logps]
Backward = Callable[[Tensor], None]


@dataclass(frozen=True)
class Step:
    """The examples of one optimiser step, cut into micro-batches, with their columns."""

    parts: Sequence[Sequence[Encoded]]
    columns: Mapping[str, Sequence[np.ndarray]]
    """Per name, (K,) per example, in the order of the parts."""
    facts: Facts

    @property
    def examples(self) -> list[Encoded]:
        """All examples, in the order of the parts."""
        return [e for part in self.parts for e in part]

    def batch(self, logps: Logps) -> Batch:
        """The batch of the whole step."""
        return collate(self.examples, logps, self.columns, self.facts)

    def part_batches(self) -> list[Callable[[Logps], Batch]]:
        """Per micro-batch, what makes its batch from its log-probs."""
        edges = np.concatenate(([0], np.cumsum([len(p) for p in self.parts]))).tolist()

        def maker(part: Sequence[Encoded], start: int, end: int) -> Callable[[Logps], Batch]:
            own = {name: values[start:end] for name, values in self.columns.items()}
            return lambda logps: collate(part, logps, own, self.facts)

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


def run_step(method: Method, step: Step, forward: Forward, backward: Backward) -> Outcome:
    """Compute the objective of a step and add its gradient to the parameters'."""
    if len(step.parts) == 1:
        logps = forward(step.parts[0])
        batch = step.batch(logps)
        loss = method.reduce(checked_terms(method, batch, len(step.parts[0])), batch)
        backward(loss)
        return Outcome(loss.detach(), step.batch(_detached([logps])))
    if method.linear_reduce() and not method.batch_statistic():
        return _weighted(method, step, forward, backward)
    return _two_pass(method, step, forward, backward)


def _detached(parts: Sequence[Logps]) -> Logps:
    return Logps(torch.cat([p.total.detach() for p in parts]), torch.cat([p.tokens for p in parts]))


def _weighted(method: Method, step: Step, forward: Forward, backward: Backward) -> Outcome:
    counts = [len(r) for e in step.examples for r in e.responses]
    logps: list[Logps] = []
    values: list[Tensor] = []
    weights: Tensor | None = None
    at = 0
    for part, make in zip(step.parts, step.part_batches(), strict=True):
        found = forward(part)
        if weights is None:
            tokens = torch.tensor(counts, dtype=found.total.dtype, device=found.total.device)
            whole = step.batch(Logps(torch.zeros_like(tokens), tokens))
            dummy = torch.zeros(units(whole, method.unit(), len(step.examples)), dtype=tokens.dtype, requires_grad=True)
            dummy = dummy.to(tokens.device)
            (weights,) = torch.autograd.grad(method.reduce(dummy, whole), dummy)
        terms = checked_terms(method, make(found), len(part))
        loss = (terms * weights[at : at + len(terms)]).sum()
        at += len(terms)
        backward(loss)
        logps.append(Logps(found.total.detach(), found.tokens))
        values.append(loss.detach())
    return Outcome(torch.stack(values).sum(), step.batch(_detached(logps)))


def _two_pass(method: Method, step: Step, forward: Forward, backward: Backward) -> Outcome:
    states: list[_RandomState] = []
    parts: list[Logps] = []
    with torch.no_grad():
        for part in step.parts:
            states.append(_RandomState.now())
            parts.append(forward(part))
    after = _RandomState.now()
    whole = _detached(parts)
    total = whole.total.requires_grad_()
    batch = step.batch(Logps(total, whole.tokens))
    loss = method.reduce(checked_terms(method, batch, len(step.examples)), batch)
    (weights,) = torch.autograd.grad(loss, total)
    at = 0
    for part, state in zip(step.parts, states, strict=True):
        state.restore()
        found = forward(part)
        backward((found.total * weights[at : at + len(found.total)]).sum())
        at += len(found.total)
    after.restore()
    return Outcome(loss.detach(), step.batch(_detached([Logps(total, whole.tokens)])))


@dataclass(frozen=True)
class _RandomState:
    """Torch's random state on the CPU and on every GPU."""

    cpu: Tensor
    gpus: list[Tensor]

    @classmethod
    def now(cls) -> _RandomState:
        return cls(torch.get_rng_state(), torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [])

    def restore(self) -> None:
        torch.set_rng_state(self.cpu)
        if self.gpus:
            torch.cuda.set_rng_state_all(self.gpus)
