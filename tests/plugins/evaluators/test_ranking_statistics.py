import numpy as np
import pytest
from harness_plugins.evaluators.ranking_statistics import (
    auc,
    auc_jackknife,
    auc_within,
    placements,
    standard_deviation_jackknife,
)
from sklearn.metrics import roc_auc_score


def some(seed: int, items: int = 12, ties: bool = True):
    """Scores of items of different sizes, every item with both classes."""
    draw = np.random.default_rng(seed)
    item = np.concatenate([np.full(draw.integers(2, 6), i) for i in range(items)])
    positive = draw.random(len(item)) < 0.4
    for i in range(items):
        first, second = np.flatnonzero(item == i)[:2]
        positive[first], positive[second] = True, False
    scores = draw.normal(size=len(item)) + 0.5 * positive
    order = draw.permutation(len(item))
    return (scores.round(0 if ties else 9)[order], positive[order], item[order])


def test_the_auc_of_a_handful_is_counted_by_hand():
    # positives 2, 0, 1 against negatives 1, 0, 3: right 2>1, 2>0, 1>0; ties 0=0, 1=1; 4 of 9
    scores = np.array([2.0, 0, 1, 1, 0, 3])
    positive = np.array([True, True, True, False, False, False])
    assert placements(scores, positive).tolist() == [2, 0.5, 1.5, 1.5, 2.5, 0]
    assert auc(scores, positive) == pytest.approx(4 / 9)


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_the_auc_is_that_of_scikit_learn(seed: int, ties: bool):
    scores, positive, item = some(seed, items=80, ties=ties)
    assert auc(scores, positive) == pytest.approx(roc_auc_score(positive, scores), rel=1e-12)
    assert auc_jackknife(scores, positive, item).value == auc(scores, positive)


@pytest.mark.parametrize("seed", range(3))
def test_auc_pseudo_values_are_those_of_leaving_each_item_out(seed: int):
    scores, positive, item = some(seed)
    whole = roc_auc_score(positive, scores)
    without = [roc_auc_score(positive[item != i], scores[item != i]) for i in range(12)]
    found = auc_jackknife(scores, positive, item)
    np.testing.assert_allclose(found.pseudo, 12 * whole - 11 * np.array(without), rtol=1e-12)


def test_an_auc_that_needs_one_item_has_no_pseudo_values():
    scores, positive, item = np.array([3.0, 1, 2]), np.array([True, False, False]), np.array([0, 1, 2])
    found = auc_jackknife(scores, positive, item)
    assert found.value == 1.0
    assert found.pseudo is None


@pytest.mark.parametrize("seed", range(60))
def test_the_auc_is_that_of_scikit_learn_whatever_the_ties_classes_and_sizes(seed: int):
    draw = np.random.default_rng(seed)
    size = int(draw.integers(2, 400))
    scores = draw.integers(0, int(draw.integers(1, 50)), size).astype(float) * 10.0 ** draw.integers(-8, 8)
    positive = draw.random(size) < draw.random()
    positive[:2] = True, False
    assert auc(scores, positive) == pytest.approx(roc_auc_score(positive, scores), rel=1e-12)


def test_an_auc_of_one_class_is_refused():
    with pytest.raises(ValueError, match="3 positive and 0 negative"):
        auc(np.arange(3.0), np.ones(3, dtype=bool))


def test_the_auc_within_items_is_that_of_each_item_alone():
    scores, positive, item = some(1)
    alone = [roc_auc_score(positive[item == i], scores[item == i]) for i in range(12)]
    np.testing.assert_allclose(auc_within(scores, positive, item), alone, rtol=1e-12)


def test_the_pseudo_values_of_a_spread_are_those_of_leaving_each_item_out():
    values, _, item = some(2, ties=False)
    values = values + 1e6  # cancellation would show
    whole = values.std(ddof=1)
    without = [values[item != i].std(ddof=1) for i in range(12)]
    found = standard_deviation_jackknife(values, item)
    assert found.value == whole
    np.testing.assert_allclose(found.pseudo, 12 * whole - 11 * np.array(without), rtol=1e-8)


def test_a_spread_that_needs_one_item_has_no_pseudo_values():
    found = standard_deviation_jackknife(np.array([1.0, 3.0]), np.array([0, 1]))
    assert found.value == pytest.approx(np.sqrt(2))
    assert found.pseudo is None
