import dataclasses
from itertools import combinations

import numpy as np
import pytest
from scores import drawn, trained, untrained

from harness.statistics import contrast, pool_of
from harness.statistics import pairwise as module
from harness.statistics.pairwise import outcomes

ALPHA = 0.05


def one_by_one(rows, spread, pool):
    """What `contrast` says of every pair; p of those at the level alone."""
    found = {}
    for one, other in combinations(rows, 2):
        pair = contrast(rows[one], rows[other], seed_spread=spread, pool=pool)
        if pair.difference is not None and pair.p is not None and pair.about_methods:
            found[frozenset((one, other))] = (one, pair.difference, pair.p if pair.p <= ALPHA else 1.0)
    return found


def together(rows, spread, pool):
    return {
        frozenset((o.one, o.other)): (o.one, o.difference, o.p)
        for o in outcomes(rows, seed_spread=spread, pool=pool, alpha=ALPHA)
    }


def spread_out(rows):
    """Rows of unequal merit, so that some pairs are told apart."""
    return [trained(row.values + 0.1 * place) for place, row in enumerate(rows)]


GROUPS = [f"g{j // 3}" for j in range(40)]
PLAIN = dict(zip("abcdefgh", spread_out(drawn(8, 3, 40, seed_sd=0.05)), strict=True))
SETS = {
    "plain": PLAIN,
    "groups": {label: trained(row.values, clusters=GROUPS) for label, row in PLAIN.items()},
    "pseudo": {label: dataclasses.replace(row, pseudo=True) for label, row in PLAIN.items()},
    "equal": dict.fromkeys("abc", PLAIN["a"]),
    "constant": {label: trained(np.full((3, 4), value)) for label, value in zip("abc", (0.1, 0.3, 0.1), strict=True)},
    "rounding": {"a": trained(np.full((3, 7), 0.1 + 0.2)), "b": trained(np.full((3, 7), 0.3))},
    "mixed": {
        **PLAIN,
        "once": trained(PLAIN["a"].values[:1]),
        "fixed": untrained(PLAIN["b"].values[0]),
        "fewer": trained(PLAIN["c"].values[:, :20]),
        "elsewhere": trained(PLAIN["d"].values, seeds=(7, 8, 9)),
        "elsewhere too": trained(PLAIN["e"].values, seeds=(7, 8, 9)),
        "turned": trained(PLAIN["f"].values[:, ::-1], items=[f"i{j}" for j in range(39, -1, -1)]),
    },
}


@pytest.mark.parametrize("spread", ["own", "pooled"])
@pytest.mark.parametrize("kind", SETS)
def test_many_at_a_time_is_what_one_at_a_time_is(kind, spread):
    rows = SETS[kind]
    pool = pool_of(list(rows.values()))
    expected, found = one_by_one(rows, spread, pool), together(rows, spread, pool)
    assert found.keys() == expected.keys()
    for pair, (one, difference, p) in expected.items():
        sign = 1 if found[pair][0] == one else -1
        assert sign * found[pair][1] == pytest.approx(difference, rel=1e-9, abs=1e-12)
        assert found[pair][2] == pytest.approx(p, rel=1e-6)


def test_a_pool_on_more_items_is_held_in_part():
    many = drawn(6, 3, 80, seed_sd=0.05)
    rows = {f"r{i}": trained(row.values[:, :40] + 0.2 * i) for i, row in enumerate(many)}
    pool = pool_of(many)
    expected, found = one_by_one(rows, "pooled", pool), together(rows, "pooled", pool)
    assert {pair: p for pair, (_, _, p) in found.items()} == pytest.approx(
        {pair: p for pair, (_, _, p) in expected.items()}, rel=1e-6
    )


def test_how_many_are_held_at_once_changes_nothing(monkeypatch):
    every = together(PLAIN, "own", None)
    monkeypatch.setattr(module, "AT_ONCE", 1)
    assert together(PLAIN, "own", None) == every
