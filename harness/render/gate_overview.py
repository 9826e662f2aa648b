"""All that the gate tested, in a line per metric and per kind of cost: the worst row, and what could have been seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.gate.outcome import CostChange, FigureChange, Outcome
from harness.render.comparison_tables import p_cell
from harness.render.gate_sentences import LONG, amount, figure_places
from harness.render.gate_tables import SEVERITY, definitions, drop_cell, metric_cell
from harness.render.table import Column, Line, Table
from harness.render.text import NONE, one_line

NAMES = 600
"""Characters of a list of metrics."""


def metrics_table(outcome: Outcome) -> Table | None:
    """A line per metric of which a figure was tested, or should have been; None where there is none."""
    found: dict[str, list[FigureChange]] = {}
    for one in outcome.figures:
        if one.verdict != "not tested":
            found.setdefault(one.metric, []).append(one)
    if not found:
        return None
    columns = (
        Column("metric"),
        Column("figures"),
        Column("worst row"),
        Column("worse by", True),
        Column("p", True),
        Column("detectable", True),
    )
    lines = tuple(_metric_line(ones) for ones in found.values())
    return Table("Tested, by metric", columns, lines, (*definitions(outcome), *_untested(outcome)))


def _metric_line(ones: Sequence[FigureChange]) -> Line:
    places = figure_places(ones)
    worst = min(ones, key=lambda one: (SEVERITY.get(one.verdict, 2), _first(one), -(one.drop or 0.0)))
    counts = Counter(one.verdict for one in ones)
    least = sorted(one.detectable for one in ones if one.detectable is not None)
    told = " to ".join(dict.fromkeys(f"{value:.2g}" for value in (least[0], least[-1]))) if least else NONE
    cells = (
        metric_cell(worst),
        ", ".join(f"{count} {verdict}" for verdict, count in counts.items()),
        one_line(worst.row),
        drop_cell(worst, places),
        p_cell(worst),
        told,
    )
    return Line(cells, "trouble" if counts["dropped"] else "plain" if least else "reference")


def _first(one: FigureChange) -> float:
    """The least p first; what was not tested last."""
    return 2.0 if one.p is None else one.p


def _untested(outcome: Outcome) -> list[str]:
    """Per reason, how many figures were not tested, and of which metrics."""
    reasons: dict[str, list[FigureChange]] = {}
    for one in outcome.figures:
        if one.verdict in {"not tested", "undetermined"}:
            reason = one_line(one.note.partition("; ")[0], LONG)
            reasons.setdefault(f"{one.verdict}: {reason}", []).append(one)
    return [
        f"{reason} ({len(ones)}: {one_line(', '.join(dict.fromkeys(one.metric for one in ones)), NAMES)})"
        for reason, ones in reasons.items()
    ]


def costs_table(outcome: Outcome) -> Table | None:
    """A line per kind of cost, of the row that grew most; None where there are none."""
    kinds: dict[str, list[CostChange]] = {}
    for one in outcome.costs:
        kinds.setdefault(one.what, []).append(one)
    if not kinds:
        return None
    columns = (
        Column("cost"),
        Column("rows"),
        Column("most grown"),
        Column("baseline → run", True),
        Column("times", True),
        Column("allowed", True),
    )
    notes = dict.fromkeys(one_line(one.note, LONG) for one in outcome.costs if one.note)
    return Table("Costs", columns, tuple(_cost_line(ones) for ones in kinds.values()), tuple(notes))


def _cost_line(ones: Sequence[CostChange]) -> Line:
    most = max(ones, key=lambda one: (one.grown, _times(one)))
    counts = Counter("grown" if one.grown else "not held" if one.note else "holds" for one in ones)
    cells = (
        one_line(most.what),
        ", ".join(f"{count} {state}" for state, count in counts.items()),
        one_line(most.row),
        f"{amount(most, most.baseline)} → {amount(most, most.run)}",
        f"{_times(most):.2f}" if most.baseline > 0 else NONE,
        f"{most.allowed:.3g}",
    )
    return Line(cells, "trouble" if most.grown else "reference" if most.note else "plain")


def _times(one: CostChange) -> float:
    return one.run / one.baseline if one.baseline > 0 else float(one.run > 0)
