import math

import numpy as np
import pytest
from scores import drawn, trained, untrained

from harness.statistics import (
    P_FLOOR,
    PerItem,
    contrast,
    own_and_pooled,
    own_parts,
    pool_of,
    scores_of,
    t_quantile,
)

A = [[3.0, 5.0, 6.0, 8.0], [4.0, 5.0, 9.0, 9.0], [2.0, 4.0, 5.0, 9.0]]
B = [[2.5, 2.5, 3.0, 6.0], [3.5, 1.5, 4.0, 5.0], [1.0, 2.0, 3.5, 5.5]]


def by_hand(table):
    """Vs, Vi and Ve by the sums of their definitions."""
    d = np.asarray(table)
    s, n = d.shape
    theta, rows, columns = d.mean(), d.mean(1), d.mean(0)
    rest = sum((d[i, j] - rows[i] - columns[j] + theta) ** 2 for i in range(s) for j in range(n))
    return (
        sum((r - theta) ** 2 for r in rows) / ((s - 1) * s),
        sum((c - theta) ** 2 for c in columns) / ((n - 1) * n),
        rest / ((s - 1) * (n - 1) * n * s),
    )


def test_own_seeds_are_paired_seed_by_seed_and_item_by_item():
    found = contrast(trained(A), trained(B))
    d = np.subtract(A, B)
    seeds, items, rest = by_hand(d)
    half = math.sqrt(4.302653**2 * seeds + 3.182446**2 * max(items - rest, 0))
    assert found.difference == pytest.approx(d.mean())
    assert (found.formula, found.estimand, found.n, found.df) == ("own", "E1", 4, 2)
    assert found.ci95 == pytest.approx((d.mean() - half, d.mean() + half), rel=1e-6)
    assert found.stderr == pytest.approx(math.sqrt(seeds + items - rest))
    assert found.item_se == pytest.approx(math.sqrt(items - rest))
    assert found.seed_sd == pytest.approx(d.mean(1).std(ddof=1))
    assert found.shifts == tuple((i, pytest.approx(v)) for i, v in enumerate(d.mean(1)))
    assert found.line == "over items (N=4) and training seeds (S=3, df=2)"
    assert found.half(found.p) == pytest.approx(abs(found.difference))


def test_exchanging_the_rows_changes_the_sign_and_nothing_else():
    one, other = contrast(trained(A), trained(B)), contrast(trained(B), trained(A))
    assert other.difference == -one.difference
    assert (other.p, other.half(), other.seed_sd) == (one.p, one.half(), one.seed_sd)
    assert (one.verdict(0.01), other.verdict(0.01)) == ("higher", "lower")


def test_a_constant_added_to_both_changes_nothing():
    moved = contrast(trained(np.add(A, 100)), trained(np.add(B, 100)))
    assert moved.ci95 == pytest.approx(contrast(trained(A), trained(B)).ci95)


def test_without_spread_over_items_it_is_the_paired_t_test_over_seeds():
    from scipy.stats import ttest_rel

    a, b = np.array([1.0, 2.5, 1.7, 3.0]), np.array([0.5, 1.0, 1.9, 1.1])
    flat = np.ones((1, 6))
    found = contrast(trained(a[:, None] * flat), trained(b[:, None] * flat))
    theirs = ttest_rel(a, b)
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-6)
    assert found.ci95 == pytest.approx(tuple(theirs.confidence_interval()), rel=1e-6)


def test_rows_without_training_differ_as_in_the_t_test_over_items():
    from scipy.stats import ttest_1samp

    a, b = np.random.default_rng(0).normal(size=(2, 40))
    found = contrast(untrained(a), untrained(b))
    theirs = ttest_1samp(a - b, 0)
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-6)
    assert found.ci95 == pytest.approx(tuple(theirs.confidence_interval()))
    assert (found.formula, found.estimand, found.df, found.about_methods) == ("items alone", "E3", None, True)
    assert "neither row was trained here" in found.line


def test_against_an_untrained_row_only_its_items_count():
    base = np.array([2.0, 4.0, 3.0, 6.0])
    found = contrast(trained(A), untrained(base))
    seeds, items, rest = by_hand(np.asarray(A) - base)
    assert found.stderr == pytest.approx(math.sqrt(seeds + max(items - rest, 0)))
    assert (found.formula, found.df, found.seeds_b) == ("own", 2, ())
    assert "of the one row that was trained" in found.line
    assert contrast(untrained(base), trained(A)).half() == pytest.approx(found.half())


