"""Which stretch of a metric an axis shows, and on which scale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

PADDING = 0.04
"""Of an axis, at either end."""
BEYOND = 3
"""Intervals and references may lengthen an axis at either end by so many lengths of what must be on it."""
DECADES = 2
"""Positive values that span more of them stand on a logarithmic scale."""


@dataclass(frozen=True)
class Scale:
    """From `low` to `high`; linear, or logarithmic and linear below `bend`."""

    low: float
    high: float
    bend: float | None = None
    ticks: tuple[float, ...] = ()
    """Of a logarithmic scale."""

    def spec(self) -> dict[str, Any]:
        """As Vega-Lite has it."""
        plain = {"domain": [_short(self.low), _short(self.high)], "zero": False, "nice": False}
        return plain if self.bend is None else {**plain, "type": "symlog", "constant": self.bend}

    def axis(self, title: str | None) -> dict[str, Any]:
        """An axis with this title, which says that a scale is logarithmic."""
        if self.bend is None:
            return {"title": title}
        note = f"log scale, linear below {self.bend:g}"
        return {"title": f"{title}, {note}", "values": list(self.ticks), "format": ".6~g"}

    def share(self, value: float) -> float:
        """Where a value stands: 0 at the low end, 1 at the high one."""
        low, high, at = (self._place(number) for number in (self.low, self.high, value))
        return (at - low) / (high - low)

    def holds(self, value: float) -> bool:
        """Whether a value is on the axis."""
        return self.low <= value <= self.high

    def _place(self, value: float) -> float:
        return value if self.bend is None else math.copysign(math.log1p(abs(value) / self.bend), value)


def scale_of(core: Iterable[float | None], more: Iterable[float | None] = (), *, log: bool = False) -> Scale | None:
    """An axis that all of `core` is on, and of `more` what does not press it together.

    Args:
        core: values that must be seen.
        more: bounds of intervals and the like; those beyond the axis are cut off.
        log: a logarithmic scale where no value of `core` is negative and the positive ones span more than two decades.

    Returns:
        None without any value.
    """
    known, others = _finite(core), _finite(more)
    if not known and not others:
        return None
    positive = [value for value in known if value > 0]
    if log and known and min(known) >= 0 and positive and max(positive) > min(positive) * 10**DECADES:
        return _logarithmic(known, positive, others)
    if not known or min(known) == max(known):
        known += others
    low, high = min(known), max(known)
    room = BEYOND * (high - low)
    low, high = min([low, *(max(v, low - room) for v in others)]), max([high, *(min(v, high + room) for v in others)])
    if low == high:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    room = PADDING * (high - low)
    return Scale(low - room, high + room)


def _logarithmic(known: Sequence[float], positive: Sequence[float], others: Sequence[float]) -> Scale:
    bend = 10.0 ** math.floor(math.log10(min(positive)))
    high = max([*known, *(v for v in others if v <= 3 * max(known))]) * 1.25
    decades = range(round(math.log10(bend)), math.ceil(math.log10(high)) + 1)
    ticks = (0.0, *(10.0**power for power in decades if 10.0**power <= high))
    low = -bend / 4 if min(known) == 0 else bend / 2
    return Scale(low, high, bend, ticks)


def _finite(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _short(value: float) -> float:
    return float(f"{value:.6g}")
