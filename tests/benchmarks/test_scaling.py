import json

import pytest
from benchmark import load

scaling = load("scaling")


def test_the_slope_of_a_power_is_its_exponent():
    points = [{"at": x, "seconds": 3 * x**2, "memory_gb": 5.0} for x in (1, 2, 4, 8)]
    found = scaling.curve(points)
    assert found["slope_seconds"] == pytest.approx(2)
    assert found["last_slope_seconds"] == pytest.approx(2)
    assert found["slope_memory_gb"] == pytest.approx(0)


def test_a_fixed_cost_shows_in_the_slope_of_all_points_more_than_in_that_of_the_last():
    found = scaling.curve([{"at": x, "seconds": 10 + x} for x in (1, 10, 100, 1000)])
    assert found["slope_seconds"] < found["last_slope_seconds"] < 1


def test_a_suite_of_rows_is_one_that_the_harness_reads(tmp_path):
    from harness import host
    from harness.suite import read_suite

    file = tmp_path / "rows.yaml"
    file.write_text(json.dumps(scaling.suite_of(3, 64)))
    suite = read_suite(str(file), registry=host.load())
    assert [row.label for row in suite.rows] == ["dpo 0", "dpo 1", "dpo 2"]
    assert len({row.method for row in suite.rows}) == 3
