"""`again: LABEL`: A/A rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import yaml

from harness.suite import Suite

Read = Callable[..., Suite]
Refusal = Callable[..., str]

HEAD = "data: {source: dice}\nevaluators: [accuracy]\nmethods:\n"
SIZES = "budget: {prompts: [250, 500], batch: 8}\n"


def of(*rows: str, more: str = "") -> str:
    return HEAD + "".join(f"  - {row}\n" for row in rows) + more


def seeds(suite: Suite) -> dict[str, tuple[int, ...]]:
    return {row.label: row.seeds for row in suite.rows}


def test_it_is_the_other_row_at_as_many_seeds_beyond_all_others(read: Read) -> None:
    row = "{method: pull, options: {beta: 0.5}, training: {learning_rate: 0.01}, seeds: [1, 4]}"
    suite = read(of("{again: pull}", row, "push"))
    assert seeds(suite) == {"pull again": (5, 6), "pull": (1, 4), "push": (0, 1, 2)}
    again, pull, _ = suite.rows
    assert again == replace(pull, label="pull again", unsized="pull again", seeds=(5, 6), again="pull")
    assert pull.again is None


def test_two_of_one_row_share_no_seed(read: Read) -> None:
    suite = read(of("pull", "{again: pull, label: a}", "{again: pull, label: b}", "{again: pull, seeds: [9]}"))
    assert seeds(suite) == {"pull": (0, 1, 2), "a": (10, 11, 12), "b": (13, 14, 15), "pull again": (9,)}


def test_it_stands_where_the_suite_has_it(read: Read) -> None:
    suite = read(of("{policy: base}", "{again: push}", "{again: pull}", "pull", "push", "{again: pull, label: last}"))
    assert [row.label for row in suite.rows] == ["base", "push again", "pull again", "pull", "push", "last"]


def test_a_row_of_a_grid_is_named_with_its_brackets(read: Read, refusal: Refusal) -> None:
    grid = "{method: pull, options: {beta: [1, 2]}}"
    suite = read(of(grid, "{again: 'pull[beta=2]'}"))
    assert suite.rows[-1].label == "pull[beta=2] again"
    assert suite.rows[-1].method == suite.rows[1].method
    assert "pull[beta=1], pull[beta=2]" in refusal(of(grid, "{again: pull}"))


def test_with_several_numbers_of_prompts_every_one_is_repeated_or_the_one_that_is_named(read: Read) -> None:
    suite = read(of("pull", "{again: pull}", "{again: 'pull[prompts=500]', label: large}", more=SIZES))
    assert {row.label: (row.again, row.budget.prompts) for row in suite.rows[2:]} == {
        "pull again[prompts=250]": ("pull[prompts=250]", 250),
        "pull again[prompts=500]": ("pull[prompts=500]", 500),
        "large": ("pull[prompts=500]", 500),
    }
    assert read(yaml.safe_dump(suite.as_run)) == suite


def test_a_column_that_learns_may_be_repeated(read: Read) -> None:
    suite = read(of("{column: taught}", "{again: taught}"))
    assert suite.rows[1].column == suite.rows[0].column
    assert seeds(suite) == {"taught": (0, 1, 2), "taught again": (3, 4, 5)}


def test_it_starts_from_the_same_row_at_its_own_seeds(read: Read, refusal: Refusal) -> None:
    rows = ("{method: pull, seeds: [0, 1, 2, 3]}", "{method: push, init: pull, seeds: [0, 1]}")
    suite = read(of(*rows, "{again: push, seeds: [2, 3]}"))
    assert suite.rows[2].initial == suite.rows[0]
    told = refusal(of(*rows, "{again: push}"))
    assert told == (
        "suite.yaml:6: init: 'push again' cannot start from 'pull': it has no seed 4\n"
        "  fix: write `seeds: [0, 1, 2, 3, 4, 5]` for 'pull', and `seeds: [4, 5]` for 'push again'"
    )
    mended = (rows[0].replace("3]", "3, 4, 5]"), rows[1], "{again: push, seeds: [4, 5]}")
    assert read(of(*mended)).rows[2].initial.seeds == (0, 1, 2, 3, 4, 5)


def test_the_suite_as_run_says_the_seeds_and_is_a_suite_of_equal_rows(read: Read) -> None:
    suite = read(of("{again: pull}", "pull", "push"))
    assert suite.as_run["methods"][0] == {"again": "pull", "label": "pull again", "seeds": [3, 4, 5]}
    assert read(yaml.safe_dump(suite.as_run)) == suite


def test_seeds_of_the_command_line_are_those_of_the_other_row(read: Read) -> None:
    suite = read(of("pull", "{again: pull, seeds: [7]}"), seeds=[0, 5])
    assert seeds(suite) == {"pull": (0, 5), "pull again": (6, 7)}


def test_a_value_of_it_may_be_set_by_label(read: Read) -> None:
    suite = read(of("pull", "{again: pull}"), sets=["methods.pull again.seeds=[7]"])
    assert seeds(suite)["pull again"] == (7,)


def test_only_keeps_what_it_repeats(read: Read) -> None:
    suite = read(of("push", "pull", "{again: pull}"), only=["pull again"])
    assert [row.label for row in suite.rows] == ["pull", "pull again"]
    assert suite.asked == {"pull again"}
    assert read(yaml.safe_dump(suite.as_run)).rows == suite.rows


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("{again: pul}", "suite.yaml:6: again: no row is called 'pul'; did you mean 'pull'? known: pull"),
        ("{again: base}", "suite.yaml:6: again: 'base' cannot be repeated: nothing is learnt in it, so it has"),
        ("{again: pull, seeds: [4, 2]}", "suite.yaml:6: again: 'pull' cannot be repeated at seed 2, which is one of"),
        ("{again: more}", "suite.yaml:6: again: 'more' is itself such a row\n  fix: name the row that it repeats"),
        ("{again: pull, label: more}", "suite.yaml:7: the label 'more' is taken, by the entry at suite.yaml:6"),
        ("{again: pull, seeds: []}", "suite.yaml:6: methods.2.seeds should be at least one number, and all distinct"),
        ("{again: pull, options: {}}", "suite.yaml:6: unknown key 'options' in methods.2; known: again, label, seeds"),
        ("{again: pull, method: pull}", "suite.yaml:6: methods.2 should be the name of a method, or a mapping"),
        ("{again: 3}", "suite.yaml:6: methods.2.again should be text, not 3"),
    ],
)  # fmt: skip
def test_a_repeat_that_cannot_be(refusal: Refusal, row: str, told: str) -> None:
    text = of("{policy: base}", "pull", row, "{again: pull, seeds: [8], label: more}")
    assert told in refusal(text)


def test_there_must_be_seeds_left(refusal: Refusal) -> None:
    told = refusal(of("{method: pull, seeds: [4294967295]}", "{again: pull}"))
    assert told == "suite.yaml:5: again: 'pull' cannot be repeated: no seeds below 2**32 are left; give `seeds`"
