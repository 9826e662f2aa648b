from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import SuiteError
from harness.suite import Suite
from harness.suite.extends import merge, merged
from harness.suite.node import Node, Place, node_of
from harness.suite.problems import Problems

Write = Callable[..., Path]


def told(path: Path) -> str:
    with pytest.raises(SuiteError) as caught:
        merged(path, Problems())
    return str(caught.value)


def test_mappings_are_merged_and_everything_else_is_replaced(write: Write) -> None:
    write("budget: {prompts: 10, batch: 2}\ntraining: {lora: {r: 4}}\nseeds: [0, 1]\nkeep: none\n", "base.yaml")
    path = write("extends: base.yaml\nbudget: {prompts: 20}\ntraining: {lora: {alpha: 8}, dropout: 0.1}\nseeds: [5]\n")
    assert merged(path, Problems()).plain == {
        "budget": {"prompts": 20, "batch": 2},
        "training": {"lora": {"r": 4, "alpha": 8}, "dropout": 0.1},
        "seeds": [5],
        "keep": "none",
    }


def test_an_empty_mapping_takes_nothing_away_and_null_takes_all() -> None:
    place = Place("file", 1, Path("/"))

    def plain(base: object, over: object) -> object:
        return merge(node_of(base, place), node_of(over, place)).plain

    assert plain({"a": {"b": 1}}, {"a": {}}) == {"a": {"b": 1}}
    assert plain({"a": {"b": 1}}, {"a": None}) == {"a": None}


def test_of_several_suites_the_last_wins(write: Write) -> None:
    write("description: one\nkeep: all\nbudget: {batch: 1}\n", "one.yaml")
    write("description: two\nkeep: none\n", "two.yaml")
    path = write("extends: [one.yaml, two.yaml]\ndescription: own\n")
    assert merged(path, Problems()).plain == {"description": "own", "keep": "none", "budget": {"batch": 1}}


def test_a_suite_may_extend_through_several_files_each_from_its_own_folder(write: Write) -> None:
    write("data: {source: table, path: rows.csv}\n", "deep/er/base.yaml")
    write("extends: er/base.yaml\nkeep: none\n", "deep/middle.yaml")
    root: Node = merged(write("extends: deep/middle.yaml\n"), Problems())
    assert root.plain == {"data": {"source": "table", "path": "rows.csv"}, "keep": "none"}
    assert root.at("data", "path").place.folder.name == "er"
    assert root.at("data", "path").place.where == "deep/er/base.yaml:1"


def test_a_shipped_suite_can_be_extended_by_name(write: Write) -> None:
    root = merged(write("extends: core\nseeds: [7]\n"), Problems())
    assert root.at("seeds").plain == [7]
    assert root.at("data", "source").value == "world"


def test_another_source_or_model_replaces_the_whole_mapping(write: Write) -> None:
    write("data: {source: dice, sides: 3}\nmodel: {name: a, revision: v1}\n", "base.yaml")
    path = write("extends: base.yaml\ndata: {source: table, path: x}\nmodel: b\n")
    assert merged(path, Problems()).plain == {"data": {"source": "table", "path": "x"}, "model": {"name": "b"}}


def test_one_base_reached_twice_is_no_circle(write: Write) -> None:
    write("keep: none\n", "base.yaml")
    write("extends: base.yaml\n" + "description: a\n", "a.yaml")
    write("extends: base.yaml\n" + "budget: {batch: 1}\n", "b.yaml")
    assert merged(write("extends: [a.yaml, b.yaml]\n"), Problems()).at("keep").value == "none"


def test_many_ways_to_the_same_base_cost_no_more_than_one(write: Write) -> None:
    write("keep: none\n", "s0.yaml")
    for n in range(1, 40):
        write(f"extends: [{', '.join([f's{n - 1}.yaml'] * 3)}]\ndescription: d\n", f"s{n}.yaml")
    assert merged(write("extends: s39.yaml\n"), Problems()).at("keep").value == "none"


def test_a_circle_is_named_from_file_to_file(write: Write) -> None:
    write("extends: b.yaml\n", "a.yaml")
    write("# b\nextends: [c.yaml]\n", "b.yaml")
    path = write("\n\nextends: a.yaml\n", "c.yaml")
    assert told(path) == "b.yaml:2: the suite extends itself: c.yaml -> a.yaml -> b.yaml -> c.yaml"


def test_a_suite_that_extends_itself(write: Write) -> None:
    assert told(write("extends: suite.yaml\n")) == "suite.yaml:1: the suite extends itself: suite.yaml -> suite.yaml"


def test_a_base_that_is_not_there_names_the_line_and_the_nearest_shipped_one(write: Write) -> None:
    message = told(write("keep: none\nextends: [cor]\n"))
    assert message.startswith(
        "suite.yaml:2: 'cor' is neither a file nor a shipped suite; shipped: did you mean 'core'?"
    )


@pytest.mark.parametrize("given", ["3", "[core, 3]", "{a: b}"])
def test_extends_that_is_no_reference(write: Write, given: str) -> None:
    assert told(write(f"extends: {given}\n")).startswith("suite.yaml:1: extends should be the name or path of a suite")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is empty"),
        ("# words\n", "is empty"),
        ("{}", "is empty"),
        ("- a", "is no mapping"),
        ("word", "is no mapping"),
    ],
)
def test_a_file_that_is_no_suite(write: Write, text: str, what: str) -> None:
    assert told(write(text)).startswith(f"suite.yaml:1: the suite {what}")


def test_faults_of_every_file_are_told_together(refusal: Callable[..., str], write: Write, whole: str) -> None:
    write(whole + "budget: {bacth: 1}\nkeep: none\nkeep: all\n", "base.yaml")
    assert refusal("extends: base.yaml\n\nbudget: {epochs: 0}\n").splitlines() == [
        "3 things are wrong with the suite",
        "  base.yaml:4: unknown key 'bacth' in budget; did you mean 'batch'? known: batch, epochs, prompts",
        "  base.yaml:6: the key 'keep' stands here a second time, after base.yaml:5",
        "  suite.yaml:3: budget.epochs should be greater than or equal to 1, not 0",
    ]


def test_paths_start_from_the_file_that_sets_them(read: Callable[..., Suite], write: Write, tmp_path: Path) -> None:
    write("data: {source: table, path: rows.csv}\nmethods: [pull]\nevaluators: [accuracy]\n", "base/base.yaml")
    suite = read("extends: base/base.yaml\n")
    assert suite.source == type(suite.source)(path=str(tmp_path / "base" / "rows.csv"))  # pyright: ignore
