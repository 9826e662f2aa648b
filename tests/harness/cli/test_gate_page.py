"""docs/gate.md says what the commands, the action and the outcome are."""

import dataclasses
import re
from pathlib import Path
from typing import get_args

import pytest
import typer
import yaml

from harness.cli.app import app
from harness.gate.outcome import CostChange, FigureChange, FigureVerdict, Loss, LossKind, Outcome, Verdict
from harness.render.gate_json import plain_outcome

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", ["check", "accept"])
def test_every_option_is_documented(command):
    options = typer.main.get_command(app).commands[command].params
    names = [name for option in options for name in [*option.opts, *option.secondary_opts] if name.startswith("--")]
    assert names
    assert not [name for name in names if f"`{name}" not in PAGE and f"[{name}" not in PAGE]


@pytest.mark.parametrize("noun", [Outcome, FigureChange, Loss, CostChange])
def test_every_key_of_the_json_is_documented(noun):
    assert not [field.name for field in dataclasses.fields(noun) if f"`{field.name}`" not in PAGE]


def test_so_are_those_of_the_document_and_every_word():
    keys = plain_outcome(Outcome("core", "holds", 0.05, 0, (), (), (), (), ()))
    assert not [key for key in keys if f"`{key}`" not in PAGE]
    assert not [word for word in [*get_args(Verdict), *get_args(FigureVerdict)] if f"`{word}`" not in PAGE]
    assert not [kind for kind in get_args(LossKind) if kind not in PAGE]


def test_every_input_and_output_of_the_action_is_documented():
    assert not [name for name in [*ACTION["inputs"], *ACTION["outputs"]] if f"`{name}`" not in PAGE]


def test_the_job_of_the_page_uses_inputs_that_there_are():
    (text,) = re.findall(r"^    jobs:\n(?:     .*\n)+", PAGE, re.MULTILINE)
    job = yaml.safe_load(text)["jobs"]["board"]
    assert job["permissions"]["pull-requests"] == "write"
    step = job["steps"][-1]
    assert step["uses"].split("/")[1].startswith("alignment-harness@")
    required = {name for name, one in ACTION["inputs"].items() if one.get("required")}
    assert required <= step["with"].keys() <= ACTION["inputs"].keys()


def test_the_gitlab_job_of_the_page_is_yaml():
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert yaml.safe_load(text)["board"]["artifacts"]["reports"]["junit"] == "gate.xml"
