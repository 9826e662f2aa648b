import numpy as np
import pytest

from harness.gate.two_runs import own_square, parts_of, pooled_squares

A = np.array([[1.0, 2.0], [3.0, 4.0]])
B = np.array([[0.0, 1.0], [1.0, 1.0]])


def test_two_runs_of_a_row_have_one_seed_spread_as_by_hand():
    # means 1.5, 3.5 and 0.5, 1: squares 2 and 0.125 at a degree of freedom each
    ((square, df),) = own_square(A.mean(1), B.mean(1)).parts
    assert (float(square), float(df)) == (1.0625, 2.0)


def test_the_parts_are_as_by_hand():
    # items: 1.5 and 2, Vi = 0.0625; residual squares 0 and 0.25, so mse 0.125 and Ve = 0.125 * (1/2 + 1/2) / 2
    found = parts_of([A], [B], own_square(A.mean(1), B.mean(1)))
    assert (float(found.seed), float(found.seed_df)) == (1.0625, 2.0)
    (items,) = found.items
    assert float(items.variance) == pytest.approx(0.0)
    wider = parts_of([A], [B], own_square(A.mean(1), B.mean(1)), [4])
    assert float(wider.items[0].variance) == pytest.approx(0.0625 - 0.03125)


def test_one_seed_borrows_the_spread_of_the_other_run():
    ((square, df),) = own_square(A.mean(1), B[:1].mean(1)).parts
    assert (float(square), float(df)) == (2.0, 1.0)
    found = parts_of([A], [B[:1]], own_square(A.mean(1), B[:1].mean(1)))
    assert float(found.seed) == 2.0 * (1 / 2 + 1)


def test_other_numbers_of_seeds_count_by_their_degrees_of_freedom():
    ((square, df),) = own_square(np.array([0.0, 2.0, 4.0]), np.array([1.0, 2.0])).parts
    assert (float(square), float(df)) == (pytest.approx((8 + 0.5) / 3), 3.0)


def test_one_seed_each_tells_nothing():
    assert own_square(np.array([1.0]), np.array([2.0])) is None


def test_rows_without_training_stand_on_items():
    found = parts_of([A[:1]], [B[:1]], None)
    assert float(found.seed) == 0.0
    assert float(found.items[0].variance) == 0.0  # both items are 1 apart
    apart = parts_of([A[:1]], [np.array([[0.0, 0.0]])], None)
    assert float(apart.items[0].variance) == 0.25  # 1 and 2 apart


def test_pooled_spread_is_the_common_luck_and_the_rest_as_by_hand():
    # rows 0, 2 and 0, 4 in one run: means over rows 0, 3, so 4.5; MSx of +-0.5 is 1, of which (M - 1) / M counts
    means = np.array([[0.0, 2.0], [0.0, 4.0]])
    (common, of_common), (crossed, of_crossed) = pooled_squares(means, np.zeros((2, 2))).parts
    assert (float(common), float(of_common)) == (2.25, 2.0)
    assert (float(crossed), float(of_crossed)) == (0.25, 2.0)


def test_pooled_squares_sum_to_the_mean_square_within_rows():
    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(7, 5)), draw.normal(size=(7, 5))
    total = sum(float(square) for square, _ in pooled_squares(a, b).parts)
    assert total == pytest.approx((a.var(1, ddof=1).mean() + b.var(1, ddof=1).mean()) / 2)


def test_both_squares_of_a_pooled_spread_are_in_the_interval():
    draw = np.random.default_rng(1)
    a, b = draw.normal(size=(6, 3, 20)), draw.normal(size=(6, 3, 20))
    found = parts_of([a[0]], [b[0]], pooled_squares(a.mean(2), b.mean(2)), [20])
    assert len(found.items) == 2
    within = (a.mean(2).var(1, ddof=1).mean() + b.mean(2).var(1, ddof=1).mean()) / 2
    assert float(found.seed + found.items[0].variance) == pytest.approx(within * 2 / 3)


def test_arrays_of_pairs_are_as_one_pair_at_a_time():
    draw = np.random.default_rng(2)
    a, b = draw.normal(size=(4, 3, 10)), draw.normal(size=(4, 2, 10))
    many = parts_of([a], [b], own_square(a.mean(-1), b.mean(-1)))
    for one in range(4):
        single = parts_of([a[one]], [b[one]], own_square(a[one].mean(-1), b[one].mean(-1)))
        assert float(many.half(0.01)[one]) == pytest.approx(float(single.half(0.01)))


def test_the_level_is_kept_where_nothing_changed_whether_runs_share_luck_or_not():
    draw = np.random.default_rng(3)
    for correlation in (0.0, 0.9):
        common = draw.normal(size=(20_000, 5)) * correlation**0.5
        a, b = (common + draw.normal(size=(20_000, 5)) * (1 - correlation) ** 0.5 for _ in range(2))
        ((square, df),) = own_square(a, b).parts
        from scipy.special import stdtrit

        wrong = (a.mean(1) - b.mean(1) > -stdtrit(df, 0.001) * np.sqrt(square * 0.4)).mean()
        assert wrong <= 0.001 + 3 * (0.001 / 20_000) ** 0.5
