import math

import numpy as np
import pytest

from harness.statistics import P_FLOOR, ItemPart, Parts, p_value, t_quantile


def parts(seed, seed_df, item, item_df):
    return Parts(np.asarray(seed), np.asarray(seed_df), (ItemPart(np.asarray(item), np.asarray(item_df)),))


@pytest.mark.parametrize(
    ("df", "alpha", "table"),
    [(2, 0.05, 4.3027), (2, 0.05 / 8, 12.590), (4, 0.05 / 8, 5.2611), (16, 0.05, 2.1199), (math.inf, 0.05, 1.95996)],
)
def test_quantiles_are_those_of_the_tables(df, alpha, table):
    assert t_quantile(df, alpha) == pytest.approx(table, rel=1e-4)


def test_the_half_width_is_the_root_of_both_squares():
    # t[2] = 4.30265, t[199] = 1.97196
    assert float(parts(4.0, 2.0, 9.0, 199.0).half()) == pytest.approx(math.hypot(4.302653 * 2, 1.971957 * 3), rel=1e-6)


def test_several_sets_of_items_each_have_their_own_degrees_of_freedom():
    both = Parts(
        np.asarray(0.0),
        np.asarray(1.0),
        (ItemPart(np.asarray(1.0), np.asarray(2.0)), ItemPart(np.asarray(1.0), np.asarray(4.0))),
    )
    assert float(both.half()) == pytest.approx(math.hypot(4.302653, 2.776445), rel=1e-6)
    assert float(both.stderr) == pytest.approx(math.sqrt(2))


def test_one_set_of_arrays_is_many_studies():
    many = parts(np.array([1.0, 4.0]), np.array([2.0, 4.0]), np.array([9.0, 0.0]), np.array(99.0))
    alone = [parts(1.0, 2.0, 9.0, 99.0), parts(4.0, 4.0, 0.0, 99.0)]
    assert many.half(0.01) == pytest.approx([float(one.half(0.01)) for one in alone])


def test_p_is_where_the_interval_touches_zero():
    found = parts(0.5, 2.0, 0.3, 50.0)
    p = p_value(2.5, found)
    assert float(found.half(p)) == pytest.approx(2.5, rel=1e-9)
    assert p_value(-2.5, found) == p


def test_p_and_the_interval_agree_about_zero():
    found = parts(0.5, 2.0, 0.3, 50.0)
    edge = float(found.half(0.05))
    assert p_value(edge * 1.001, found) < 0.05 < p_value(edge * 0.999, found)


@pytest.mark.parametrize(("df", "difference"), [(2.0, 3.0), (4.0, 1.0), (16.0, 2.0)])
def test_with_seeds_alone_p_is_that_of_the_t_test(df, difference):
    from scipy.stats import t

    assert p_value(difference, parts(1.0, df, 0.0, 99.0)) == pytest.approx(2 * t.sf(difference, df), rel=1e-9)


def test_no_difference_has_p_one_and_no_variance_has_the_least():
    assert p_value(0.0, parts(0.0, 2.0, 0.0, 9.0)) == 1.0
    assert p_value(0.0, parts(1.0, 2.0, 1.0, 9.0)) == 1.0
    assert p_value(0.1, parts(0.0, 2.0, 0.0, 9.0)) == P_FLOOR
    assert p_value(1e9, parts(0.0, 2.0, 1.0, 500.0)) == P_FLOOR


def test_a_difference_of_almost_nothing_has_p_almost_one():
    assert p_value(1e-12, parts(1.0, 2.0, 1.0, 9.0)) == pytest.approx(1.0)
