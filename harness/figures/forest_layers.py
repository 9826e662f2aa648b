"""The spec of a forest plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.figures.layers import (
    ONCE,
    WIDTH,
    along,
    by_verdict,
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
from harness.figures.scales import Scale

P_COLUMN = 206
"""Pixels from the axes' right end to that of the column of p."""


def forest_spec(table: Mapping[str, Sequence[Any]], scale: Scale, title: str, *, both: bool) -> dict[str, Any]:
    """Text, noise floor, zero, intervals, seeds, means, in this order from back to front.

    Args:
        both: whether rows have an interval of their own beside the one that decides.
    """
    rows = len(table["row"])
    big = roomy(rows)
    lift, drop, thick = (-3, 5, 3.5) if big else (-2, 3, 2.5)
    by = by_verdict([verdict for verdict in table["verdict"] if verdict])
    plain, shape = {"color": None}, {"field": "verdict", "type": "nominal"}
    x = {"scale": scale.spec(), "axis": along(rows, scale.axis(title))}
    text = {"type": "text", "align": "left", "fontSize": 11 if big else 9}
    raised = {"clip": True, "yOffset": lift}
    point = {"type": "point", "filled": True, **raised}
    layers = [
        layer({**text, "dx": 10}, x={"value": "width"}, text={"field": "told"}, **plain),
        layer({**text, "align": "right", "dx": P_COLUMN, "style": "quiet"}, x={"value": "width"}, text={"field": "p"},
              **plain),
        layer({"type": "bar", "style": "floor", "height": {"band": 1}}, *known("floor"),
              x=number("floor_low", **x), x2={"field": "floor"}, **plain),
        layer({"type": "rule", "style": "zero"}, ONCE, x={"datum": 0}, y=None, **plain),
        layer({"type": "rule", "strokeWidth": thick, **raised}, *known("low"), x=number("low"), x2={"field": "high"}),
    ]  # fmt: skip
    if both:
        ends = {"fold": ["own_low", "own_high"], "as": ["end", "bound"]}
        layers += [
            layer({"type": "rule", "strokeWidth": 1, **raised}, *known("own_low"), x=number("own_low"),
                  x2={"field": "own_high"}),
            layer({"type": "tick", "size": 2.5 * thick, "thickness": 1, **raised}, ends, *known("bound"),
                  x=number("bound")),
        ]  # fmt: skip
    layers += [
        layer({"type": "point", "style": "seed", "size": 22 if big else 10, **raised, "yOffset": drop},
              {"flatten": ["seed", "shift"]}, *known("shift"), x=number("shift"), **plain,
              tooltip=told(("row", "row"), ("seed", "seed"), ("shift", "difference"))),
        layer({**point, "size": 90 if big else 40}, *known("difference"), x=number("difference"), shape=by["shape"],
              tooltip=_tooltip(both=both)),
    ]  # fmt: skip
    if not all(table["contender"]):
        layers.append(
            layer({**point, "style": "hollow", "size": 20 if big else 9}, *known("difference"),
                  only("contender", value=False), x=number("difference"), shape=shape, **plain)
        )  # fmt: skip
    for end, arrow in (("past_low", "triangle-left"), ("past_high", "triangle-right")):
        if any(value is not None for value in table[end]):
            layers.append(layer({**point, "shape": arrow, "size": 30, "clip": False}, *known(end), x=number(end)))
    encoding = {"y": on_rows(rows), "color": by["color"]}
    return whole(layers, width=WIDTH, height={"step": step(rows)}, encoding=encoding)


def _tooltip(*, both: bool) -> list[dict[str, Any]]:
    own = [("own", "with the rows' own seed spread")] if both else []
    return told(
        ("row", "row"), ("verdict", "verdict"), ("told", "difference and 95 % interval"), *own, ("p", "p"),
        ("detectable", "detectable difference"), ("over", "over"),
    )  # fmt: skip
