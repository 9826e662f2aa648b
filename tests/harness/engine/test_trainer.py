import json
import math

import numpy as np
import pytest
import tiny
import torch
from objectives import METHODS, data

from harness.engine import loading
from harness.engine.stepper import learning_rate
from harness.engine.trainer import TrainJob, epoch_orders, train
from harness.errors import DataError, ModelError
from harness.examples import Example, ExampleSet, Label, Response, user_prompt
from harness.training import Budget, Lora, Tokens, Training


def job(method=METHODS[0], epochs=2, **training):
    examples = data()
    columns = {"reference": [np.full(len(e.responses), -20.0) for e in examples]}
    settings = Training(**{"learning_rate": 1e-3, **training})
    return TrainJob(method, ExampleSet(tuple(examples)), columns, settings, Budget(epochs=epochs, batch=3), seed=1)


def trained(folder, made, **model):
    policy = tiny.language_model(**model)
    report = train(policy, made, folder / "metrics.jsonl")
    return policy, report


def test_same_seed_same_bytes(tmp_path):
    saved = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        policy, report = trained(tmp_path / name, job(dropout=0.1), family="gpt2")
        loading.save(policy, tmp_path / name / "policy")
        weights = (tmp_path / name / "policy" / "model.safetensors").read_bytes()
        saved.append((weights, (tmp_path / name / "metrics.jsonl").read_bytes(), report))
    assert saved[0] == saved[1]


def test_training_lowers_the_loss_and_logs_every_step(tmp_path):
    _, report = trained(tmp_path, job(epochs=10))
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert report.steps == len(lines) == 30
    assert report.prompts == 80
    assert np.mean([line["loss"] for line in lines[-3:]]) < np.mean([line["loss"] for line in lines[:3]])
    assert sum(lines[0]["micro_batches"]) == 3
    assert report.response_tokens == sum(line["response_tokens"] for line in lines)


def test_the_token_budget_changes_the_partition_but_not_the_policy(tmp_path):
    weights = []
    for budget in (8192, 20):
        policy = tiny.language_model()
        policy.token_budget = budget
        report = train(policy, job(), tmp_path / "metrics.jsonl")
        weights.append((torch.cat([p.flatten() for p in policy.model.parameters()]), report.partition))
    assert weights[0][1] != weights[1][1]
    assert torch.allclose(weights[0][0], weights[1][0], atol=1e-4)


def test_lora_trains_adapters_only_and_comes_back_from_disk(tmp_path):
    base = tiny.language_model()
    loading.save(base, tmp_path / "base")
    policy = loading.load(tmp_path / "base", Tokens(min_prompt=4))
    encoded = policy.encoder.examples(data())
    before = policy.logps_of(encoded)
    train(policy, job(lora=Lora(r=2, alpha=4)), tmp_path / "metrics.jsonl")
    after = policy.logps_of(encoded)
    assert not np.allclose(before[0][0], after[0][0])
    loading.save(policy, tmp_path / "adapter")
    assert not (tmp_path / "adapter" / "model.safetensors").exists()
    back = loading.load(tmp_path / "adapter", Tokens(min_prompt=4), base=tmp_path / "base")
    for (a, _), (b, _) in zip(back.logps_of(encoded), after, strict=True):
        assert np.allclose(a, b, atol=1e-4)


def test_bf16_trains_with_float32_weights(tmp_path):
    policy, report = trained(tmp_path, job(dtype="bf16"))
    assert next(policy.model.parameters()).dtype == torch.float32
    assert math.isfinite(report.last["loss"])


def test_a_loss_that_breaks_down_is_an_error_not_a_policy(tmp_path):
    with pytest.raises(ModelError, match="broke down"):
        trained(tmp_path, job(learning_rate=1e30, clip=None, warmup=0.0))


def test_nothing_to_train_on_is_an_error(tmp_path):
    empty = TrainJob(METHODS[0], ExampleSet(()), {}, Training(), Budget(), 0)
    with pytest.raises(DataError, match="no example"):
        train(tiny.language_model(), empty, tmp_path / "metrics.jsonl")


def test_the_learning_rate_rises_then_falls_to_nearly_zero():
    settings = Training(learning_rate=1.0, warmup=0.1)
    rates = [learning_rate(settings, i, 100) for i in range(100)]
    assert rates[:10] == pytest.approx([0.1 * (i + 1) for i in range(10)])
    assert rates[10] == pytest.approx(1.0)
    assert rates[55] == pytest.approx(0.5)
    assert 0 < rates[-1] < 0.001
    linear = settings.model_copy(update={"schedule": "linear"})
    assert learning_rate(linear, 55, 100) == pytest.approx(0.5)
    assert learning_rate(settings.model_copy(update={"schedule": "constant"}), 99, 100) == 1.0


def test_later_epochs_are_reshuffled_within_classes():
    examples = [
        Example(f"e{i}", user_prompt(f"w{i}"), (Response("w1"),), labels=(Label(0, i % 4 == 0),)) for i in range(40)
    ]
    first, second, third = epoch_orders(ExampleSet(tuple(examples)), 3, seed=5)
    assert first == list(range(40))
    assert sorted(second) == first
    assert second != third != first
    assert [i % 4 == 0 for i in second] == [i % 4 == 0 for i in first]
