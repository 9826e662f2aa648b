"""A board on a terminal, as wide as the terminal is. The main table comes last, where the eye is left."""

from __future__ import annotations

import re

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from harness.board import Board
from harness.render.audit_tables import audit_table
from harness.render.comparison_tables import comparison_tables
from harness.render.fact_tables import cost_table, counted_table, ledger_table, rows_table
from harness.render.legend import Footnotes, banners, incomplete, interval_sentences, order_sentence
from harness.render.metric_tables import about_notes, family_tables, headline, main_table, seeds_table, subset_tables
from harness.render.side_tables import published_table, shared_table, size_tables
from harness.render.table import Table, Tone, split
from harness.render.tuning_table import tuning_table

STYLES: dict[Tone, str] = {
    "plain": "",
    "best": "bold green",
    "tied": "green",
    "reference": "dim",
    "trouble": "yellow",
}
NARROWEST_TITLE = 10
"""Titles of columns are folded to this or to the width of their cells, whichever is more."""
LONGEST_LABEL = 28
"""Labels of rows are folded beyond this."""
GAP = 2
"""Spaces between columns."""


def print_board(board: Board, console: Console) -> None:
    """Print a board; colours only where the console is a terminal."""
    notes = Footnotes.of(board)
    figures = [
        *family_tables(board, notes),
        seeds_table(board),
        *size_tables(board, notes),
        *subset_tables(board, notes),
        published_table(board, notes),
    ]
    facts = [cost_table(board), shared_table(board), rows_table(board), counted_table(board), ledger_table(board)]
    if board.audit is not None:
        facts.append(audit_table(board.audit))
    facts.append(tuning_table(board.tuning))
    for table in [*figures, *facts]:
        if table is not None:
            print_table(console, table)
    for table in reversed(comparison_tables(board)):
        print_table(console, table)
    print_table(console, main_table(board, notes))
    for label, reason in incomplete(board):
        console.print(Text.assemble((label, "yellow"), f" {reason}"))
    for number, text in enumerate(notes.texts, start=1):
        console.print(Text(f"({number}) {text}", style="dim"))
    for name, about in about_notes(headline(board)):
        console.print(Text.assemble((name, "dim bold"), (f": {about}", "dim")))
    console.print(Text(f"{order_sentence(board)} {interval_sentences(board)}", style="dim"))
    for banner in banners(board):
        kind, _, rest = banner.partition(": ")
        console.print(Text.assemble((f"{kind}: ", "bold yellow"), rest))


def print_table(console: Console, table: Table) -> None:
    """Print a table in as many parts as it needs, with its notes."""
    for part in split(table, console.width + GAP, _column_width):
        console.print(_rich(part))
        for note in part.notes:
            console.print(Text(note, style="dim"))
        console.print()


def _rich(table: Table) -> RichTable:
    drawn = RichTable(
        title=Text(table.title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, GAP - 1, 0, 0),
        show_edge=False,
        pad_edge=False,
    )
    for place, column in enumerate(table.columns):
        drawn.add_column(
            Text(fold(column.title, _cells_width(table, place))),
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=column.right,
            max_width=LONGEST_LABEL if place == 0 else None,
        )
    for line in table.lines:
        drawn.add_row(*(Text(cell) for cell in line.cells), style=STYLES[line.tone])
    return drawn


def _cells_width(table: Table, column: int) -> int:
    return max((cell_len(line.cells[column]) for line in table.lines), default=0)


def _column_width(table: Table, column: int) -> int:
    """Characters of a column on the terminal, its title folded; columns of text may be folded to half."""
    cells = _cells_width(table, column)
    if column == 0:
        cells = min(cells, LONGEST_LABEL)
    elif not table.columns[column].right:
        cells = min(cells, LONGEST_LABEL // 2)
    title = fold(table.columns[column].title, cells)
    return GAP + max(cells, *(cell_len(part) for part in title.split("\n")))


def fold(title: str, width: int) -> str:
    """A column's title on as many lines as it takes to fit, broken after `/`, `_` and spaces."""
    room = max(width, NARROWEST_TITLE)
    lines = [""]
    for piece in re.findall(r"[^/_ ]+[/_ ]?|[/_ ]", title):
        if lines[-1] and cell_len((lines[-1] + piece).rstrip()) > room:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)
