"""docs/evaluators.md: every option of `preference` and `drift` with its default, every figure and every subset."""

import dataclasses
import re
from pathlib import Path

import pytest
import yaml
from harness_plugins.evaluators.drift import QUANTITIES, Drift
from harness_plugins.evaluators.preference import Preference
from harness_plugins.evaluators.subsets import MOST

PAGE = (Path(__file__).parents[3] / "docs" / "evaluators.md").read_text()


def section(name):
    return PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("evaluator", [Preference, Drift])
def test_every_option_is_documented_with_its_default(evaluator):
    table = section(evaluator.name).split("| option | default |")[1]
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", table, re.MULTILINE))
    shown = {name: yaml.safe_load(text) for name, text in rows.items()}
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(evaluator()).items()}
    assert shown == plain


def test_every_figure_is_documented():
    names = (
        "accuracy",
        "auc",
        "auc_within",
        "margin",
        "margin_sd",
        "ranking_accuracy",
        "ranking_accuracy_mean",
        "top1",
    )
    for name in (*names, "idealised_accuracy_<beta>"):
        assert f"\n| `preference/{name}` |" in section("preference")
    for quantity in QUANTITIES:
        assert f"\n| `{quantity.metric}` |" in section("drift")


def test_the_number_of_parts_that_stand_is_documented():
    assert f"beyond the {MOST} largest of a kind" in section("preference")
