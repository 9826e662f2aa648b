import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from harness.judges.interval import difference, share


def test_pairs_of_different_prompts_have_wilsons_interval():
    values = np.array([1.0] * 70 + [0.0] * 30)
    found = share(values, range(100))
    low, high = proportion_confint(70, 100, method="wilson")
    assert (found.value, found.n, found.prompts) == (0.7, 100, 100)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.002)


def test_pairs_of_one_prompt_that_agree_count_as_one():
    values = np.repeat([1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], 10)
    one, ten = share(values[::10], range(10)), share(values, np.repeat(range(10), 10).tolist())
    assert (ten.low, ten.high) == pytest.approx((one.low, one.high))
    assert ten.n == 100
    assert ten.prompts == 10


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_unanimity_still_has_an_interval(value):
    found = share(np.full(20, value), range(20))
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high - found.low == pytest.approx(0.161, abs=0.001)


def test_what_never_varies_between_has_no_spread():
    found = share(np.full(20, 0.5), range(20))
    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)


def test_one_prompt_has_no_interval():
    assert share(np.array([1.0, 0.0]), ["p", "p"]).low is None
    assert difference(np.array([1.0, 0.0]), ["p", "p"]).low is None


def test_nothing_is_no_share():
    assert share(np.array([]), []) is None
    assert difference(np.array([]), []) is None


def test_the_interval_covers_where_prompts_have_several_pairs():
    rng, covered = np.random.default_rng(0), 0
    for _ in range(300):
        chances = rng.beta(4, 2, 60)
        values = (rng.random((60, 4)) < chances[:, None]).astype(float).ravel()
        found = share(values, np.repeat(range(60), 4).tolist())
        covered += found.low <= 4 / 6 <= found.high
    assert 0.92 <= covered / 300 <= 0.98


def test_a_difference_has_a_t_interval():
    found = difference(np.array([1.0, 0.0, -1.0, 0.0]), range(4))
    assert found.value == 0
    assert found.high == pytest.approx(3.182 * np.sqrt(2 / 3) / 2, abs=0.001)