def test_seeds_that_differ_are_not_paired():
    from scipy.stats import ttest_ind

    a, b = np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.5, 0.5, 0.7])
    flat = np.ones((1, 6))
    found = contrast(trained(a[:, None] * flat), trained(b[:, None] * flat, seeds=range(4)))
    theirs = ttest_ind(a, b, equal_var=False)
    assert (found.formula, found.df, found.shifts) == ("unshared seeds", pytest.approx(theirs.df), ())
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-6)
    assert "S=3 and 4" in found.line
    assert "not shared" in found.line
    disjoint = contrast(trained(A), trained(B, seeds=(7, 8, 9)))
    assert disjoint.formula == "unshared seeds"


def test_unshared_residuals_are_those_of_each_row():
    found = contrast(trained(A), trained(B, seeds=(7, 8, 9)))
    rests = by_hand(A)[2] + by_hand(B)[2]
    items = by_hand(np.subtract(A, B))[1]
    assert found.item_se == pytest.approx(math.sqrt(max(items - rests, 0)))


def test_pooled_takes_the_seed_spread_of_all_rows():
    rows = drawn(6, 3, 50, random=1)
    pool = pool_of(rows)
    found = contrast(rows[0], rows[1], seed_spread="pooled", pool=pool)
    d = rows[0].values - rows[1].values
    means = np.stack([row.by_seed for row in rows])
    left = means - means.mean(1, keepdims=True) - means.mean(0) + means.mean()
    seeds = 2 * (left**2).sum() / (5 * 2) / 3
    items, rest = by_hand(d)[1:]
    half = math.sqrt(t_quantile(10) ** 2 * seeds + t_quantile(49) ** 2 * (items - rest))
    assert (found.formula, found.df, found.note) == ("pooled", 10, "")
    assert found.half() == pytest.approx(half)
    assert found.seed_sd == pytest.approx(math.sqrt(seeds * 3))
    assert "pooled over contenders" in found.line


def test_pooled_over_two_rows_is_own():
    a, b = drawn(2, 4, 30, random=2)
    own = contrast(a, b)
    pooled = contrast(a, b, seed_spread="pooled", pool=pool_of([a, b], least=2))
    assert pooled.formula == "pooled"
    assert (pooled.ci95, pooled.p) == (pytest.approx(own.ci95), pytest.approx(own.p))


@pytest.mark.parametrize("rows", [0, 4])
def test_pooling_with_too_few_rows_falls_back_and_says_so(rows):
    a, b, *others = drawn(4, 3, 30)
    found = contrast(a, b, seed_spread="pooled", pool=pool_of([a, b, *others]) if rows else None)
    assert found.formula == "own"
    assert "pooling was declared, but" in found.note


def test_pooled_against_an_untrained_row_uses_the_spread_within_rows():
    rows = drawn(6, 3, 50, random=1)
    pool = pool_of(rows)
    found = contrast(rows[0], untrained(np.zeros(50)), seed_spread="pooled", pool=pool)
    within = np.mean([row.by_seed.var(ddof=1) for row in rows])
    items, rest = by_hand(rows[0].values)[1:]
    assert found.stderr == pytest.approx(math.sqrt(within / 3 + max(items - rest, 0)))
    assert found.df == pytest.approx(pool.within_df)
    assert 2 <= found.df <= 12


def test_pooled_over_unshared_seeds_uses_the_spread_within_rows():
    rows = drawn(6, 3, 50, random=1)
    other = trained(drawn(1, 4, 50, random=9)[0].values)
    pool = pool_of(rows)
    found = contrast(rows[0], other, seed_spread="pooled", pool=pool)
    rests = by_hand(rows[0].values)[2] + by_hand(other.values)[2]
    items = (rows[0].values.mean(0) - other.values.mean(0)).var(ddof=1) / 50
    assert found.stderr == pytest.approx(math.sqrt(pool.within * (1 / 3 + 1 / 4) + max(items - rests, 0)))


