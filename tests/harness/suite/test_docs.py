"""docs/suites.md says what is true."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from json_fits import fits
from pydantic import BaseModel

from harness import host
from harness.host import Registry
from harness.suite import json_schema, list_suites, read_suite
from harness.suite.problems import Problems
from harness.suite.schema import (
    AgainRow,
    BudgetFile,
    ChoicesFile,
    ColumnRow,
    EvaluatorFile,
    MethodRow,
    ModelFile,
    PolicyRow,
    PublishedFigure,
    RangeFile,
    StatisticsFile,
    SuiteFile,
    TuneFile,
)
from harness.suite.yaml_lines import read_yaml
from harness.training import Lora, Sharding, Tokens, Training

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "suites.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def installed() -> Registry:
    return host.load()


def fenced(kind: str) -> list[str]:
    return re.findall(rf"^```yaml {kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "model",
    [
        SuiteFile,
        ModelFile,
        MethodRow,
        ColumnRow,
        PolicyRow,
        AgainRow,
        EvaluatorFile,
        BudgetFile,
        PublishedFigure,
        RangeFile,
        ChoicesFile,
        TuneFile,
        StatisticsFile,
        Tokens,
        Training,
        Lora,
        Sharding,
    ],
)
def test_every_key_is_explained(model: type[BaseModel]) -> None:
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", PAGE))))
    assert model.model_fields.keys() <= words


def test_every_shipped_suite_is_listed() -> None:
    assert all(f"| `{name}` |" in PAGE for name in list_suites())


@pytest.mark.parametrize("text", fenced("suite"))
def test_the_suites_of_the_page_read(write: Callable[..., Path], installed: Registry, text: str) -> None:
    assert read_suite(str(write(text)), registry=installed).rows


ROWS = {
    "methods": ["dpo on random labels[base.beta=0.1]", "dpo on random labels[base.beta=0.5]"],
    "columns": ["ddo_rm[eta=0.5]", "ddo_rm[eta=1]"],
    "init": ["sft", "dpo", "dpo, gentle[beta=0.5]", "dpo, gentle[beta=1]"],
    "again": ["sft", "dpo[beta=0.1]", "dpo[beta=0.5]", "dpo[beta=0.1] again"],
    "ratings": ["reward model[learning_rate=1e-05]", "reward model[learning_rate=0.0001]", "data_reward"],
}


@pytest.mark.parametrize("kind", ROWS)
def test_the_rows_of_the_page_read(write: Callable[..., Path], installed: Registry, kind: str) -> None:
    (text,) = fenced(kind)
    path = write(f"extends: core\nmethods:\n{text}")
    assert [row.label for row in read_suite(str(path), registry=installed).rows] == ROWS[kind]


@pytest.mark.parametrize("kind", ["suite", *ROWS])
def test_the_schema_accepts_what_the_page_shows(write: Callable[..., Path], installed: Registry, kind: str) -> None:
    schema = json_schema(installed)
    for text in fenced(kind):
        path = write(text if kind == "suite" else f"extends: core\nmethods:\n{text}")
        assert fits(read_yaml(path, Problems()).plain, schema, schema)


def test_the_assignments_of_the_page_can_be_made(
    write: Callable[..., Path], installed: Registry, tmp_path: Path
) -> None:
    write("", "preferences.jsonl")
    lines = re.findall(r"^    --set '?(.*?)'?$", PAGE, re.MULTILINE)
    assert len(lines) == 4
    suite = read_suite("core", registry=installed, sets=lines)
    assert suite.source.path == str(tmp_path / "preferences.jsonl")  # pyright: ignore[reportAttributeAccessIssue]
