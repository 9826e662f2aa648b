"""Tables of what the gate found: what dropped, is lost, moved; every figure with the drop it could have seen."""

from __future__ import annotations

from collections.abc import Sequence

from harness.gate.outcome import FigureChange, FigureVerdict, Outcome
from harness.render.comparison_tables import p_cell
from harness.render.gate_sentences import LONG, by_unit, figure_places, power_sentences
from harness.render.numbers import arrow, between, fixed
from harness.render.table import Column, Line, Table, Tone
from harness.render.text import NONE, one_line

SEVERITY: dict[FigureVerdict, int] = {"dropped": 0, "drop within margin": 1}
"""What stands first; all others stay in the order of the board."""
TONES: dict[FigureVerdict, Tone] = {
    "dropped": "trouble",
    "drop within margin": "plain",
    "holds": "plain",
    "improved": "tied",
    "undetermined": "reference",
    "not tested": "reference",
}


def dropped_table(outcome: Outcome) -> Table | None:
    """The figures that dropped; None where none did."""
    if not outcome.dropped:
        return None
    margins = any(one.margin for one in outcome.dropped)
    columns = [Column("row"), Column("metric"), Column("baseline → run", True), Column("worse by", True)]
    columns += [Column("margin", True)] if margins else []
    columns += [Column("p", True), Column("detectable", True)]
    lines: list[Line] = []
    for one in outcome.dropped:
        places = figure_places([one])
        cells = [one_line(one.row), metric_cell(one), _moved(one, places), drop_cell(one, places)]
        cells += [f"{one.margin:.4g}"] if margins else []
        cells += [p_cell(one), NONE if one.detectable is None else fixed(one.detectable, places)]
        lines.append(Line(tuple(cells), "trouble"))
    hows = dict.fromkeys(one_line(f"{one.row}, {one.metric}: {_how(one)}", LONG) for one in outcome.dropped)
    return Table("Dropped", tuple(columns), tuple(lines), tuple(hows))


def losses_table(outcome: Outcome) -> Table | None:
    """What the baseline has and the run lacks; None where that is nothing."""
    if not outcome.losses:
        return None
    lines = tuple(
        Line(
            (one.kind, one_line(one.row) or NONE, one_line(one.metric) or NONE, one_line(one.reason) or NONE), "trouble"
        )
        for one in outcome.losses
    )
    return Table("Lost", (Column("what"), Column("row"), Column("metric"), Column("reason")), lines)


def moved_table(outcome: Outcome) -> Table | None:
    """The figures that moved without having dropped; None where none did."""
    moved = [one for one in outcome.figures if one.verdict in {"drop within margin", "improved"}]
    return _figures(outcome, moved, "Moved, but not dropped", ()) if moved else None


def figures_table(outcome: Outcome, most: int | None = None) -> Table | None:
    """Every figure that was tested or should have been, those that dropped first; None where there are none.

    Args:
        most: lines at most; how many are left out is said below the table.
    """
    found = sorted((o for o in outcome.figures if o.verdict != "not tested"), key=lambda o: SEVERITY.get(o.verdict, 2))
    if not found:
        return None
    shown = found[:most]
    left = [f"{len(found) - len(shown)} more figures are not shown here."] if len(shown) < len(found) else []
    return _figures(outcome, shown, "Every figure", (*left, *definitions(outcome)))


def _figures(outcome: Outcome, shown: Sequence[FigureChange], title: str, told: tuple[str, ...]) -> Table:
    by_metric: dict[str, list[FigureChange]] = {}
    for one in outcome.figures:
        by_metric.setdefault(one.metric, []).append(one)
    places = {metric: figure_places(ones) for metric, ones in by_metric.items()}
    notes = _Notes([one.note for one in shown])
    columns = (
        Column("row"),
        Column("metric"),
        Column("baseline → run", True),
        Column("worse by", True),
        Column("p", True),
        Column("detectable", True),
        Column("verdict"),
    )
    lines = tuple(_figure_line(one, places[one.metric], notes) for one in shown)
    return Table(title, columns, lines, (*told, *notes.texts))


def definitions(outcome: Outcome) -> tuple[str, ...]:
    """What the columns of figures are."""
    margins = by_unit([(one, one.margin) for one in outcome.figures if one.holm_p is not None])
    told = f" ({margins})" if margins else ""
    return (
        "worse by: in the metric's unit, on the items and seeds that count for both, with the 95 % interval of that "
        "one figure; below 0 where the run is better.",
        f"A figure has dropped if it is worse by more than its margin{told} and p, one-sided and corrected by Holm "
        f"over {outcome.tests} figures, is at most {outcome.alpha:g}.",
        *power_sentences(outcome),
    )


def _figure_line(one: FigureChange, places: int, notes: _Notes) -> Line:
    cells = (
        one_line(one.row),
        metric_cell(one),
        _moved(one, places),
        drop_cell(one, places),
        p_cell(one),
        NONE if one.detectable is None else fixed(one.detectable, places),
        one.verdict + notes.mark(one.note),
    )
    return Line(cells, TONES[one.verdict])


def metric_cell(one: FigureChange) -> str:
    """The metric, and which way is better."""
    return " ".join(part for part in (one_line(one.metric), arrow(one.higher_is_better)) if part)


def _moved(one: FigureChange, places: int) -> str:
    return f"{fixed(one.baseline, places)} → {fixed(one.run, places)}"


def drop_cell(one: FigureChange, places: int) -> str:
    """How much worse, with the interval; nothing where neither way is."""
    if one.drop is None or one.higher_is_better is None:
        return NONE
    return fixed(one.drop, places) + between(one.low, one.high, places)


def _how(one: FigureChange) -> str:
    return "; ".join(text for text in (one.how, one.note) if text)


class _Notes:
    """Notes on single lines, each once, numbered in the order in which lines have them."""

    def __init__(self, texts: Sequence[str]) -> None:
        known = dict.fromkeys(one_line(text, LONG) for text in texts)
        self._numbers = {text: number for number, text in enumerate((text for text in known if text), start=1)}

    @property
    def texts(self) -> tuple[str, ...]:
        """`(1) ...`."""
        return tuple(f"({number}) {text}" for text, number in self._numbers.items())

    def mark(self, text: str) -> str:
        """` (1)`; empty for an empty note."""
        line = one_line(text, LONG)
        return f" ({self._numbers[line]})" if line else ""
