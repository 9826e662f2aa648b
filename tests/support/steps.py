"""One optimiser step of a method on a tiny model, through the engine, however the step is cut."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np
import tiny
import torch
from objectives import data
from torch import Tensor

import harness
from harness.engine.collate import facts
from harness.engine.fresh import FreshResponses
from harness.engine.objective import Step, run_step
from harness.engine.reading import ToMeasure, learnt, measured


def partitions(count: int) -> Iterator[tuple[int, ...]]:
    """Every way to cut `count` examples in their order into micro-batches: the places of the cuts."""
    for cuts in range(count):
        yield from combinations(range(1, count), cuts)


def step_of(method: harness.Method, cuts: tuple[int, ...], count: int = 8, lead: float = -0.5) -> tuple[float, Tensor]:
    """() objective of the whole step, and (parameters,) its gradient, of examples as the method prepares them.

    Samples are drawn where it asks for them; what it measures is measured two examples at a time where the step is cut.

    The policy is `lead` nats above `reference`. `given` runs from 0.2 to 1.8 over the responses of each example.
    """
    model = tiny.language_model("llama", dtype=torch.float64)
    examples = method.prepare(harness.ExampleSet(tuple(data(count))), seed=0).examples
    encoded = model.encoder.examples(examples)
    columns = {
        "reference": [logp.astype(np.float64) - lead for logp, _ in model.logps_of(encoded)],
        "given": [np.linspace(0.2, 1.8, len(e.responses)) for e in encoded],
    }
    sampling = method.sampling()
    if sampling is not None:
        reference = tiny.language_model("llama", seed=1, dtype=torch.float64)
        encoded = FreshResponses(model, reference, sampling, encoded, seed=0).join(0, range(count))
    inputs = [learnt(method, e) for e in encoded]
    parts = [inputs[a:b] for a, b in pairwise([0, *cuts, len(inputs)])]
    aside = {i: measured(method, e) for i, e in enumerate(encoded)}
    budget = 2 * max((e.length for e in aside.values()), default=0) if cuts else 8192
    step = Step(parts, columns, facts(examples), ToMeasure.of(aside, columns, budget))
    outcome = run_step(method, step, model.forward, lambda loss: loss.backward())
    gradients = [p.grad.flatten() for p in model.model.parameters() if p.grad is not None]
    return float(outcome.loss), torch.cat(gradients)
