import pytest
import torch
from torch import nn

from harness.engine import logprobs
from harness.engine.native import library as built


def random(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def head(bias, dtype=torch.float32, vocabulary=37):
    made = nn.Linear(12, vocabulary, bias=bias).to(dtype)
    made.weight.data = random(vocabulary, 12, seed=1, dtype=dtype)
    if bias:
        made.bias.data = random(vocabulary, seed=2, dtype=dtype)
    return made


def with_gradients(function, hidden, made):
    hidden = hidden.clone().requires_grad_()
    values = function(hidden, made)
    weight = random(*values.shape, seed=3, dtype=values.dtype)
    wanted = [hidden, *(p for p in made.parameters() if p.requires_grad)]
    return [values.detach(), *torch.autograd.grad((values * weight).sum(), wanted)]


TARGET = torch.arange(50) % 37


def plain(hidden, made):
    return made(hidden).log_softmax(-1).gather(1, TARGET.unsqueeze(1)).squeeze(1)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("chunk", "kept"), [(1 << 20, 1 << 20), (37 * 7, 1 << 20), (37 * 7, 0), (1, 0)])
@pytest.mark.parametrize("native", [True, False])
def test_values_and_gradients_equal_the_plain_ones_however_they_are_cut(bias, chunk, kept, native, monkeypatch):
    if not native:
        monkeypatch.setattr(built, "library", lambda: built.Library(None, "for the test"))
    monkeypatch.setattr(logprobs, "CHUNK", chunk)
    monkeypatch.setattr(logprobs, "KEPT", kept)
    hidden = random(50, 12)
    found = with_gradients(lambda h, m: logprobs.target_logps(h, TARGET, m), hidden, head(bias))
    exact = with_gradients(plain, hidden.double(), head(bias, torch.float64))
    for got, wanted in zip(found, exact, strict=True):
        torch.testing.assert_close(got.double(), wanted, rtol=1e-5, atol=2e-5)


def test_a_frozen_head_passes_the_gradient_on():
    made = head(bias=True).requires_grad_(False)
    found = with_gradients(lambda h, m: logprobs.target_logps(h, TARGET, m), random(50, 12), made)
    exact = with_gradients(plain, random(50, 12), made)
    for got, wanted in zip(found, exact, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-5)


def test_no_chunk_of_logits_is_larger_than_it_may_be(monkeypatch):
    monkeypatch.setattr(logprobs, "CHUNK", 37 * 8)
    asked = []
    linear = nn.functional.linear

    def watched(x, *rest):
        asked.append(len(x))
        return linear(x, *rest)

    monkeypatch.setattr(nn.functional, "linear", watched)
    with torch.no_grad():
        logprobs.target_logps(random(50, 12), TARGET, head(bias=False))
    assert max(asked) == 8
    assert sum(asked) == 50


class Scaled(nn.Linear):
    """A head that is no plain matrix, as some families have."""

    def forward(self, states):
        return 0.5 * super().forward(states)


def test_a_head_that_is_no_plain_matrix_is_called_as_it_is(monkeypatch):
    monkeypatch.setattr(logprobs, "CHUNK", 37 * 8)
    made = Scaled(12, 37, bias=False)
    found = with_gradients(lambda h, m: logprobs.target_logps(h, TARGET, m), random(50, 12), made)
    exact = with_gradients(plain, random(50, 12), made)
    for got, wanted in zip(found, exact, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-5)
