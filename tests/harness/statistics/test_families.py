import numpy as np
import pytest
from scores import drawn, trained

from harness.statistics import contrast, holm, pool_of, spread_ratio, tied_set


def test_holm_agrees_with_an_example_by_hand():
    # Ordered .01, .02, .03, .04 times 4, 3, 2, 1 = .04, .06, .06, .04; made monotone: .04, .06, .06, .06.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx((0.06, 0.04, 0.06, 0.06))
    assert holm([]) == ()
    assert holm([0.9, 0.8]) == (1.0, 1.0)


def test_the_spread_ratio_is_the_largest_over_the_median():
    flat = np.ones((1, 4))
    rows = [trained(np.array([[0.0], [0.0], [sd]]) * flat) for sd in (1.0, 2.0, 8.0)]
    assert spread_ratio(rows) == pytest.approx(4.0)
    assert spread_ratio(rows[:1]) is None
    assert spread_ratio([rows[0], trained([[1.0, 2.0]])]) is None
    assert spread_ratio([trained(np.ones((3, 4)))] * 3) is None


def clear():
    low, middle, high = drawn(3, 5, 200, seed_sd=0.01)
    return {"low": low, "high": trained(high.values + 2), "also high": trained(middle.values + 2)}


def test_rows_that_are_not_beaten_are_tied_with_the_best():
    found = tied_set(clear(), higher_is_better=True)
    assert (found.members, found.undetermined) == (("high", "also high"), ())
    rival, p = found.beaten_by["low"]
    assert rival in ("high", "also high")
    assert p < 0.05


def test_where_lower_is_better_the_others_are_beaten():
    found = tied_set(clear(), higher_is_better=False)
    assert found.members == ("low",)
    assert set(found.beaten_by) == {"high", "also high"}


def test_a_row_is_judged_by_holm_over_all_its_own_comparisons():
    rows = dict(zip("abcdef", drawn(6, 3, 30, seed_sd=0.05, random=4), strict=True))
    found = tied_set(rows, higher_is_better=True)
    for label, row in rows.items():
        against = [contrast(row, other) for name, other in rows.items() if name != label]
        adjusted = holm([one.p for one in against])
        lost = any(p <= 0.05 and one.difference < 0 for one, p in zip(against, adjusted, strict=True))
        assert (label in found.members) is not lost


def test_the_best_figure_is_never_out():
    for random in range(20):
        rows = dict(zip("abcd", drawn(4, 3, 20, random=random), strict=True))
        best = max(rows, key=lambda label: rows[label].values.mean())
        assert best in tied_set(rows, higher_is_better=True).members


def test_rows_of_one_seed_neither_beat_nor_are_beaten():
    rows = clear()
    rows["once"] = trained(rows["low"].values[:1] - 50)
    found = tied_set(rows, higher_is_better=True)
    assert found.undetermined == ("once",)
    assert found.members == ("high", "also high")


def test_pooling_reaches_the_comparisons():
    rows = dict(zip("abcdef", drawn(6, 3, 400, seed_sd=0.01), strict=True))
    rows["b"] = trained(rows["b"].values + 0.2)
    own = tied_set(rows, higher_is_better=True)
    pooled = tied_set(rows, higher_is_better=True, seed_spread="pooled", pool=pool_of(list(rows.values())))
    assert "b" in pooled.members
    assert len(pooled.members) <= len(own.members)


def test_a_single_row_is_its_own_set():
    (row,) = drawn(1, 3, 10)
    assert tied_set({"only": row}, higher_is_better=True).members == ("only",)


def test_the_truly_best_row_stays_in():
    """Six equal rows: each is a best one, so each may be out in 5 of 100 studies at most."""
    studies = [dict(zip("abcdef", drawn(6, 3, 20, random=r), strict=True)) for r in range(20)]
    out = [sum(label not in tied_set(rows, higher_is_better=True).members for rows in studies) for label in "abcdef"]
    assert sum(out) / (20 * 6) <= 0.05
