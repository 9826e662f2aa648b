"""Columns: as options of methods, and as rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.errors import SuiteError
from harness.host import Registry
from harness.suite import Suite, configure
from harness.suite.options import described, named
from harness.training import Budget, Training

Kinds = dict[str, Any]
Read = Callable[..., Suite]
Refusal = Callable[..., str]

HEAD = "data: {source: dice}\nevaluators: [accuracy]\nmethods:\n"


def of(row: str) -> str:
    return f"{HEAD}  - {row}\n"


@pytest.mark.parametrize("given", ["taught", {"column": "taught"}, {"column": "taught", "options": {}}])
def test_an_option_may_be_a_column(registry: Registry, kinds: Kinds, given: Any) -> None:
    made = configure(kinds["Graded"], {"reward": given}, registry=registry)
    assert made == kinds["Graded"](reward=kinds["Taught"]())


def test_a_column_as_an_option_has_options_of_its_own(registry: Registry, kinds: Kinds) -> None:
    given = {"reward": {"column": "length", "options": {"power": 2, "words": ["a"]}}}
    made = configure(kinds["Graded"], given, registry=registry)
    assert made == kinds["Graded"](reward=kinds["Length"](power=2.0, words=("a",)))
    assert described(made, defaults=False) == given
    assert described(kinds["Graded"](), defaults=False) == {}
    assert described(kinds["Graded"](), defaults=True) == {
        "reward": {"column": "length", "options": {"power": 1.0, "words": []}}
    }
    assert named(kinds["Length"](), defaults=False) == {"column": "length", "options": {}}


def test_a_column_may_stand_within_a_nested_method(registry: Registry, kinds: Kinds) -> None:
    inner = {"method": "graded", "options": {"reward": {"column": "length", "options": {"power": 3}}}}
    made = configure(kinds["Shuffled"], {"base": inner}, registry=registry)
    assert made.base == kinds["Graded"](reward=kinds["Length"](power=3.0))


@pytest.mark.parametrize(
    ("reward", "told"),
    [
        ("lenght", "no column is called 'lenght'; did you mean 'length'? known: length, taught"),
        ("pull", "no column is called 'pull'"),
        ({"column": "length", "options": {"powre": 1}}, "unknown option 'powre' of length; did you mean 'power'?"),
        ({"column": "length", "options": {"power": -1}}, "length: power is -1.0; it must not be negative"),
        ({"method": "pull"}, "'column' is missing in reward of graded"),
        ({"column": "length", "options": 3}, "reward.options of graded should be a mapping, not 3"),
        (3, "reward of graded should be a mapping, not 3"),
    ],
)
def test_a_column_as_an_option_is_checked_as_strictly(registry: Registry, kinds: Kinds, reward: Any, told: str) -> None:
    with pytest.raises(SuiteError) as caught:
        configure(kinds["Graded"], {"reward": reward}, registry=registry)
    assert told in str(caught.value)


def test_a_column_must_be_of_the_type_of_the_option(registry: Registry, kinds: Kinds) -> None:
    assert configure(kinds["OnlyTaught"], {"reward": "taught"}, registry=registry).reward == kinds["Taught"]()
    with pytest.raises(SuiteError, match="the column 'length' is no Taught, which stands here"):
        configure(kinds["OnlyTaught"], {"reward": "length"}, registry=registry)


def test_columns_and_their_options_make_grids(read: Read) -> None:
    rows = read(of("{method: graded, options: {reward: [taught, {column: length, options: {power: [1, 2]}}]}}")).rows
    assert {row.label: row.options for row in rows} == {
        "graded[reward=taught]": {"reward": {"column": "taught", "options": {}}},
        "graded[reward=length,reward.power=1]": {},
        "graded[reward=length,reward.power=2]": {"reward": {"column": "length", "options": {"power": 2.0}}},
    }
    (listed,) = read(of("{method: graded, options: {reward: {column: length, options: {words: [a, b]}}}}")).rows
    assert listed.label == "graded"


def test_faults_of_a_column_stand_at_their_line(refusal: Refusal) -> None:
    text = of(
        "method: graded\n    options:\n      reward:\n        column: length\n        options:\n          power: x"
    )
    assert refusal(text) == 'suite.yaml:9: power of length should be a number, not "x"'
    text = of("method: graded\n    options:\n      reward:\n        column: lenght")
    assert refusal(text).startswith("suite.yaml:7: no column is called 'lenght'")


# Paths and models among options


def test_paths_of_a_column_are_relative_to_the_file_that_sets_them(
    read: Read, write: Callable[..., Path], tmp_path: Path
) -> None:
    base = "{method: shuffled, options: {base: {method: graded, options: {reward: {column: taught, options: "
    write(of(base + "{lexicon: words.txt}}}}}}"), "deep/base.yaml")
    suite = read("extends: deep/base.yaml\n")
    method: Any = suite.rows[0].method
    assert method.base.reward.lexicon == str(tmp_path / "deep" / "words.txt")
    inner = {"column": "taught", "options": {"lexicon": "words.txt"}}
    assert suite.rows[0].options == {"base": {"method": "graded", "options": {"reward": inner}}}
    written: Any = suite.as_run["methods"]
    assert written[0]["options"]["base"]["options"]["reward"]["options"] == {
        "rate": 1.0,
        "lexicon": "words.txt",
        "encoder": "",
    }


def test_a_path_of_the_command_line_is_relative_to_the_working_folder(
    read: Read, write: Callable[..., Path], tmp_path: Path
) -> None:
    write(of("{column: taught, options: {lexicon: words.txt}}"), "deep/base.yaml")
    suite = read("extends: deep/base.yaml\n", sets=["methods.taught.options.lexicon=mine.txt"])
    column: Any = suite.rows[0].column
    assert column.lexicon == str(tmp_path / "mine.txt")


def test_paths_and_models_of_evaluators_are_places_on_this_machine(
    read: Read, write: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "judge").mkdir()
    entry = "{evaluator: accuracy, options: {answers: a.json, judge: judge}}"
    suite = read(f"data: {{source: dice}}\nmethods: [pull]\nevaluators: [{entry}]\n")
    evaluator: Any = suite.evaluators[0].evaluator
    assert (evaluator.answers, evaluator.judge) == (str(tmp_path / "a.json"), str(tmp_path / "judge"))
    written: Any = suite.as_run["evaluators"]
    assert written[0]["options"] == {"draws": 4, "answers": "a.json", "judge": "judge"}


def test_a_model_among_options_that_is_no_folder_is_an_id_on_the_hub(read: Read, refusal: Refusal) -> None:
    column: Any = read(of("{column: taught, options: {encoder: org/small}}")).rows[0].column
    assert column.encoder == "org/small"
    told = refusal(of("{column: taught, options: {encoder: ./gone}}"))
    assert told.startswith("suite.yaml:4: './gone' is neither a folder, looked for at ")


# Rows


def test_a_column_row_rates_and_is_not_trained(read: Read, kinds: Kinds, registry: Registry) -> None:
    taught, short = read(of("{column: taught, options: {rate: 2}}\n  - {column: length, label: short}")).rows
    assert (taught.label, taught.column, taught.method, taught.policy) == (
        "taught",
        kinds["Taught"](rate=2.0),
        None,
        None,
    )
    assert (taught.seeds, taught.options, taught.training) == ((0, 1, 2), {"rate": 2.0}, Training())
    assert taught.origin == registry.columns.origins["taught"]
    assert (short.label, short.column, short.seeds) == ("short", kinds["Length"](), ())


def test_only_a_column_that_learns_has_seeds(read: Read, refusal: Refusal) -> None:
    assert read(of("{column: taught, seeds: [5]}")).rows[0].seeds == (5,)
    told = refusal(of("column: length\n    seeds: [5]"))
    assert told == "suite.yaml:5: the column 'length' learns nothing, so its row has no seeds"
    assert read(of("{column: taught, seeds: [5]}"), seeds=[7]).rows[0].seeds == (7,)


def test_options_of_a_column_row_make_a_grid(read: Read) -> None:
    rows = read(of("{column: length, label: short, options: {power: [0, 1]}}")).rows
    assert [row.label for row in rows] == ["short[power=0]", "short[power=1]"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("{column: lenght}", "no column is called 'lenght'; did you mean 'length'? known: length, taught"),
        ("{column: length, training: {}}", "unknown key 'training' in methods.0; known: column, label, options, seeds"),
        ("{column: length, init: pull}", "unknown key 'init' in methods.0; known: column, label, options, seeds"),
        ("{column: length, options: {powre: 1}}", "unknown option 'powre' of length; did you mean 'power'?"),
        ("{column: 3}", "methods.0.column should be text, not 3"),
        ("length", "no method is called 'length'"),
    ],
)
def test_faults_of_a_column_row_stand_at_its_line(refusal: Refusal, row: str, told: str) -> None:
    assert refusal(of(row)).startswith(f"suite.yaml:4: {told}")


def test_the_suite_as_run_keeps_columns(read: Read) -> None:
    suite = read(
        of("{column: taught, options: {rate: [1, 2]}, seeds: [3]}")
        + "  - {column: length}\n"
        + "  - {method: graded, options: {reward: [taught, {column: length, options: {power: [1, 2]}}]}}\n"
        + "budget: {batch: 2}\n"
    )
    assert read(yaml.safe_dump(suite.as_run)) == suite
    assert {row.budget for row in suite.rows} == {Budget(batch=2), Budget()}
