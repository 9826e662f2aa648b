"""`init: LABEL`: rows that start from other rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from harness.suite import Suite

Read = Callable[..., Suite]
Refusal = Callable[..., str]

HEAD = "data: {source: dice}\nevaluators: [accuracy]\nmethods:\n"


def of(*rows: str, more: str = "") -> str:
    return HEAD + "".join(f"  - {row}\n" for row in rows) + more


def starts(suite: Suite) -> dict[str, str | None]:
    return {row.label: row.initial.label if row.initial else None for row in suite.rows}


def test_a_row_starts_from_another_wherever_that_stands(read: Read) -> None:
    suite = read(of("{method: push, init: pull}", "pull", "{method: shuffled, init: push}"))
    assert starts(suite) == {"push": "pull", "pull": None, "shuffled": "push"}
    push, pull, shuffled = suite.rows
    assert push.initial == pull
    assert shuffled.initial == push


def test_null_is_the_base(read: Read) -> None:
    assert starts(read(of("{method: push, init: null}", "{policy: base}"))) == {"push": None, "base": None}


def test_a_row_may_start_from_a_policy_that_is_not_trained(read: Read) -> None:
    suite = read(
        of("{policy: base}", "{policy: org/tuned}", "{method: pull, init: base}", "{method: push, init: tuned}")
    )
    assert starts(suite) == {"base": None, "tuned": None, "pull": "base", "push": "tuned"}


def test_a_row_of_a_grid_is_named_with_its_brackets(read: Read, refusal: Refusal) -> None:
    grid = "{method: pull, options: {beta: [1, 2]}}"
    assert starts(read(of(grid, "{method: push, init: 'pull[beta=2]'}")))["push"] == "pull[beta=2]"
    told = refusal(of(grid, "{method: push, init: pull}"))
    assert told.startswith("suite.yaml:5: init: no row is called 'pull'; ")
    assert "pull[beta=1], pull[beta=2]" in told


def test_all_rows_of_a_grid_start_from_the_same(read: Read) -> None:
    suite = read(of("push", "{method: pull, init: push, options: {beta: [1, 2]}}"))
    assert starts(suite) == {"push": None, "pull[beta=1]": "push", "pull[beta=2]": "push"}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["pull", "{method: push, init: pul}"], "suite.yaml:5: init: no row is called 'pul'; did you mean 'pull'?"),
        (["{method: pull, init: pull}"], "suite.yaml:4: rows start from each other: pull -> pull"),
        (
            ["{method: pull, init: push}", "{method: push, init: pull}"],
            "suite.yaml:4: rows start from each other: pull -> push -> pull",
        ),
        (
            ["{policy: oracle}", "{method: pull, init: oracle}"],
            "suite.yaml:5: init: 'pull' cannot start from 'oracle': that row has no language model",
        ),
        (
            ["{column: length}", "{method: pull, init: length}"],
            "suite.yaml:5: init: 'pull' cannot start from 'length': that row has no language model",
        ),
        (
            ["{method: pull, seeds: [0, 1]}", "{method: push, init: pull}"],
            "suite.yaml:5: init: 'push' cannot start from 'pull': it has no seed 2",
        ),
        (
            [
                "{method: pull, training: {lora: {r: 4}}}",
                "{method: push, init: pull, training: {lora: {r: 8}}}",
            ],
            "suite.yaml:5: init: 'push' cannot start from 'pull': both train adapters, and of different settings",
        ),
        (["pull", "{method: push, init: ''}"], "suite.yaml:5: methods.1.init should be 1 to 200 printable characters"),
        (["pull", "{method: push, init: [pull]}"], "suite.yaml:5: methods.1.init should be text"),
    ],
)  # fmt: skip
def test_a_start_that_cannot_be(refusal: Refusal, rows: list[str], told: str) -> None:
    assert refusal(of(*rows)).startswith(told)


def test_a_circle_is_told_once_and_what_hangs_on_it_not_at_all(refusal: Refusal) -> None:
    rows = ("{method: pull, init: push}", "{method: push, init: pull}", "{method: shuffled, init: push}")
    assert refusal(of(*rows)).count("suite.yaml:") == 1


def test_fewer_seeds_than_the_start_has_will_do(read: Read) -> None:
    suite = read(of("pull", "{method: push, init: pull, seeds: [1]}"))
    assert [row.seeds for row in suite.rows] == [(0, 1, 2), (1,)]


@pytest.mark.parametrize(
    ("first", "second"), [("{r: 4}", "{r: 4}"), ("{r: 4}", "null"), ("null", "{r: 8}"), ("null", "null")]
)
def test_adapters_of_one_setting_or_on_whole_models(read: Read, first: str, second: str) -> None:
    rows = (
        f"{{method: pull, training: {{lora: {first}}}}}",
        f"{{method: push, init: pull, training: {{lora: {second}}}}}",
    )
    assert starts(read(of(*rows))) == {"pull": None, "push": "pull"}


def test_only_keeps_what_a_row_starts_from(read: Read) -> None:
    rows = ("pull", "{policy: base}", "{method: push, init: pull}", "{method: shuffled, init: push}")
    suite = read(of(*rows), only=["shuffled"])
    assert [row.label for row in suite.rows] == ["pull", "push", "shuffled"]
    assert suite.asked == {"shuffled"}
    assert read(yaml.safe_dump(suite.as_run)).rows == suite.rows


def test_the_suite_as_run_keeps_what_rows_start_from(read: Read) -> None:
    suite = read(of("pull", "{method: push, init: pull}", "{method: shuffled, init: push}"))
    assert read(yaml.safe_dump(suite.as_run)) == suite


# With several numbers of prompts

SIZES = "budget: {prompts: [250, 500], batch: 8}\n"


def test_with_several_numbers_of_prompts_each_row_starts_from_that_of_its_own(read: Read) -> None:
    suite = read(of("pull", "{method: push, init: pull}", "{policy: base}", more=SIZES))
    assert starts(suite) == {
        "pull[prompts=250]": None,
        "pull[prompts=500]": None,
        "push[prompts=250]": "pull[prompts=250]",
        "push[prompts=500]": "pull[prompts=500]",
        "base": None,
    }


def test_with_several_numbers_of_prompts_a_row_of_a_grid_is_named_without_them(read: Read) -> None:
    suite = read(of("{method: pull, options: {beta: [1, 2]}}", "{method: push, init: 'pull[beta=2]'}", more=SIZES))
    assert starts(suite)["push[prompts=500]"] == "pull[beta=2][prompts=500]"
    assert read(yaml.safe_dump(suite.as_run)) == suite


def test_a_row_may_start_from_one_number_of_prompts_whatever_its_own(read: Read) -> None:
    suite = read(of("pull", "{method: push, init: 'pull[prompts=500]'}", more=SIZES))
    assert {start for label, start in starts(suite).items() if label.startswith("push")} == {"pull[prompts=500]"}


def test_with_several_numbers_of_prompts_an_unknown_start_is_told_by_name(refusal: Refusal) -> None:
    told = refusal(of("pull", "{method: push, init: pul}", more=SIZES))
    assert told == "suite.yaml:5: init: no row is called 'pul'; did you mean 'pull'? known: pull"
