from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.suite import Suite

Read = Callable[..., Suite]
Refusal = Callable[..., str]

SUITE = """\
data: {source: dice, noise: 0.2}
methods:
  - pull
  - method: pull
    label: v1.5 of pull
  - policy: base
evaluators: [accuracy]
training: {learning_rate: 1e-3}
"""


def test_a_value_is_yaml_and_takes_the_place_of_the_suites_own(read: Read) -> None:
    suite = read(
        SUITE, sets=["training.learning_rate=1e-4", "data.noise=0", "seeds=[4, 5]", "keep=none", "budget.batch=8"]
    )
    assert suite.rows[0].training.learning_rate == 1e-4
    assert suite.source.noise == 0.0  # pyright: ignore
    assert (suite.seeds, suite.keep, suite.budgets[0].batch) == ((4, 5), "none", 8)


@pytest.mark.parametrize("key", ["pull", "0"])
def test_rows_are_named_by_label_or_index(read: Read, key: str) -> None:
    suite = read(SUITE, sets=[f"methods.{key}.options.beta=0.5", f"methods.{key}.training.lora.r=2"])
    assert suite.rows[0].options == {"beta": 0.5}
    assert suite.rows[0].training.lora is not None
    assert suite.rows[0].training.lora.r == 2
    assert suite.rows[1].options == {}


def test_labels_may_hold_dots(read: Read) -> None:
    assert read(SUITE, sets=["methods.v1.5 of pull.options.beta=3"]).rows[1].options == {"beta": 3.0}


def test_later_assignments_see_earlier_ones(read: Read) -> None:
    sets = ["methods.base={method: push, label: third}", "methods.third.options.beta=2", "methods.third.label=last"]
    row = read(SUITE, sets=sets).rows[2]
    assert (row.label, row.options) == ("last", {"beta": 2.0})


def test_a_whole_row_list_or_section_can_be_set(read: Read) -> None:
    suite = read(SUITE, sets=["methods=[push]", "evaluators.accuracy.options={draws: 2}", "data={source: table}"])
    assert [row.label for row in suite.rows] == ["push"]
    assert suite.evaluators[0].evaluator.draws == 2  # pyright: ignore
    assert suite.source.name == "table"


def test_an_assignment_reaches_into_what_a_suite_extends(read: Read, write: Callable[..., Path]) -> None:
    write(SUITE, "base.yaml")
    assert read("extends: base.yaml\n", sets=["methods.pull.options.beta=2"]).rows[0].options == {"beta": 2.0}


def test_paths_start_from_the_working_folder(read: Read, write: Callable[..., Path], tmp_path: Path) -> None:
    write("data: {source: table, path: rows.csv}\nmethods: [pull]\nevaluators: [accuracy]\n", "base/base.yaml")
    suite = read("extends: base/base.yaml\n", sets=["data.path=mine.csv"])
    assert suite.source.path == str(tmp_path / "mine.csv")  # pyright: ignore


def test_a_value_may_hold_an_equals_sign(read: Read) -> None:
    assert read(SUITE, sets=["description=a=b"]).description == "a=b"


def test_nothing_after_the_equals_sign_is_null(read: Read) -> None:
    assert read(SUITE, sets=["training.clip="]).rows[0].training.clip is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("beta", "is not of the form key=value\n  fix: write for example --set budget.prompts=256"),
        ("=3", "is not of the form key=value"),
        ("a..b=3", "a part of the dotted key is empty"),
        (".a=3", "a part of the dotted key is empty"),
        ("extends=core", "what a suite extends cannot be set"),
        ("seed=3", "unknown key 'seed'; did you mean 'seeds'?"),
        ("seeds=3", "seeds should be a list, not 3"),
        ("training.learning_rate=fast", 'training.learning_rate should be a number, not "fast"'),
        ("training.learning_rat=1", "unknown key 'learning_rat' in training; did you mean 'learning_rate'?"),
        ("methods.pul.label=x", "no entry of the list is called 'pul', or has that index; did you mean 'pull'?"),
        ("methods.3=x", "no entry of the list is called '3', or has that index; known: base, pull, v1.5 of pull"),
        ("methods.-1=x", "no entry of the list is called '-1'"),
        ("methods.pull.options.bta=1", "unknown option 'bta' of pull; did you mean 'beta'?"),
        ("methods.pull.options.beta=-1", "pull: beta is -1.0; it must be positive"),
        ("data.noise.x=1", "0.2 stands where 'x' is looked up; it has no keys"),
        ("data.noise=[", "not YAML"),
        ("data.noise=!!python/name:os x", "the tag 'tag:yaml.org,2002:python/name:os' is not read"),
        ("data={a: 1, a: 2}", "the key 'a' stands here a second time"),
        (".".join("a" * 5000) + "=1", "names more than 32 levels"),
    ],
)
def test_errors_name_the_assignment(refusal: Refusal, given: str, told: str) -> None:
    assert f"--set {given}: {told}" in refusal(SUITE, sets=[given])


def test_a_row_that_is_made_two_things_at_once(refusal: Refusal) -> None:
    told = refusal(SUITE, sets=["methods.0.policy=base"])
    assert told.startswith(
        "suite.yaml:3: methods.0 should be the name of a method, or a mapping with one of `method`, `policy`, `column`"
    )


def test_an_ambiguous_label_wants_an_index(refusal: Refusal) -> None:
    message = refusal(SUITE.replace("    label: v1.5 of pull\n", ""), sets=["methods.pull.options.beta=1"])
    assert "2 entries are called 'pull'\n    fix: use an index, counted from 0" in message


def test_all_assignments_and_lines_that_are_wrong_are_told_together(refusal: Refusal) -> None:
    lines = refusal(SUITE + "keap: all\n", sets=["x", "seed=1", "budget.batch=0"]).splitlines()
    places = [line.strip().split(": ")[0] for line in lines if not line.startswith("    fix")]
    assert places[1:] == ["--set x", "--set budget.batch=0", "--set seed=1", "suite.yaml:9"]
