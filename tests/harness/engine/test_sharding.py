"""Processes that train together, through DeepSpeed itself."""

import importlib.util
import json
import os
import signal
import threading
import time

import numpy as np
import pytest
import tiny
import torch
from objectives import BatchCentred, ClassMeans, PairLogistic, SoftMaximum, data

from harness.engine import shard_worker, sharding
from harness.engine.stepper import make_trainable
from harness.engine.trainer import TrainJob, train
from harness.errors import HarnessError, ModelError, Unavailable
from harness.examples import ExampleSet
from harness.training import Budget, Lora, Sharding, Training

MISSING = "deepspeed is not installed" if importlib.util.find_spec("deepspeed") is None else ""
MISSING = MISSING or ("two processes need two GPUs, or none" if torch.cuda.device_count() == 1 else "")


def deepspeed(test):
    return pytest.mark.slow(pytest.mark.skipif(bool(MISSING), reason=MISSING)(test))


def trained(folder, method, policy=None, count=8, batch=3, progress=None, **training):
    examples = data(count)
    columns = {"reference": [np.full(len(e.responses), -20.0) for e in examples]}
    settings = Training(**{"learning_rate": 1e-3, **training})
    made = TrainJob(method, ExampleSet(tuple(examples)), columns, settings, Budget(epochs=2, batch=batch), 1)
    policy = policy or tiny.language_model()
    report = train(policy, made, folder / "metrics.jsonl", progress)
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    weights = torch.cat([p.detach().flatten() for p in policy.model.parameters()])
    return weights, report, lines


def trained_numbers(training):
    policy = make_trainable(tiny.language_model(), Training(**training), seed=1)
    return sum(p.numel() for p in policy.model.parameters() if p.requires_grad)


CASES = [
    pytest.param(PairLogistic(), Sharding(stage=1), {}, id="a mean, ZeRO-1"),
    pytest.param(SoftMaximum(), Sharding(stage=2), {"checkpointing": True}, id="log-mean-exp, ZeRO-2, checkpointing"),
    pytest.param(BatchCentred(), Sharding(stage=1), {"lora": Lora(r=2)}, id="batch statistics, ZeRO-1, adapters"),
]


@deepspeed
@pytest.mark.parametrize(("method", "divided", "training"), CASES)
def test_two_processes_train_the_policy_that_one_does_and_hold_half_the_state_each(tmp_path, method, divided, training):
    ticks = []
    alone, single, expected = trained(tmp_path, method, **training)
    weights, report, lines = trained(
        tmp_path, method, sharding=divided, progress=lambda *done: ticks.append(done), **training
    )
    assert torch.linalg.norm(weights - alone) <= 1e-6 * torch.linalg.norm(alone)
    assert single.last["loss"] != pytest.approx(expected[0]["loss"], rel=1e-3), "nothing was learnt"
    assert (report.steps, report.prompts, report.response_tokens) == (single.steps, 16, single.response_tokens)
    for line, other in zip(lines, expected, strict=True):
        assert line["loss"] == pytest.approx(other["loss"], rel=1e-5)
        assert line["gradient_norm"] == pytest.approx(other["gradient_norm"], rel=1e-4)
    first, second = report.state_held
    numbers = 2 * trained_numbers(training)
    assert numbers <= first + second <= numbers * 1.05  # filled up to equal parts
    assert first == pytest.approx(second, rel=0.05)
    assert ticks[-1] == (report.steps, report.steps)
    assert not list(tmp_path.glob("processes-*"))


@deepspeed
def test_an_error_of_one_process_is_raised_as_it_was_and_ends_all(tmp_path):
    with pytest.raises(ModelError, match="broke down") as caught:
        trained(tmp_path, ClassMeans(), learning_rate=1e30, clip=None, warmup=0.0, sharding=Sharding())
    assert caught.value.fix == "lower the row's learning rate"


@deepspeed
def test_a_process_that_dies_ends_the_others_with_a_clear_error(tmp_path, monkeypatch):
    started = []
    honest = sharding._started

    def watched(*args):
        started.append(honest(*args))
        return started[-1]

    def strike():
        while len(started) < 2:
            time.sleep(0.01)
        time.sleep(0.5)
        os.kill(started[1].pid, signal.SIGKILL)

    monkeypatch.setattr(sharding, "_started", watched)
    monkeypatch.setattr(sharding, "GRACE", 0.1)
    threading.Thread(target=strike, daemon=True).start()
    with pytest.raises(HarnessError, match="process 1 of the 2 that trained together was ended by SIGKILL"):
        trained(tmp_path, PairLogistic(), sharding=Sharding())
    assert all(p.poll() is not None for p in started)


def test_memory_that_ends_in_one_process_makes_all_begin_again_with_half_the_budget(tmp_path, monkeypatch):
    """What the processes say is given here: that they say it is tested with one process."""
    asked = []

    def attempt(folder, work, count, progress):
        asked.append(work.policy.token_budget)
        if len(asked) < 3:
            return work.policy.token_budget // 2
        report = trained(tmp_path, PairLogistic())[1]
        torch.save(({}, report, {}), folder / shard_worker.DONE)
        return None

    monkeypatch.setattr(sharding, "_attempt", attempt)
    monkeypatch.setattr(sharding, "_demand", lambda _: None)
    policy = tiny.language_model()
    policy.token_budget = 400
    _, report, _ = trained(tmp_path, PairLogistic(), policy, sharding=Sharding())
    assert asked == [400, 200, 100]
    assert report.halvings == 2


def test_without_deepspeed_the_cell_is_skipped_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="DeepSpeed, which is not installed"):
        trained(tmp_path, PairLogistic(), sharding=Sharding())
