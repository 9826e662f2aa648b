import numpy as np
import pytest

from harness.errors import DataError
from harness.statistics import PerItem, scores_of


def test_seeds_stand_in_order_on_the_first_ones_items():
    row = scores_of({5: PerItem(["b", "a"], np.array([4.0, 3.0])), 2: PerItem(["a", "b"], np.array([1.0, 2.0]))})
    assert (row.seeds, row.items, row.left_out) == ((2, 5), ("a", "b"), frozenset())
    assert row.values.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert row.by_seed.tolist() == [1.5, 3.5]


def test_a_row_without_training_has_no_seeds():
    assert scores_of(PerItem(["a", "b"], np.array([1.0, 2.0]))).seeds == ()


def test_repeats_of_an_item_are_averaged_first():
    row = scores_of(PerItem(["a", "b", "a"], np.array([1.0, 5.0, 3.0])))
    assert (row.items, row.values.tolist()) == (("a", "b"), [[2.0, 5.0]])


def test_items_that_not_every_seed_has_are_left_out_and_counted():
    row = scores_of({0: PerItem(["a", "b", "c"], np.arange(3.0)), 1: PerItem(["c", "b", "x", "y"], np.arange(4.0))})
    assert (row.items, row.left_out) == (("b", "c"), {"a", "x", "y"})
    assert row.values.tolist() == [[1.0, 2.0], [1.0, 0.0]]


def test_seeds_without_a_common_item_are_refused():
    with pytest.raises(DataError, match="none is common"):
        scores_of({0: PerItem(["a"], np.ones(1)), 1: PerItem(["b"], np.ones(1))})


def test_no_run_at_all_is_refused():
    with pytest.raises(DataError, match="no run"):
        scores_of({})


def test_pseudo_values_are_brought_to_their_figure():
    row = scores_of({0: PerItem(["a", "b"], np.array([1.0, 2.0]), figure=0.5)})
    assert row.values.tolist() == [[0.0, 1.0]]
    assert row.pseudo


def test_a_figure_that_is_no_mean_cannot_be_had_on_fewer_items():
    with pytest.raises(DataError, match="no mean over items"):
        scores_of({0: PerItem(["a", "b"], np.ones(2), figure=1.0), 1: PerItem(["a"], np.ones(1), figure=1.0)})


def test_groups_of_equal_size_are_replaced_by_their_means():
    row = scores_of(PerItem(list("abcd"), np.array([1.0, 3.0, 10.0, 20.0]), ["x", "x", "y", "y"]))
    assert row.grouped.tolist() == [[2.0, 15.0]]


def test_groups_of_unequal_size_keep_the_mean_over_items():
    # theta = 4; z = 4 + (2/3) * sum(y - 4): x holds 1 and 2 (-5), y holds 9 (+5).
    row = scores_of(PerItem(list("abc"), np.array([1.0, 2.0, 9.0]), ["x", "x", "y"]))
    assert row.grouped[0] == pytest.approx([4 - 10 / 3, 4 + 10 / 3])
    assert row.grouped.mean() == pytest.approx(row.values.mean())


def test_items_alone_in_their_group_are_themselves():
    row = scores_of(PerItem(list("ab"), np.array([1.0, 2.0]), ["x", "y"]))
    assert row.grouped is row.values


def test_an_item_in_two_groups_is_refused():
    with pytest.raises(DataError, match="'a' came in the group 'x' and in the group 'y'"):
        scores_of({0: PerItem(["a"], np.ones(1), ["x"]), 1: PerItem(["a"], np.ones(1), ["y"])})
    with pytest.raises(DataError, match="'a' came in the group"):
        scores_of(PerItem(["a", "a"], np.ones(2), ["x", "y"]))


@pytest.mark.parametrize("values", [[1.0, float("nan")], [1.0, float("inf")], [1.0], [1.0, 2.0, 3.0], [[1.0, 2.0]]])
def test_a_run_without_one_finite_value_per_item_is_refused(values):
    with pytest.raises(DataError, match="one finite value for each of its 2 items"):
        scores_of({0: PerItem(["a", "b"], np.array(values))})
