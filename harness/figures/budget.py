"""Best-of-budget curves: what tuning found after how many trials."""

from __future__ import annotations

from typing import Any

from harness.board import Board
from harness.board.tuning import Study, Tuning
from harness.figures.facets import BY_ROW, PANEL, faceted, overlaid, panels
from harness.figures.figure import Figure, brief
from harness.figures.layers import known, layer, number, only, told
from harness.figures.names import LONGEST, Slugs, distinct
from harness.figures.words import few, shown_as
from harness.render.numbers import arrow, settings


def budgets(board: Board, slugs: Slugs) -> list[Figure]:
    """One where rows were tuned."""
    found = board.tuning
    if found is None or not any(study.values for study in found.studies):
        return []
    metric = shown_as(found.design.metric, LONGEST)
    rows = len(found.studies)
    return [
        Figure(
            name=slugs.of("budget", found.design.metric),
            group="budget",
            choice=metric,
            title=f"Best of so many trials: {metric}, {shown_as(found.design.split, 20)} split",
            caption=_caption(board, found),
            alt=_alt(found),
            spec=_spec(_title(board, found), rows),
            data=_table(board, found),
            headings={"row": "row", "trial": "trial", "value": metric, "best": "best so far", "settings": "settings"},
        )
    ]


def _title(board: Board, found: Tuning) -> str:
    heading = next((h for h in board.metrics if h.name == found.design.metric), None)
    better = "" if heading is None else f" {arrow(heading.higher_is_better)}"
    return shown_as(found.design.metric, LONGEST).rpartition("/")[2] + better


def _table(board: Board, found: Tuning) -> dict[str, list[Any]]:
    names = distinct(dict.fromkeys([*(row.label for row in board.rows), *(study.row for study in found.studies)]))
    order = {row.label: index for index, row in enumerate(board.rows)}
    studies = sorted(found.studies, key=lambda study: order.get(study.row, len(order)))
    table: dict[str, list[Any]] = {
        "row": [names[study.row] for study in studies],
        "order": list(range(len(studies))),
        "start": [next((brief(value) for value in study.values[:1]), None) for study in studies],
        "trial": [list(range(1, len(study.values) + 1)) for study in studies],
        "value": [[brief(value) for value in study.values] for study in studies],
        "best": [[brief(value) for value in study.best_so_far] for study in studies],
        "chosen": [[index == study.best for index in range(len(study.values))] for study in studies],
        "settings": [[_told(study, index) for index in range(len(study.values))] for study in studies],
    }
    return table


def _told(study: Study, index: int) -> str:
    if index in study.reasons:
        return shown_as(study.reasons[index], 80)
    return shown_as(settings(study.settings[index].items()), 80) if index < len(study.settings) else ""


def _spec(title: str, rows: int) -> dict[str, Any]:
    small = panels(rows)
    flat = [{"flatten": ["trial", "value", "best", "chosen", "settings"]}]
    scale = {"zero": False, "nice": False}
    encoding: dict[str, Any] = {
        "x": number(
            "trial",
            scale=scale,
            axis={"title": None if small else "trial", "grid": False, "tickMinStep": 1, "tickCount": 6},
        ),
        "color": BY_ROW,
    }
    y = {
        "scale": {"zero": False, "nice": False, "padding": 10},
        "axis": {"title": title, "titleLimit": PANEL[1] if small else 360, "tickCount": 4, "grid": True},
    }
    tooltip = told(("row", "row"), ("trial", "trial"), ("value", "value"), ("settings", "settings"))
    detail = {"field": "row", "type": "nominal"}
    strong = 1 if small else 0.4
    layers = [
        layer({"type": "line", "interpolate": "step-after", "strokeWidth": 1.75 if small else 1, "opacity": strong},
              *known("best"), y=number("best", **y), detail=detail),
        layer({"type": "point", "size": 26 if small else 8, "opacity": strong}, *known("value"), y=number("value"),
              tooltip=tooltip),
        layer({"type": "point", "style": "ring", "shape": "diamond", "size": 150 if small else 40, "opacity": strong},
              *known("value"), only("chosen", value=True), y=number("value"), color=None, tooltip=tooltip),
        layer({"type": "point", "shape": "M-1,-1L1,1M-1,1L1,-1", "style": "ring", "size": 40, "opacity": 1,
               "yOffset": -7},
              {"filter": {"field": "value", "valid": False}}, y={"value": "height"}, color=None, tooltip=tooltip),
    ]  # fmt: skip
    if small:
        start = layer({"type": "rule", "style": "guide"}, *known("start"), only("trial", value=1), x=None,
                      y=number("start"), color=None)  # fmt: skip
        return faceted([start, *layers], rows, flat, shared_y=True, encoding=encoding)
    return overlaid(layers, flat, encoding=encoding)


def _caption(board: Board, found: Tuning) -> str:
    failed = sum(value is None for study in found.studies for value in study.values)
    parts = [
        "Circles are trials, the line the best so far, the diamond the trial that was chosen, the dashed line the "
        "row's own settings, which are the first trial."
    ]
    if failed:
        parts.append(f"Crosses at the bottom: {failed} trials that failed.")
    tuned = {study.row for study in found.studies}
    names = distinct(row.label for row in board.rows)
    if others := [names[row.label] for row in board.rows if row.training and row.label not in tuned]:
        parts.append(f"Without trials of their own: {few(others)}.")
    parts.append(
        f"A trial is one training at one seed, judged on the {shown_as(found.design.split, 20)} split: the best of "
        "several is flattered by noise, and says less of the method than the board does."
    )
    return " ".join(parts)


def _alt(found: Tuning) -> str:
    rows: list[str] = []
    for study in found.studies:
        first, best = (study.values[0] if study.values else None), study.best
        told_first = "failed" if first is None else f"{first:.3g}"
        told_best = (
            f"none of {len(study.values)}"
            if best is None
            else f"{study.values[best]:.3g}, trial {best + 1} of {len(study.values)}"
        )
        rows.append(f"{shown_as(study.row, LONGEST)} {told_first} (best {told_best})")
    return f"Tuning by {shown_as(found.design.metric, LONGEST)}, own settings and best trial: {few(rows, 12)}."
