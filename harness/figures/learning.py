"""Learning curves: what trainings logged, by row and seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.figures.facets import BY_ROW, faceted, overlaid, panels
from harness.figures.figure import Figure, brief
from harness.figures.layers import known, layer, number, told
from harness.figures.names import LONGEST, Slugs, distinct
from harness.figures.scales import Scale, scale_of
from harness.figures.words import few, shown_as
from harness.report.report import LearningCurve, Report

ALWAYS = ("loss", "gradient_norm")
"""Shown though one row alone logs them."""


def learning_figures(report: Report, slugs: Slugs) -> list[Figure]:
    """One per quantity that two rows share, loss and gradient norm first."""
    curves = report.curves
    quantities = _quantities(curves)
    labels = [row.label for row in report.board.rows]
    names = distinct(dict.fromkeys([*labels, *(curve.row for curve in curves)]))
    order = {label: index for index, label in enumerate(names)}
    table: dict[str, list[Any]] = {
        "row": [names[curve.row] for curve in curves],
        "order": [order[curve.row] for curve in curves],
        "seed": [str(curve.seed) for curve in curves],
        "step": [list(curve.steps) for curve in curves],
    }
    found = {curve.row for curve in curves}
    missing = [names[row.label] for row in report.board.rows if row.training and row.label not in found]
    drawn: list[Figure | None] = []
    for index, quantity in enumerate(quantities):
        nothing: tuple[None, ...] = ()
        table[f"q{index}"] = [
            [brief(value) for value in curve.quantities.get(quantity, nothing)] or [None] * len(curve.steps)
            for curve in curves
        ]
        drawn.append(_learning(quantity, f"q{index}", table, missing, slugs))
    return [figure for figure in drawn if figure is not None]


def _quantities(curves: Sequence[LearningCurve]) -> list[str]:
    rows: dict[str, set[str]] = {}
    for curve in curves:
        for name in curve.quantities:
            rows.setdefault(name, set()).add(curve.row)
    first = [name for name in ALWAYS if name in rows]
    return first + [name for name, found in rows.items() if name not in ALWAYS and len(found) > 1]


def _learning(
    quantity: str, field: str, table: Mapping[str, list[Any]], missing: Sequence[str], slugs: Slugs
) -> Figure | None:
    values = {name: [] for name in table["row"]}
    for name, cells in zip(table["row"], table[field], strict=True):
        values[name] += [value for value in cells if value is not None]
    rows = [name for name, found in values.items() if found]
    everything = [value for found in values.values() for value in found]
    scale = scale_of(_inner(everything), everything)
    if scale is None:
        return None
    title = shown_as(quantity, LONGEST)
    mean = _in_step(table)
    return Figure(
        name=slugs.of("learning", quantity),
        group="learning",
        choice=title,
        title=f"Learning curves: {title} by training step",
        caption=_caption(title, rows, [*missing, *(name for name in values if name not in rows)], mean=mean),
        alt=_alt(title, table, field),
        spec=_spec(field, title, len(rows), scale, mean=mean),
        data=table,
        headings={"row": "row", "seed": "seed", "step": "step", field: title},
    )


def _spec(field: str, title: str, rows: int, scale: Scale, *, mean: bool) -> dict[str, Any]:
    transform = [{"flatten": ["step", field]}, *known(field)]
    small = panels(rows)
    x = number(
        "step",
        scale={"zero": False, "nice": False},
        axis={"title": None if small else "step", "grid": False, "tickCount": 4},
    )
    plain = {"zero": False, "nice": False, "padding": 8} if small else {**scale.spec()}
    y = number(field, scale=plain, axis={"title": title, "grid": True, **({"tickCount": 4} if small else {})})
    seed, row = ({"field": name, "type": "nominal"} for name in ("seed", "row"))
    encoding = {"x": x, "y": y, "color": BY_ROW}
    tooltip = told(("row", "row"), ("seed", "seed"))
    if small:
        y["axis"]["title"] = None
        lines = [
            layer({"type": "line", "strokeWidth": 1, "opacity": 0.55 if mean else 0.9}, detail=seed, tooltip=tooltip)
        ]
        if mean:
            lines.append(layer({"type": "line", "strokeWidth": 2}, y={**y, "aggregate": "mean"}))
        return faceted(lines, rows, transform, shared_y=False, encoding=encoding)
    line = {"type": "line", "strokeWidth": 0.8, "opacity": 0.35, "clip": True}
    return overlaid([layer(line, detail=[row, seed], tooltip=tooltip)], transform, encoding=encoding)


def _inner(values: Sequence[float]) -> list[float]:
    """Without the lowest and the highest hundredth, which may run away."""
    ordered = sorted(values)
    cut = len(ordered) // 100
    return ordered[cut : len(ordered) - cut]


def _in_step(table: Mapping[str, list[Any]]) -> bool:
    """Whether the curves of each row have the same steps, so that a mean over seeds means something."""
    steps: dict[str, list[int]] = {}
    return all(steps.setdefault(row, found) == found for row, found in zip(table["row"], table["step"], strict=True))


def _caption(title: str, rows: Sequence[str], missing: Sequence[str], *, mean: bool) -> str:
    small = panels(len(rows))
    parts = [
        f"A thin line per seed{', a thick one for their mean' if small and mean else ''}; each point is the mean of "
        f"{title} over a stretch of steps."
    ]
    if small:
        parts.append("Every panel has its own vertical axis.")
    else:
        parts.append(
            "All rows in one panel; a line is named where it is pointed at. Runs that leave the axis are cut off."
        )
    parts.append("Different methods' losses are different quantities: compare seeds of a row, not rows.")
    if missing:
        parts.append(f"Without such a curve: {few(list(dict.fromkeys(missing)))}.")
    return " ".join(parts)


def _alt(title: str, table: Mapping[str, list[Any]], field: str) -> str:
    ends: dict[str, list[tuple[float, float]]] = {}
    for name, cells in zip(table["row"], table[field], strict=True):
        found = [value for value in cells if value is not None]
        if found:
            ends.setdefault(name, []).append((found[0], found[-1]))
    lines = [
        f"{name} from {sum(a for a, _ in pairs) / len(pairs):.3g} to {sum(b for _, b in pairs) / len(pairs):.3g}"
        for name, pairs in ends.items()
    ]
    return f"Learning curves of {title}, mean over seeds from the first stretch to the last: {few(lines, 12)}."
