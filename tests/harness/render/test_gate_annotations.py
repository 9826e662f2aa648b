import outcomes
import pytest

from harness.render.gate_annotations import MOST, annotation, quoted, workflow_commands


def read(line):
    """(level, title, message) as GitHub's runner reads a line."""
    head, _, message = line.removeprefix("::").partition("::")
    level, _, properties = head.partition(" ")
    found = dict(part.split("=", 1) for part in properties.split(","))
    title = found.pop("title")
    assert not found
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ",")):
        title = title.replace(code, character)
    return level, title.replace("%25", "%"), message.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def test_the_verdict_comes_first_then_what_fails_then_what_is_let_pass():
    found = [read(line)[:2] for line in workflow_commands(outcomes.regression()).splitlines()]
    assert found == [
        ("error", "harness check core: regression"),
        ("error", "dpo, preference/accuracy"),
        ("error", "ddro, row lost"),
        ("error", "dpo, metric lost: truth/win_rate"),
        ("error", "rpo, seed lost"),
        ("error", "ledger"),
        ("error", "dpo, training, CPU seconds per seed"),
        ("warning", "dpo, truth/reward: drop within margin"),
    ]


def test_a_run_that_holds_is_no_error():
    (line,) = workflow_commands(outcomes.outcome()).splitlines()
    assert read(line)[0] == "notice"


def test_that_nothing_can_be_said_is_an_error():
    (line,) = workflow_commands(outcomes.unsaid("no baseline")).splitlines()
    assert read(line) == ("error", "harness check core: undetermined", "core: nothing can be said: no baseline.")


@pytest.mark.parametrize(
    "text",
    [
        "a\n::error::b",
        "a\r::add-mask::b",
        "%0A::error::b",
        "a,file=x,line=1",
        "a::b",
        "::stop-commands::x",
        "100 %",
        "a: b",
    ],
)
def test_no_text_becomes_a_command_or_a_property(text):
    line = annotation("error", text, text)
    assert line.startswith("::error title=")
    assert not set(line) & {"\r", "\n"}
    plain = " ".join(text.split())
    assert read(line) == ("error", plain, plain)


def test_the_older_form_of_commands_is_broken_up():
    assert "##[" not in annotation("error", "##[error]x", "###[error]y ##[group]z")


def test_there_are_no_more_than_are_shown():
    figures = tuple(outcomes.figure(f"row {i}", drop=0.1, verdict="dropped") for i in range(40))
    lines = workflow_commands(outcomes.outcome("regression", figures=figures)).splitlines()
    assert len(lines) == MOST
    assert read(lines[-1])[1] == "32 more"


def test_quoted_text_is_between_lines_that_end_commands_and_take_them_up_again():
    assert quoted("::error::x", "k") == "::stop-commands::k\n::error::x\n::k::\n"
