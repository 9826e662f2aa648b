"""Whatever rows and metrics are called, in every form of what the gate found."""

import io
import json
from xml.etree import ElementTree as ET

import harmless
import hostile
import outcomes
import pytest
from rich.cells import cell_len
from rich.console import Console

from harness.render.gate_annotations import workflow_commands
from harness.render.gate_json import outcome_json
from harness.render.gate_junit import junit_xml
from harness.render.gate_markdown import outcome_markdown
from harness.render.gate_terminal import print_outcome


@pytest.fixture(params=hostile.TEXTS)
def text(request):
    return hostile.TEXTS[request.param]


@pytest.fixture
def outcome(text):
    return outcomes.regression(text)


def test_markdown_shows_texts_and_does_nothing_else_with_them(outcome):
    found = harmless.check_markdown(outcome_markdown(outcome))
    assert sum(t.type == "table_open" for t in found) >= 4
    assert sum("<details>" in t.content for t in found if t.type == "html_block") >= 2


def test_the_terminal_shows_texts_and_obeys_none(outcome):
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    print_outcome(outcome, console)
    plain = harmless.STYLE.sub("", console.file.getvalue())
    assert not harmless.steering(plain)
    assert max(cell_len(line) for line in plain.splitlines()) <= 100


def test_every_line_of_the_annotations_is_one_command_of_ours(outcome):
    lines = workflow_commands(outcome).splitlines()
    assert lines
    for line in lines:
        command, _, message = line.removeprefix("::").partition("::")
        level, _, properties = command.partition(" ")
        assert line.startswith("::")
        assert level in {"error", "warning", "notice"}
        assert [part.partition("=")[0] for part in properties.split(",")] == ["title"]
        assert "##[" not in message
        assert not harmless.steering(line)


def test_xml_and_json_are_valid_and_hold_the_same_number_of_things(outcome, text):
    usual = outcomes.regression()
    cases = [len(list(ET.fromstring(junit_xml(one)).iter("testcase"))) for one in (outcome, usual)]
    assert cases[0] == cases[1]
    assert not harmless.steering(junit_xml(outcome))
    found = json.loads(outcome_json(outcome))
    assert {one["row"] for one in found["figures"]} == {text}
    assert outcome_json(outcome).isascii()
