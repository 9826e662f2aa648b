import pytest
import torch
from batches import batch, gradient
from harness_plugins.methods.sft import SFT, negative_log_likelihood


def test_the_objective_is_nats_per_token_of_the_desirable_responses():
    made = batch([-6.0, -9.0, -4.0], tokens=[3, 5, 7], labels=[(0, True), (1, False), (2, True)])
    method = SFT()
    terms = method.terms(made)
    assert terms.tolist() == [6.0, 0.0, 4.0]
    assert method.reduce(terms, made).item() == pytest.approx(1.0)  # (6 + 4) nats / (3 + 7) tokens
    assert gradient(method, made).tolist() == pytest.approx([-0.1, 0.0, -0.1])  # the undesirable one: nothing


def test_a_response_that_won_twice_counts_twice():
    made = batch([-6.0, -4.0], tokens=[2, 2], labels=[(0, True), (0, True), (1, True)])
    assert SFT().reduce(SFT().terms(made), made).item() == pytest.approx(16 / 6)


def test_a_step_without_a_desirable_response_has_objective_zero_and_keeps_its_graph():
    made = batch([-6.0, -4.0], labels=[(0, False), (1, False)])
    assert SFT().reduce(SFT().terms(made), made).item() == 0.0
    assert gradient(SFT(), made).tolist() == [0.0, 0.0]


def test_the_gradient_agrees_with_finite_differences():
    logp = torch.randn(5, dtype=torch.float64, requires_grad=True)
    desirable = torch.tensor([True, False, True, True, False])
    assert torch.autograd.gradcheck(lambda x: negative_log_likelihood(x, desirable), (logp,))


def test_an_impossible_undesirable_response_does_no_harm():
    made = batch([-6.0, -float("inf")], tokens=[2, 2], labels=[(0, True), (1, False)])
    assert SFT().reduce(SFT().terms(made), made).item() == 3.0
    assert gradient(SFT(), made).tolist() == [-0.5, 0.0]


def test_the_score_is_the_summed_log_prob_and_no_column_is_read():
    assert SFT().score(batch([-6.0, -4.0])).tolist() == [-6.0, -4.0]
    assert SFT().train_columns() == SFT().score_columns() == ()
