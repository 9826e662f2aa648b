"""p-values of many studies at once, held to a root finder that takes one at a time."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scores import drawn, trained, untrained

from harness.statistics import (
    P_FLOOR,
    ItemPart,
    Parts,
    Scores,
    combined,
    contrast,
    own_and_pooled,
    p_of,
    p_value,
    p_values,
    pool_of,
)


def one_at_a_time(difference, variances, degrees):
    """The definition, by Brent's method on log(alpha)."""
    from scipy.special import stdtrit

    size = abs(difference)
    if size == 0:
        return 1.0

    def excess(log_alpha):
        tail = math.exp(log_alpha) / 2
        return math.sqrt(sum(stdtrit(df, tail) ** 2 * v for v, df in zip(variances, degrees, strict=True))) - size

    lowest = math.log(P_FLOOR)
    return P_FLOOR if excess(lowest) <= 0 else math.exp(brentq(excess, lowest, 0.0, xtol=1e-14))


def studies(count, sets, random):
    """Differences from far below their standard error to far above it, sources of any size and some of none."""
    rng = np.random.default_rng(random)
    shape = (1 + sets, count)
    variances = np.where(rng.random(shape) < 0.2, 0.0, 10 ** rng.uniform(-10, 4, shape))
    degrees = rng.choice([1.0, 2.0, 3.7, 4.0, 16.0, 99.0, 788.0, 1e5, math.inf], shape)
    difference = np.sqrt(variances.sum(0)) * 10 ** rng.uniform(-1.5, 2.0, count) * rng.choice([-1, 1], count)
    difference[::17] = 0.0
    return difference, variances, degrees


def parts(variances, degrees):
    return Parts(variances[0], degrees[0], tuple(map(ItemPart, variances[1:], degrees[1:])))


@pytest.mark.parametrize("sets", [1, 2, 3])
def test_many_at_once_have_the_p_of_each_by_itself(sets):
    difference, variances, degrees = studies(400, sets, random=sets)
    expected = [one_at_a_time(d, v, df) for d, v, df in zip(difference, variances.T, degrees.T, strict=True)]
    assert p_values(difference, parts(variances, degrees)) == pytest.approx(expected, rel=1e-12, abs=0)


def test_p_does_not_depend_on_what_it_is_found_with():
    difference, variances, degrees = studies(60, 1, random=5)
    together = p_values(difference, parts(variances, degrees))
    alone = [p_value(d, parts(v, df)) for d, v, df in zip(difference, variances.T, degrees.T, strict=True)]
    assert together.tolist() == alone


def test_the_least_and_the_largest_p():
    variances, degrees = np.array([[0.0, 0.0, 1.0, 1.0, 1.0]] * 2), np.full((2, 5), 4.0)
    found = p_values(np.array([0.0, 0.1, 0.0, 1e9, -1e-12]), parts(variances, degrees))
    assert found.tolist() == [1.0, P_FLOOR, 1.0, P_FLOOR, pytest.approx(1.0, abs=1e-7)]


def test_the_smallest_p_that_is_told_apart_is_found():
    half = float(parts(np.array([1.0, 2.0]), np.array([2.0, 50.0])).half(1.5 * P_FLOOR))
    assert p_value(half, parts(np.array([1.0, 2.0]), np.array([2.0, 50.0]))) == pytest.approx(1.5 * P_FLOOR, rel=1e-9)


def test_no_study_has_no_p():
    assert p_values(np.zeros(0), parts(np.zeros((2, 0)), np.zeros((2, 0)))).tolist() == []


A, B, C, D, E, F = drawn(6, 3, 40)
GROUPS = tuple(f"g{j // 4}" for j in range(40))
POOL = pool_of([A, B, C, D, E])
PAIRS = {
    "own seeds": contrast(A, B),
    "pooled": own_and_pooled(A, B, pool=POOL)[1],
    "other seeds": contrast(A, trained(B.values, seeds=(7, 8, 9))),
    "a reference without seeds": contrast(A, untrained(B.values[0])),
    "two references": contrast(untrained(A.values[0]), untrained(B.values[0])),
    "one seed": contrast(trained(A.values[:1]), B),
    "one seed, borrowed": contrast(trained(A.values[:1]), B, seed_spread="pooled", pool=POOL),
    "groups": contrast(trained(A.values, clusters=GROUPS), trained(B.values, clusters=GROUPS)),
    "pseudo-values": contrast(
        Scores(A.seeds, A.items, A.values, pseudo=True), Scores(B.seeds, B.items, B.values, pseudo=True)
    ),
    "other items": contrast(A, trained(B.values, items=[f"x{j}" for j in range(40)])),
    "fewer items": contrast(A, trained(B.values[:, :20])),
    "the same row": contrast(A, A),
    "nothing varies": contrast(trained(np.full((3, 40), 1.0)), trained(np.full((3, 40), 2.0))),
    "one item": contrast(trained(A.values[:, :1]), trained(B.values[:, :1])),
    "draws alone": contrast(A, B, estimand="E4", sampled=True),
    "a plain number": contrast(A, B, estimand="E4"),
    "these items": contrast(A, B, estimand="E2"),
    "these checkpoints": contrast(A, B, estimand="E3"),
    "a score over two sets of items": contrast(
        *(
            combined({"x": row, "y": trained(other.values, items=[f"y{j}" for j in range(40)])}, {"x": 0.5, "y": 0.5})
            for row, other in ((A, C), (B, D))
        )
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_every_kind_of_comparison_has_the_same_p_among_others_as_by_itself(name):
    among = dict(zip(PAIRS, p_of(list(PAIRS.values())), strict=True))
    one = PAIRS[name]
    assert among[name] == one.p
    if one.parts is None or one.difference is None:
        assert one.p is None
        return
    sources = [(one.parts.seed, one.parts.seed_df), *((part.variance, part.df) for part in one.parts.items)]
    expected = one_at_a_time(one.difference, *zip(*((float(v), float(df)) for v, df in sources), strict=True))
    assert one.p == pytest.approx(expected, rel=1e-12)
