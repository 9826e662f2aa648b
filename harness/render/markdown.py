"""A board as markdown that reads well raw and on a page. Everything from outside is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from harness.board import Board, Heading
from harness.render.audit_tables import audit_table
from harness.render.comparison_tables import comparison_table, comparison_tables
from harness.render.fact_tables import cost_table, counted_table, ledger_table, rows_table
from harness.render.legend import Footnotes, banners, incomplete, interval_sentences, order_sentence
from harness.render.metric_tables import (
    about_notes,
    family_tables,
    headline,
    main_table,
    on_all_items,
    seeds_table,
    subset_tables,
)
from harness.render.side_tables import published_table, shared_table, size_tables
from harness.render.table import Table, split
from harness.render.text import one_line
from harness.render.tuning_table import tuning_table

ROOM = 150
"""Characters of the widest table of figures; wider ones are split."""

_SPECIAL = re.compile(r"[\\`*<>\[\]|~$&]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.")
_ADDRESS = re.compile(r"(?<![\w`])@(?=\w)|@(?=[\w.-]+\.\w)")
"""What GitHub makes a mention or a mail link of, escaped or not: the one notifies a stranger, the other is a link."""
_WORD_JOINER = "\u2060"
_BLOCK = re.compile(r"^(?:[-+=#]|\d+(?=[.)]))")


def escape(text: str) -> str:
    """`text` so that markdown shows it letter by letter, in a table too: no markup, HTML, links or mathematics."""
    return _ADDRESS.sub(f"@{_WORD_JOINER}", _SPECIAL.sub(lambda found: "\\" + found.group(), text))


def paragraph(text: str) -> str:
    """Escaped text that may begin a line: it opens no heading, list or rule."""
    start = _BLOCK.match(text)
    if start is None:
        return escape(text)
    end = start.end() if start.group().isdigit() else 0
    return f"{text[:end]}\\{text[end]}{escape(text[end + 1 :])}"


def markdown(board: Board) -> str:
    """The whole page. What is looked up rather than read is folded: GitHub opens a section when it is asked to."""
    notes = Footnotes.of(board)
    families = family_tables(board, notes)
    first, *others = [*comparison_tables(board), None]
    blocks = [*_opening(board, notes), "" if families else _about(headline(board))]
    for table in (first, *size_tables(board, notes), published_table(board, notes)):
        blocks += _table(table) if table else []
    figures = [
        block
        for table in families
        for block in [
            *_table(table, heading=f"## All figures: {escape(table.title)}"),
            _about([h for h in on_all_items(board) if one_line(h.evaluator) == table.title]),
        ]
    ]
    beside = [*others, seeds_table(board)]
    facts = (tuning_table(board.tuning), cost_table(board), shared_table(board), rows_table(board))
    data = (ledger_table(board), audit_table(board.audit) if board.audit else None)
    blocks += _folded("Other metrics against the baseline, and every seed", _tables(beside))
    blocks += _folded("Figures on parts of the items", _tables(subset_tables(board, notes)))
    blocks += _folded("All figures", figures)
    blocks += _folded("Tuning, costs, settings and counts", _tables([*facts, counted_table(board)]))
    blocks += _folded("The data", _tables(data))
    return "\n\n".join(block for block in blocks if block) + "\n"


def summary_markdown(board: Board) -> str:
    """For a README or a pull request: what must not be overlooked, the main table, and the differences to the baseline
    in the metric that orders the rows.
    """
    notes = Footnotes.of(board)
    families = {family.metric: family for family in board.comparisons}
    heading = next((h for h in board.metrics if h.name == board.primary_metric and h.name in families), None)
    blocks = _opening(board, notes)
    if heading is not None:
        rows = {row.label: row for row in board.rows}
        blocks += _table(comparison_table(families[heading.name], heading, rows, full=False))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _opening(board: Board, notes: Footnotes) -> list[str]:
    """From the title to the main table and what explains it."""
    main = main_table(board, notes)
    blocks = [f"# {escape(main.title)}", *_head(board), *_table(main, heading="")]
    return [*blocks, _notes(notes), _incomplete(board), escape(interval_sentences(board))]


def _tables(tables: Iterable[Table | None]) -> list[str]:
    return [block for table in tables if table for block in _table(table)]


def _folded(summary: str, blocks: Sequence[str]) -> list[str]:
    """A section that is closed at first; nothing where there is nothing in it."""
    return [f"<details><summary>{summary}</summary>", *blocks, "</details>"] if blocks else []


def _head(board: Board) -> list[str]:
    quoted = [f"> **{kind}:** {escape(rest)}" for kind, _, rest in (b.partition(": ") for b in banners(board))]
    about = f"Model: {escape(one_line(board.model))}. Data: {escape(one_line(board.data))}."
    description = paragraph(one_line(board.description, 1000))
    return [description, about, "\n>\n".join(quoted), escape(order_sentence(board))]


def _table(table: Table, heading: str | None = None) -> list[str]:
    """The heading, the table in as many parts as it needs, and its notes."""
    title = f"## {escape(table.title)}" if heading is None else heading
    parts = [pipes(part) for part in split(table, ROOM, _column_width)]
    return [title, *parts, "\n".join(f"- {paragraph(note)}" for note in table.notes)]


def _column_width(table: Table, column: int) -> int:
    cells = [table.columns[column].title, *(line.cells[column] for line in table.lines)]
    return 3 + max(cell_len(escape(cell)) for cell in cells)


def pipes(table: Table) -> str:
    """The table itself, without title and notes."""
    header = [escape(column.title) for column in table.columns]
    body = [[escape(cell) for cell in line.cells] for line in table.lines]
    widths = [max(3, *(cell_len(row[i]) for row in [header, *body])) for i in range(len(header))]
    rights = [column.right for column in table.columns]
    rule = ["-" * (w - 1) + ":" if right else "-" * w for w, right in zip(widths, rights, strict=True)]
    return "\n".join(_line(row, widths, rights) for row in [header, rule, *body])


def _line(cells: Sequence[str], widths: Sequence[int], rights: Sequence[bool]) -> str:
    padded: list[str] = []
    for cell, width, right in zip(cells, widths, rights, strict=True):
        gap = " " * (width - cell_len(cell))
        padded.append(gap + cell if right else cell + gap)
    return f"| {' | '.join(padded)} |"


def _about(headings: Sequence[Heading]) -> str:
    return "\n".join(f"- {paragraph(name)}: {escape(text)}" for name, text in about_notes(headings))


def _incomplete(board: Board) -> str:
    return "\n".join(f"- {paragraph(label)} {escape(reason)}" for label, reason in incomplete(board))


def _notes(notes: Footnotes) -> str:
    return "\n".join(f"{i}. {paragraph(text)}" for i, text in enumerate(notes.texts, start=1))
