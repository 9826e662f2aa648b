import math

import pytest
import torch
from batches import Given, batch, gradient
from harness_plugins.methods.dora import DoRA
from harness_plugins.methods.dpo import DPO
from harness_plugins.methods.kl_dro import KLDRO
from harness_plugins.methods.reweighting import Reweighting
from harness_plugins.methods.rpo import RPO
from steps import partitions, step_of

BASES = pytest.mark.parametrize("base", [DPO(), DPO(beta=1.0), RPO()], ids=repr)


def some_pairs(given: list[float] | None = None):
    draw = torch.Generator().manual_seed(0)
    policy = (4 * torch.randn(8, dtype=torch.float64, generator=draw)).requires_grad_()
    given = given or (2 * torch.rand(8, generator=draw)).tolist()
    return batch(policy, [0.0] * 8, columns={"given": given}, pairs=[(0, 1), (2, 3), (5, 4), (7, 6), (0, 6)])


def objective(method, made) -> float:
    return method.reduce(method.terms(made), made).item()


def test_the_objective_is_the_number_worked_out_by_hand():
    # losses log(1 + e^-1) and log(1 + e^-3); h = 1 and 3/2; lam 1/2: mean of (1 + e^-1)^2 and (1 + e^-3)^3
    made = batch([-1.0, -2.0, -4.0], [-2.0, -2.0, -2.0], columns={"given": [1.8, 0.2, 1.2]}, pairs=[(0, 1), (0, 2)])
    method = DoRA(base=DPO(beta=1.0), ratio=Given(), lam=0.5)
    powers = [(1 + math.exp(-1)) ** 2, (1 + math.exp(-3)) ** 3]
    assert objective(method, made) == pytest.approx(math.log(sum(powers) / 2) / 2, rel=1e-12)
    shares = [power / sum(powers) for power in powers]
    slopes = [-shares[0] * 1.0 / (1 + math.e), -shares[1] * 1.5 / (1 + math.exp(3))]
    assert gradient(method, made).tolist() == pytest.approx([sum(slopes), -slopes[0], -slopes[1]], rel=1e-12)


@BASES
def test_for_a_large_temperature_it_is_reweighting(base):
    made = some_pairs()
    dora, reweighting = DoRA(base=base, ratio=Given(), lam=1e9), Reweighting(base=base, ratio=Given())
    assert objective(dora, made) == pytest.approx(objective(reweighting, made), rel=1e-7)
    torch.testing.assert_close(gradient(dora, made), gradient(reweighting, made), atol=1e-7, rtol=1e-7)


@BASES
def test_where_every_pair_weighs_one_it_is_kl_dro(base):
    made = some_pairs([1.0] * 8)
    dora, kl_dro = DoRA(base=base, ratio=Given(), lam=0.7), KLDRO(base=base, lam=0.7)
    assert objective(dora, made) == objective(kl_dro, made)
    assert torch.equal(gradient(dora, made), gradient(kl_dro, made))


def test_it_is_kl_dro_of_reweighting():
    made = some_pairs()
    dora, composed = DoRA(ratio=Given(), lam=0.7), KLDRO(base=Reweighting(ratio=Given()), lam=0.7)
    assert objective(dora, made) == objective(composed, made)
    assert torch.equal(gradient(dora, made), gradient(composed, made))


def test_one_pair_alone_is_reweighted_and_nothing_more():
    # as in the released script, which has one prompt on each device
    made = batch([-1.0, -2.0], [-2.0, -2.0], columns={"given": [1.8, 0.4]}, pairs=[(0, 1)])
    dora, reweighting = DoRA(ratio=Given(), lam=0.3), Reweighting(ratio=Given())
    assert torch.equal(gradient(dora, made), gradient(reweighting, made))


def test_the_objective_of_a_step_is_that_of_one_batch_for_every_split():
    method = DoRA(base=DPO(beta=1.0), ratio=Given(), lam=0.3)
    whole, whole_gradient = step_of(method, (), 4)
    for cuts in partitions(4):
        value, found = step_of(method, cuts, 4)
        assert value == pytest.approx(whole, rel=1e-9)
        assert torch.linalg.norm(found - whole_gradient) < 1e-9 * torch.linalg.norm(whole_gradient)


def test_the_split_would_matter_were_the_mean_taken_in_each_micro_batch():
    method = DoRA(base=DPO(beta=1.0), ratio=Given(), lam=0.3)
    made = some_pairs()
    terms = method.terms(made)
    apart = (method.reduce(terms[:2], made) * 2 + method.reduce(terms[2:], made) * 3) / 5
    assert apart.item() < objective(method, made) - 0.01


def test_the_gradient_agrees_with_finite_differences():
    given = torch.linspace(0.1, 1.9, 4).tolist()
    method = DoRA(base=DPO(beta=0.7), ratio=Given(), lam=0.6)

    def value(x):
        made = batch(x, [0.0] * 4, columns={"given": given}, pairs=[(0, 1), (2, 3), (0, 3)])
        return method.reduce(method.terms(made), made)

    assert torch.autograd.gradcheck(value, (torch.randn(4, dtype=torch.float64, requires_grad=True),))


def test_diagnostics_tell_the_weights():
    made, method = some_pairs(), DoRA(ratio=Given(), lam=0.3)
    found = method.diagnostics(made)
    assert set(found) == {*DPO().diagnostics(made), "pair_weight", "effective_pairs", "largest_weight"}
    weights = (method.terms(made).detach() / 0.3).softmax(0)
    assert found["effective_pairs"].item() == pytest.approx(1 / weights.square().sum().item())
    assert found["largest_weight"].item() == pytest.approx(weights.max().item())


def test_the_ratio_is_read_in_training_alone_and_the_step_is_not_linear():
    method = DoRA(ratio=Given())
    assert method.train_columns() == ("reference", Given())
    assert method.score_columns() == ("reference",)
    assert not method.linear_reduce()


@pytest.mark.parametrize("lam", [0.0, -1.0, math.inf, math.nan])
def test_a_temperature_outside_its_range_is_refused(lam: float):
    with pytest.raises(ValueError, match=r"lam is .* positive and finite"):
        DoRA(ratio=Given(), lam=lam)
