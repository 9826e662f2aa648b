import json

import numpy as np
import pytest
import tiny
import torch
from cramped import SAID, cramped
from objectives import METHODS, SAMPLING, PairLogistic, data

from harness.engine.memory import OutOfMemory, out_of_memory
from harness.engine.stepper import LocalStepper
from harness.engine.trainer import TrainJob, train, train_with
from harness.errors import ModelError
from harness.examples import ExampleSet
from harness.training import Budget, Training


def job(method=None, **training):
    examples = data()
    columns = {"reference": [np.full(len(e.responses), -20.0) for e in examples]}
    method = method or PairLogistic()
    reference = tiny.language_model("gpt2", seed=1) if method.sampling() else None
    settings = Training(**{"learning_rate": 1e-3, "dropout": 0.1, **training})
    return TrainJob(method, ExampleSet(tuple(examples)), columns, settings, Budget(epochs=2, batch=8), 1, reference)


def trained(folder, made, budget=8192, dtype=torch.float32, **trouble):
    policy = tiny.language_model("gpt2", dtype=dtype)
    policy.token_budget = budget
    with cramped(policy, **{"tokens": 10**9, **trouble}):
        report = train(policy, made, folder / "metrics.jsonl")
    weights = torch.cat([p.flatten() for p in policy.model.parameters()])
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return weights, report, lines


@pytest.mark.parametrize("method", METHODS + SAMPLING, ids=lambda m: m.name)
@pytest.mark.parametrize("at", ["forward", "backward"])
def test_a_run_that_ran_out_of_memory_is_the_run_that_had_the_smaller_budget(tmp_path, method, at):
    weights, report, lines = trained(tmp_path, job(method), tokens=120, at=at)
    assert report.halvings > 0
    assert report.token_budget < 8192
    assert max(len(line["micro_batches"]) for line in lines) > 1
    undisturbed, other, expected = trained(tmp_path, job(method), budget=report.token_budget)
    assert torch.equal(weights, undisturbed)
    assert lines == expected
    assert (other.halvings, other.partition) == (0, report.partition)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
@pytest.mark.parametrize("at", ["forward", "backward"])
def test_what_a_step_added_before_memory_ended_is_not_counted_twice(tmp_path, method, at):
    """The pass that fails is not the first of its step: others have left their gradients."""
    made = job(method, dropout=0.0)
    two_pass = not method.linear_reduce() or method.batch_statistic()
    whole, _, lines = trained(tmp_path, made, budget=40, dtype=torch.float64)
    first = len(lines[0]["micro_batches"])
    assert first > 2
    last_of_the_first_step = (2 * first if two_pass else first) - 1
    weights, disturbed, _ = trained(
        tmp_path, made, budget=40, dtype=torch.float64, only={last_of_the_first_step}, at=at
    )
    assert disturbed.halvings == 1
    assert torch.allclose(weights, whole, atol=1e-9)


@pytest.mark.parametrize("how", SAID)
def test_every_way_of_saying_it_is_understood(tmp_path, how):
    _, report, _ = trained(tmp_path, job(), tokens=120, how=how)
    assert report.halvings > 0


def test_other_errors_are_not_tried_again():
    assert not out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not out_of_memory(ValueError("out of memory"))


def test_one_example_that_does_not_fit_alone_is_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(ModelError, match=r"on one example alone: \d+ tokens(.|\n)*checkpointing"):
        trained(tmp_path, job(), tokens=5)


def test_an_optimiser_that_does_not_fit_says_what_to_do(monkeypatch):
    policy = tiny.language_model()
    stepper = LocalStepper(policy, Training())
    stepper.backward(stepper.forward(policy.encoder.examples(data())).total.sum())

    def step(_):
        raise SAID["cuda"]()

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    with pytest.raises(ModelError, match="optimiser's state"):
        stepper.update(1e-3)


def test_scoring_goes_on_in_smaller_passes_and_gives_the_same_numbers():
    model = tiny.language_model()
    many = tiny.example("w1 w2", *(" ".join(f"w{(i * k) % 60}" for k in range(i % 9)) for i in range(60)))
    encoded = model.encoder.examples([*data(), many, *data()])
    whole, ticks = model.logps_of(encoded), []
    model.token_budget = 8192
    with cramped(model, 90):
        found = model.logps_of(encoded, ticks.append)
    assert sum(ticks) == len(encoded)
    assert model.token_budget <= 90
    for (total, tokens), (expected, counts) in zip(found, whole, strict=True):
        assert tokens.tolist() == counts.tolist()
        assert abs(total - expected).max() < 1e-4


def test_scoring_one_response_that_does_not_fit_says_what_to_do():
    model = tiny.language_model()
    with cramped(model, 3), pytest.raises(ModelError, match=r"one response alone(.|\n)*tokens\.max"):
        model.logps([tiny.example("w1 w2 w3", "w4 w5 w6", "w7")])


def test_memory_that_ends_in_a_process_that_shares_its_steps_is_told_to_the_others(tmp_path):
    """They may have summed gradients already: all have to begin again, with the budget that this one found."""

    class Two:
        rank, count = 0, 2

        def summed(self, values):
            return values

    policy = tiny.language_model()
    stepper = LocalStepper(policy, Training())
    stepper.peers = Two()
    made = job(dropout=0.0)
    encoded = policy.encoder.examples(made.examples.examples)
    with cramped(policy, 30), pytest.raises(OutOfMemory) as caught:
        train_with(stepper, policy, made, encoded, None)
    assert 0 < caught.value.budget < 8192
