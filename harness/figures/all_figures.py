"""Every figure of a report."""

from __future__ import annotations

from harness.figures.budget import budgets
from harness.figures.figure import Figure
from harness.figures.forest import forests
from harness.figures.history import histories
from harness.figures.learning import learning_figures
from harness.figures.names import Slugs
from harness.figures.row_table import RowTable
from harness.figures.seeds import seed_figures
from harness.figures.tradeoff import tradeoffs
from harness.report.report import Report


def figures_of(report: Report) -> tuple[Figure, ...]:
    """By group, in the order of the choices. What there is nothing to draw of has no figure."""
    board, slugs = report.board, Slugs()
    if not board.rows:
        return ()
    table = RowTable(board)
    return (
        *forests(board, slugs),
        *tradeoffs(board, table, slugs),
        *seed_figures(board, table, slugs),
        *learning_figures(report, slugs),
        *budgets(board, slugs),
        *histories(report, slugs),
    )
