"""The suites that ship, read with the plugins that ship."""

from __future__ import annotations

import pytest
from json_fits import fits

from harness import host
from harness.digest import plain
from harness.host import Registry
from harness.suite import json_schema, list_suites, read_suite
from harness.suite.problems import Problems
from harness.suite.yaml_lines import read_yaml

CORE = ["base", "oracle", "sft", "dpo", "rpo", "ddro", "ddo_rm", "hypo", "dora", "dpo on random labels"]
CORE += ["dpo again", "length only"]


@pytest.fixture(scope="module")
def installed() -> Registry:
    return host.load()


@pytest.mark.parametrize("name", sorted(list_suites()))
def test_every_shipped_suite_reads(installed: Registry, name: str) -> None:
    suite = read_suite(name, registry=installed)
    assert suite.name == name
    assert suite.description
    assert plain(suite.as_run) == suite.as_run


@pytest.mark.parametrize("name", sorted(list_suites()))
def test_the_schema_accepts_every_shipped_suite(installed: Registry, name: str) -> None:
    schema = json_schema(installed)
    assert fits(read_yaml(list_suites()[name], Problems()).plain, schema, schema)


def test_core_compares_its_rows_over_three_seeds(installed: Registry) -> None:
    suite = read_suite("core", registry=installed)
    assert [row.label for row in suite.rows] == CORE
    assert [len(row.seeds) for row in suite.rows] == [0, 0, *[3] * 9, 0]
    assert [entry.label for entry in suite.evaluators] == ["preference", "truth", "drift", "lm_eval", "alpaca_eval"]
    assert (suite.source.name, suite.budgets[0].prompts, suite.budgets[0].batch) == ("world", 3072, 64)


def test_smoke_is_core_with_less_training(installed: Registry) -> None:
    core, smoke = (read_suite(name, registry=installed) for name in ("core", "smoke"))
    assert [row.label for row in smoke.rows] == CORE
    assert smoke.evaluators == core.evaluators
    assert smoke.source == core.source
    assert (smoke.budgets[0].prompts or 0) < (core.budgets[0].prompts or 0)


def test_pairs_takes_its_data_and_model_from_the_command_line(
    installed: Registry, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    suite = read_suite("pairs", registry=installed, sets=["data.path=rows.jsonl", "model=gpt2"])
    assert suite.source.path == f"{tmp_path}/rows.jsonl"  # pyright: ignore[reportAttributeAccessIssue]
    assert suite.model is not None
    assert suite.model.name == "gpt2"
    unset = read_suite("pairs", registry=installed)
    assert (unset.model, unset.source.path) == (None, "")  # pyright: ignore[reportAttributeAccessIssue]
