"""An interval as a line of text, on an axis that all lines of a table share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 29
"""Characters of an axis."""


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, with 0 on it."""

    low: float
    high: float

    @classmethod
    def over(cls, values: Sequence[float]) -> Axis | None:
        """The shortest axis that has all of these and 0; None where that is a single point."""
        low, high = min([0.0, *values]), max([0.0, *values])
        return cls(low, high) if high > low else None

    def place(self, value: float) -> int:
        """The character that stands for a value; the first or the last for one beyond the axis."""
        place = round((value - self.low) / (self.high - self.low) * (WIDTH - 1))
        return min(max(place, 0), WIDTH - 1)

    def drawn(self, low: float | None, value: float, high: float | None) -> str:
        """`··├──●──┤·│···`: a dot at the value, its interval, a line at 0; `◂` and `▸` for what goes beyond."""
        cells = ["·"] * WIDTH
        if low is not None and high is not None:
            first, last = self.place(low), self.place(high)
            cells[first : last + 1] = "─" * (last + 1 - first)
            cells[first], cells[last] = "◂" if low < self.low else "├", "▸" if high > self.high else "┤"
        zero = self.place(0.0)
        cells[zero] = "│" if cells[zero] == "·" else "┼"
        cells[self.place(value)] = "◂" if value < self.low else "▸" if value > self.high else "●"
        return "".join(cells)
