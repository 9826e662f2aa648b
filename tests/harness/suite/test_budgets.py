"""`budget.prompts` as a list: every trained row once with each number."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from harness.suite import Suite
from harness.training import Budget

Read = Callable[..., Suite]

TEXT = """\
data: {source: dice}
evaluators: [accuracy]
methods:
  - {policy: base}
  - {method: pull, options: {beta: [1, 2]}}
  - {column: taught}
  - {column: length, options: {power: [1, 2]}}
budget: {prompts: [250, 500], epochs: 2, batch: 10}
"""
LABELS = [
    "base",
    "pull[beta=1][prompts=250]",
    "pull[beta=1][prompts=500]",
    "pull[beta=2][prompts=250]",
    "pull[beta=2][prompts=500]",
    "taught[prompts=250]",
    "taught[prompts=500]",
    "length[power=1]",
    "length[power=2]",
]


def test_what_learns_is_trained_once_with_each_number(read: Read) -> None:
    suite = read(TEXT)
    assert [row.label for row in suite.rows] == LABELS
    assert suite.budgets == tuple(Budget(prompts=n, epochs=2, batch=10) for n in (250, 500))
    for row in suite.rows:
        if "prompts=" in row.label:
            assert f"prompts={row.budget.prompts}]" in row.label
            assert (row.budget.epochs, row.budget.batch) == (2, 10)
            assert f"{row.unsized}[prompts={row.budget.prompts}]" == row.label
        elif row.column is not None:
            assert row.unsized == row.label


@pytest.mark.parametrize("prompts", ["250", "[250]"])
def test_one_number_leaves_labels_as_they_are(read: Read, prompts: str) -> None:
    suite = read(TEXT.replace("[250, 500]", prompts))
    assert [row.label for row in suite.rows] == ["base", "pull[beta=1]", "pull[beta=2]", "taught", *LABELS[-2:]]
    assert [row.budget.prompts for row in suite.rows[1:4]] == [250, 250, 250]


def test_the_suite_as_run_is_a_suite_of_equal_rows(read: Read) -> None:
    suite = read(TEXT)
    assert read(yaml.safe_dump(suite.as_run)) == suite
    written = suite.as_run["methods"]
    assert isinstance(written, list)
    assert len(written) == 6


@pytest.mark.parametrize(
    ("only", "kept"),
    [
        ("pull", LABELS[1:5]),
        ("pull[beta=2]", LABELS[3:5]),
        ("pull[beta=2][prompts=500]", LABELS[4:5]),
        ("taught", LABELS[5:7]),
    ],
)
def test_rows_are_kept_by_any_of_their_names(read: Read, only: str, kept: list[str]) -> None:
    assert [row.label for row in read(TEXT, only=[only]).rows] == kept


def test_the_numbers_may_be_set_on_the_command_line(read: Read) -> None:
    assert [b.prompts for b in read(TEXT, sets=["budget.prompts=[1, 2, 3]"]).budgets] == [1, 2, 3]
    assert [b.prompts for b in read(TEXT, sets=["budget.prompts=null"]).budgets] == [None]
