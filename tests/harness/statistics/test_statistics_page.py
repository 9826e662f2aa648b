import re
from pathlib import Path
from typing import get_args

import pytest

from harness.statistics import LEAST_ROWS, P_FLOOR, Estimand, Formula, detectable

PAGE = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text()


@pytest.mark.parametrize("word", [*(f"`{formula}`" for formula in get_args(Formula)), *get_args(Estimand)])
def test_every_word_of_a_comparison_is_explained(word):
    assert f"| {word}" in PAGE


def test_numbers_on_the_page_are_those_of_the_code():
    assert LEAST_ROWS == 5
    assert "five contenders or more" in PAGE
    assert f"below {P_FLOOR:g}" in PAGE


def test_the_example_of_detectable_effects_is_what_the_formula_gives():
    lines = re.findall(r"\| N=(\d+) \| (.+?) \|\n", PAGE)
    assert len(lines) == 2
    for items, cells in lines:
        n = int(items)
        for (seeds, df), cell in zip([(3, 2), (5, 4), (3, 16), (5, 32)], cells.split(" | "), strict=True):
            seed, item = 2 / seeds + 2 * 40**2 / (n * seeds), 2 * 12**2 / n
            found = [detectable(seed, df, item, alpha=0.05 / tests) for tests in (1, 8)]
            assert [float(number) for number in cell.split(" / ")] == pytest.approx(found, abs=0.06)
