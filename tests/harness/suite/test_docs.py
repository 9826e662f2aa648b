"""docs/suites.md says what is true."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from harness import host
from harness.host import Registry
from harness.suite import list_suites, read_suite
from harness.suite.schema import EvaluatorFile, MethodRow, ModelFile, PolicyRow, SuiteFile
from harness.training import Budget, Lora, Tokens, Training

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "suites.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def installed() -> Registry:
    return host.load()


def fenced(kind: str) -> list[str]:
    return re.findall(rf"^```yaml {kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "model", [SuiteFile, ModelFile, MethodRow, PolicyRow, EvaluatorFile, Budget, Tokens, Training, Lora]
)
def test_every_key_is_explained(model: type[BaseModel]) -> None:
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", PAGE))))
    assert model.model_fields.keys() <= words


def test_every_shipped_suite_is_listed() -> None:
    assert all(f"| `{name}` |" in PAGE for name in list_suites())


@pytest.mark.parametrize("text", fenced("suite"))
def test_the_suites_of_the_page_read(write: Callable[..., Path], installed: Registry, text: str) -> None:
    assert read_suite(str(write(text)), registry=installed).rows


@pytest.mark.parametrize("text", fenced("methods"))
def test_the_rows_of_the_page_read(write: Callable[..., Path], installed: Registry, text: str) -> None:
    path = write(f"extends: core\nmethods:\n{text}")
    labels = [row.label for row in read_suite(str(path), registry=installed).rows]
    assert labels == ["dpo on random labels[base.beta=0.1]", "dpo on random labels[base.beta=0.5]"]


def test_the_assignments_of_the_page_can_be_made(
    write: Callable[..., Path], installed: Registry, tmp_path: Path
) -> None:
    write("", "preferences.jsonl")
    lines = re.findall(r"^    --set '?(.*?)'?$", PAGE, re.MULTILINE)
    assert len(lines) == 4
    suite = read_suite("core", registry=installed, sets=lines)
    assert suite.source.path == str(tmp_path / "preferences.jsonl")  # pyright: ignore[reportAttributeAccessIssue]
