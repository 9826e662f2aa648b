import numpy as np
import pytest
from scipy.special import ndtri, stdtrit

from harness.gate.power import detectable
from harness.statistics import ItemPart, Parts


def parts(seed, df, item=0.0, item_df=499.0):
    return Parts(np.asarray(seed), np.asarray(float(df)), (ItemPart(np.asarray(item), np.asarray(item_df)),))


@pytest.mark.parametrize("level", [0.05, 0.0005])
@pytest.mark.parametrize(("seed", "item"), [(1.0, 0.0), (1.0, 1.0), (0.1, 1.0)])
@pytest.mark.parametrize("df", [2, 4, 8])
@pytest.mark.parametrize("margin", [0.0, 5.0])
def test_a_fresh_pair_shows_what_was_printed_four_times_in_five(level, seed, item, df, margin):
    random = np.random.default_rng(0)
    n = 3_000
    first, second = (seed * random.chisquare(df, n) / df for _ in range(2))
    drop = random.normal(size=n) * (seed + item) ** 0.5
    least = detectable(parts(first, df, np.full(n, item)), level=level, margin=np.full(n, margin))
    bar = np.sqrt(stdtrit(df, level) ** 2 * second + stdtrit(499, level) ** 2 * item)
    shown = (drop + least > np.maximum(bar, margin)).mean()
    assert shown == pytest.approx(0.8, abs=0.03) if item == margin == 0 else 0.77 < shown < 0.9


@pytest.mark.parametrize("level", [0.05, 0.0006, 0.0001])
def test_at_one_degree_of_freedom_too(level):
    random = np.random.default_rng(0)
    n = 400_000
    least = detectable(parts(1.0, 1), level=level, margin=np.zeros(1))
    true, again = 1 / random.chisquare(1, n), random.chisquare(1, n)
    drop = random.normal(size=n) * true**0.5 + least
    assert (drop > -stdtrit(1, level) * (true * again) ** 0.5).mean() == pytest.approx(0.8, abs=0.01)


def test_where_items_alone_count_it_is_the_textbook_formula():
    found = detectable(parts(0.0, 1, 0.04, np.inf), level=0.01, margin=np.zeros(1))
    assert found == pytest.approx(0.2 * (-ndtri(0.01) + ndtri(0.8)), rel=1e-6)


def test_a_margin_that_decides_is_passed_by_a_normal_quantile():
    found = detectable(parts(0.0, 1, 0.04, np.inf), level=0.01, margin=np.array([3.0]))
    assert found == pytest.approx(3 + 0.2 * ndtri(0.8), rel=1e-6)


def test_what_does_not_vary_is_found_beyond_the_margin():
    assert detectable(parts(0.0, 4), level=0.01, margin=np.array([0.02])).tolist() == [0.02]


def test_it_scales_with_the_unit_and_grows_with_the_family():
    one = detectable(parts(1.0, 8, 1.0), level=0.001, margin=np.zeros(1))
    assert detectable(parts(100.0, 8, 100.0), level=0.001, margin=np.zeros(1)) == pytest.approx(10 * one)
    assert detectable(parts(1.0, 8, 1.0), level=0.0001, margin=np.zeros(1)) > one


def test_many_figures_are_as_each_alone():
    seed, df = np.array([1.0, 2.0, 0.0, 1.0]), np.array([8.0, 2.0, 8.0, 4.0])
    items = np.array([0.5, 0.0, 2.0, 1.0])
    many = detectable(parts(seed, 1, items), level=0.001, margin=np.zeros(4))
    assert many.shape == (4,)
    made = Parts(seed, df, (ItemPart(items, np.asarray(29.0)),))
    many = detectable(made, level=0.001, margin=np.full(4, 0.1))
    alone = [
        float(detectable(parts(seed[i], df[i], items[i], 29.0), level=0.001, margin=np.array([0.1]))[0])
        for i in range(4)
    ]
    assert many.tolist() == pytest.approx(alone)
