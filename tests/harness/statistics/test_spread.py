import math

import numpy as np
import pytest

from harness.statistics import PerItem, items_alone, items_differ, spread, t_quantile, two_part


def runs(table, items=None):
    return [PerItem(items or [str(j) for j in range(len(row))], np.asarray(row, dtype=float)) for row in table]


def test_quantiles_are_those_of_the_tables():
    assert t_quantile(2) == pytest.approx(4.302653, abs=1e-6)
    assert t_quantile(4) == pytest.approx(2.776445, abs=1e-6)
    assert t_quantile(10**6) == pytest.approx(1.959966, abs=1e-5)


def test_an_additive_table_has_both_parts_and_no_residual():
    # y = seed effect + item effect, S = 2, N = 3: means of seeds 2, 4; of items 2, 3, 4; no residual.
    table = np.array([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]])
    v_seed = (1 + 1) / (1 * 2)
    v_item = (1 + 0 + 1) / (2 * 3)
    stderr, half = two_part(table)
    assert stderr == pytest.approx(math.sqrt(v_seed + v_item))
    assert half == pytest.approx(math.sqrt(12.706205**2 * v_seed + 4.302653**2 * v_item), rel=1e-6)


def test_the_residual_is_taken_out_of_the_item_part():
    # Seed means 2 and 3; item means 0.5, 3, 4; residuals +-0.5, 0, -+0.5 (worked by hand).
    table = np.array([[0.5, 2.5, 3.0], [0.5, 3.5, 5.0]])
    v_seed = ((2 - 2.5) ** 2 + (3 - 2.5) ** 2) / 2
    v_item = ((0.5 - 2.5) ** 2 + (3 - 2.5) ** 2 + (4 - 2.5) ** 2) / 6
    residuals = np.array([[0.5, 0.0, -0.5], [-0.5, 0.0, 0.5]])
    v_rest = (residuals**2).sum() / (1 * 2 * 3 * 2)
    stderr, half = two_part(table)
    assert stderr == pytest.approx(math.sqrt(v_seed + v_item - v_rest))
    assert half == pytest.approx(math.sqrt(12.706205**2 * v_seed + 4.302653**2 * (v_item - v_rest)), rel=1e-6)


def test_a_residual_above_the_item_part_leaves_the_seed_part_alone():
    table = np.array([[1.0, 0.0], [0.0, 1.2]])
    stderr, _ = two_part(table)
    assert stderr == pytest.approx(math.sqrt((0.5 - 0.55) ** 2 + (0.6 - 0.55) ** 2) / math.sqrt(2))


def test_equal_values_have_no_width():
    assert two_part(np.ones((3, 4))) == (0.0, 0.0)


def test_without_seeds_the_interval_is_the_usual_one_over_items():
    values = np.array([1.0, 2.0, 3.0, 6.0])
    expected = values.std(ddof=1) / 2
    stderr, half = items_alone(values)
    assert stderr == pytest.approx(expected)
    assert half == pytest.approx(3.182446 * expected, rel=1e-6)


@pytest.mark.parametrize(("trained", "basis"), [(True, "one run"), (False, "items")])
def test_one_run_of_a_method_says_that_it_is_one(trained, basis):
    found = spread(runs([[1.0, 2.0, 3.0]]), trained=trained)
    assert found.basis == basis
    assert found.n == 3
    assert found.stderr == pytest.approx(1 / math.sqrt(3))


def test_a_single_item_gives_no_interval():
    found = spread(runs([[1.0], [2.0]]), trained=True)
    assert (found.stderr, found.half, found.basis, found.n) == (None, None, "none", 1)


def test_items_in_another_order_are_brought_into_one():
    straight = spread(runs([[1, 2, 4], [1, 3, 9]]), trained=True)
    mixed = [PerItem(["a", "b", "c"], np.array([1.0, 2, 4])), PerItem(["c", "a", "b"], np.array([9.0, 1, 3]))]
    assert spread(mixed, trained=True) == straight


def test_different_items_fall_back_to_each_seeds_own():
    first, second = np.array([1.0, 2.0, 3.0]), np.array([5.0, 6.0])
    found = spread([PerItem(["a", "b", "c"], first), PerItem(["a", "d"], second)], trained=True)
    assert found.basis == "items and seeds, items differ"
    assert found.n == 2
    v_seed = ((2 - 3.75) ** 2 + (5.5 - 3.75) ** 2) / 2
    v_item = (1 / 3 + 0.5 / 2) / 2
    assert found.stderr == pytest.approx(math.sqrt(v_seed + v_item))
    assert items_differ([first, second])[1] == pytest.approx(12.706205 * math.sqrt(v_seed + v_item), rel=1e-6)


def test_repeats_of_an_item_are_no_further_items():
    repeated = spread([PerItem(["a", "a", "b", "c"], np.array([1.0, 3.0, 5.0, 8.0]))], trained=False)
    once = spread([PerItem(["a", "b", "c"], np.array([2.0, 5.0, 8.0]))], trained=False)
    assert repeated == once


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("sd_seed", [0.0, 0.05, 0.2])
def test_coverage_of_a_known_truth(seeds, sd_seed):
    """Items (sd 1), seeds, and a residual (sd 0.5): the interval holds the true mean 0 about 95 times in 100."""
    draw = np.random.default_rng(seeds)
    replicates, items = 400, 100
    held = 0
    for _ in range(replicates):
        table = (
            draw.normal(0, 1, items)[None] + draw.normal(0, sd_seed, (seeds, 1)) + draw.normal(0, 0.5, (seeds, items))
        )
        held += abs(table.mean()) <= two_part(table)[1]
    assert 0.92 <= held / replicates <= 0.99


def test_items_alone_would_not_cover_where_seeds_matter():
    """The check above can fail: taking one run's items for all there is misses the truth most of the time."""
    draw = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        table = draw.normal(0, 1, 100)[None] + draw.normal(0, 0.5, (3, 1)) + draw.normal(0, 0.5, (3, 100))
        held += abs(table.mean()) <= items_alone(table.mean(0))[1]
    assert held / 400 < 0.8


def test_items_in_groups_count_as_their_groups():
    values = np.random.default_rng(0).normal(size=(3, 12))
    clusters = [f"g{j // 3}" for j in range(12)]
    items = [f"i{j}" for j in range(12)]
    found = spread([PerItem(items, row, clusters) for row in values], trained=True)
    assert (found.stderr, found.half) == pytest.approx(two_part(values.reshape(3, 4, 3).mean(2)))
    assert found.n == 4
    alone = spread([PerItem(items, values[0], clusters)], trained=False)
    assert (alone.stderr, alone.half) == pytest.approx(items_alone(values[0].reshape(4, 3).mean(1)))


def test_pseudo_values_tell_the_items_and_figures_the_seeds():
    pseudo = np.random.default_rng(0).normal(size=(2, 9))
    items = [f"i{j}" for j in range(9)]
    found = spread([PerItem(items, row, figure=0.5) for row in pseudo], trained=True)
    centred = pseudo - pseudo.mean(1, keepdims=True)
    assert (found.stderr, found.half) == pytest.approx(two_part(centred))
