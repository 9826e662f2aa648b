"""The order of a board: by which metric, in which order, and what may be said of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from harness.board.board import BoardRow, Heading, Measure, Standing

PREFERRED = ("truth/win_rate_behaviour", "preference/accuracy")
"""Primary metrics by preference; else the first filled one of which higher is better, else of which lower is."""


def primary_of(headings: Sequence[Heading], rows: Sequence[BoardRow]) -> Heading | None:
    """The metric that rows are ordered by: filled for a contender if any is."""
    contenders = [row for row in rows if not row.reference] or rows
    filled = [h for h in headings if any(h.name in row.metrics for row in contenders)]
    by_name = {h.name: h for h in filled if h.higher_is_better}
    for name in PREFERRED:
        if name in by_name:
            return by_name[name]
    higher = [h for h in filled if h.higher_is_better]
    lower = [h for h in filled if h.higher_is_better is False]
    return next(iter([*higher, *lower]), None)


def ordered(rows: Sequence[BoardRow], primary: Heading | None) -> tuple[BoardRow, ...]:
    """Rows in order, best first, each with its standing among those with as much data; equals stay in the suite's
    order.
    """
    if primary is None:
        return tuple(dataclasses.replace(row, standing=_absent(row)) for row in rows)
    name, sign = primary.name, -1.0 if primary.higher_is_better else 1.0
    filled = sorted((r for r in rows if name in r.metrics), key=lambda r: sign * r.metrics[name].mean)
    empty = [row for row in rows if name not in row.metrics]
    standings = {row.label: _standing(row, row.metrics[name], _best_beside(row, filled, name)) for row in filled}
    standings |= {row.label: _absent(row) for row in empty}
    return tuple(dataclasses.replace(row, standing=standings[row.label]) for row in [*filled, *empty])


def _best_beside(row: BoardRow, filled: Sequence[BoardRow], metric: str) -> Measure | None:
    """The best contender that had as many training prompts as a row; any will do where one of the two had none."""
    beside = (r for r in filled if not r.reference and (r.prompts == row.prompts or None in (r.prompts, row.prompts)))
    return next((r.metrics[metric] for r in beside), None)


def _absent(row: BoardRow) -> Standing:
    return "reference" if row.reference else "no figure"


def _standing(row: BoardRow, mine: Measure, best: Measure | None) -> Standing:
    if row.reference or best is None:
        return "reference"
    if mine.basis == "one run" or best.basis == "one run" or mine.ci95 is None or best.ci95 is None:
        return "undetermined"
    if mine is best:
        return "best"
    apart = mine.ci95[0] > best.ci95[1] or best.ci95[0] > mine.ci95[1]
    return "behind" if apart else "tied with best"
