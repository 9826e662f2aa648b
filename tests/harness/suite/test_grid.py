from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.digest import Plain
from harness.suite import Suite

Read = Callable[..., Suite]
Refusal = Callable[..., str]


def rows(read: Read, *methods: str) -> dict[str, dict[str, Plain]]:
    listed = "".join(f"  - {method}\n" for method in methods)
    suite = read(f"data: {{source: dice}}\nevaluators: [accuracy]\nmethods:\n{listed}")
    return {row.label: row.options for row in suite.rows}


def test_a_list_of_values_makes_a_row_of_each(read: Read) -> None:
    assert rows(read, "{method: pull, options: {beta: [0.05, 1e-1, 2]}}") == {
        "pull[beta=0.05]": {"beta": 0.05},
        "pull[beta=0.1]": {},
        "pull[beta=2]": {"beta": 2.0},
    }


def test_several_lists_make_every_combination_the_last_varying_fastest(read: Read) -> None:
    found = rows(read, "{method: pull, label: ours, options: {form: [log, square], steps: 3, beta: [1, 2]}}")
    assert list(found) == [
        "ours[form=log,beta=1]",
        "ours[form=log,beta=2]",
        "ours[form=square,beta=1]",
        "ours[form=square,beta=2]",
    ]
    assert found["ours[form=square,beta=2]"] == {"form": "square", "steps": 3, "beta": 2.0}


def test_a_list_is_one_value_where_the_option_is_a_list(read: Read) -> None:
    assert rows(read, "{method: pull, options: {layers: [a, b]}}") == {"pull": {"layers": ["a", "b"]}}


def test_null_may_be_one_of_the_values(read: Read) -> None:
    assert list(rows(read, "{method: pull, options: {offset: [null, 1.5]}}")) == [
        "pull[offset=null]",
        "pull[offset=1.5]",
    ]


def test_the_options_of_a_nested_method_may_be_lists_and_so_may_the_method(read: Read) -> None:
    found = rows(read, "{method: shuffled, options: {base: [push, {method: pull, options: {beta: [1, 2]}}]}}")
    assert list(found) == ["shuffled[base=push]", "shuffled[base=pull,base.beta=1]", "shuffled[base=pull,base.beta=2]"]
    assert rows(read, "{method: shuffled, options: {base: {method: push, options: {beta: [3, 4]}}}}") == {
        "shuffled[base.beta=3]": {"base": {"method": "push", "options": {"beta": 3.0}}},
        "shuffled[base.beta=4]": {"base": {"method": "push", "options": {"beta": 4.0}}},
    }


def test_the_rows_of_a_grid_are_kept_by_their_own_label_or_all_together(read: Read) -> None:
    text = "data: {source: dice}\nevaluators: [accuracy]\nmethods: [push, {method: pull, options: {beta: [1, 2]}}]\n"
    assert [row.label for row in read(text, only=["pull[beta=2]"]).rows] == ["pull[beta=2]"]
    assert [row.label for row in read(text, only=["pull"]).rows] == ["pull[beta=1]", "pull[beta=2]"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("{beta: [0.1, x]}", 'suite.yaml:4: beta of pull should be a number, not "x"'),
        ("{beta: [0.1,\n     -1]}", "suite.yaml:5: pull: beta is -1.0; it must be positive"),
        ("{beta: []}", "suite.yaml:4: the option 'beta' is an empty list\n  fix: give at least one value"),
        ("{beta: [1, 1]}", "suite.yaml:4: the label 'pull[beta=1]' is taken, by the entry at suite.yaml:4"),
        ("{betas: [1, 2]}", "suite.yaml:4: unknown option 'betas' of pull; did you mean 'beta'?"),
        ("{beta: [[1, 2], 3]}", "suite.yaml:4: beta of pull should be a number, not [1, 2]"),
        (
            "{beta: [1,2,3,4,5,6,7,8,9,10,11], steps: [1,2,3,4,5,6,7,8,9,10], offset: [1,2,3,4,5,6,7,8,9,10]}",
            "suite.yaml:4: the lists of options make more than 1,000 rows",
        ),
    ],
)
def test_faults_within_a_grid_stand_at_their_line(refusal: Refusal, options: str, told: str) -> None:
    text = f"data: {{source: dice}}\nevaluators: [accuracy]\nmethods:\n  - {{method: pull, options: {options}}}\n"
    assert refusal(text).startswith(told)


def test_evaluators_make_no_grid(refusal: Refusal) -> None:
    text = "data: {source: dice}\nmethods: [pull]\nevaluators:\n  - {evaluator: accuracy, options: {draws: [1, 2]}}\n"
    assert refusal(text) == "suite.yaml:4: draws of accuracy should be a whole number, not [1, 2]"
