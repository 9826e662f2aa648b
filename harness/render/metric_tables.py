"""Tables of figures: the main one, one per evaluator, and the seeds one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.board import Board, BoardRow, Heading
from harness.render.legend import Footnotes
from harness.render.numbers import arrow, decimals, fixed, measured, per_seed
from harness.render.table import Column, Line, Table, Tone
from harness.render.text import NONE, one_line

FEW = 5
"""A board of so many metrics has one table."""


def headline(board: Board) -> list[Heading]:
    """The metrics of the main table: all if there are few, else the primary one and each other evaluator's first.

    An evaluator that gave no row any figure has a column of its own, for the reasons.
    """
    metrics = on_all_items(board)
    primary = [h for h in metrics if h.name == board.primary_metric]
    others = [h for h in metrics if h.name != board.primary_metric]
    if len(metrics) > FEW:
        firsts = {h.evaluator: h for h in reversed(others)}
        others = [h for h in others if h is firsts[h.evaluator] and h.evaluator not in {p.evaluator for p in primary}]
    known = {h.name for h in board.metrics}
    silent = dict.fromkeys(name for row in board.rows for name in row.skipped if name not in known)
    return [*primary, *others, *(Heading(name, name, "", None, None, "") for name in silent)]


def on_all_items(board: Board) -> list[Heading]:
    """The metrics on all items, without those on subsets of them."""
    return [heading for heading in board.metrics if not heading.subset]


def main_table(board: Board, notes: Footnotes) -> Table:
    """Rows in order with their standing, seeds and headline metrics."""
    headings = headline(board)
    rows = [(row, (one_line(row.label), _standing(row), _seeds(row))) for row in board.rows]
    columns = (Column("row"), Column("standing"), Column("seeds", right=True))
    ceiling = ("best reachable", NONE, NONE)
    drawn = _figures(board, headings, Frame(notes, columns, rows, ceiling), "")
    return replace(drawn, title=f"Leaderboard: {one_line(board.suite)}")


def family_tables(board: Board, notes: Footnotes) -> list[Table]:
    """Every metric, a table per evaluator; none where the main table has them all."""
    metrics = on_all_items(board)
    if len(metrics) <= FEW:
        return []
    evaluators = dict.fromkeys(h.evaluator for h in metrics)
    rows = [(row, (one_line(row.label),)) for row in board.rows]
    frame = Frame(notes, (Column("row"),), rows, ("best reachable",))
    return [
        _figures(board, [h for h in metrics if h.evaluator == label], frame, one_line(label)) for label in evaluators
    ]


def subset_tables(board: Board, notes: Footnotes) -> list[Table]:
    """Every metric that has figures on subsets of its items: rows by subsets, so that it shows where a row gains."""
    parts: dict[str, list[Heading]] = {}
    for heading in board.metrics:
        if heading.subset:
            parts.setdefault(heading.of, []).append(heading)
    rows = [(row, (one_line(row.label),)) for row in board.rows]
    frame = Frame(notes, (Column("row"),), rows, ("best reachable",))
    tables: list[Table] = []
    for of, subsets in parts.items():
        everything = [replace(h, subset="all items") for h in board.metrics if h.name == of]
        drawn = _figures(board, [*everything, *subsets], frame, of)
        better = arrow(subsets[0].higher_is_better)
        tables.append(replace(drawn, title=" ".join(part for part in (one_line(of), better, "by subset") if part)))
    return tables


def about_notes(headings: Sequence[Heading]) -> list[tuple[str, str]]:
    """(metric, what it is) for every metric that says so."""
    return [(one_line(h.name), one_line(h.about)) for h in headings if h.about]


@dataclass(frozen=True)
class Frame:
    """What stands to the left of the figures, and the notes they refer to."""

    notes: Footnotes
    columns: tuple[Column, ...]
    rows: Sequence[tuple[BoardRow, tuple[str, ...]]]
    """With their cells in `columns`."""
    ceiling: tuple[str, ...]
    """The same of the line of best reachable values."""


def _figures(board: Board, headings: Sequence[Heading], frame: Frame, title: str) -> Table:
    places = [decimals([r.metrics[h.name] for r in board.rows if h.name in r.metrics]) for h in headings]
    columns = (*frame.columns, *(Column(_title(h, title), right=True) for h in headings))
    lines = [
        Line((*left, *(_cell(row, h, p, frame.notes) for h, p in zip(headings, places, strict=True))), tone(row))
        for row, left in frame.rows
    ]
    if any(h.best is not None for h in headings):
        best = [NONE if h.best is None else fixed(h.best, p) for h, p in zip(headings, places, strict=True)]
        lines.append(Line((*frame.ceiling, *best), "reference"))
    return Table(title, columns, tuple(lines))


def _title(heading: Heading, family: str) -> str:
    """The metric's name, without the family where that is the table's title; which way is better; its unit. The name of
    a subset in a table of subsets.
    """
    if heading.subset:
        return one_line(heading.subset)
    name = one_line(heading.name)
    parts = [name.removeprefix(f"{family}/") if family else name, arrow(heading.higher_is_better)]
    if heading.unit not in {"", "fraction", "count", name.rpartition("/")[2]}:
        parts.append(f"({one_line(heading.unit)})")
    return " ".join(part for part in parts if part)


def _cell(row: BoardRow, heading: Heading, places: int, notes: Footnotes) -> str:
    if heading.name in row.metrics:
        found = row.metrics[heading.name]
        return measured(found, places) + notes.mark(found.note)
    gap = row.skipped[heading.name]
    return gap.state + notes.mark(gap.reason)


def tone(row: BoardRow) -> Tone:
    """What a terminal's colours say of a row."""
    if row.status in {"failed", "missing", "partial"}:
        return "trouble"
    if row.reference:
        return "reference"
    if row.standing == "best":
        return "best"
    return "tied" if row.standing == "tied with best" else "plain"


def _standing(row: BoardRow) -> str:
    return row.standing if row.status == "done" else f"{row.standing}, {row.status}"


def _seeds(row: BoardRow) -> str:
    if not row.seeds:
        return NONE
    used, planned = len(row.seeds_used), len(row.seeds)
    return str(planned) if used == planned else f"{used} of {planned}"


def seeds_table(board: Board) -> Table | None:
    """The headline metrics of every seed; None where no row has two."""
    rows = [row for row in board.rows if len(row.seeds) > 1]
    if not rows:
        return None
    headings = headline(board)
    places = [decimals([r.metrics[h.name] for r in board.rows if h.name in r.metrics]) for h in headings]
    lines = [
        Line(
            (
                one_line(row.label),
                ", ".join(map(str, row.seeds)),
                *(_points(row, h, p) for h, p in zip(headings, places, strict=True)),
            ),
            tone(row),
        )
        for row in rows
    ]
    columns = (Column("row"), Column("seeds"), *(Column(_title(h, ""), right=True) for h in headings))
    return Table("Every seed", columns, tuple(lines))


def _points(row: BoardRow, heading: Heading, places: int) -> str:
    found = row.metrics.get(heading.name)
    return per_seed(found, row.seeds, places) if found else row.skipped[heading.name].state
