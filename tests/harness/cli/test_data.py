"""`harness data`: what is in the data, before anything is trained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tiny
from typer.testing import CliRunner

from harness.audit_checks import CHECKS
from harness.cli.app import app

SUITE = """
data: {source: files, path: train.jsonl, test_path: test.jsonl}
model: ./model
methods: [dpo]
evaluators: [preference]
seeds: [0, 1]
"""


def rows(start: int, count: int):
    return [
        {"prompt": " ".join(f"w{i}x{k}" for k in range(6)), "chosen": "w1 w2", "rejected": f"w3 w{i % 9}"}
        for i in range(start, start + count)
    ]


@pytest.fixture
def folder(tmp_path: Path):
    model = tiny.language_model()
    model.model.save_pretrained(str(tmp_path / "model"))
    model.tokenizer.save_pretrained(str(tmp_path / "model"))
    (tmp_path / "mine.yaml").write_text(SUITE)
    return tmp_path


def written(folder: Path, train, test):
    for name, listed in (("train", train), ("test", test)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in listed))


def called(folder: Path, *arguments: str):
    return CliRunner().invoke(app, ["data", str(folder / "mine.yaml"), *arguments])


def test_clean_data_are_said_to_be(folder: Path):
    written(folder, rows(0, 40), rows(100, 10))
    result = called(folder, "--strict")
    assert result.exit_code == 0
    assert "nothing is wrong with these data" in result.output
    assert "✗" not in result.output


def test_a_leak_is_told_with_its_remedy_and_refused_when_strict(folder: Path):
    written(folder, [*rows(0, 40), *rows(100, 3), {"prompt": "a", "chosen": "b", "rejected": "b"}], rows(100, 10))
    result = called(folder)
    assert result.exit_code == 0
    text = " ".join(result.output.split())
    assert "✗ examples whose prompt is also in the train split: test 3 of 10 (30.0 %). To mend it, take" in text
    assert "rows dropped: chosen equals rejected" in text
    assert "train.jsonl:44: chosen equals rejected" in text
    assert called(folder, "--strict").exit_code == 1


def test_json_holds_the_record_and_the_findings(folder: Path):
    written(folder, [*rows(0, 40), *rows(100, 3)], rows(100, 10))
    found = json.loads(called(folder, "--json").stdout)
    assert found["suite"] == "mine"
    assert found["findings"][0]["strict"] is True
    assert [split["name"] for split in found["splits"]] == ["train", "validation", "test"]
    assert found["shared"][1]["exact"] == 3
    assert list(found["splits"][0]["found"]) == [check.key for check in CHECKS]


def test_limits_seeds_and_settings_are_those_of_a_run(folder: Path):
    written(folder, rows(0, 40), rows(100, 10))
    found = json.loads(called(folder, "--json", "--limit", "5", "--seeds", "3,4", "--set", "tokens.max=20").stdout)
    assert [(split["name"], split["examples"]) for split in found["splits"]] == [
        ("train, seed 3", 5),
        ("train, seed 4", 5),
        ("validation", 5),
        ("test", 5),
    ]
    assert found["tokens"]["longest"] == 20


def test_a_suite_without_a_model_says_what_to_set(folder: Path):
    from harness.errors import ModelError

    written(folder, rows(0, 40), rows(100, 10))
    result = called(folder, "--set", "model=null")
    assert isinstance(result.exception, ModelError)
    assert "set model" in result.exception.fix
