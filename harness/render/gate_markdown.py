"""The gate as markdown for a pull request or the summary of a CI run: the verdict on top, long tables folded."""

from __future__ import annotations

from harness.gate.outcome import Outcome
from harness.render.gate_overview import costs_table, metrics_table
from harness.render.gate_sentences import (
    count_sentence,
    detail,
    failures,
    headline,
    other_notes,
    power_sentences,
)
from harness.render.gate_tables import dropped_table, figures_table, losses_table
from harness.render.markdown import escape, paragraph, pipes
from harness.render.table import Table
from harness.render.text import one_line

ROOM = 60_000
"""Characters that a comment may have with what a workflow adds: GitHub takes 65,536."""
MOST = 25
"""Lines of what fails, unfolded."""
REASON = 500
"""Characters of a sentence from outside."""
SAMPLE = 50
"""Lines from which the length of a line is told."""
ATTEMPTS = 5
MARKS = {"holds": "✅", "regression": "❌", "undetermined": "❔"}


def outcome_markdown(outcome: Outcome, room: int = ROOM) -> str:
    """The whole summary.

    Args:
        room: characters at most, about; to fit, the table of every figure is cut, its best lines first.
    """
    short, most = _page(outcome, 0), len(outcome.figures)
    if len(short) > room:
        return "\n\n".join([*_verdict(outcome), "All else is too long for this place."]) + "\n"
    lines = min(most, SAMPLE)
    page = _page(outcome, lines)
    for attempt in range(ATTEMPTS):
        if len(page) <= room and lines == most:
            return page
        share = (len(page) - len(short)) / max(lines, 1)  # lines are padded, so that one is as long as the next
        lines = min(most, int((room - len(short)) / max(share, 1.0) * 0.95**attempt))
        if lines <= 0:
            break
        page = _page(outcome, lines)
        if len(page) <= room:
            return page
    return short


def _verdict(outcome: Outcome) -> list[str]:
    told = detail(outcome)
    return [f"### {MARKS[outcome.verdict]} {escape(headline(outcome))}", paragraph(told[0].upper() + told[1:])]


def _page(outcome: Outcome, figures: int) -> str:
    """The summary with so many lines of figures."""
    blocks = _verdict(outcome)
    for table in (dropped_table(outcome), losses_table(outcome)):
        blocks += _open(table) if table else []
    blocks += _ledger_and_costs(outcome)
    blocks += [f"Note: {escape(one_line(note, REASON))}" for note in other_notes(outcome)[:MOST]]
    blocks += [escape(sentence) for sentence in (count_sentence(outcome), *power_sentences(outcome)) if sentence]
    blocks += _folded(metrics_table(outcome), "Tested, by metric")
    blocks += _folded(figures_table(outcome, figures) if figures else None, "Every tested figure")
    blocks += _folded(costs_table(outcome), "Costs")
    return "\n\n".join(blocks) + "\n"


def _ledger_and_costs(outcome: Outcome) -> list[str]:
    found = [one for one in failures(outcome) if one.kind in {"ledger", "cost"}]
    lines = [f"- {paragraph(one_line(f'{one.subject}: {one.text}', REASON))}" for one in found[:MOST]]
    if len(found) > MOST:
        lines.append(f"- and {len(found) - MOST} more")
    return ["\n".join(lines)] if lines else []


def _open(table: Table) -> list[str]:
    """A table that is looked at first, and how many of its lines are left out."""
    shown = Table(table.title, table.columns, table.lines[:MOST])
    left = len(table.lines) - MOST
    return [f"**{escape(table.title)}**", pipes(shown), *([f"and {left} more"] if left > 0 else [])]


def _folded(table: Table | None, summary: str) -> list[str]:
    if table is None:
        return []
    notes = "\n".join(f"- {paragraph(note)}" for note in table.notes)
    inner = [pipes(table), *([notes] if notes else [])]
    return [f"<details><summary>{summary} ({len(table.lines)})</summary>", *inner, "</details>"]