def test_one_run_each_says_nothing_about_the_methods():
    found = contrast(trained(A[:1]), trained(B[:1]))
    d = np.subtract(A[0], B[0])
    assert (found.formula, found.estimand, found.verdict(), found.df) == ("items alone", "E3", "undetermined", None)
    assert found.half() == pytest.approx(3.182446 * d.std(ddof=1) / 2, rel=1e-6)
    assert "says nothing about the method" in found.line
    vi = d.var(ddof=1) / 4
    assert found.tipping_seed_sd == pytest.approx(math.sqrt(max(0, (d.mean() / 1.959964) ** 2 - vi) / 2), rel=1e-6)
    assert found.seed_sd is None


def test_one_run_may_borrow_the_spread_of_other_rows():
    one, *others = drawn(6, 3, 50, random=3)
    single = trained(one.values[:1])
    pool = pool_of(others)
    found = contrast(single, others[0], pool=pool)
    assert (found.formula, found.estimand) == ("borrowed", "E1")
    assert found.df == pytest.approx(pool.within_df)
    vi = (single.values[0] - others[0].values.mean(0)).var(ddof=1) / 50
    rest = pool.mean_squares[0] * (1 + 1 / 3) / 50
    assert found.stderr == pytest.approx(math.sqrt(pool.within * (1 + 1 / 3) + max(vi - rest, 0)))
    assert "borrowed from other rows" in found.line
    assert found.tipping_seed_sd is not None


def test_what_is_borrowed_without_being_declared_claims_nothing():
    one, *others = drawn(6, 3, 50, random=3)
    single, pool = trained(one.values[:1] + 9), pool_of(others)
    assert contrast(single, others[0], pool=pool).verdict() == "undetermined"
    assert contrast(single, others[0], pool=pool, seed_spread="pooled").verdict() == "higher"
    few = contrast(single, others[0], pool=pool_of(others[:4]), seed_spread="pooled")
    assert (few.formula, few.verdict()) == ("borrowed", "undetermined")
    assert "4 trained rows" in few.note


def test_every_reading_has_its_own_interval():
    a, b = trained(A), trained(B)
    d = np.subtract(A, B)
    seeds, items, rest = by_hand(d)
    e2, e3 = contrast(a, b, estimand="E2"), contrast(a, b, estimand="E3")
    e4, drawn_at_random = contrast(a, b, estimand="E4"), contrast(a, b, estimand="E4", sampled=True)
    assert e2.half() == pytest.approx(4.302653 * math.sqrt(seeds), rel=1e-6)
    assert e3.half() == pytest.approx(3.182446 * math.sqrt(items), rel=1e-6)
    assert (e4.half(), e4.p, e4.difference) == (None, None, pytest.approx(d.mean()))
    assert drawn_at_random.half() == pytest.approx(1.959964 * math.sqrt(rest), rel=1e-6)
    assert [one.about_methods for one in (e2, e3, e4, drawn_at_random)] == [True, False, False, False]
    assert "for these N=4 only" in e2.line
    assert "these checkpoints only" in e3.line
    assert "a plain number" in e4.line


def test_these_items_and_one_run_is_a_plain_number():
    found = contrast(trained(A[:1]), trained(B[:1]), estimand="E2")
    assert (found.estimand, found.half()) == ("E4", None)


def test_identical_rows_do_not_differ():
    found = contrast(trained(A), trained(A))
    assert (found.difference, found.ci95, found.p) == (0.0, (0.0, 0.0), 1.0)
    assert found.verdict() == "not told apart"


def test_the_rounding_of_sums_is_no_difference():
    found = contrast(trained(np.full((3, 7), 0.1 + 0.2)), trained(np.full((3, 7), 0.3)))
    assert (found.difference, found.p, found.verdict()) == (0.0, 1.0, "not told apart")
    draw = np.random.default_rng(0)
    for _ in range(50):
        table, order = draw.random((3, 101)), draw.permutation(101)
        shuffled = trained(table[:, order], items=[f"i{j}" for j in order])
        assert contrast(trained(table), shuffled).p == 1.0
    assert contrast(trained(np.add(A, 1e-12)), trained(A)).difference == pytest.approx(1e-12, rel=0.01)


def test_a_constant_difference_has_no_width():
    found = contrast(trained(np.add(A, 1.0)), trained(A))
    assert found.half() == pytest.approx(0.0, abs=1e-12)
    assert found.p == P_FLOOR
    assert contrast(trained(np.ones((3, 4))), trained(np.zeros((3, 4)))).p == P_FLOOR


