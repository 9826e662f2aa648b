import numpy as np
import pytest

from harness.statistics import (
    assemble,
    crossed_square,
    own_parts,
    pooled_parts,
    seed_variance,
    two_way,
    welch,
    within_square,
)

# Means of seeds 2 and 3; of items 0.5, 3, 4; residuals +-0.5, 0, -+0.5.
TABLE = np.array([[0.5, 2.5, 3.0], [0.5, 3.5, 5.0]])


def test_a_table_is_split_as_by_hand():
    split = two_way(TABLE)
    assert split.by_seed == pytest.approx([2.0, 3.0])
    assert seed_variance(split.by_seed) == pytest.approx(0.5 / 2)
    assert split.item == pytest.approx((4 + 0.25 + 2.25) / 6)
    assert split.residual == pytest.approx(1.0 / (1 * 2 * 3 * 2))
    assert split.mean_square == pytest.approx(0.5)


def test_items_far_apart_do_not_drown_the_residual():
    far = 1e9 * np.random.default_rng(0).normal(size=200)
    noise = np.random.default_rng(1).normal(size=(3, 200))
    assert two_way(noise + far).residual == pytest.approx(two_way(noise).residual, rel=1e-5)


def test_one_seed_has_items_and_nothing_else():
    split = two_way(TABLE[:1])
    assert (split.item, split.residual) == (pytest.approx(np.var([0.5, 2.5, 3.0], ddof=1) / 3), 0.0)


def test_leading_axes_are_studies_of_their_own():
    many = np.random.default_rng(0).normal(size=(4, 2, 3, 5))
    found = two_way(many)
    assert found.residual[3, 1] == pytest.approx(two_way(many[3, 1]).residual)
    assert found.item[2, 0] == pytest.approx(two_way(many[2, 0]).item)
    assert own_parts(many).half()[1, 1] == pytest.approx(own_parts(many[1, 1]).half())


def test_a_residual_above_the_item_part_leaves_nothing_below_zero():
    parts = own_parts(np.array([[1.0, 0.0], [0.0, 1.2]]))
    assert float(parts.item) == 0.0


def test_residuals_may_be_those_of_others():
    split = two_way(TABLE)
    parts = assemble(np.asarray(0.0), np.asarray(1.0), [split], [np.asarray(0.5)])
    assert float(parts.item) == pytest.approx(6.5 / 6 - 0.5)


def test_the_crossed_square_is_as_by_hand():
    # Rows 1, 3 | 2, 6: row means 2, 4; seed means 1.5, 4.5; grand mean 3; residuals +-0.5.
    assert crossed_square(np.array([[1.0, 3.0], [2.0, 6.0]])) == pytest.approx(4 * 0.25)


def test_a_shift_common_to_all_rows_leaves_the_crossed_square_alone():
    means = np.random.default_rng(0).normal(size=(6, 3))
    assert crossed_square(means + np.array([0.0, 5.0, -9.0])) == pytest.approx(crossed_square(means))


def test_the_square_within_rows_is_the_mean_of_their_variances():
    means = np.random.default_rng(0).normal(size=(6, 3))
    assert within_square(means)[0] == pytest.approx(means.var(1, ddof=1).mean())


def test_rows_that_move_together_at_a_seed_have_the_degrees_of_freedom_of_one():
    together = np.tile([0.0, 1.0, 5.0], (6, 1))
    square, df = within_square(together)
    assert (square, df) == (pytest.approx(7.0), pytest.approx(2.0))


def test_rows_that_do_not_move_together_have_almost_all_degrees_of_freedom():
    means = np.random.default_rng(0).normal(size=(4000, 6, 3))
    assert within_square(means)[1].mean() == pytest.approx(12, rel=0.15)
    assert within_square(means)[1].max() <= 12 + 1e-9


def test_one_row_alone_has_its_own_degrees_of_freedom():
    assert within_square(np.array([[0.0, 1.0, 5.0]]))[1] == pytest.approx(2.0)


def test_no_spread_within_rows_keeps_all_degrees_of_freedom():
    assert within_square(np.ones((6, 3))) == (0.0, 12.0)


def test_welch_agrees_with_scipy():
    from scipy.stats import ttest_ind

    draw = np.random.default_rng(0)
    a, b = draw.normal(size=3), draw.normal(0, 3, size=5)
    variance, df = welch(seed_variance(a), 3, seed_variance(b), 5)
    theirs = ttest_ind(a, b, equal_var=False)
    assert df == pytest.approx(theirs.df)
    assert (a.mean() - b.mean()) / np.sqrt(variance) == pytest.approx(theirs.statistic)
    assert welch(np.asarray(0.0), 3, np.asarray(0.0), 5)[1] == 2.0


def test_pooled_with_two_rows_is_own():
    a, b = np.random.default_rng(0).normal(size=(2, 4, 30))
    crossed = crossed_square(np.stack([a.mean(1), b.mean(1)]))
    own, pooled = own_parts(a - b), pooled_parts(a - b, crossed, 3)
    assert float(pooled.half(0.01)) == pytest.approx(float(own.half(0.01)), rel=1e-12)
