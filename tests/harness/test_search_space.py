import pytest

from harness.search_space import Around, Choices, Range


@pytest.mark.parametrize(
    ("low", "high", "log"), [(1, 1, False), (2, 1, False), (0, float("inf"), False), (0, 1, True), (-1, 1, True)]
)
def test_a_range_that_is_none_is_refused(low, high, log):
    with pytest.raises(ValueError, match=r"a range goes from|low is"):
        Range(low, high, log=log)


def test_a_range_has_both_its_ends_and_no_truth_values():
    assert [Range(0, 2).holds(value) for value in (0, 2, 2.1, True, "1", None)] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


def test_around_a_value_equal_factors_are_equally_likely():
    assert Around(4, source="a paper").of(0.5) == Range(0.125, 2.0, log=True, source="a paper")


@pytest.mark.parametrize("own", [0, -1.0, None, True, "0.1"])
def test_nothing_is_around_what_is_no_positive_number(own):
    with pytest.raises(ValueError, match="not above 0"):
        Around(4).of(own)


def test_a_factor_is_more_than_one():
    with pytest.raises(ValueError, match="more than 1"):
        Around(1)


@pytest.mark.parametrize("values", [(), (1,), (1, 1)])
def test_choices_are_at_least_two(values):
    with pytest.raises(ValueError, match="at least two"):
        Choices(values)
