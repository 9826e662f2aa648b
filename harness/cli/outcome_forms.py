"""What the gate found, in every form that a person or a program asks for."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.gate import Outcome


class Form(StrEnum):
    """What standard output has."""

    terminal = "terminal"
    markdown = "markdown"
    json = "json"
    junit = "junit"
    github = "github"


def text_of(outcome: Outcome, form: Form) -> str:
    """The outcome in one of its forms."""
    if form is Form.terminal:
        return _table(outcome)
    if form is Form.markdown:
        from harness.render.gate_markdown import outcome_markdown

        return outcome_markdown(outcome)
    if form is Form.json:
        from harness.render.gate_json import outcome_json

        return outcome_json(outcome)
    if form is Form.junit:
        from harness.render.gate_junit import junit_xml

        return junit_xml(outcome)
    from harness.render.gate_annotations import workflow_commands

    return workflow_commands(outcome)


def _table(outcome: Outcome) -> str:
    from harness.cli.show import out
    from harness.render.gate_terminal import print_outcome

    console = out()
    with console.capture() as captured:
        print_outcome(outcome, console)
    return captured.get()


def tell(outcome: Outcome, form: Form) -> None:
    """On standard output."""
    sys.stdout.write(text_of(outcome, form))


def tell_github(outcome: Outcome, form: Form) -> None:
    """The same, and the run annotated, in a log that GitHub looks through for commands.

    Of standard error it takes commands too: they stand there where programs read standard output.
    """
    from harness.render.gate_annotations import quoted

    if form is Form.terminal:
        text = _table(outcome)
        sys.stdout.write(quoted(text, sha256(text.encode("utf-8", "replace")).hexdigest()))
        sys.stdout.write(text_of(outcome, Form.github))
        return
    tell(outcome, form)
    if form is not Form.github:
        sys.stderr.write(text_of(outcome, Form.github))


def summarize(outcome: Outcome) -> None:
    """Append the Markdown to the summary that GitHub shows of a run; without one there is nothing to do."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as handle:
            handle.write(text_of(outcome, Form.markdown))
    except OSError as error:
        sys.stderr.write(f"the summary of the run cannot be written: {error}\n")


def in_actions() -> bool:
    """Whether this runs as a step of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"
