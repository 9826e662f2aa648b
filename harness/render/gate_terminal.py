"""The gate on a terminal: what was tested first, then what fails, and the verdict last, where the eye is left."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.gate.outcome import Outcome, Verdict
from harness.render.gate_overview import costs_table, metrics_table
from harness.render.gate_sentences import LONG, count_sentence, failures, other_notes, verdict_sentence
from harness.render.gate_tables import dropped_table, losses_table, moved_table
from harness.render.terminal import print_table
from harness.render.text import one_line

STYLES: dict[Verdict, str] = {"holds": "bold green", "regression": "bold red", "undetermined": "bold yellow"}
MARKS: dict[Verdict, str] = {"holds": "✓", "regression": "✗", "undetermined": "?"}


def print_outcome(outcome: Outcome, console: Console) -> None:
    """Print an outcome; colours only where the console is a terminal."""
    for table in (metrics_table(outcome), costs_table(outcome), moved_table(outcome)):
        if table is not None:
            print_table(console, table)
    for note in other_notes(outcome):
        console.print(Text(f"Note: {one_line(note, LONG)}", style="dim"))
    for failure in failures(outcome):
        if failure.kind in {"ledger", "cost"}:
            console.print(Text.assemble((f"{failure.subject}: ", "yellow"), failure.text))
    for table in (losses_table(outcome), dropped_table(outcome)):
        if table is not None:
            print_table(console, table)
    counted = count_sentence(outcome)
    if counted:
        console.print(Text(counted, style="dim"))
    line = f"{MARKS[outcome.verdict]} {verdict_sentence(outcome)}"
    console.print(Text(line, style=STYLES[outcome.verdict]))
