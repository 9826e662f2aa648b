"""Tables beside the board: figures by the number of training prompts, published figures, and what rows share."""

from __future__ import annotations

import statistics

from harness.board import Board, BoardRow, Heading
from harness.records import Published
from harness.render.legend import Footnotes
from harness.render.metric_tables import headline
from harness.render.numbers import arrow, decimals, duration, fixed, measured, size, whole
from harness.render.table import Column, Line, Table
from harness.render.text import NONE, one_line


def size_tables(board: Board, notes: Footnotes) -> list[Table]:
    """Per metric, a line for each row and a column for each number of training prompts; none where there is one number.

    The metrics are those of the main table, and all of the primary metric's evaluator.
    """
    if not board.sizes:
        return []
    primary = [h.evaluator for h in board.metrics if h.name == board.primary_metric]
    wanted = {h.name for h in headline(board)} | {h.name for h in board.metrics if h.evaluator in primary}
    return [_by_size(board, heading, notes) for heading in board.metrics if heading.name in wanted]


def _by_size(board: Board, heading: Heading, notes: Footnotes) -> Table:
    places = decimals([r.metrics[heading.name] for r in board.rows if heading.name in r.metrics])
    sized: dict[str, dict[int, BoardRow]] = {}
    alone: list[BoardRow] = []
    for row in board.rows:
        if row.prompts is None:
            alone.append(row)
        else:
            sized.setdefault(row.unsized, {})[row.prompts] = row
    lines = [
        Line((one_line(label), *(_cell(rows.get(count), heading, places, notes) for count in board.sizes)))
        for label, rows in sized.items()
    ]
    lines += [
        Line((one_line(row.label), *([_cell(row, heading, places, notes)] * len(board.sizes))), "reference")
        for row in alone
        if heading.name in row.metrics
    ]
    title = " ".join(part for part in (one_line(heading.name), arrow(heading.higher_is_better)) if part)
    columns = (Column("row"), *(Column(f"{whole(count)} prompts", right=True) for count in board.sizes))
    note = "Rows in which nothing is learnt have one figure." if alone else ""
    return Table(f"{title} by training prompts", columns, tuple(lines), (note,) if note else ())


def _cell(row: BoardRow | None, heading: Heading, places: int, notes: Footnotes) -> str:
    if row is None:
        return NONE
    if heading.name in row.metrics:
        found = row.metrics[heading.name]
        return measured(found, places) + notes.mark(found.note)
    gap = row.skipped[heading.name]
    return gap.state + notes.mark(gap.reason)


def published_table(board: Board, notes: Footnotes) -> Table | None:
    """What others have published, beside ours; None where a suite states nothing."""
    if not board.published:
        return None
    rows = {row.label: row for row in board.rows}
    lines = tuple(_published_line(one, rows.get(one.row), notes) for one in board.published)
    columns = (
        Column("row"),
        Column("metric"),
        Column("published", right=True),
        Column("per run"),
        Column("ours", right=True),
        Column("source"),
    )
    note = "Published: mean over the runs given. The models, data and code are not the same unless the suite says so."
    return Table("Published figures beside ours", columns, lines, (note,))


def _published_line(one: Published, row: BoardRow | None, notes: Footnotes) -> Line:
    found = row.metrics.get(one.metric) if row is not None else None
    gap = row.skipped.get(one.metric) if row is not None else None
    ours = NONE if gap is None else gap.state + notes.mark(gap.reason)
    if found is not None:
        ours = measured(found, 4) + notes.mark(found.note)
    runs = ", ".join(f"{name}: {fixed(value, 4)}" for name, value in one.per_seed.items())
    mean = fixed(statistics.fmean(one.per_seed.values()), 4)
    return Line((one_line(one.row), one_line(one.metric), mean, one_line(runs), ours, one_line(one.source)))


def _fact(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def shared_table(board: Board) -> Table | None:
    """Steps that several rows may need and no row is charged for, with what fits report of themselves."""
    if not board.shared:
        return None
    lines = tuple(
        Line(
            (
                one_line(one.what),
                whole(one.steps),
                duration(one.cost.seconds),
                duration(one.cost.cpu_seconds),
                size(one.cost.peak_bytes),
                one_line(", ".join(one.rows), 200) or NONE,
                one_line(", ".join(f"{name} {_fact(value)}" for name, value in one.facts.items()), 400) or NONE,
            )
        )
        for one in board.shared
    )
    columns = (
        Column("step"),
        Column("steps", right=True),
        Column("time", right=True),
        Column("CPU", right=True),
        Column("peak memory", right=True),
        Column("needed by"),
        Column("what it reports, mean over seeds"),
    )
    return Table("What rows share", columns, lines, ("Time and CPU of all seeds and splits together.",))
