import math

import pytest
import torch
from batches import Given, batch, gradient
from harness_plugins.columns.relative_ratio import relative_ratio
from harness_plugins.methods.dpo import DPO
from harness_plugins.methods.reweighting import Reweighting, pair_weights
from harness_plugins.methods.rpo import RPO


def two_pairs(given: list[float]):
    return batch([-1.0, -2.0, -4.0], [-2.0, -2.0, -2.0], columns={"given": given}, pairs=[(0, 1), (0, 2)])


def test_a_pair_weighs_the_sum_of_its_answers_probabilities_of_the_target_source():
    c = torch.tensor([0.9, 0.1, 0.5, 0.75, 0.0, 1.0], dtype=torch.float64)
    w = relative_ratio(c.numpy())
    assert w.tolist() == pytest.approx((2 * c).tolist(), abs=1e-15)
    weights = pair_weights(torch.from_numpy(w), torch.tensor([0, 2, 3, 4, 5]), torch.tensor([1, 2, 0, 4, 5]))
    assert weights.tolist() == pytest.approx([1.0, 1.0, 1.65, 0.0, 2.0])


def test_the_weight_says_nothing_of_which_answer_is_chosen():
    ratio, one, other = torch.rand(4), torch.tensor([0, 2]), torch.tensor([1, 3])
    assert torch.equal(pair_weights(ratio, one, other), pair_weights(ratio, other, one))


def test_the_objective_is_the_number_worked_out_by_hand():
    # losses log(1 + e^-1) and log(1 + e^-3), weights (1.8 + 0.2) / 2 and (1.8 + 1) / 2
    made, method = two_pairs([1.8, 0.2, 1.0]), Reweighting(base=DPO(beta=1.0), ratio=Given())
    by_hand = (1.0 * math.log1p(math.exp(-1)) + 1.4 * math.log1p(math.exp(-3))) / 2
    assert method.reduce(method.terms(made), made).item() == pytest.approx(by_hand, rel=1e-12)
    slopes = [-1.0 / (1 + math.e) / 2, -1.4 / (1 + math.exp(3)) / 2]
    assert gradient(method, made).tolist() == pytest.approx([sum(slopes), -slopes[0], -slopes[1]], rel=1e-12)


@pytest.mark.parametrize("base", [DPO(), RPO()], ids=lambda m: m.name)
def test_where_all_sources_are_alike_it_is_its_base(base):
    made = two_pairs([1.0, 1.0, 1.0])
    assert torch.equal(Reweighting(base=base, ratio=Given()).terms(made), base.terms(made))


def test_no_gradient_passes_through_the_weights():
    ratio = torch.rand(3, requires_grad=True)
    assert not pair_weights(ratio, torch.tensor([0]), torch.tensor([1])).requires_grad


def test_the_gradient_agrees_with_finite_differences():
    ratio, chosen, rejected = torch.rand(4, dtype=torch.float64), torch.tensor([0, 2]), torch.tensor([1, 3])

    def objective(x):
        made = batch(x, [0.0] * 4, columns={"given": ratio.tolist()}, pairs=[(0, 1), (2, 3)])
        return Reweighting(base=DPO(beta=0.7), ratio=Given()).terms(made)

    assert torch.autograd.gradcheck(objective, (torch.randn(4, dtype=torch.float64, requires_grad=True),))
    assert pair_weights(ratio, chosen, rejected).shape == (2,)


def test_the_ratio_is_read_in_training_alone():
    method = Reweighting(ratio=Given())
    assert method.train_columns() == ("reference", Given())
    assert method.score_columns() == ("reference",)
    assert method.linear_reduce()


def test_diagnostics_are_the_bases_and_the_mean_weight():
    made, method = two_pairs([1.8, 0.2, 1.0]), Reweighting(ratio=Given())
    found = method.diagnostics(made)
    assert set(found) == {*DPO().diagnostics(made), "pair_weight"}
    assert found["pair_weight"].item() == pytest.approx(1.2)
