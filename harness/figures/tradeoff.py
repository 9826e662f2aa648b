"""One metric against another: what is gained, and what it may cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.board import Board, Heading
from harness.figures.figure import Figure
from harness.figures.kinds import pairs
from harness.figures.label_places import NEAR, OFFSETS, Anchor, Box, places
from harness.figures.layers import by_standing, known, layer, number, only, told, whole
from harness.figures.names import LONGEST, Slugs, metric_title
from harness.figures.row_table import RowTable
from harness.figures.scales import Scale, scale_of
from harness.figures.words import few, shown_as

WIDTH, HEIGHT = 520, 380
LABELLED = 15
"""Up to so many rows have their labels on their marks."""
JOINED = 30
"""Up to so many rows have thin lines from their mean to their seeds."""


def tradeoffs(board: Board, table: RowTable, slugs: Slugs) -> list[Figure]:
    """One per pair of metrics; see `harness.figures.kinds`."""
    drawn = [_tradeoff(board, gain, cost, table, slugs) for gain, cost in pairs(board)]
    return [figure for figure in drawn if figure is not None]


def _tradeoff(board: Board, gain: Heading, cost: Heading, table: RowTable, slugs: Slugs) -> Figure | None:
    has = [x is not None and y is not None for x, y in zip(table.cells(cost), table.cells(gain), strict=True)]
    if sum(has) < 2:
        return None
    x, y = (
        scale_of(_of(has, table, heading, ("",)), _of(has, table, heading, ("l", "h")), log=heading.unit != "fraction")
        for heading in (cost, gain)
    )
    if x is None or y is None:
        return None
    name = slugs.of("tradeoff", gain.name, cost.name)
    labels = _labels(has, gain, cost, table, x, y)
    column = f"place{len(table.columns)}" if labels else None
    if labels and column:
        table.columns[column] = list(labels)
    return Figure(
        name=name,
        group="tradeoff",
        choice=f"{shown_as(gain.name, LONGEST)} against {shown_as(cost.name, LONGEST)}",
        title=f"{metric_title(gain)} against {metric_title(cost)}",
        caption=_caption(has, table, x, y, labelled=bool(labels)),
        alt=_alt(has, gain, cost, table),
        spec=_spec(board, has, gain, cost, table, x, y, column),
        data=table.columns,
        headings={
            "row": "row", "standing": "standing", table.column(gain, "t"): shown_as(gain.name, LONGEST),
            table.column(cost, "t"): shown_as(cost.name, LONGEST),
        },
    )  # fmt: skip


def _of(has: Sequence[bool], table: RowTable, heading: Heading, parts: Sequence[str]) -> list[float | None]:
    """Cells of the rows that are drawn; with the means, the seeds."""
    found = [value for part in parts for value, drawn in zip(table.cells(heading, part), has, strict=True) if drawn]
    if parts == ("",):
        found += [v for seeds, drawn in zip(table.cells(heading, "s"), has, strict=True) if drawn for v in seeds]
    return found


def _spec(
    board: Board,
    has: Sequence[bool],
    gain: Heading,
    cost: Heading,
    table: RowTable,
    x: Scale,
    y: Scale,
    labels: str | None,
) -> dict[str, Any]:
    fx, fy = table.column(cost), table.column(gain)
    by = by_standing(row.standing for row, drawn in zip(board.rows, has, strict=True) if drawn)
    few_rows, plain, both = sum(has) <= JOINED, {"color": None}, known(fx, fy)
    position = {
        "x": number(fx, scale=x.spec(), axis={**x.axis(metric_title(cost)), "grid": True}),
        "y": number(fy, scale=y.spec(), axis={**y.axis(metric_title(gain)), "grid": True}),
    }
    base = [*both, only("base", value=True)]
    whisker = {"type": "rule", "strokeWidth": 1.25, "clip": True, "opacity": 0.75 if few_rows else 0.2}
    seeds = [{"flatten": ["seeds", f"{fx}s", f"{fy}s"]}, *known(f"{fx}s", f"{fy}s")]
    at_seed = {"x": number(f"{fx}s"), "y": number(f"{fy}s")}
    tooltip = told(("row", "row"), ("standing", "standing"), (f"{fy}t", "y"), (f"{fx}t", "x"))
    layers = [
        layer({"type": "rule", "style": "guide"}, *base, y=None, **plain),
        layer({"type": "rule", "style": "guide"}, *base, x=None, **plain),
        layer(whisker, *both, *known(f"{fx}l"), x=number(f"{fx}l"), x2={"field": f"{fx}h"}),
        layer(whisker, *both, *known(f"{fy}l"), y=number(f"{fy}l"), y2={"field": f"{fy}h"}),
    ]
    if few_rows:
        layers.append(layer({"type": "rule", "strokeWidth": 0.75, "strokeDash": [2, 2], "clip": True}, *both, *seeds,
                            **at_seed, x2={"field": fx}, y2={"field": fy}))  # fmt: skip
    layers += [
        layer({"type": "point", "size": 16 if few_rows else 6, "filled": True, "clip": True,
               "opacity": 0.8 if few_rows else 0.35}, *both, *seeds, **at_seed,
              tooltip=told(("row", "row"), ("seeds", "seed"), (f"{fy}s", "y"), (f"{fx}s", "x"))),
        layer({"type": "point", "size": 90 if few_rows else 30, "filled": True, "clip": True},
              *both, shape=by["shape"], tooltip=tooltip),
    ]  # fmt: skip
    if labels:
        layers += _label_layers(labels, table)
    else:
        layers.append(layer({"type": "text", "align": "left", "dx": 9}, *base, text={"field": "row"}, **plain))
    return whole(layers, width=WIDTH, height=HEIGHT, encoding={**position, "color": by["color"]})


def _label_layers(column: str, table: RowTable) -> list[dict[str, Any]]:
    """A layer per place beside marks that some label has."""
    layers: list[dict[str, Any]] = []
    for anchor, (across, down) in OFFSETS.items():
        if anchor in table.columns[column]:
            align = "left" if across > 0 else "right" if across < 0 else "center"
            mark = {"type": "text", "align": align, "baseline": "middle", "dx": NEAR * across, "dy": NEAR * down}
            for style in ("halo", "ink"):
                name = {"text": {"field": "row"}, "color": None}
                layers.append(layer({**mark, "style": style}, only(column, value=anchor), **name))
    return sorted(layers, key=lambda one: one["mark"]["style"] == "ink")


def _labels(
    has: Sequence[bool], gain: Heading, cost: Heading, table: RowTable, x: Scale, y: Scale
) -> list[Anchor | None] | None:
    """Where each row's label stands; None for a board of too many rows."""
    if sum(has) > LABELLED:
        return None
    spots = [
        (x.share(a) * WIDTH, (1 - y.share(b)) * HEIGHT, name) if drawn else None
        for a, b, name, drawn in zip(table.cells(cost), table.cells(gain), table.names.values(), has, strict=True)
    ]
    found = iter(places([spot for spot in spots if spot], _blocked(has, gain, cost, table, x, y), (WIDTH, HEIGHT)))
    return [None if spot is None else next(found) for spot in spots]