def test_a_single_item_gives_a_difference_and_no_interval():
    found = contrast(trained([[1.0], [2.0]]), trained([[0.0], [0.0]]))
    assert (found.difference, found.formula, found.ci95, found.p) == (1.5, "none", None, None)
    assert found.verdict() == "undetermined"
    assert "single item" in found.note


def test_only_shared_items_are_compared_and_the_rest_is_counted():
    a = trained(A, items=["a", "b", "c", "d"])
    b = trained([[*row[::-1], 50.0] for row in B], items=["d", "c", "b", "a", "z"])
    found = contrast(a, b)
    assert found.half() == pytest.approx(contrast(trained(A), trained(B)).half())
    assert (found.n, found.note) == (4, "1 items that not every run of both was judged on are left out")


def test_items_that_are_left_out_are_counted_once():
    def row(first, last):
        items = [f"i{j}" for j in range(10)]
        return scores_of({0: PerItem(items, np.arange(10.0)), 1: PerItem(items[first:last], np.ones(last - first))})

    assert contrast(row(3, 10), row(0, 7)).note.startswith("6 items")
    assert contrast(row(3, 10), row(3, 10)).note.startswith("3 items")


def test_rows_without_a_common_item_have_no_difference():
    found = contrast(trained(A), trained(B, items=["w", "x", "y", "z"]))
    assert (found.difference, found.formula, found.ci95) == (None, "none", None)
    assert "different items" in found.note


def test_figures_that_are_no_means_differ_by_the_figures():
    items, draw = [f"i{j}" for j in range(20)], np.random.default_rng(0)
    pseudo = draw.normal(size=(2, 3, 20))
    rows = [
        scores_of({s: PerItem(items, pseudo[m, s], figure=0.6 + m / 10 + s / 100) for s in range(3)}) for m in (0, 1)
    ]
    found = contrast(*rows)
    assert found.difference == pytest.approx(-0.1)
    assert found.seed_sd == pytest.approx(0.0, abs=1e-12)
    d = pseudo[0] - pseudo[1]
    assert found.item_se == pytest.approx(math.sqrt(max(by_hand(d)[1] - by_hand(d)[2], 0)))


def test_figures_that_are_no_means_need_the_same_items():
    rows = [
        scores_of(PerItem([f"{k}{j}" if j == 0 else f"i{j}" for j in range(9)], np.arange(9.0), figure=0.5))
        for k in "ab"
    ]
    found = contrast(*rows)
    assert found.difference is None
    assert "no mean over items" in found.note


def test_items_in_groups_count_as_their_groups():
    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(2, 3, 12))
    clusters = [f"g{j // 3}" for j in range(12)]
    found = contrast(trained(a, clusters=clusters), trained(b, clusters=clusters))
    means = (a - b).reshape(3, 4, 3).mean(2)
    assert found.half() == pytest.approx(float(own_parts(means).half()))
    assert (found.n, found.difference) == (4, pytest.approx((a - b).mean()))
    assert "N=4 groups of items" in found.line
    assert contrast(trained(a, clusters=clusters), trained(b)).half() == pytest.approx(found.half())


def test_groups_that_contradict_each_other_are_no_comparison():
    found = contrast(trained(A, clusters=["x", "x", "y", "y"]), trained(B, clusters=["x", "y", "y", "y"]))
    assert found.difference is None
    assert "came in the group" in found.note
    assert "\n" not in found.note


@pytest.mark.parametrize("estimand", ["E1", "E2", "E3"])
def test_both_spreads_at_once_are_the_two_one_after_the_other(estimand):
    rows = drawn(6, 3, 40, seed_sd=0.3)
    others = [rows[1], untrained(rows[2].values[0]), trained(rows[2].values[:1]), trained(rows[3].values[:, :20])]
    for other in others:
        for pool in (None, pool_of(rows)):
            own, pooled = own_and_pooled(rows[0], other, pool=pool, estimand=estimand)
            assert own == contrast(rows[0], other, pool=pool, estimand=estimand)
            assert pooled == contrast(rows[0], other, seed_spread="pooled", pool=pool, estimand=estimand)
