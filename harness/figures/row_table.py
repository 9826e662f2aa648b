"""One table of all rows and metrics, which several figures share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.board import Board, BoardRow, Heading
from harness.figures.figure import brief
from harness.figures.names import row_names
from harness.figures.words import shown_as
from harness.render.metric_tables import on_all_items
from harness.render.numbers import decimals, measured

REASON = 46
"""Characters of why a row has no figure."""


class RowTable:
    """A line per row of the board, in its order. Of metric k: `m<k>` mean, `m<k>l` and `m<k>h` its 95 % interval,
    `m<k>s` the value of every seed in `seeds`, `m<k>t` as text, or why there is none.
    """

    def __init__(self, board: Board) -> None:
        self.names: Mapping[str, str] = row_names(board)
        self.headings = on_all_items(board)
        self.columns: dict[str, list[Any]] = {
            "row": list(self.names.values()),
            "standing": [row.standing for row in board.rows],
            "trained": [bool(row.seeds) for row in board.rows],
            "base": [row.method == "base" for row in board.rows],
            "seeds": [list(_seeds(row)) for row in board.rows],
        }
        self._number = {heading.name: str(index) for index, heading in enumerate(self.headings)}
        for heading in self.headings:
            self._add(board, heading)

    def column(self, heading: Heading, part: str = "") -> str:
        """The name of a metric's column: "" mean, "l", "h", "s", "t"."""
        return f"m{self._number[heading.name]}{part}"

    def cells(self, heading: Heading, part: str = "") -> list[Any]:
        """A metric's column."""
        return self.columns[self.column(heading, part)]

    def points(self, heading: Heading) -> list[float | None]:
        """All means and all seeds' values."""
        return [*self.cells(heading), *(value for seeds in self.cells(heading, "s") for value in seeds)]

    def bounds(self, heading: Heading) -> list[float | None]:
        """All bounds of intervals."""
        return [*self.cells(heading, "l"), *self.cells(heading, "h")]

    def _add(self, board: Board, heading: Heading) -> None:
        places = decimals([row.metrics[heading.name] for row in board.rows if heading.name in row.metrics])
        parts: dict[str, list[Any]] = {part: [] for part in ("", "l", "h", "s", "t")}
        for row in board.rows:
            for part, cell in _cells(row, heading, places).items():
                parts[part].append(cell)
        self.columns |= {self.column(heading, part): cells for part, cells in parts.items()}


def _cells(row: BoardRow, heading: Heading, places: int) -> dict[str, Any]:
    measure = row.metrics.get(heading.name)
    if measure is None:
        gap = row.skipped.get(heading.name)
        reason = f"{gap.state}: {gap.reason}" if gap else row.reason
        return {"": None, "l": None, "h": None, "s": [None] * len(_seeds(row)), "t": shown_as(reason, REASON)}
    low, high = measure.ci95 or (None, None)
    per_seed = measure.per_seed or {}
    return {
        "": brief(measure.mean),
        "l": brief(low),
        "h": brief(high),
        "s": [brief(per_seed.get(seed)) for seed in _seeds(row)],
        "t": measured(measure, places),
    }


def _seeds(row: BoardRow) -> tuple[int, ...]:
    """As planned, and any other that a figure stands on."""
    found = {seed for measure in row.metrics.values() for seed in measure.per_seed or {}}
    return (*row.seeds, *sorted(found - set(row.seeds)))