def _blocked(has: Sequence[bool], gain: Heading, cost: Heading, table: RowTable, x: Scale, y: Scale) -> list[Box]:
    """Whiskers and seeds, which labels should leave free."""
    boxes: list[Box] = []
    columns = [table.cells(heading, part) for heading in (cost, gain) for part in ("", "l", "h", "s")]
    for a, a_low, a_high, a_seeds, b, b_low, b_high, b_seeds, drawn in zip(*columns, has, strict=True):
        if not drawn:
            continue
        at, up = x.share(a) * WIDTH, (1 - y.share(b)) * HEIGHT
        if a_low is not None and a_high is not None:
            boxes.append(Box(max(x.share(a_low), 0) * WIDTH, up - 1, min(x.share(a_high), 1) * WIDTH, up + 1))
        if b_low is not None and b_high is not None:
            top, bottom = (1 - min(y.share(b_high), 1)) * HEIGHT, (1 - max(y.share(b_low), 0)) * HEIGHT
            boxes.append(Box(at - 1, top, at + 1, bottom))
        for c, d in zip(a_seeds, b_seeds, strict=True):
            if c is not None and d is not None:
                u, v = x.share(c) * WIDTH, (1 - y.share(d)) * HEIGHT
                boxes.append(Box(u - 3, v - 3, u + 3, v + 3))
    return boxes


def _caption(has: Sequence[bool], table: RowTable, x: Scale, y: Scale, *, labelled: bool) -> str:
    parts = ["Large marks are rows, with 95 % intervals of both figures; small ones their seeds."]
    if any(b and h for b, h in zip(table.columns["base"], has, strict=True)):
        parts.append("Dashed lines cross at the base model.")
    if not labelled:
        parts.append("Rows are named where a mark is pointed at.")
    if x.bend is not None or y.bend is not None:
        parts.append("The logarithmic axis is linear around 0.")
    gone = [name for name, drawn in zip(table.names.values(), has, strict=True) if not drawn]
    if gone:
        parts.append(f"Not drawn, for want of one of the two figures: {few(gone)}.")
    parts.append(
        "Lines may go on beyond the axes. The two figures are of the same runs: that rows line up is no proof that"
    )
    return " ".join(parts) + " one figure drives the other."


def _alt(has: Sequence[bool], gain: Heading, cost: Heading, table: RowTable) -> str:
    rows: list[str] = [
        f"{name} {up} at {along}"
        for name, up, along, drawn in zip(
            table.names.values(), table.cells(gain, "t"), table.cells(cost, "t"), has, strict=True
        )
        if drawn
    ]
    return f"Scatter plot of {shown_as(gain.name, LONGEST)} against {shown_as(cost.name, LONGEST)}: {few(rows, 12)}."
