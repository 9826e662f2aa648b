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


def partitions(count: int) -> Iterator[tuple[int, ...]]:
    """Every way to cut `count` examples in their order into micro-batches: the places of the cuts."""
    for cuts in range(count):
        yield from combinations(range(1, count), cuts)


def step_of(method: harness.Method, cuts: tuple[int, ...], count: int = 8) -> tuple[float, Tensor]:
    """() objective of the whole step, and (parameters,) its gradient; samples are drawn where the method asks for them.

    `reference` is half a nat above the policy; `given` runs from 0.2 to 1.8 over the responses of each example.
    """
    model = tiny.language_model("llama", dtype=torch.float64)
    examples = data(count)
    encoded = model.encoder.examples(examples)
    columns = {
        "reference": [logp.astype(np.float64) + 0.5 for logp, _ in model.logps_of(encoded)],
        "given": [np.linspace(0.2, 1.8, len(e.responses)) for e in encoded],
    }
    sampling = method.sampling()
    if sampling is not None:
        reference = tiny.language_model("llama", seed=1, dtype=torch.float64)
        encoded = FreshResponses(model, reference, sampling, encoded, seed=0).join(0, range(count))
    parts = [encoded[a:b] for a, b in pairwise([0, *cuts, len(encoded)])]
    step = Step(parts, columns, facts(examples))
    outcome = run_step(method, step, model.forward, lambda loss: loss.backward())
    gradients = [p.grad.flatten() for p in model.model.parameters() if p.grad is not None]
    return float(outcome.loss), torch.cat(gradients)
