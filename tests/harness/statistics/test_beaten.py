"""Of many rows only the comparisons that matter are made; what is said is what all comparisons say."""

import dataclasses

import numpy as np
import pytest
from scores import drawn, trained, untrained

from harness.statistics import families, pairwise, pool_of, tied_set


def both(monkeypatch, rows, **settings):
    found = []
    for few in (10**9, 1):
        monkeypatch.setattr(families, "FEW", few)
        found.append(tied_set(rows, **settings))
    return found


def crowd(step, *, rows=40, seeds=3, items=40, random=0):
    drawn_rows = drawn(rows, seeds, items, seed_sd=0.05, random=random)
    return {f"r{i}": trained(row.values + step * i) for i, row in enumerate(drawn_rows)}


@pytest.mark.parametrize("spread", ["own", "pooled"])
@pytest.mark.parametrize("seeds", [2, 5])
@pytest.mark.parametrize("step", [0, 0.02, 0.1, 1.0])
def test_a_crowd_is_told_what_every_two_of_it_tell(monkeypatch, step, seeds, spread):
    rows = crowd(step, seeds=seeds)
    pool = pool_of(list(rows.values()))
    for higher in (True, False):
        one_by_one, at_once = both(monkeypatch, rows, higher_is_better=higher, seed_spread=spread, pool=pool)
        assert at_once == one_by_one  # to the last digit


def test_rows_of_other_kinds_count_beside_a_crowd(monkeypatch):
    rows = crowd(0.1) | {
        "once": trained(np.ones((1, 40))),
        "fixed": untrained(drawn(1, 2, 40)[0].values[0] + 9),
        "elsewhere": trained(drawn(1, 3, 40)[0].values + 3, seeds=(7, 8, 9)),
        "fewer": trained(drawn(1, 3, 40)[0].values[:, :20] + 2),
    }
    one_by_one, at_once = both(monkeypatch, rows, higher_is_better=True)
    assert at_once == one_by_one
    assert at_once.undetermined == ("once",)
    assert at_once.members == ("fixed",)


def test_equal_rows_and_rows_that_never_vary_are_told_alike(monkeypatch):
    rows = crowd(0.1, rows=6)
    rows |= {f"{label} again": rows[label] for label in ("r0", "r5")}
    rows |= {f"flat {i}": trained(np.full((3, 40), 0.1 * i)) for i in range(5)}
    rows |= {f"shifted {i}": dataclasses.replace(rows["r1"], values=rows["r1"].values + i * 1e-9) for i in range(5)}
    one_by_one, at_once = both(monkeypatch, rows, higher_is_better=True)
    assert at_once == one_by_one
    assert at_once.beaten_by


def test_few_p_values_of_a_crowd_are_worked_out(monkeypatch):
    calls = []
    exact = pairwise.p_values
    monkeypatch.setattr(pairwise, "p_values", lambda d, parts: calls.extend(d) or exact(d, parts))
    monkeypatch.setattr(families, "FEW", 1)
    counts = []
    for rows in (40, 80):
        calls.clear()
        tied_set(crowd(0.05, rows=rows), higher_is_better=True)
        counts.append(len(calls))
    assert counts[1] < 3.5 * counts[0], counts  # with their number, not with its square
    assert counts[1] < 80 * 79 / 8
