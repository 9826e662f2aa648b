from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.suite import ModelRef, Suite

Read = Callable[..., Suite]
Refusal = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "models" / "small"
    path.mkdir(parents=True)
    return path


def test_a_folder_beside_the_suite_is_a_local_model(read: Read, whole: str, folder: Path) -> None:
    suite = read(whole + "model: models/small\n")
    assert suite.model == ModelRef("models/small", None, folder)
    assert suite.as_run["model"] == {"name": "models/small", "revision": None}


def test_an_absolute_folder_is_a_local_model(read: Read, whole: str, folder: Path) -> None:
    assert read(whole, sets=[f"model={folder}"]).model == ModelRef(str(folder), None, folder)


def test_anything_else_is_an_id_on_the_hub(read: Read, whole: str) -> None:
    assert read(whole + "model: gpt2\n").model == ModelRef("gpt2", None, None)
    assert read(whole + "model: {name: EleutherAI/pythia-70m, revision: main}\n").model == ModelRef(
        "EleutherAI/pythia-70m", "main", None
    )


def test_no_model_means_that_of_the_source(read: Read, whole: str) -> None:
    assert read(whole).model is None
    assert read(whole + "model: null\n").model is None


def test_a_model_set_on_the_command_line_is_looked_for_in_the_working_folder(
    read: Read, write: Callable[..., Path], whole: str, folder: Path
) -> None:
    write(whole, "elsewhere/base.yaml")
    assert read("extends: elsewhere/base.yaml\n", sets=["model=models/small"]).model == ModelRef(
        "models/small", None, folder
    )


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("./models/large", "suite.yaml:4: './models/large' is neither a folder, looked for at {tmp}/models/large, "),
        ("models/small/", "suite.yaml:4: 'models/small/' is neither"),
        ("a/b/c", "suite.yaml:4: 'a/b/c' is neither"),
        ("~nobody-of-that-name/x", "suite.yaml:4: '~nobody-of-that-name/x' is neither"),
        ("{name: a b}", "suite.yaml:4: 'a b' is neither"),
        ("{name: " + "x/" * 3000 + "}", "suite.yaml:4: 'x/x/"),
        ("{revision: main}", "suite.yaml:4: 'name' is missing in model"),
        ("{name: ''}", "suite.yaml:4: model.name should hold at least 1 character"),
        ("{name: x, revison: y}", "suite.yaml:4: unknown key 'revison' in model; did you mean 'revision'?"),
        ("3", "suite.yaml:4: model should be a mapping, not 3"),
    ],
)  # fmt: skip
def test_a_model_that_is_neither(refusal: Refusal, tmp_path: Path, whole: str, model: str, told: str) -> None:
    assert refusal(f"{whole}model: {model}\n").startswith(told.format(tmp=tmp_path))


def test_a_folder_has_no_revision(refusal: Refusal, whole: str, folder: Path) -> None:
    del folder
    told = refusal(whole + "model:\n  name: models/small\n  revision: main\n")
    assert told == "suite.yaml:5: 'models/small' is a local folder, which has no revision\n  fix: leave `revision` out"


def test_checkpoints_are_found_as_models_are(read: Read, refusal: Refusal, folder: Path) -> None:
    text = "data: {source: dice}\nevaluators: [accuracy]\nmethods:\n  - policy: models/small\n  - policy: org/tuned\n"
    suite = read(text)
    assert [(row.label, row.policy) for row in suite.rows] == [("small", str(folder)), ("tuned", "org/tuned")]
    assert [row.label for row in read(text + "  - policy: .\n").rows] == ["small", "tuned", "."]
    methods: Any = suite.as_run["methods"]
    assert methods[0] == {"policy": "models/small", "label": "small"}
    assert refusal(text + "  - policy: ./gone\n").startswith("suite.yaml:6: './gone' is neither a folder")


def test_a_checkpoint_may_bring_its_revision_along(read: Read) -> None:
    text = "data: {source: dice}\nevaluators: [accuracy]\nmethods: [{policy: org/tuned@v2}]\n"
    (row,) = read(text).rows
    assert (row.policy, row.revision) == ("org/tuned", "v2")


def test_a_checkpoint_of_the_hub_may_have_a_revision(read: Read, refusal: Refusal, folder: Path) -> None:
    del folder
    text = "data: {source: dice}\nevaluators: [accuracy]\nmethods:\n"
    suite = read(text + "  - {policy: org/tuned, revision: v2}\n  - {policy: org/tuned, label: newest}\n")
    assert [row.revision for row in suite.rows] == ["v2", None]
    methods: Any = suite.as_run["methods"]
    assert methods == [
        {"policy": "org/tuned", "revision": "v2", "label": "tuned"},
        {"policy": "org/tuned", "label": "newest"},
    ]
    for policy, told in (
        ("models/small", "'models/small' is a local folder, which"),
        ("base", "base"),
        ("oracle", "oracle"),
    ):
        found = refusal(f"{text}  - {{policy: {policy}, revision: v2}}\n")
        assert found.startswith(f"suite.yaml:4: {told} has no revision\n  fix: leave `revision` out")


@pytest.mark.parametrize(
    ("given", "expected"),
    [("rows.csv", "{tmp}/rows.csv"), ("../x/*.json", "{up}/x/*.json"), ("/abs/rows.csv", "/abs/rows.csv"), ("''", "")],
)
def test_paths_of_a_source_are_absolute(read: Read, tmp_path: Path, given: str, expected: str) -> None:
    suite = read(f"data: {{source: table, path: {given}}}\nmethods: [pull]\nevaluators: [accuracy]\n")
    source: Any = suite.source
    assert source.path == expected.format(tmp=tmp_path, up=tmp_path.parent)
    data: Any = suite.as_run["data"]
    assert data["path"] == given.strip("'")


def test_lists_of_paths_are_absolute_too(read: Read, tmp_path: Path) -> None:
    suite = read("data: {source: table, more: [a, b/c]}\nmethods: [pull]\nevaluators: [accuracy]\n")
    source: Any = suite.source
    assert source.more == (f"{tmp_path}/a", f"{tmp_path}/b/c")


def test_a_path_from_the_home_folder(read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    source: Any = read("data: {source: table, path: ~/x}\nmethods: [pull]\nevaluators: [accuracy]\n").source
    assert source.path == str(tmp_path / "home" / "x")


def test_a_path_of_the_wrong_type(refusal: Refusal) -> None:
    told = refusal("data: {source: table, path: 3}\nmethods: [pull]\nevaluators: [accuracy]\n")
    assert told == "suite.yaml:1: path of table should be text, not 3"
