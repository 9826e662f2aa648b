"""What was accepted as a baseline, over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.baseline_records import AcceptedFigure, HistoryRecord
from harness.figures.facets import BY_ROW, PANEL, faceted, overlaid, panels
from harness.figures.figure import Figure, brief
from harness.figures.layers import known, layer, number, told
from harness.figures.names import LONGEST, Slugs, distinct
from harness.figures.scales import Scale, scale_of
from harness.figures.words import few, shown_as
from harness.render.numbers import arrow
from harness.report.report import Report

LATEST = 20
"""Acceptances that are shown."""
COMMIT = 7
"""Characters of a commit."""

Rows = dict[str, list[AcceptedFigure | None]]
"""Label -> what was accepted of it, per acceptance that is shown."""


def histories(report: Report, slugs: Slugs) -> list[Figure]:
    """One per metric that the gate holds rows to, the primary metric first; none before the second acceptance."""
    if report.history is None or len(report.history.acceptances) < 2:
        return []
    first = report.board.primary_metric
    latest = [figure for one in report.history.acceptances[-LATEST:] for figure in one.figures]
    gated = {f.metric: f for f in latest if f.higher_is_better is not None or f.metric == first}
    order = {heading.name: index for index, heading in enumerate(report.board.metrics)}
    metrics = sorted(gated, key=lambda name: (name != first, order.get(name, len(order))))
    labels = dict.fromkeys([*(row.label for row in report.board.rows), *(figure.row for figure in latest)])
    names = distinct(labels)
    found = _by_metric(report.history)
    dates = accepted_names(report.history)
    drawn = [_history(found[metric], dates, gated[metric], names, slugs) for metric in metrics]
    return [figure for figure in drawn if figure is not None]


def accepted_names(history: HistoryRecord) -> list[str]:
    """`2026-11-21 1a2b3c4`, per acceptance that is shown."""
    plain = [f"{shown_as(one.accepted[:10])} {shown_as(one.commit[:COMMIT])}".strip() for one in history.acceptances]
    numbered = [
        f"{name} ({plain[:index].count(name) + 1})" if name in plain[:index] else name
        for index, name in enumerate(plain)
    ]
    return numbered[-LATEST:]


def _by_metric(history: HistoryRecord) -> dict[str, Rows]:
    shown = history.acceptances[-LATEST:]
    found: dict[str, Rows] = {}
    for index, one in enumerate(shown):
        for figure in one.figures:
            found.setdefault(figure.metric, {}).setdefault(figure.row, [None] * len(shown))[index] = figure
    return found


def _history(
    found: Rows, dates: Sequence[str], like: AcceptedFigure, names: Mapping[str, str], slugs: Slugs
) -> Figure | None:
    rows = [label for label in names if label in found]
    table: dict[str, list[Any]] = {
        "row": [names[label] for label in rows],
        "order": list(range(len(rows))),
        "accepted": [list(dates) for _ in rows],
        "mean": [[brief(f.mean) if f else None for f in found[label]] for label in rows],
        "low": [[brief(f.ci95[0]) if f and f.ci95 else None for f in found[label]] for label in rows],
        "high": [[brief(f.ci95[1]) if f and f.ci95 else None for f in found[label]] for label in rows],
    }
    scale = scale_of(_flat(table["mean"]), [*_flat(table["low"]), *_flat(table["high"])])
    if scale is None:
        return None
    metric, better = shown_as(like.metric, LONGEST), arrow(like.higher_is_better)
    return Figure(
        name=slugs.of("history", like.metric),
        group="history",
        choice=metric,
        title=f"Accepted baselines: {' '.join(part for part in (metric, better) if part)}",
        caption=_caption(len(rows), [names[label] for label in names if label not in found]),
        alt=_alt(metric, dates, table),
        spec=_spec(
            " ".join(part for part in (metric.rpartition("/")[2], better) if part), len(rows), len(dates), scale
        ),
        data=table,
        headings={"row": "row", "accepted": "accepted", "mean": "mean", "low": "from", "high": "to"},
    )


def _flat(cells: Sequence[Sequence[float | None]]) -> list[float | None]:
    return [value for inner in cells for value in inner]


def _spec(title: str, rows: int, acceptances: int, scale: Scale) -> dict[str, Any]:
    small = panels(rows)
    flat = [{"flatten": ["accepted", "mean", "low", "high"]}]
    x = {"field": "accepted", "type": "ordinal", "sort": None,
         "axis": {"title": None, "labelAngle": -90, "labelFontSize": 9, "labelOverlap": False}}  # fmt: skip
    axis = {"title": title, "titleLimit": PANEL[1] if small else 360, "tickCount": 4, "grid": True}
    y = {"scale": scale.spec(), "axis": axis}
    detail = {"field": "row", "type": "nominal"}
    tooltip = told(("row", "row"), ("accepted", "accepted"), ("mean", "mean"), ("low", "from"), ("high", "to"))
    faint = 1 if small else 0.35
    layers = [
        layer({"type": "line", "strokeWidth": 1, "opacity": faint, "clip": True}, *known("mean"),
              y=number("mean", **y), detail=detail),
        layer({"type": "rule", "strokeWidth": 2 if small else 0.75, "opacity": faint, "clip": True},
              *known("low", "high"), y=number("low"), y2={"field": "high"}),
        layer({"type": "point", "filled": True, "size": 45 if small else 18, "opacity": 1 if small else 0.6},
              *known("mean"), y=number("mean"), tooltip=tooltip),
    ]  # fmt: skip
    encoding = {"x": x, "color": BY_ROW}
    if not small:
        return overlaid(layers, flat, encoding=encoding)
    spec = faceted(layers, rows, flat, shared_y=True, encoding=encoding, width=max(90, min(24 * acceptances, 300)))
    return {**spec, "spacing": {"row": 132, "column": 40}}


def _caption(rows: int, missing: Sequence[str]) -> str:
    parts = [
        f"Each row's figure at every acceptance, at most the latest {LATEST}, with its 95 % interval, oldest first, by "
        "date and commit."
    ]
    if not panels(rows):
        parts.append("All rows in one panel; a row is named where a point is pointed at.")
    if missing:
        parts.append(f"Never accepted with such a figure: {few(missing)}.")
    parts.append(
        "Steps between acceptances are not of equal time. Whether a figure changed is told by the gate, which compares "
        "item by item: two intervals that overlap do not say that it did not."
    )
    return " ".join(parts)


def _alt(metric: str, dates: Sequence[str], table: Mapping[str, list[Any]]) -> str:
    rows: list[str] = []
    for name, means in zip(table["row"], table["mean"], strict=True):
        found = [value for value in means if value is not None]
        if found:
            rows.append(f"{name} {found[0]:.3g} to {found[-1]:.3g}")
    return f"{metric} at {len(dates)} acceptances, {dates[0]} to {dates[-1]}, first and last: {few(rows, 12)}."
