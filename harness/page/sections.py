"""All tables of a board that stand below its figures, by what they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.board import Board, BoardRow, Family
from harness.render.audit_tables import audit_table
from harness.render.comparison_tables import comparison_table, sentences_of
from harness.render.fact_tables import cost_table, counted_table, ledger_table, rows_table
from harness.render.legend import Footnotes
from harness.render.metric_tables import (
    about_notes,
    family_tables,
    headline,
    main_table,
    on_all_items,
    seeds_table,
    subset_tables,
)
from harness.render.numbers import size
from harness.render.side_tables import published_table, shared_table, size_tables
from harness.render.table import Column, Line, Table
from harness.render.text import NONE, one_line
from harness.render.tuning_table import tuning_table
from harness.report import Surroundings

LONGEST_NOTE = 2000
BYTES = "_bytes"
"""Ends the name of a size."""


@dataclass(frozen=True)
class Block:
    """A table with what its columns mean."""

    table: Table
    about: tuple[tuple[str, str], ...] = ()
    open: bool = False


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    name: str
    """Of its anchor."""
    title: str
    blocks: tuple[Block, ...]
    footnotes: tuple[str, ...] = field(default_factory=tuple[str, ...])
    """What numbers in brackets refer to."""


def sections(board: Board) -> tuple[Section, ...]:
    """The parts that have tables."""
    notes = Footnotes.of(board)
    audit = audit_table(board.audit) if board.audit else None
    found = (
        Section("every-metric", "Every metric", tuple(_figures(board, notes)), notes.texts),
        Section("comparisons", "Against the baseline", tuple(_comparisons(board))),
        Section("cost", "Cost", _blocks([cost_table(board), shared_table(board)])),
        Section("data", "Data", _blocks([ledger_table(board), audit, counted_table(board)])),
        Section("tuning", "Tuning", _blocks([tuning_table(board.tuning)])),
        Section("rows", "Rows", _blocks([rows_table(board)])),
    )
    return tuple(section for section in found if section.blocks)


def _blocks(tables: Sequence[Table | None]) -> tuple[Block, ...]:
    return tuple(Block(table) for table in tables if table is not None)


def _figures(board: Board, notes: Footnotes) -> list[Block]:
    families = family_tables(board, notes)
    metrics = on_all_items(board)
    blocks = [
        Block(table, tuple(about_notes([h for h in metrics if one_line(h.evaluator) == table.title])))
        for table in families
    ]
    if not families and metrics:
        blocks = [Block(replace(main_table(board, notes), title="Every metric"), tuple(about_notes(metrics)))]
    beside = [seeds_table(board), *size_tables(board, notes), *subset_tables(board, notes)]
    return [*blocks, *_blocks([*beside, published_table(board, notes)])]


def _comparisons(board: Board) -> list[Block]:
    """The headline metrics; every other one stands in the ranked table, where the reader chooses it."""
    families = {family.metric: family for family in board.comparisons}
    rows = {row.label: row for row in board.rows}
    shown = [heading for heading in headline(board) if heading.name in families]
    tables = [comparison_table(families[h.name], h, rows, full=False) for h in shown]
    return [Block(_told(table, families[h.name], rows)) for table, h in zip(tables, shown, strict=True)]


def _told(table: Table, family: Family, rows: dict[str, BoardRow]) -> Table:
    """With a sentence for every contender."""
    contenders = [one for one in family.comparisons if one.row in rows and not rows[one.row].reference]
    sentences = [one_line(text, LONGEST_NOTE) for text in sentences_of(contenders)]
    return replace(table, notes=tuple(dict.fromkeys([*table.notes, *sentences])))


def surroundings_tables(found: Sequence[Surroundings]) -> tuple[Table, ...]:
    """Machines with what the engine chose on them, packages, plugins: a column for each set of steps that ran alike."""
    titles = [f"{one.steps:,} step{'s' if one.steps > 1 else ''}" if len(found) > 1 else "" for one in found]
    columns = (Column("what"), *(Column(title or "as run") for title in titles))

    def table(title: str, parts: Sequence[dict[str, str]]) -> Table:
        names = dict.fromkeys(name for part in parts for name in part)
        lines = tuple(Line((one_line(n), *(one_line(part.get(n, NONE)) or NONE for part in parts))) for n in names)
        return Table(title, columns, lines)

    machines = [{**_plain(one.host), **_plain(one.engine), "rows": ", ".join(one.rows) or NONE} for one in found]
    plugins = [
        {name: f"{p['distribution']} {p['version']} ({p['sources'][:12]})" for name, p in one.plugins.items()}
        for one in found
    ]
    tables = (
        table("Machines and engine", machines),
        table("Packages", [dict(one.versions) for one in found]),
        table("Plugins: distribution, version and digest of their sources", plugins),
    )
    return tuple(one for one in tables if one.lines)


def _plain(found: Mapping[str, Any]) -> dict[str, str]:
    """Lists joined, sizes and long fractions for people, the rest as it reads."""
    return {name.removesuffix(BYTES): _told_value(name, value) for name, value in found.items()}


def _told_value(name: str, value: Any) -> str:
    if isinstance(value, list):
        parts: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        return ", ".join(map(str, parts))
    if name.endswith(BYTES) and isinstance(value, int):
        return size(value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)
