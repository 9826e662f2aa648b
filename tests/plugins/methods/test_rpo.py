import math

import pytest
import torch
from batches import batch, gradient
from harness_plugins.methods.dpo import DPO, dpo_loss
from harness_plugins.methods.rpo import RPO, rpo_loss
from harness_plugins.methods.rpo_cumulative import RPOCumulative, rpo_cumulative_loss


def test_the_average_form_of_one_pair_is_the_number_worked_out_by_hand():
    # l_w = 1, l_l = -2, beta h = 0.3: 0.5543552444685271 as for DPO; mean log p of chosen = -10 / 4 = -2.5,
    # eta 0.2: + 0.2 * 2.5 = 0.5
    made = batch([-10.0, -12.0], [-11.0, -10.0], tokens=[4, 6], pairs=[(0, 1)])
    assert RPO(beta=0.1, eta=0.2).terms(made).item() == pytest.approx(1.0543552444685271, rel=1e-12)


def test_the_cumulative_form_of_one_pair_is_the_number_worked_out_by_hand():
    # 0.5543552444685271 + eta * beta * 10 = 0.5 * 0.1 * 10 = 0.5; the length plays no part
    made = batch([-10.0, -12.0], [-11.0, -10.0], tokens=[4, 6], pairs=[(0, 1)])
    assert RPOCumulative(beta=0.1, eta=0.5).terms(made).item() == pytest.approx(1.0543552444685271, rel=1e-12)


@pytest.mark.parametrize("method", [RPO(beta=0.3, eta=0), RPOCumulative(beta=0.3, eta=0)])
def test_without_the_second_term_it_is_dpo(method: RPO | RPOCumulative):
    made = batch([-3.0, -8.0, -2.0], [-4.0, -4.0, -4.0], tokens=[2, 3, 4], pairs=[(0, 1), (2, 1)])
    assert torch.equal(method.terms(made), DPO(beta=0.3).terms(made))
    assert torch.equal(method.score(made), DPO(beta=0.3).score(made))


def test_the_two_forms_agree_where_eta_per_token_does():
    # eta_a * beta * lp = eta_b * lp / |y|  <=>  eta_b = eta_a * beta * |y|
    made = batch([-10.0, -12.0], [-11.0, -10.0], tokens=[5, 6], pairs=[(0, 1)])
    average, cumulative = RPO(beta=0.2, eta=0.4 * 0.2 * 5), RPOCumulative(beta=0.2, eta=0.4)
    assert average.terms(made).item() == pytest.approx(cumulative.terms(made).item(), rel=1e-12)


def test_the_second_term_pulls_at_the_chosen_response_alone():
    made = batch([-5.0, -7.0], [-5.0, -7.0], tokens=[4, 6], pairs=[(0, 1)])
    # at the reference DPO's gradient is -+beta / 2; average form: - eta / |y|, cumulative: - eta * beta
    assert gradient(RPO(beta=0.4, eta=0.2), made).tolist() == pytest.approx([-0.2 - 0.05, 0.2])
    assert gradient(RPOCumulative(beta=0.4, eta=0.2), made).tolist() == pytest.approx([-0.2 - 0.08, 0.2])


@pytest.mark.parametrize("loss", [rpo_loss, rpo_cumulative_loss])
def test_the_gradient_agrees_with_finite_differences(loss):
    inputs = tuple(torch.randn(6, dtype=torch.float64, requires_grad=True) for _ in range(3))
    assert torch.autograd.gradcheck(lambda w, r, lp: loss(w, r, lp, beta=0.7, eta=0.3), inputs)


def test_the_dpo_part_keeps_summed_log_ratios():
    zero = torch.zeros(1, dtype=torch.float64)
    chosen, rejected = zero + 8, zero - 4
    assert torch.equal(rpo_loss(chosen, rejected, zero, beta=0.1, eta=1), dpo_loss(chosen, rejected, beta=0.1))


def test_diagnostics_show_whether_the_chosen_likelihood_falls():
    made = batch([-10.0, -12.0], [-11.0, -10.0], tokens=[4, 6], pairs=[(0, 1)])
    assert RPO().diagnostics(made)["chosen_mean_logp"].item() == -2.5
    assert RPOCumulative().diagnostics(made)["chosen_logp"].item() == -10.0


@pytest.mark.parametrize("kind", [RPO, RPOCumulative])
def test_options_outside_their_range_are_refused(kind):
    for options in ({"beta": 0.0}, {"beta": math.nan}, {"eta": -0.1}, {"eta": math.inf}):
        with pytest.raises(ValueError, match=f"{next(iter(options))} is "):
            kind(**options)
