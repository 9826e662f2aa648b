import math

import pytest
import torch
from batches import batch, gradient
from harness_plugins.methods.dpo import DPO
from harness_plugins.methods.kl_dro import KLDRO, concentration, log_mean_exp
from harness_plugins.methods.rpo import RPO
from steps import partitions, step_of


def losses(count: int = 7) -> torch.Tensor:
    return 3 * torch.rand(count, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def two_pairs():
    # h = 1 and 3, so with beta 1 the losses are log(1 + e^-1) and log(1 + e^-3)
    return batch([-1.0, -2.0, -4.0], [-2.0, -2.0, -2.0], pairs=[(0, 1), (0, 2)])


def test_the_objective_is_the_number_worked_out_by_hand():
    # exp of the losses is 1 + e^-1 and 1 + e^-3
    method = KLDRO(base=DPO(beta=1.0))
    by_hand = math.log(1 + (math.exp(-1) + math.exp(-3)) / 2)
    assert method.reduce(method.terms(two_pairs()), two_pairs()).item() == pytest.approx(by_hand, rel=1e-12)


def test_the_gradient_is_the_bases_weighted_by_the_softmax_of_the_losses():
    made = two_pairs()
    easy, hard = 1 + math.exp(-3), 1 + math.exp(-1)  # exp of the losses
    slopes = [-1 / (1 + math.e), -1 / (1 + math.exp(3))]  # d loss / d h
    weighted = [hard / (easy + hard) * slopes[0], easy / (easy + hard) * slopes[1]]
    expected = [sum(weighted), -weighted[0], -weighted[1]]
    assert gradient(KLDRO(base=DPO(beta=1.0)), made).tolist() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("lam", [0.05, 1.0, 30.0])
def test_log_mean_exp_is_logsumexp_less_the_log_of_the_number(lam: float):
    expected = lam * ((losses() / lam).logsumexp(0) - math.log(7))
    torch.testing.assert_close(log_mean_exp(losses(), lam=lam), expected)


def test_log_mean_exp_runs_from_the_maximum_to_the_mean():
    made = losses()
    values = [log_mean_exp(made, lam=lam).item() for lam in (1e-6, 0.1, 1.0, 10.0, 1e8)]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(made.max().item(), abs=1e-5)
    assert values[-1] == pytest.approx(made.mean().item(), abs=1e-7)


def test_one_loss_is_its_own_log_mean_exp():
    assert log_mean_exp(torch.tensor([700.0]), lam=0.01).item() == 700.0


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("lam", [1e-3, 1.0, 1e6])
def test_it_is_exact_in_float32_for_any_loss_and_temperature(lam: float, scale: float):
    made = (scale * losses()).float().requires_grad_()
    found = log_mean_exp(made, lam=lam)
    assert found.item() == pytest.approx(log_mean_exp(made.double(), lam=lam).item(), rel=1e-6)
    (weights,) = torch.autograd.grad(found, made)
    assert torch.allclose(weights.double(), (made.detach().double() / lam).softmax(0), atol=1e-6)


def test_the_gradient_agrees_with_finite_differences():
    assert torch.autograd.gradcheck(lambda x: log_mean_exp(x, lam=0.6), (losses().requires_grad_(),))


def test_it_is_the_worst_case_mean_less_the_kl_of_the_weights():
    made, lam = losses(), 0.6
    weights = (made / lam).softmax(0)
    kl = (weights * (weights * 7).log()).sum()
    torch.testing.assert_close(log_mean_exp(made, lam=lam), (weights * made).sum() - lam * kl)


@pytest.mark.parametrize("base", [DPO(), RPO()], ids=lambda m: m.name)
def test_for_a_large_temperature_it_is_its_base(base):
    made = two_pairs()
    torch.testing.assert_close(gradient(KLDRO(base=base, lam=1e9), made), gradient(base, made))


def test_the_objective_of_a_step_is_that_of_one_batch_for_every_split():
    method = KLDRO(base=DPO(beta=1.0), lam=0.3)
    whole, whole_gradient = step_of(method, (), 4)
    for cuts in partitions(4):
        value, found = step_of(method, cuts, 4)
        assert value == pytest.approx(whole, rel=1e-9)
        assert torch.linalg.norm(found - whole_gradient) < 1e-9 * torch.linalg.norm(whole_gradient)


def test_concentration_counts_the_losses_that_matter():
    even = concentration(torch.ones(5), lam=0.1)
    assert even["effective_pairs"].item() == pytest.approx(5)
    assert even["largest_weight"].item() == pytest.approx(0.2)
    worst = concentration(torch.tensor([0.0, 9.0, 0.0]), lam=0.1)
    assert worst["effective_pairs"].item() == worst["largest_weight"].item() == 1.0
    two = concentration(torch.tensor([math.log(3), 0.0]), lam=1.0)  # weights 3/4 and 1/4
    assert two["effective_pairs"].item() == pytest.approx(1.6)


def test_diagnostics_are_the_bases_and_the_concentration():
    made = two_pairs()
    base = DPO(beta=1.0)
    found = KLDRO(base=base).diagnostics(made)
    assert set(found) == {*base.diagnostics(made), "effective_pairs", "largest_weight"}
    hard, easy = 1 + math.exp(-1), 1 + math.exp(-3)
    assert found["largest_weight"].item() == pytest.approx(hard / (hard + easy))


@pytest.mark.parametrize("lam", [0.0, -1.0, math.inf, math.nan])
def test_a_temperature_outside_its_range_is_refused(lam: float):
    with pytest.raises(ValueError, match=r"lam is .* positive and finite"):
        KLDRO(lam=lam)
