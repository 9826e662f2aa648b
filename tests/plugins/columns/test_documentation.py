"""docs/columns.md: a section for every column of ours, with every option and its default."""

import dataclasses
import re
from functools import cache
from pathlib import Path

import pytest

from harness import host

PAGE = (Path(__file__).parents[3] / "docs" / "columns.md").read_text()
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
ROWS = {
    name: cells
    for name, *cells in re.findall(r"^\| \[`(\w+)`\]\(#\w+\) \| (.*) \| (.*) \| (.*) \| (.*) \|$", PAGE, re.M)
}


@cache
def ours():
    shelf = host.load([e for e in host.installed() if e.dist.name == "alignment-harness"]).columns
    return {name: shelf.get(name) for name in shelf.offers}


@pytest.mark.parametrize("name", ours())
def test_every_column_has_a_section_with_its_options_and_their_defaults(name):
    column = ours()[name]()
    shown = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", SECTIONS[name], re.MULTILINE))
    defaults = {field.name: str(getattr(column, field.name)) or "(none)" for field in dataclasses.fields(column)}
    assert shown == defaults
    assert defaults or "**Options**: none" in SECTIONS[name]


@pytest.mark.parametrize("name", ours())
def test_the_overview_says_what_every_column_reads_learns_from_and_needs(name):
    column = ours()[name]()
    _, reads, learns, needs = ROWS[name]
    assert reads == {"nothing": "-", "initial": "the initial policy", "base": "the suite's base model"}[column.reads]
    assert (learns != "-") == column.learns
    assert needs == (", ".join(sorted(column.needs())) or "-")


def test_no_section_is_about_a_column_that_is_gone():
    assert set(SECTIONS) == set(ROWS) == set(ours())
