"""A run that is held to the record of an earlier study."""

import json

import pytest
import toy
import yaml
from given_trials import Given, nearest

from harness.errors import StoreError
from harness.reporter import Reporter
from harness.run.inputs import Limits, gather
from harness.store import Store
from harness.suite import read_suite
from harness.tuning import read_record, snippet, tuned

LIMITS = Limits(None)
SUITE = """
data: {source: toy}
training: {learning_rate: 1e-3}
tokens: {min_prompt: 4}
methods:
  - policy: base
  - sft
  - method: dpo
    init: sft
  - {method: random_labels, label: random}
evaluators: [preference]
seeds: [0, 1]
budget: {batch: 4}
"""
TUNE = "tune: {trials: 5, metric: preference/accuracy}\n"


@pytest.fixture
def record(tmp_path, monkeypatch):
    """A finished study on disk, and what it holds."""
    Given(monkeypatch, nearest(5e-3))
    suite = read_suite(str(toy.write_suite(tmp_path, SUITE + TUNE)), registry=toy.registry())
    store = Store(tmp_path / "results")
    found = tuned(suite, toy.registry(), LIMITS, store, Reporter())
    path = tmp_path / "results" / "toy" / "studies.json"
    assert read_record(path) == read_record(path.parent) == found.record
    return path, found.record


def written(record):
    """The suite with what the study chose."""
    suite = yaml.safe_load(SUITE)
    chosen = {row.get("label", row["method"]): row for row in yaml.safe_load(snippet(record))["methods"]}
    suite["methods"] = [{"policy": "base"}, chosen["sft"], {**chosen["dpo"], "init": "sft"}, chosen["random"]]
    return suite


def held(folder, record, suite, *sets):
    path = folder / "held.yaml"
    path.write_text(yaml.safe_dump({**suite, "tuned": str(record[0].relative_to(folder))}))
    read = read_suite(str(path), registry=toy.registry(), sets=sets)
    rows = tuned(read, toy.registry(), LIMITS, Store(folder / "results"), None)
    return rows.rows(gather(read, toy.registry().columns, LIMITS), LIMITS)


def test_a_suite_with_what_the_study_chose_is_tuned(tmp_path, record):
    assert held(tmp_path, record, written(record[1])) == {"sft", "dpo", "random"}


def test_a_suite_with_other_settings_is_not(tmp_path, record):
    assert held(tmp_path, record, yaml.safe_load(SUITE)) == frozenset()


@pytest.mark.parametrize(
    ("change", "tuned_rows"),
    [
        ("methods.sft.training.learning_rate=1e-4", {"random"}),  # dpo starts from it
        ("methods.dpo.training.warmup=0", {"sft", "random"}),
        ("methods.random.options.base.options.beta=0.2", {"sft", "dpo"}),
        ("methods.dpo.init=null", {"sft", "random"}),
        ("budget.epochs=2", set()),
        ("data.words=30", set()),
        ("tokens.min_prompt=5", set()),
        ("methods.dpo.label=renamed", {"sft", "renamed", "random"}),
        ("seeds=[4]", {"sft", "dpo", "random"}),
    ],
)
def test_a_row_is_tuned_only_as_it_was_studied(tmp_path, record, change, tuned_rows):
    assert held(tmp_path, record, written(record[1]), change) == tuned_rows


def test_a_study_that_is_not_finished_tunes_nothing(tmp_path, record):
    path, found = record
    data = json.loads(path.read_text())
    data["studies"][2]["planned"] += 1
    path.write_text(json.dumps(data))
    assert held(tmp_path, record, written(found)) == {"sft", "dpo"}


def test_only_what_was_searched_is_written_for_a_suite(record):
    rows = yaml.safe_load(snippet(record[1]))["methods"]
    assert [sorted(row) for row in rows] == [
        ["method", "training"],
        ["method", "options", "training"],
        ["label", "method", "options", "training"],
    ]
    assert rows[2]["options"]["base"].keys() == {"method", "options"}


def test_what_a_grid_compares_is_written_too(tmp_path, monkeypatch):
    Given(monkeypatch, nearest(5e-3))
    grid = SUITE.replace(
        "method: random_labels, label: random", "method: dpo, label: grid, options: {beta: [0.3, 0.7]}"
    )
    suite = read_suite(str(toy.write_suite(tmp_path, grid + TUNE)), registry=toy.registry())
    found = tuned(suite, toy.registry(), LIMITS, Store(tmp_path / "results"), Reporter())
    rows = {row.get("label", row["method"]): row for row in yaml.safe_load(snippet(found.record))["methods"]}
    assert {label: rows[label]["options"]["beta"] for label in rows if label.startswith("grid")} == {
        "grid[beta=0.3]": 0.3,
        "grid[beta=0.7]": 0.7,
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"best": 77}, "the best trial of 'sft' is said to be number 77, which is not there"),
        ({"best": None}, "a best trial or chosen settings, and not both"),
        ({"chosen": None}, "a best trial or chosen settings, and not both"),
    ],
)
def test_a_record_that_contradicts_itself_is_an_error(record, change, said):
    path, _ = record
    data = json.loads(path.read_text())
    data["studies"][0] |= change
    path.write_text(json.dumps(data))
    with pytest.raises(StoreError, match=said):
        read_record(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no"),
        ("{", "cannot be read"),
        ("{}", "cannot be read"),
        ('{"schema_version": 99}', "this release reads up to 1"),
    ],
)
def test_a_record_that_cannot_be_read_is_an_error(tmp_path, text, said):
    if text is not None:
        (tmp_path / "studies.json").write_text(text)
    with pytest.raises(StoreError, match=said):
        read_record(tmp_path)
