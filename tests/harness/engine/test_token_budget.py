import pytest
import tiny
import torch

from harness.engine import token_budget
from harness.engine.token_budget import training_budget


@pytest.fixture(autouse=True)
def a_machine_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    return tmp_path


def ready(family="llama"):
    model = tiny.language_model(family)
    model.model.train()
    return model


def test_a_budget_is_measured_once_per_shape_and_kept(monkeypatch):
    asked = []

    def seconds(policy, examples, kind):
        asked.append(len(examples))
        return 1.0

    monkeypatch.setattr(token_budget, "_seconds_a_token", seconds)
    assert training_budget(ready()) == training_budget(ready()) == 1024
    assert len(asked) == 4
    training_budget(ready("qwen3"))
    assert len(asked) == 8


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ([4, 3, 2, 1], 8192),
        ([1, 2, 3, 4], 1024),
        ([2, 1.97, 1.95, 1.5], 8192),
        ([2, 1, 0.97, 0.99], 2048),
    ],
)
def test_the_smallest_size_that_is_as_fast_as_any_is_taken(costs, expected, monkeypatch):
    given = iter(costs)
    monkeypatch.setattr(token_budget, "_seconds_a_token", lambda *_: next(given))
    assert training_budget(ready()) == expected


def test_where_memory_ends_the_sizes_before_remain(monkeypatch):
    def seconds(policy, examples, kind):
        if len(examples) > 12:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return 1 / len(examples)

    monkeypatch.setattr(token_budget, "_seconds_a_token", seconds)
    assert training_budget(ready()) == 2048


def test_the_probe_leaves_no_gradient_and_no_trace_in_the_random_state():
    model = ready()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    assert 1024 <= training_budget(model) <= 8192
    assert torch.equal(torch.get_rng_state(), before)
    assert all(p.grad is None for p in model.model.parameters())


def test_a_model_of_short_context_is_measured_within_it(monkeypatch):
    monkeypatch.setattr(token_budget, "LARGEST", {"cpu": 1024})
    asked = []
    policy = ready("gpt2")
    policy.encoder.context = 40
    forward = policy.forward
    monkeypatch.setattr(policy, "forward", lambda examples: forward(asked.extend(examples) or examples))
    assert training_budget(policy) == 1024
    assert {len(p) + len(r) for e in asked for p in e.prompts for r in e.responses} == {40}
