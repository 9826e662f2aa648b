"""Small multiples: a panel per row, or one for all where there are too many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.figures.figure import TABLE
from harness.figures.layers import SCHEMA, whole

MOST_PANELS = 30
PANEL = (190, 120)
"""Pixels, across and down."""
OVERLAID = (620, 380)
BY_ROW: Mapping[str, Any] = {
    "field": "row", "type": "nominal", "sort": None, "scale": {"range": "rows"}, "legend": None,
}  # fmt: skip
"""Colour without a legend: panels and tooltips name rows, and hues come again after eight."""


def panels(rows: int) -> bool:
    """Whether so many rows have a panel each."""
    return rows <= MOST_PANELS


def columns(rows: int) -> int:
    """Panels side by side: four, or fewer that fill the last line better."""
    if rows <= 4:
        return rows
    return min((4, 3), key=lambda n: (-rows) % n)


def faceted(
    layers: Sequence[Mapping[str, Any]],
    rows: int,
    transform: Sequence[Mapping[str, Any]] = (),
    *,
    shared_y: bool,
    encoding: Mapping[str, Any],
    width: int = PANEL[0],
) -> dict[str, Any]:
    """A panel per row of the table, ordered by its column `order`."""
    spec: dict[str, Any] = {
        "$schema": SCHEMA,
        "data": {"name": TABLE},
        "facet": {"field": "row", "type": "nominal", "sort": {"field": "order", "op": "min"}},
        "columns": columns(rows),
        "bounds": "flush",
        "spacing": {"row": 58, "column": 50},
        "spec": {"width": width, "height": PANEL[1], "encoding": encoding, "layer": list(layers)},
        "resolve": {"scale": {"y": "shared" if shared_y else "independent"}, "axis": {"x": "independent"}},
    }
    return {**spec, "transform": list(transform)} if transform else spec


def overlaid(
    layers: Sequence[Mapping[str, Any]], transform: Sequence[Mapping[str, Any]], *, encoding: Mapping[str, Any]
) -> dict[str, Any]:
    """All rows in one panel."""
    more: dict[str, Any] = {"transform": list(transform)} if transform else {}
    return whole(layers, width=OVERLAID[0], height=OVERLAID[1], encoding=encoding, **more)
