"""One figure: a Vega-Lite spec that holds no values, the values by column, and words around both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Group: TypeAlias = Literal["forest", "seeds", "tradeoff", "learning", "budget", "history"]
"""Kinds of figures. Those of a group differ in one choice."""

TABLE = "table"
"""The name by which every spec calls its data."""

DIGITS = 5
"""Significant digits of numbers in figures."""


@dataclass(frozen=True)
class Figure:
    """What a page or a paper shows. Title, caption, alt and the strings of `data` hold labels from outside: text and
    nothing else.
    """

    name: str
    """Of its files: ASCII letters, digits, `.`, `_`, `-`; unique on a page."""
    group: Group
    choice: str
    """What tells it from the other figures of its group, as a metric."""
    title: str
    caption: str
    """What it shows, how to read it, what it does not say."""
    alt: str
    """For those who cannot see it: the gist, in numbers."""
    spec: Mapping[str, Any]
    """Vega-Lite 6, with `{"data": {"name": "table"}}` and without colours, which are in `harness.figures.theme`."""
    data: Mapping[str, Sequence[Any]]
    """Column -> cells, all of one length. A cell is None, text, a number or a list of these. Figures may share one."""
    headings: Mapping[str, str]
    """Column -> what stands above it, of the columns that tell as a table what the figure shows."""


def brief(value: float | None) -> float | None:
    """To `DIGITS` significant digits; None for what is not finite."""
    return float(f"{value:.{DIGITS}g}") if value is not None and math.isfinite(value) else None
