import math

import numpy as np
import pytest
from scores import drawn, trained

from harness.statistics import contrast, detectable, mde, tipping_seed_sd


@pytest.mark.parametrize(
    ("seeds", "df", "items", "one", "first_of_eight"),
    [
        (3, 2, 200, 13.6, 33.8), (5, 4, 200, 7.8, 12.6), (3, 16, 200, 8.0, 10.7), (5, 32, 200, 6.4, 8.4),
        (3, 2, 1000, 7.2, 18.1), (5, 4, 1000, 4.1, 6.6), (3, 16, 1000, 4.2, 5.6), (5, 32, 1000, 3.3, 4.3),
        (3, 2, 2000, 6.0, 15.0), (5, 4, 2000, 3.3, 5.4), (3, 16, 2000, 3.4, 4.6), (5, 32, 2000, 2.7, 3.5),
    ],
)  # fmt: skip
def test_planning_an_accuracy_in_points(seeds, df, items, one, first_of_eight):
    """Seed sd 1 point, interaction sd 12, draw sd 40: own at 3 and 5 seeds, pooled over 9 rows."""
    seed, item = 2 * 1**2 / seeds + 2 * 40**2 / (items * seeds), 2 * 12**2 / items
    assert detectable(seed, df, item) == pytest.approx(one, abs=0.06)
    assert detectable(seed, df, item, alpha=0.05 / 8) == pytest.approx(first_of_eight, abs=0.06)


def test_a_comparison_tells_its_own_effect():
    found = contrast(*drawn(2, 5, 100))
    seed, item = float(found.parts.seed), float(found.parts.item)
    assert mde(found) == pytest.approx(detectable(seed, 4, item))
    assert mde(found, tests=8) == pytest.approx(detectable(seed, 4, item, alpha=0.05 / 8))
    assert mde(found, power=0.9) > mde(found) > found.half()


def test_a_comparison_of_single_runs_promises_nothing():
    assert mde(contrast(trained([[1.0, 2.0, 4.0]]), trained([[0.0, 1.0, 0.0]]))) is None


def test_the_tipping_spread_removes_the_claim():
    vi, difference = 0.01, 0.5
    sd = tipping_seed_sd(difference, vi)
    assert difference == pytest.approx(1.959964 * math.sqrt(vi + 2 * sd**2), rel=1e-6)
    assert tipping_seed_sd(0.1, vi) == 0.0
    assert tipping_seed_sd(difference, vi, 1.0) == pytest.approx(sd * math.sqrt(2))


def test_the_effect_is_found_as_often_as_planned():
    """Ten degrees of freedom, items and seeds alike: a true effect of that size is found in about 80 of 100 studies."""
    draw = np.random.default_rng(0)
    effect = detectable(1.0, 10, 1.0)
    seed = draw.chisquare(10, 4000) / 10
    theta = effect + draw.normal(0, math.sqrt(2), 4000)
    half = np.sqrt(2.228139**2 * seed + 1.959964**2)
    assert 0.76 <= (np.abs(theta) > half).mean() <= 0.84
