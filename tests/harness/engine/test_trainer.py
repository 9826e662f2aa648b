import json
import math

import numpy as np
import pytest
import tiny
import torch
from objectives import METHODS, SAMPLING, data

from harness.engine import loading
from harness.engine.stepper import learning_rate
from harness.engine.trainer import TrainJob, epoch_orders, train
from harness.errors import DataError, HarnessError, ModelError
from harness.examples import Example, ExampleSet, Label, Response, user_prompt
from harness.training import Budget, Lora, Tokens, Training


def job(method=METHODS[0], epochs=2, reference=None, **training):
    examples = data()
    columns = {"reference": [np.full(len(e.responses), -20.0) for e in examples]}
    settings = Training(**{"learning_rate": 1e-3, **training})
    return TrainJob(
        method, ExampleSet(tuple(examples)), columns, settings, Budget(epochs=epochs, batch=3), 1, reference
    )


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


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("method", SAMPLING, ids=lambda m: m.name)
def test_fresh_samples_are_the_same_for_every_token_budget(tmp_path, method):
    found = []
    for budget in (8192, 40, 40):
        policy = tiny.language_model()
        policy.token_budget = budget
        made = job(method, epochs=1, reference=tiny.language_model(seed=1))
        report = train(policy, made, tmp_path / "metrics.jsonl")
        found.append((torch.cat([p.flatten() for p in policy.model.parameters()]), report))
    weights, reports = zip(*found, strict=True)
    assert torch.allclose(weights[0], weights[1], atol=1e-4)
    assert torch.equal(weights[1], weights[2])
    assert reports[1] == reports[2]
    assert reports[0].partition != reports[1].partition
    assert reports[0].sampled_tokens == reports[1].sampled_tokens > 0


def test_samples_come_from_the_policy_as_it_is_and_are_counted_apart(tmp_path):
    plain, without = trained(tmp_path, job(epochs=1))
    policy, report = trained(tmp_path, job(SAMPLING[0], epochs=1, reference=plain, learning_rate=0.1))
    logged = lines(tmp_path)
    assert report.sampled_tokens == sum(line["sampled_tokens"] for line in logged)
    assert report.response_tokens == without.response_tokens == sum(line["response_tokens"] for line in logged)
    assert all(0 <= line["unfinished"] <= 1 for line in logged)
    _, again = trained(tmp_path, job(SAMPLING[0], epochs=1, reference=plain, learning_rate=1e-9))
    assert lines(tmp_path)[0]["sampled_tokens"] == logged[0]["sampled_tokens"]  # the same policy until the first update
    assert again.sampled_tokens != report.sampled_tokens
    assert policy.model.training is False


@pytest.mark.parametrize("training", [{"lora": Lora(r=2, alpha=4, dropout=0.5)}, {"dtype": "bf16"}], ids=str)
def test_adapters_and_half_precision_are_sampled_as_they_are_trained(tmp_path, training):
    reference = tiny.language_model()
    _, report = trained(tmp_path, job(SAMPLING[0], epochs=1, reference=reference, **training))
    assert report.sampled_tokens > 0
    assert math.isfinite(report.last["loss"])


def test_a_method_that_samples_needs_something_to_score_the_samples(tmp_path):
    with pytest.raises(HarnessError, match="'on-policy' draws samples"):
        trained(tmp_path, job(SAMPLING[0]))


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
