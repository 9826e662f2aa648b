import math

import pytest
import torch
from batches import batch, gradient
from harness_plugins.methods.dpo import DPO, dpo_loss


def test_the_loss_of_one_pair_is_the_number_worked_out_by_hand():
    # l_w = -10 - -11 = 1, l_l = -12 - -10 = -2, h = 3; beta h = 0.3;
    # -log sigmoid(0.3) = log(1 + exp(-0.3)) = log(1.7408182206817179) = 0.5543552444685271
    made = batch([-10.0, -12.0], [-11.0, -10.0], pairs=[(0, 1)])
    assert DPO(beta=0.1).terms(made).item() == pytest.approx(0.5543552444685271, rel=1e-12)


def test_at_the_reference_the_loss_is_log_two_and_the_gradient_half_beta():
    made = batch([-5.0, -7.0], [-5.0, -7.0], pairs=[(0, 1)])
    assert DPO(beta=0.4).terms(made).item() == pytest.approx(math.log(2), rel=1e-12)
    assert gradient(DPO(beta=0.4), made).tolist() == pytest.approx([-0.2, 0.2])  # -beta sigmoid(0), and its opposite


def test_the_gradient_agrees_with_finite_differences():
    chosen, rejected = (torch.randn(6, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(lambda w, r: dpo_loss(3 * w, 3 * r, beta=0.7), (chosen, rejected))


def test_a_hopeless_pair_costs_its_margin_and_a_settled_one_nothing():
    # -log sigmoid(-z) tends to z, -log sigmoid(z) to 0; l = -+1000, beta 0.5: z = 1000
    made = batch(torch.tensor([-1000.0, 1000.0], requires_grad=True), [0.0, 0.0], pairs=[(0, 1), (1, 0)])
    assert DPO(beta=0.5).terms(made).tolist() == pytest.approx([1000.0, 0.0])
    assert gradient(DPO(beta=0.5), made).tolist() == pytest.approx([-0.25, 0.25])  # the mean halves -beta * 1


def test_the_objective_is_the_mean_over_pairs():
    made = batch([-1.0, -2.0, -4.0], [-2.0, -2.0, -2.0], pairs=[(0, 1), (0, 2), (1, 2)])
    method = DPO(beta=1.0)
    # h = 1, 3, 2
    by_hand = [math.log1p(math.exp(-1)), math.log1p(math.exp(-3)), math.log1p(math.exp(-2))]
    assert method.terms(made).tolist() == pytest.approx(by_hand)
    assert method.reduce(method.terms(made), made).item() == pytest.approx(sum(by_hand) / 3)


def test_the_score_is_beta_times_the_log_ratio():
    assert DPO(beta=0.1).score(batch([-10.0, -12.0], [-11.0, -10.0])).tolist() == pytest.approx([0.1, -0.2])


def test_diagnostics_describe_the_pairs():
    made = batch([-1.0, -2.0, -3.0], [-2.0, -2.0, -2.0], pairs=[(0, 1), (1, 2), (2, 0), (1, 1)])
    found = {name: value.item() for name, value in DPO(beta=0.5).diagnostics(made).items()}
    # l = 1, 0, -1; h = 1, 1, -2, 0: two of four right and one tie
    expected = {"margin": 0.0, "accuracy": 0.625, "chosen_log_ratio": 0.0, "rejected_log_ratio": 0.0}
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("beta", [0.0, -1.0, math.inf, math.nan])
def test_a_beta_outside_its_range_is_refused(beta: float):
    with pytest.raises(ValueError, match=r"beta is .* positive and finite"):
        DPO(beta=beta)
