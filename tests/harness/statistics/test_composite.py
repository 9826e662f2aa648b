import math

import numpy as np
import pytest
from scores import trained, untrained

from harness.errors import DataError
from harness.statistics import combined, contrast, own_parts, pool_of, seed_variance, two_way

ITEMS = [f"other {j}" for j in range(15)]


def tables(random=0):
    """Rows A and B: two metrics on the same 10 items, a third on 15 others; 3 seeds."""
    draw = np.random.default_rng(random)
    return [(draw.normal(size=(3, 10)), draw.normal(size=(3, 10)), draw.normal(size=(3, 15))) for _ in "ab"]


def row(one, two, three):
    return {"x": trained(one), "y": trained(two), "z": trained(three, items=ITEMS)}


WEIGHTS = {"x": 0.5, "y": -1.0, "z": 2.0}


def test_a_score_is_the_weighted_sum_seed_by_seed():
    one, two, three = tables()[0]
    found = combined(row(one, two, three), WEIGHTS)
    assert found.by_seed == pytest.approx(0.5 * one.mean(1) - two.mean(1) + 2 * three.mean(1))
    assert [len(block.items) for block in found.blocks] == [10, 15]


def test_metrics_on_the_same_items_are_put_together_per_item():
    (a, b), weights = tables(), {"x": 0.5, "y": -1.0}
    found = contrast(combined(row(*a), weights), combined(row(*b), weights))
    table = 0.5 * (a[0] - b[0]) - (a[1] - b[1])
    assert found.half() == pytest.approx(float(own_parts(table).half()))
    assert found.difference == pytest.approx(table.mean())


def test_items_of_different_sets_add_their_variances():
    a, b = tables()
    found = contrast(combined(row(*a), WEIGHTS), combined(row(*b), WEIGHTS))
    first = two_way(0.5 * (a[0] - b[0]) - (a[1] - b[1]))
    second = two_way(2 * (a[2] - b[2]))
    seeds = seed_variance(first.by_seed + second.by_seed)
    items = max(first.item - first.residual, 0), max(second.item - second.residual, 0)
    assert found.stderr == pytest.approx(math.sqrt(seeds + sum(items)))
    half = math.sqrt(4.302653**2 * seeds + 2.262157**2 * items[0] + 2.144787**2 * items[1])
    assert found.half() == pytest.approx(half, rel=1e-6)
    assert "N=10 + 15" in found.line


def test_one_metric_of_weight_one_is_that_metric():
    a, b = tables()
    found = contrast(combined(row(*a), {"x": 1.0}), combined(row(*b), {"x": 1.0}))
    assert found.ci95 == pytest.approx(contrast(trained(a[0]), trained(b[0])).ci95)


def test_a_metric_on_some_of_the_items_keeps_its_mean():
    whole = np.arange(12.0).reshape(3, 4)
    part = np.array([[1.0, 5.0], [2.0, 8.0], [0.0, 1.0]])
    found = combined({"x": trained(whole), "y": trained(part, items=["i1", "i3"])}, {"x": 1.0, "y": 3.0})
    (block,) = found.blocks
    assert block.items == ("i0", "i1", "i2", "i3")
    assert found.by_seed == pytest.approx(whole.mean(1) + 3 * part.mean(1))
    # Item i1 of seed 0: 1 + 3 (3 + (4/2) (1 - 3)); item i0, which y lacks: 0 + 3 * 3.
    assert block.values[0, :2] == pytest.approx([9.0, 1 + 3 * (3 - 4)])


def test_sets_that_overlap_through_a_third_are_one_set():
    metrics = {
        "x": untrained([1.0, 2.0], items=["a", "b"]),
        "y": untrained([1.0, 2.0], items=["c", "d"]),
        "z": untrained([1.0, 2.0], items=["b", "c"]),
    }
    assert len(combined(metrics, {"x": 1, "y": 1}).blocks) == 2
    assert len(combined(metrics, {"x": 1, "y": 1, "z": 1}).blocks) == 1


def test_groups_of_items_stay_together():
    clusters = ["p", "p", "q", "q"]
    metrics = {"x": trained(np.arange(12.0).reshape(3, 4), clusters=clusters), "y": trained(np.ones((3, 4)))}
    (block,) = combined(metrics, {"x": 1.0, "y": 1.0}).blocks
    assert block.clusters == tuple(clusters)


def test_a_row_that_lacks_a_metric_has_no_score():
    with pytest.raises(DataError, match="no score: the row has no z"):
        combined({"x": trained(np.ones((3, 4)))}, {"x": 1.0, "z": 1.0})


def test_metrics_of_other_seeds_make_no_score():
    with pytest.raises(DataError, match="not judged with the same seeds"):
        combined({"x": trained(np.ones((3, 4))), "y": trained(np.ones((2, 4)))}, {"x": 1.0, "y": 1.0})


def test_a_score_of_nothing_is_refused():
    with pytest.raises(DataError, match="one metric at least"):
        combined({}, {})


def test_scores_on_other_items_cannot_be_compared():
    a, b = tables()
    other = {"x": trained(b[0][:, :9]), "y": trained(b[1]), "z": trained(b[2], items=ITEMS)}
    short = {"z": trained(b[2][:, :14], items=ITEMS[:14])}
    assert contrast(combined(row(*a), WEIGHTS), combined(other, WEIGHTS)).difference is not None
    found = contrast(combined(row(*a), {"z": 1.0}), combined(short, {"z": 1.0}))
    assert found.difference is None
    assert "a score over metrics" in found.note


def test_scores_are_pooled_over_rows():
    rows = [combined(row(*tables(random)[0]), WEIGHTS) for random in range(6)]
    pool = pool_of(rows)
    assert (pool.rows, len(pool.mean_squares), pool.enough) == (6, 2, True)
    assert contrast(rows[0], rows[1], seed_spread="pooled", pool=pool).df == 10
    once = combined(
        {name: trained(s.values[:1], items=list(s.items)) for name, s in row(*tables(9)[0]).items()}, WEIGHTS
    )
    assert contrast(once, rows[0], pool=pool).formula == "borrowed"
    halves = [combined(row(*tables(random)[0]), {"z": 1.0}) for random in (7, 8)]
    assert contrast(*halves, seed_spread="pooled", pool=pool).formula == "own"


def test_metrics_on_other_items_of_the_same_groups_are_one_set():
    groups = ["p", "q", "r"]
    metrics = {
        "x": untrained([1.0, 2.0, 6.0], items=["a", "b", "c"], clusters=groups),
        "y": untrained([2.0, 3.0, 7.0], items=["d", "e", "f"], clusters=groups),
    }
    (block,) = combined(metrics, {"x": 1.0, "y": 1.0}).blocks
    assert block.grouped[0] == pytest.approx([3.0, 5.0, 13.0])
