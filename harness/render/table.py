"""A table of plain text, before it becomes markdown or a terminal's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Tone: TypeAlias = Literal["plain", "best", "tied", "reference", "trouble"]
"""What a line is about; terminals colour it."""


@dataclass(frozen=True)
class Column:
    """One column."""

    title: str
    right: bool = False
    """Numbers are set to the right."""


@dataclass(frozen=True)
class Line:
    """One line: a cell per column, none of them blank."""

    cells: tuple[str, ...]
    tone: Tone = "plain"


@dataclass(frozen=True)
class Table:
    """A table; every cell is one line of printable text."""

    title: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    """Below the table, each a line of its own."""

    def of_columns(self, places: list[int]) -> Table:
        """These columns alone."""
        lines = tuple(Line(tuple(line.cells[i] for i in places), line.tone) for line in self.lines)
        return replace(self, columns=tuple(self.columns[i] for i in places), lines=lines)


def split(table: Table, room: int, width: Callable[[Table, int], int]) -> list[Table]:
    """The table as several, each with the first column, so that each fits a width where it can at all.

    Args:
        table: what to split; its notes stay with the last part.
        room: characters there are.
        width: (table, column) -> characters that the column needs with its borders.
    """
    first = width(table, 0)
    parts: list[list[int]] = [[0]]
    used = first
    for place in range(1, len(table.columns)):
        needed = width(table, place)
        if len(parts[-1]) > 1 and used + needed > room:
            parts.append([0])
            used = first
        parts[-1].append(place)
        used += needed
    tables = [table.of_columns(places) for places in parts]
    return [
        replace(t, title=table.title + (", continued" if i else ""), notes=t.notes if t is tables[-1] else ())
        for i, t in enumerate(tables)
    ]
