import numpy as np
import pytest
from harness_plugins.evaluators.alpaca_eval.jackknife import GROUPS, group_of, grouped_jackknife


def means(values):
    """The mean of the values that are kept, per row."""
    return lambda kept: np.array([row[k].mean() for row, k in zip(values, kept, strict=True)])


def test_of_a_mean_the_standard_error_is_that_of_the_mean():
    rng = np.random.default_rng(0)
    values, names = rng.normal(size=3000), [f"item {i}" for i in range(3000)]
    (found,) = grouped_jackknife(means([values]), [names])
    assert found.value == values.mean()
    assert np.mean(found.values) == pytest.approx(values.mean(), abs=1e-12)
    assert found.standard_error == pytest.approx(values.std(ddof=1) / np.sqrt(3000), rel=0.3)


def test_pseudo_values_of_a_mean_are_the_means_of_the_groups():
    values, names = np.arange(100.0), [f"item {i}" for i in range(100)]
    (found,) = grouped_jackknife(means([values]), [names])
    for name in set(found.clusters):
        members = [place for place, cluster in enumerate(found.clusters) if cluster == name]
        assert found.values[members[0]] == pytest.approx(values[members].mean())


def test_rows_lose_the_same_instructions_together():
    names = [f"item {i}" for i in range(60)]
    seen = []

    def statistic(kept):
        seen.append([row.copy() for row in kept])
        return np.array([row.mean() for row in kept])

    grouped_jackknife(statistic, [names, names[::-1]])
    for first, second in seen:
        assert {n for n, k in zip(names, first, strict=True) if k} == {
            n for n, k in zip(names[::-1], second, strict=True) if k
        }


def test_a_group_depends_on_the_name_alone():
    assert group_of("what is a walrus?") == group_of("what is a walrus?")
    assert len({group_of(f"{i}") for i in range(2000)}) == GROUPS


def test_one_group_has_no_error():
    (found,) = grouped_jackknife(means([np.array([1.0, 2.0])]), [["same", "same"]])
    assert found.standard_error is None
    assert found.values == (1.5, 1.5)
