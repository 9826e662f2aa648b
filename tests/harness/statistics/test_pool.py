import numpy as np
import pytest
from scores import drawn, trained, untrained

from harness.statistics import contrast, pool_of, two_way


def test_a_pool_has_the_squares_of_its_rows():
    rows = drawn(6, 3, 40)
    pool = pool_of([*rows, untrained(np.zeros(40))])
    means = np.stack([row.by_seed for row in rows])
    left = means - means.mean(1, keepdims=True) - means.mean(0) + means.mean()
    assert (pool.rows, pool.seeds, pool.crossed_df, pool.enough) == (6, (0, 1, 2), 10, True)
    assert pool.crossed == pytest.approx((left**2).sum() / 10)
    assert pool.within == pytest.approx(means.var(1, ddof=1).mean())


def test_five_rows_are_enough_and_four_are_not():
    assert pool_of(drawn(5, 3, 20)).enough
    assert not pool_of(drawn(4, 3, 20)).enough


def test_rows_of_one_seed_or_one_item_tell_nothing():
    assert pool_of([trained([[1.0, 2.0]]), untrained([1.0, 2.0]), trained([[1.0], [2.0]])]) is None


def test_rows_of_other_seeds_join_the_spread_within_rows_only():
    rows = drawn(5, 3, 20)
    longer = trained(np.random.default_rng(5).normal(size=(5, 20)))
    pool = pool_of([*rows, longer])
    assert (pool.rows, pool.seeds, pool.crossed_df) == (5, (0, 1, 2), 8)
    variances = [row.by_seed.var(ddof=1) for row in rows]
    assert pool.within == pytest.approx((2 * sum(variances) + 4 * longer.by_seed.var(ddof=1)) / 14)
    assert pool.within_df <= 14


def test_rows_on_other_items_stay_out():
    rows = drawn(5, 3, 20)
    odd = trained(np.random.default_rng(5).normal(0, 100, (3, 20)), items=[f"other {j}" for j in range(20)])
    assert pool_of([odd, *rows]) == pool_of(rows)


def test_residuals_are_pooled_over_rows():
    rows = drawn(5, 3, 400)
    assert pool_of(rows).mean_squares == (pytest.approx(0.25, rel=0.1),)


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_pair_on_fewer_items_than_the_pool_keeps_the_rest_of_its_residual(seeds):
    rows = drawn(6, 3, 400)
    pool = pool_of(rows)
    few = [f"i{j}" for j in range(40)]
    a, b = rows[0].values[:seeds, :40], rows[1].values[:, :40]
    found = contrast(trained(a, items=few), rows[1], seed_spread="pooled", pool=pool)
    over_items = (a.mean(0) - b.mean(0)).var(ddof=1) / 40
    held = pool.mean_squares[0] * (1 + 1 / 3) / 40 if seeds == 1 else float(two_way(a - b).residual)
    assert found.formula == ("borrowed" if seeds == 1 else "pooled")
    assert found.item_se == pytest.approx(np.sqrt(over_items - held * 40 / 400))


def test_luck_that_rows_share_costs_degrees_of_freedom():
    shift = np.random.default_rng(3).normal(0, 1, (3, 1))
    together = [trained(row.values + shift) for row in drawn(6, 3, 40)]
    assert pool_of(together).within_df < 3 < pool_of(drawn(6, 3, 40)).within_df
    against = contrast(together[0], untrained(np.zeros(40)), seed_spread="pooled", pool=pool_of(together))
    assert against.df == pool_of(together).within_df
