import dataclasses

import pytest

from harness.board import Measure
from harness.render.numbers import decimals, duration, fixed, measured, per_seed, settings, size, whole


def of(mean, half=None, seeds=None):
    ci95 = None if half is None else (mean - half, mean + half)
    return Measure(mean, None, ci95, 10, "fraction", True, seeds, None, "items", "")


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [
        (0.58123, 0.0213, "0.581 ± 0.021"),
        (0.58, 0.31, "0.58 ± 0.31"),
        (104.26, 3.14, "104.3 ± 3.1"),
        (1042.6, 314.0, "1043 ± 314"),
        (0.999712, 0.00042, "0.99971 ± 0.00042"),
        (-0.00001, 0.02, "0.000 ± 0.020"),
        (1.0, 0.0, "1.000 ± 0.000"),
        (0.5, None, "0.500"),
        (250.04, None, "250.0"),
        (1e12, 1e11, "1e+12 ± 1e+11"),
    ],
)
def test_digits_follow_the_size_of_the_interval(mean, half, text):
    assert measured(of(mean, half), decimals([of(mean, half)])) == text


def test_a_column_has_one_number_of_decimals_and_hides_no_width():
    column = [of(0.5, 0.021), of(0.6, 0.034), of(0.999, 0.0002)]
    places = decimals(column)
    assert [measured(m, places) for m in column] == ["0.500 ± 0.021", "0.600 ± 0.034", "0.999 ± <0.001"]


def test_a_figure_on_a_far_smaller_scale_than_its_column_is_no_zero():
    column = [of(1.25, 0.3), of(0.51, 0.22), of(0.0031, 0.0004, seeds={0: 0.0030, 1: 0.0032})]
    places = decimals(column)
    assert [measured(m, places) for m in column] == ["1.25 ± 0.30", "0.51 ± 0.22", "0.00310 ± 0.00040"]
    assert per_seed(column[2], (0, 1), places) == "0.00300 · 0.00320"


def test_the_rounding_of_sums_claims_no_decimals():
    column = [of(0.7, 1e-16), of(0.5, 0.0)]
    assert [measured(m, decimals(column)) for m in column] == ["0.700 ± <0.001", "0.500 ± 0.000"]
    assert measured(of(1e-17, 1e-18), 4) == "0.0000 ± <0.0001"


def test_seeds_stand_in_the_planned_order_with_a_dash_for_those_that_are_not_there():
    assert per_seed(of(0.5, seeds={2: 0.25, 0: 0.75}), (0, 1, 2), 2) == "0.75 · – · 0.25"


def test_a_minus_sign_stands_before_no_zero():
    assert fixed(-0.0004, 3) == "0.000"
    assert fixed(-0.0006, 3) == "-0.001"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (16.24, "16.2 s"), (59.94, "59.9 s"), (252, "4 min 12 s"), (7500, "2 h 05 min")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_sizes_and_counts():
    assert [size(n) for n in (12, 3_400, 812_000_000, 3_040_000_000)] == ["12 B", "3 kB", "812 MB", "3.0 GB"]
    assert whole(91_000) == "91,000"


def test_settings_read_as_words():
    options = {"beta": 0.1, "base": {"method": "dpo", "options": {"beta": 1e-05}}, "targets": ["q", "v"], "lora": None}
    assert settings(options.items()) == "beta 0.1, base (method dpo, options (beta 1e-05)), targets [q, v], lora none"


def test_measures_are_not_changed_by_printing():
    measure = of(0.5, 0.1)
    copy = dataclasses.replace(measure)
    measured(measure, 3)
    assert measure == copy
