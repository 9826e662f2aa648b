import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
import tiny
import torch
from objectives import METHODS, SAMPLING, PairLogistic, SoftMaximum, data

import harness
from harness.engine.collate import facts
from harness.engine.fresh import FreshResponses
from harness.engine.objective import Step, run_step


def objective(method, cuts, dropout=0.0):
    model = tiny.language_model("gpt-neox", dtype=torch.float64)
    for module in model.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = dropout
    model.model.train()
    encoded = model.encoder.examples(data())
    draw = np.random.default_rng(0)
    reference = [draw.normal(-20, 3, len(e.responses)) for e in encoded]
    if method.sampling():
        scorer = tiny.language_model("gpt-neox", seed=1)
        encoded = FreshResponses(model, scorer, method.sampling(), encoded, seed=0).join(0, range(len(encoded)))
    parts = [encoded[a:b] for a, b in pairwise([0, *cuts, len(encoded)])]
    torch.manual_seed(0)
    step = Step(parts, {"reference": reference}, facts(data()))
    outcome = run_step(method, step, model.forward, lambda loss: loss.backward())
    gradient = torch.cat([p.grad.flatten() for p in model.model.parameters() if p.grad is not None])
    return float(outcome.loss), gradient


@pytest.mark.parametrize("method", METHODS + SAMPLING, ids=lambda m: m.name)
@pytest.mark.parametrize("cuts", [(4,), (1, 2, 7), tuple(range(1, 8))], ids=str)
def test_whole_step_objective_is_the_one_batch_computation_for_every_split(method, cuts):
    whole, whole_gradient = objective(method, ())
    split, split_gradient = objective(method, cuts)
    assert split == pytest.approx(whole, rel=1e-6)
    assert torch.linalg.norm(split_gradient - whole_gradient) < 1e-6 * torch.linalg.norm(whole_gradient)


def test_dropout_replays_its_random_state_in_the_second_pass():
    """With dropout, the gradient must belong to the very log-probs whose objective was differentiated."""
    seen = []
    model = tiny.language_model("gpt-neox", dtype=torch.float64)
    for module in model.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.3
    model.model.train()
    encoded = model.encoder.examples(data())
    columns = {"reference": [np.full(len(e.responses), -20.0) for e in encoded]}

    def forward(part):
        found = model.forward(part)
        seen.append(found.total.detach())
        return found

    step = Step([encoded[:3], encoded[3:]], columns, facts(data()))
    run_step(SoftMaximum(), step, forward, lambda loss: loss.backward())
    first, second = torch.cat(seen[:2]), torch.cat(seen[2:])
    assert torch.equal(first, second)
    assert not torch.equal(seen[0], model.forward(encoded[:3]).total)


def test_terms_of_the_wrong_shape_are_refused():
    @dataclass(frozen=True)
    class Reduced(PairLogistic):
        def terms(self, batch):
            return super().terms(batch).mean()

    with pytest.raises(harness.HarnessError, match="terms of shape"):
        objective(Reduced(), ())


class Beside:
    """One of several threads that play processes: sums go round by a table that all write into."""

    def __init__(self, rank, count, table, barrier):
        self.rank, self.count, self._table, self._barrier = rank, count, table, barrier

    def summed(self, values):
        self._table[self.rank] = values.detach()
        self._barrier.wait()
        total = torch.stack(list(self._table.values())).sum(0)
        self._barrier.wait()
        return total


def shared_objective(method, cuts, count):
    """Per process, the loss; and the sum of all processes' gradients, and how many passes each made."""
    turn, barrier, table = threading.Lock(), threading.Barrier(count), dict.fromkeys(range(count))
    draw = np.random.default_rng(0)
    examples = data()
    reference = [draw.normal(-20, 3, len(e.responses)) for e in examples]

    def process(rank):
        passes = []
        with turn:
            model = tiny.language_model("gpt-neox", dtype=torch.float64)
            encoded = model.encoder.examples(examples)

        def forward(part):
            passes.append("forward")
            with turn:
                return model.forward(part)

        def backward(loss):
            passes.append("backward")
            with turn:
                loss.backward()

        step = Step(
            [encoded[a:b] for a, b in pairwise([0, *cuts, len(encoded)])], {"reference": reference}, facts(examples)
        )
        outcome = run_step(method, step, forward, backward, Beside(rank, count, table, barrier))
        gradient = torch.cat([p.grad.flatten() for p in model.model.parameters() if p.grad is not None])
        return float(outcome.loss), gradient, passes, outcome.batch.policy.total

    with ThreadPoolExecutor(count) as pool:
        losses, gradients, passes, totals = zip(*pool.map(process, range(count)), strict=True)
    return losses, sum(gradients), passes, totals


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
@pytest.mark.parametrize(("cuts", "count"), [((), 2), ((4,), 2), ((1, 2, 7), 3), (tuple(range(1, 8)), 3)], ids=str)
def test_processes_that_share_a_step_add_up_to_the_objective_of_the_whole(method, cuts, count):
    whole, gradient = objective(method, ())
    losses, shared, passes, totals = shared_objective(method, cuts, count)
    assert losses == pytest.approx([whole] * count, rel=1e-9)
    assert torch.linalg.norm(shared - gradient) < 1e-9 * torch.linalg.norm(gradient)
    assert len({tuple(p) for p in passes}) == 1, "one process would wait for a pass that another does not make"
    assert all(torch.equal(total, totals[0]) for total in totals)
