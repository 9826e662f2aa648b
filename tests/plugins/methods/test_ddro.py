import math

import pytest
import torch
from batches import batch, gradient
from harness_plugins.methods.ddro import DDRO, desirable_term, domain_limit, log1mexp, undesirable_term

import harness

SHARES = [0.2, 0.5, 0.6, 0.9]
EPS = 0.01


def at(log_u: float, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.tensor(log_u, dtype=dtype, requires_grad=True)


def slope(term, log_u: float, t: float, dtype: torch.dtype = torch.float64) -> float:
    x = at(log_u, dtype)
    return torch.autograd.grad(term(x, t=t, eps=EPS), x)[0].item()


def test_with_half_of_each_class_the_terms_are_the_numbers_worked_out_by_hand():
    # u = e^l = 1.5: g = (1/1.5 - 0.5) / 0.5 = 1/3; log(1 + g) = log(4/3), log(1 + 1/g) = log 4
    log_u = at(math.log(1.5))
    assert desirable_term(log_u, t=0.5, eps=EPS).item() == pytest.approx(math.log(4 / 3), rel=1e-12)
    assert undesirable_term(log_u, t=0.5, eps=EPS).item() == pytest.approx(math.log(4), rel=1e-12)


def test_with_a_fifth_desirable_the_terms_are_the_numbers_worked_out_by_hand():
    # u = 2: g = (0.5 - 0.2) / 0.8 = 0.375; log 1.375, log(1 + 8/3) = log(11/3)
    log_u = at(math.log(2))
    assert desirable_term(log_u, t=0.2, eps=EPS).item() == pytest.approx(math.log(1.375), rel=1e-12)
    assert undesirable_term(log_u, t=0.2, eps=EPS).item() == pytest.approx(math.log(11 / 3), rel=1e-12)


def test_with_most_desirable_the_terms_are_the_numbers_worked_out_by_hand():
    # t = 0.75, u = 0.5: g = (2 - 0.75) / 0.25 = 5; log 6, log 1.2
    log_u = at(math.log(0.5))
    assert desirable_term(log_u, t=0.75, eps=EPS).item() == pytest.approx(math.log(6), rel=1e-12)
    assert undesirable_term(log_u, t=0.75, eps=EPS).item() == pytest.approx(math.log(1.2), rel=1e-12)


@pytest.mark.parametrize("t", SHARES)
def test_at_the_reference_both_terms_are_log_two(t: float):
    assert desirable_term(at(0.0), t=t, eps=EPS).item() == pytest.approx(math.log(2), rel=1e-12)
    assert undesirable_term(at(0.0), t=t, eps=EPS).item() == pytest.approx(math.log(2), rel=1e-12)


def test_with_half_of_each_class_the_desirable_term_is_the_negative_log_likelihood():
    log_u = torch.linspace(-200, 200, 41, dtype=torch.float64)
    torch.testing.assert_close(desirable_term(log_u, t=0.5, eps=EPS), math.log(2) - log_u, rtol=1e-12, atol=0)


def test_with_half_of_each_class_the_rejected_term_is_minus_log_of_one_minus_half_the_ratio():
    log_u = torch.linspace(-5, math.log(1.9), 30, dtype=torch.float64)
    torch.testing.assert_close(
        undesirable_term(log_u, t=0.5, eps=EPS), -torch.log(1 - log_u.exp() / 2), rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize("t", SHARES)
def test_inside_the_domain_it_is_the_formula_in_plain_arithmetic(t: float):
    u = torch.linspace(0.01, (1 - EPS) / t, 50, dtype=torch.float64)
    g = (1 / u - t) / (1 - t)
    torch.testing.assert_close(desirable_term(u.log(), t=t, eps=EPS), torch.log(1 + g), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(undesirable_term(u.log(), t=t, eps=EPS), torch.log(1 + 1 / g), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("t", SHARES)
@pytest.mark.parametrize("term", [desirable_term, undesirable_term])
def test_the_tangent_joins_with_equal_value_and_slope(term, t: float):
    limit, h = domain_limit(t=t, eps=EPS), 1e-7
    inside, outside = slope(term, limit - h, t), slope(term, limit + h, t)
    assert outside == pytest.approx(inside, rel=1e-4)
    step = (term(at(limit + h), t=t, eps=EPS) - term(at(limit - h), t=t, eps=EPS)).item()
    assert step == pytest.approx(2 * h * inside, rel=1e-3)


@pytest.mark.parametrize("t", SHARES)
def test_beyond_the_limit_the_slope_stays_what_it_was(t: float):
    limit = domain_limit(t=t, eps=EPS)
    assert slope(undesirable_term, limit + 50, t) == pytest.approx(slope(undesirable_term, limit - 1e-9, t), rel=1e-5)
    assert slope(undesirable_term, limit + 50, t) > 1
    if t > 0.5:
        assert slope(desirable_term, limit + 50, t) == pytest.approx(slope(desirable_term, limit - 1e-9, t), rel=1e-5)


@pytest.mark.parametrize("t", SHARES)
@pytest.mark.parametrize("log_u", [-200.0, -30.0, 0.0, 0.5, 30.0, 200.0])
@pytest.mark.parametrize("term", [desirable_term, undesirable_term])
def test_in_float32_values_and_gradients_are_finite_and_bounded_far_out(term, log_u: float, t: float):
    assert math.isfinite(term(at(log_u, torch.float32), t=t, eps=EPS).item())
    found = slope(term, log_u, t, torch.float32)
    assert abs(found) <= 1 / EPS
    assert found <= 0 if term is desirable_term else found >= 0


@pytest.mark.parametrize("t", SHARES)
@pytest.mark.parametrize("term", [desirable_term, undesirable_term])
def test_the_gradient_agrees_with_finite_differences(term, t: float):
    limit = domain_limit(t=t, eps=EPS)
    log_u = torch.tensor([-30.0, -3.0, -0.1, limit - 0.1, limit + 0.1, 7.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: term(x, t=t, eps=EPS), (log_u,))


def test_log1mexp_is_exact_at_both_ends():
    x = torch.tensor([-1e-12, -1e-3, -0.6, -0.8, -50.0], dtype=torch.float64)
    by_hand = [math.log(1e-12), math.log(-math.expm1(-1e-3)), math.log(-math.expm1(-0.6))]
    by_hand += [math.log1p(-math.exp(-0.8)), -math.exp(-50)]
    torch.testing.assert_close(log1mexp(x), torch.tensor(by_hand, dtype=torch.float64), rtol=1e-11, atol=0)


def expected_loss(log_u: torch.Tensor, plus: torch.Tensor, minus: torch.Tensor, t: float) -> torch.Tensor:
    return (plus * desirable_term(log_u, t=t, eps=EPS) + minus * undesirable_term(log_u, t=t, eps=EPS)).sum()


PLUS = torch.tensor([0.4, 0.3, 0.2, 0.07, 0.03], dtype=torch.float64)
MINUS = torch.tensor([0.05, 0.15, 0.2, 0.25, 0.35], dtype=torch.float64)


@pytest.mark.parametrize("t", SHARES)
def test_its_minimiser_over_all_distributions_is_that_of_the_desirable_responses(t: float):
    mixture = t * PLUS + (1 - t) * MINUS
    logits = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([logits], max_iter=200, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimiser.zero_grad()
        loss = expected_loss(logits.log_softmax(0) - mixture.log(), PLUS, MINUS, t)
        loss.backward()
        return loss.item()

    optimiser.step(closure)
    torch.testing.assert_close(logits.softmax(0).detach(), PLUS, rtol=0, atol=1e-5)


@pytest.mark.parametrize("t", SHARES)
def test_no_far_away_log_ratio_is_better_than_the_true_one(t: float):
    # Per response, without the constraint that probabilities sum to 1, over the whole range that policies reach.
    mixture = t * PLUS + (1 - t) * MINUS
    log_u = torch.linspace(-20, 200, 22001, dtype=torch.float64)
    for plus, minus, total in zip(PLUS, MINUS, mixture, strict=True):
        risk = plus * desirable_term(log_u, t=t, eps=EPS) + minus * undesirable_term(log_u, t=t, eps=EPS)
        assert log_u[risk.argmin()].item() == pytest.approx(math.log(plus / total), abs=0.011)


def test_the_loss_is_that_of_a_classifier_whose_probability_is_t_times_the_ratio():
    # With class frequencies t and 1 - t as weights, and P(desirable) = t u: the odds against are (1 - t) g / t.
    t, log_u = 0.3, torch.tensor([-2.0, 0.0, 0.9], dtype=torch.float64)
    p = t * log_u.exp()
    odds = (torch.exp(desirable_term(log_u, t=t, eps=EPS)) - 1) * (1 - t) / t
    torch.testing.assert_close(odds, (1 - p) / p, rtol=1e-12, atol=0)


def test_each_class_has_weight_one_whatever_its_count():
    made = batch([0.0, 0.0, 0.0, 0.0], [0.0] * 4, labels=[(0, True), (1, True), (2, True), (3, False)])
    method = DDRO(t=0.5)
    assert method.reduce(method.terms(made), made).item() == pytest.approx(2 * math.log(2))
    # slopes at the reference: -1 and (1/2) / (1/2) = 1
    assert gradient(method, made).tolist() == pytest.approx([-1 / 3, -1 / 3, -1 / 3, 1.0])


def test_a_class_that_is_absent_from_the_step_adds_nothing():
    method = DDRO(t=0.5)
    good = batch([1.0, 3.0], [0.0, 0.0], labels=[(0, True), (1, True)])
    assert method.reduce(method.terms(good), good).item() == pytest.approx(math.log(2) - 2)
    bad = batch([0.0, 0.0], [0.0, 0.0], labels=[(0, False), (1, False)])
    assert gradient(method, bad).tolist() == pytest.approx([0.5, 0.5])


def test_t_is_the_share_of_the_training_data_unless_stated():
    labels = [(0, True), (1, False)]
    made = batch([0.3, 0.3], [0.0, 0.0], labels=labels, facts=harness.Facts(5, 0, desirable=1, undesirable=4))
    assert torch.equal(DDRO().terms(made), DDRO(t=0.2).terms(made))
    assert not torch.equal(DDRO().terms(made), DDRO(t=0.5).terms(made))


def test_data_of_one_class_say_so_unless_t_is_stated():
    made = batch([0.3], [0.0], labels=[(0, True)])
    with pytest.raises(harness.DataError, match=r"share of desirable responses is 1\.0"):
        DDRO().terms(made)
    assert DDRO(t=0.5).terms(made).item() == pytest.approx(math.log(2) - 0.3)


def test_diagnostics_say_how_often_the_tangent_is_in_use():
    made = batch([5.0, -5.0, 5.0, -5.0], [0.0] * 4, labels=[(0, True), (1, True), (2, False), (3, False)])
    found = DDRO(t=0.5).diagnostics(made)
    assert found["continued"].item() == 0.25  # the undesirable response at l = 5; the desirable one is on its curve
    assert found["desirable_log_ratio"].item() == found["undesirable_log_ratio"].item() == 0.0
    assert DDRO(t=0.6).diagnostics(made)["continued"].item() == 0.5


def test_the_score_is_the_log_ratio():
    assert DDRO().score(batch([-3.0, -5.0], [-4.0, -4.0])).tolist() == [1.0, -1.0]


def test_options_outside_their_range_are_refused():
    for options in ({"t": 0.0}, {"t": 1.0}, {"t": math.nan}, {"eps": 0.0}, {"eps": 0.6}, {"eps": math.nan}):
        with pytest.raises(ValueError, match=f"{next(iter(options))} is "):
            DDRO(**options)
