"""The gate as GitHub workflow commands: annotations on a run, which no text from outside can break out of."""

from __future__ import annotations

from typing import Literal, TypeAlias

from harness.gate.outcome import Outcome
from harness.render.gate_sentences import LONG, failures, figure_sentence, verdict_sentence
from harness.render.text import one_line

MOST = 10
"""Of one level and step GitHub shows no more."""

Level: TypeAlias = Literal["error", "warning", "notice"]


def workflow_commands(outcome: Outcome) -> str:
    """The verdict, then what fails the run, then drops within their margin; no more of a level than are shown."""
    holds = outcome.verdict == "holds"
    lines = [annotation("notice" if holds else "error", _title(outcome), verdict_sentence(outcome))]
    errors = [annotation("error", one.subject, one.text) for one in failures(outcome)]
    lines += _shown(errors, MOST - len(lines), "error")
    warnings = [
        annotation("warning", f"{one.row}, {one.metric}: drop within margin", figure_sentence(one, outcome.tests))
        for one in outcome.figures
        if one.verdict == "drop within margin"
    ]
    lines += _shown(warnings, MOST, "warning")
    return "".join(f"{line}\n" for line in lines)


def annotation(level: Level, title: str, message: str) -> str:
    """`::error title=...::...`, without a line end. A workflow command is one line; `%`, `,` and `:` are escaped in
    properties, `%` in the message (GitHub, "Workflow commands", and `ActionCommand` of its runner).
    """
    return f"::{level} title={_property(title)}::{_data(message)}"


def quoted(text: str, token: str) -> str:
    """Text for a log in which GitHub must find no command, whatever its lines begin with.

    Args:
        token: what ends the quotation; must not be in the text.
    """
    body = text if text.endswith("\n") else f"{text}\n"
    return f"::stop-commands::{token}\n{body}::{token}::\n"


def _title(outcome: Outcome) -> str:
    return f"harness check {outcome.suite}: {outcome.verdict}"


def _shown(lines: list[str], most: int, level: Level) -> list[str]:
    if len(lines) <= most:
        return lines
    left = len(lines) - most + 1
    return [*lines[: most - 1], annotation(level, f"{left} more", "The summary of the run has them all.")]


def _data(text: str) -> str:
    line = one_line(text, LONG).replace("%", "%25").replace("##[", "# #[")
    return line.replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    line = one_line(text).replace("%", "%25").replace("##[", "# #[")
    return line.replace("\r", "%0D").replace("\n", "%0A").replace(":", "%3A").replace(",", "%2C")
