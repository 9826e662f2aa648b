"""Parts of specs that figures share. Fields are the figures' own columns: no text from outside is ever among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.figures.figure import TABLE
from harness.figures.theme import STANDINGS, VERDICTS

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
STANDING_SHAPES = ("diamond", "circle", "triangle-down", "cross", "square", "triangle-right", "stroke")
VERDICT_SHAPES = (
    "triangle-up", "triangle-down", "triangle-right", "triangle-left", "circle", "diamond", "square",
)  # fmt: skip
WIDTH = 430
"""Pixels between the axes of a figure of rows."""
ONCE = {"aggregate": [{"op": "count", "as": "cells"}]}
"""The table as one row, for marks that are no row's."""
ROOMY, TIGHT = 22, 12
"""Pixels per row: up to 30 rows, and from 80 on."""


def whole(layers: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """A spec of layers over the table."""
    return {"$schema": SCHEMA, "data": {"name": TABLE}, **more, "layer": list(layers)}


def step(rows: int) -> int:
    """Pixels per row."""
    return round(ROOMY - (ROOMY - TIGHT) * min(max(rows - 30, 0) / 50, 1))


def layer(mark: Mapping[str, Any], *transform: Mapping[str, Any], **encoding: Any) -> dict[str, Any]:
    """One layer."""
    found: dict[str, Any] = {"mark": dict(mark), "encoding": encoding}
    return {"transform": list(transform), **found} if transform else found


def roomy(rows: int) -> bool:
    """Whether text and marks have their full size."""
    return step(rows) >= ROOMY - 4


def on_rows(rows: int) -> dict[str, Any]:
    """A band of the y axis per row, in the order of the table."""
    axis = {"title": None, "ticks": False, "domain": False, **({} if roomy(rows) else {"labelFontSize": 9})}
    return {"field": "row", "type": "nominal", "sort": None, "axis": axis}


def along(rows: int, axis: Mapping[str, Any]) -> dict[str, Any]:
    """The x axis of a figure of rows: above them where there are so many that its foot is far away."""
    return {**axis, "grid": True} if roomy(rows) else {**axis, "grid": True, "orient": "top"}


def number(field: str, **more: Any) -> dict[str, Any]:
    """An encoding by a column of numbers."""
    return {"field": field, "type": "quantitative", **more}


def only(field: str, *, value: bool | str | int) -> dict[str, Any]:
    """Keeps the cells of the table where a column has this value."""
    return {"filter": {"field": field, "equal": value}}


def known(*fields: str) -> list[dict[str, Any]]:
    """Keeps the cells where these columns have a number."""
    return [{"filter": {"field": field, "valid": True}} for field in fields]


def told(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    """A tooltip: (column of text, what it is). What it is becomes part of an expression: never a name from outside."""
    return [{"field": field, "type": "nominal", "title": title} for field, title in pairs]


def by_verdict(found: Iterable[str]) -> dict[str, Any]:
    """Colour and shape by verdict, with a legend of those that occur."""
    return _by("verdict", VERDICTS, VERDICT_SHAPES, found)


def by_standing(found: Iterable[str]) -> dict[str, Any]:
    """Colour and shape by standing, with a legend of those that occur."""
    return _by("standing", STANDINGS, STANDING_SHAPES, found)


def _by(field: str, names: Sequence[str], shapes: Sequence[str], found: Iterable[str]) -> dict[str, Any]:
    present = set(found)
    legend = {"values": [name for name in names if name in present]}
    plain = {"field": field, "type": "nominal", "legend": legend}
    return {
        "color": {**plain, "scale": {"domain": list(names), "range": field}},
        "shape": {**plain, "scale": {"domain": list(names), "range": list(shapes)}},
    }
