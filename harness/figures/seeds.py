"""Every row's seeds, mean and interval, on one metric."""

from __future__ import annotations

from typing import Any

from harness.board import Board, Heading
from harness.figures.figure import Figure
from harness.figures.layers import (
    ONCE,
    WIDTH,
    along,
    by_standing,
    known,
    layer,
    number,
    on_rows,
    only,
    roomy,
    step,
    told,
    whole,
)
from harness.figures.names import Slugs, metric_title
from harness.figures.row_table import RowTable
from harness.figures.scales import Scale, scale_of
from harness.figures.words import few, shown_as


def seed_figures(board: Board, table: RowTable, slugs: Slugs) -> list[Figure]:
    """One per metric on all items, the primary metric first."""
    headings = sorted(table.headings, key=lambda heading: heading.name != board.primary_metric)
    drawn = [_seeds(board, heading, table, slugs) for heading in headings]
    return [figure for figure in drawn if figure is not None]


def _seeds(board: Board, heading: Heading, table: RowTable, slugs: Slugs) -> Figure | None:
    log = heading.unit != "fraction"
    scale = scale_of(table.points(heading), [*table.bounds(heading), heading.best], log=log)
    if scale is None or all(value is None for value in table.points(heading)):
        return None
    best = heading.best if heading.best is not None and scale.holds(heading.best) else None
    return Figure(
        name=slugs.of("seeds", heading.name),
        group="seeds",
        choice=shown_as(heading.name),
        title=f"Every seed: {metric_title(heading)}",
        caption=_caption(board, heading, table, scale, best),
        alt=_alt(heading, table),
        spec=_spec(board, heading, table, scale, best),
        data=table.columns,
        headings={
            "row": "row", "standing": "standing", table.column(heading, "t"): "mean and 95 % interval",
            "seeds": "seeds", table.column(heading, "s"): "seed by seed",
        },
    )  # fmt: skip


def _spec(board: Board, heading: Heading, table: RowTable, scale: Scale, best: float | None) -> dict[str, Any]:
    rows = len(board.rows)
    big = roomy(rows)
    lift, drop = (-3, 5) if big else (-2, 3)
    mean, low, high, each, text = (table.column(heading, part) for part in ("", "l", "h", "s", "t"))
    present = [row.standing for row in board.rows if heading.name in row.metrics]
    by, plain = by_standing(present), {"color": None}
    x = {"scale": scale.spec(), "axis": along(rows, scale.axis(metric_title(heading)))}
    raised = {"clip": True, "yOffset": lift}
    tooltip = told(("row", "row"), ("standing", "standing"), (text, "mean and 95 % interval"))
    layers = [
        layer({"type": "text", "align": "left", "dx": 10, "fontSize": 11 if big else 9}, x={"value": "width"},
              text={"field": text}, **plain),
        layer({"type": "rule", "strokeWidth": 2.5 if big else 1.5, **raised}, *known(low),
              x=number(low, **x), x2={"field": high}),
        layer({"type": "point", "style": "seed", "size": 24 if big else 10, **raised, "yOffset": drop},
              {"flatten": ["seeds", each]}, *known(each), x=number(each), **plain,
              tooltip=told(("row", "row"), ("seeds", "seed"), (each, "value"))),
        layer({"type": "tick", "size": 14 if big else 8, "thickness": 2.5, **raised}, *known(mean),
              only("trained", value=False), x=number(mean), tooltip=tooltip),
        layer({"type": "point", "filled": True, "size": 80 if big else 36, **raised}, *known(mean),
              only("trained", value=True), x=number(mean), shape=by["shape"], tooltip=tooltip),
    ]  # fmt: skip
    if best is not None:
        rule = layer({"type": "rule", "style": "best"}, ONCE, x={"datum": best}, y=None, **plain)
        layers.insert(1, rule)
    return whole(layers, width=WIDTH, height={"step": step(rows)}, encoding={"y": on_rows(rows), "color": by["color"]})


def _caption(board: Board, heading: Heading, table: RowTable, scale: Scale, best: float | None) -> str:
    parts = [
        "Small circles are single seeds, large marks their mean, lines its 95 % interval"
        + (f" ({shown_as(board.interval)})" if board.interval else "")
        + "; upright ticks are rows without training, which have no seeds."
    ]
    if best is not None:
        parts.append("Dashed: the best value that any policy can reach.")
    elif heading.best is not None:
        parts.append(f"The best value that any policy can reach, {heading.best:.4g}, lies beyond the axis.")
    bounds = [value for value in table.bounds(heading) if value is not None]
    if any(not scale.holds(value) for value in bounds):
        parts.append("Lines that reach an edge go on beyond it, as the numbers say.")
    primary = "this metric" if heading.name == board.primary_metric else shown_as(board.primary_metric or "", 60)
    parts.append(
        f"Colour and shape are standings by {primary}; whether two rows differ is told by their difference, not"
    )
    return " ".join(parts) + " by whether these intervals overlap."


def _alt(heading: Heading, table: RowTable) -> str:
    told_rows = [f"{name} {text}" for name, mean, text in _lines(heading, table) if mean is not None]
    gaps = [name for name, mean, _ in _lines(heading, table) if mean is None]
    parts = [f"Seeds and means of {shown_as(heading.name, 60)}: {few(told_rows, 12)}."]
    return " ".join(parts + ([f"No figure: {few(gaps)}."] if gaps else []))


def _lines(heading: Heading, table: RowTable) -> list[tuple[str, float | None, str]]:
    return list(zip(table.names.values(), table.cells(heading), table.cells(heading, "t"), strict=True))
