import math

import pytest
import torch
from batches import batch, gradient
from harness_plugins.methods.ipo import IPO, ipo_loss


def test_the_loss_of_one_pair_per_token_is_the_number_worked_out_by_hand():
    # l_w = 1 over 4 tokens: 0.25; l_l = -2 over 5: -0.4; margin 0.65, target 1 / (2 * 0.25) = 2: (-1.35)^2
    made = batch([-10.0, -12.0], [-11.0, -10.0], tokens=[4, 5], pairs=[(0, 1)])
    assert IPO(beta=0.25).terms(made).item() == pytest.approx(1.8225, rel=1e-12)


def test_the_loss_of_one_pair_summed_is_the_number_worked_out_by_hand():
    # h = 1 - -2 = 3, target 2: 1; lengths play no part
    made = batch([-10.0, -12.0], [-11.0, -10.0], tokens=[4, 5], pairs=[(0, 1)])
    assert IPO(beta=0.25, length_normalised=False).terms(made).item() == pytest.approx(1.0, rel=1e-12)


def test_at_the_reference_the_loss_is_the_squared_target_and_the_gradient_one_over_beta():
    made = batch([-5.0, -7.0], [-5.0, -7.0], tokens=[4, 5], pairs=[(0, 1)])
    assert IPO(beta=0.4).terms(made).item() == pytest.approx(1 / (4 * 0.4**2), rel=1e-12)
    assert gradient(IPO(beta=0.4, length_normalised=False), made).tolist() == pytest.approx([-2.5, 2.5])
    assert gradient(IPO(beta=0.4), made).tolist() == pytest.approx([-2.5 / 4, 2.5 / 5])


@pytest.mark.parametrize("beta", [0.05, 0.5, 3.0])
def test_a_margin_at_its_target_costs_nothing_and_one_beyond_is_pulled_back(beta: float):
    target = 1 / (2 * beta)
    method = IPO(beta=beta, length_normalised=False)
    at = batch([target, 0.0], [0.0, 0.0], pairs=[(0, 1)])
    assert method.terms(at).item() == pytest.approx(0.0, abs=1e-12)
    assert gradient(method, at).tolist() == pytest.approx([0.0, 0.0], abs=1e-12)
    beyond = batch([target + 3, 0.0], [0.0, 0.0], pairs=[(0, 1)])
    assert gradient(method, beyond).tolist() == pytest.approx([6.0, -6.0])


def test_responses_of_one_token_make_both_forms_the_same():
    made = batch([-3.0, -8.0, -2.0], [-4.0, -4.0, -4.0], pairs=[(0, 1), (2, 1)])
    one, other = IPO(length_normalised=True), IPO(length_normalised=False)
    assert torch.equal(one.terms(made), other.terms(made))
    assert torch.equal(one.score(made), other.score(made))


def test_the_gradient_agrees_with_finite_differences():
    chosen, rejected = (torch.randn(6, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(lambda w, r: ipo_loss(3 * w, 3 * r, beta=0.7), (chosen, rejected))


def test_where_labels_are_flipped_the_best_margin_goes_with_the_share_that_is_not():
    # eq. 17 derives from this: E (h - t I)^2 over I = 1 with probability p, else -1, is least at h = t (2p - 1)
    share, beta = 0.8, 0.5
    margin = torch.linspace(-2, 2, 4001, dtype=torch.float64)
    zero = torch.zeros_like(margin)
    expected = share * ipo_loss(margin, zero, beta=beta) + (1 - share) * ipo_loss(zero, margin, beta=beta)
    assert margin[expected.argmin()].item() == pytest.approx((2 * share - 1) / (2 * beta), abs=1e-3)


def test_the_score_is_what_is_trained_times_beta():
    made = batch([-10.0, -12.0], [-11.0, -10.0], tokens=[4, 5])
    assert IPO(beta=0.1).score(made).tolist() == pytest.approx([0.025, -0.04])
    assert IPO(beta=0.1, length_normalised=False).score(made).tolist() == pytest.approx([0.1, -0.2])


def test_diagnostics_show_the_margin_that_has_the_target():
    made = batch([-10.0, -12.0], [-11.0, -10.0], tokens=[4, 5], pairs=[(0, 1)])
    found = IPO(beta=0.5).diagnostics(made)
    assert found["margin"].item() == pytest.approx(1.5)
    assert found["trained_margin"].item() == pytest.approx(0.325)
    summed = IPO(beta=0.5, length_normalised=False).diagnostics(made)
    assert summed["trained_margin"].item() == summed["margin"].item()


@pytest.mark.parametrize("beta", [0.0, -1.0, math.inf, math.nan])
def test_a_beta_outside_its_range_is_refused(beta: float):
    with pytest.raises(ValueError, match=r"beta is .* positive and finite"):
        IPO(beta=beta)
