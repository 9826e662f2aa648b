"""The order of a board: by which metric, in which order, and what may be said of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from harness.board.board import BoardRow, Heading, Standing
from harness.board.compare import pool_for
from harness.statistics import Composite, Scores, SeedSpread, TiedSet, tied_set

PREFERRED = ("truth/win_rate_behaviour", "preference/accuracy")
"""Primary metrics by preference; else the first filled one of which higher is better, else of which lower is."""


def primary_of(headings: Sequence[Heading], rows: Sequence[BoardRow]) -> Heading | None:
    """The metric that rows are ordered by: filled for a contender if any is, and on all items, not on some."""
    contenders = [row for row in rows if not row.reference] or rows
    filled = [h for h in headings if not h.subset and any(h.name in row.metrics for row in contenders)]
    by_name = {h.name: h for h in filled if h.higher_is_better}
    for name in PREFERRED:
        if name in by_name:
            return by_name[name]
    higher = [h for h in filled if h.higher_is_better]
    lower = [h for h in filled if h.higher_is_better is False]
    return next(iter([*higher, *lower]), None)


def ordered(
    rows: Sequence[BoardRow],
    primary: Heading | None,
    scores: Mapping[str, Scores | Composite],
    seed_spread: SeedSpread,
) -> tuple[BoardRow, ...]:
    """Rows in order, best first, each with its standing; equals stay in the suite's order.

    Args:
        rows: in the suite's order.
        primary: the metric that orders them.
        scores: its values per seed and item, by row.
        seed_spread: as the suite declares it.
    """
    if primary is None:
        return tuple(dataclasses.replace(row, standing=_absent(row)) for row in rows)
    name, sign = primary.name, -1.0 if primary.higher_is_better else 1.0
    filled = sorted((r for r in rows if name in r.metrics), key=lambda r: sign * r.metrics[name].mean)
    empty = [row for row in rows if name not in row.metrics]
    stood = {row.label: dataclasses.replace(row, standing=_absent(row)) for row in rows}
    for group in _ranked_together(filled):
        compared = {row.label: scores[row.label] for row in group if row.label in scores}
        pool = pool_for(rows, scores, next((row.prompts for row in group if row.seeds), None))
        found = tied_set(compared, higher_is_better=bool(primary.higher_is_better), seed_spread=seed_spread, pool=pool)
        best = next((row.label for row in group if row.label in found.members), None)
        for row in group:
            if stood[row.label].standing == "no figure":
                stood[row.label] = _placed(row, found, best)
    return tuple(stood[row.label] for row in [*filled, *empty])


def _ranked_together(filled: Sequence[BoardRow]) -> Iterator[list[BoardRow]]:
    """Contenders that had as many training prompts and the same examples, best first; those that were not trained here
    stand beside each such group.
    """
    contenders = [row for row in filled if not row.reference]
    kinds = dict.fromkeys((row.prompts, row.group) for row in contenders if row.seeds)
    for kind in kinds:
        yield [row for row in contenders if not row.seeds or (row.prompts, row.group) == kind]
    if not kinds and contenders:
        yield contenders


def _placed(row: BoardRow, found: TiedSet, best: str | None) -> BoardRow:
    if row.label in found.beaten_by:
        return dataclasses.replace(row, standing="behind", beaten_by=found.beaten_by[row.label])
    if row.label not in found.members:
        return dataclasses.replace(row, standing="undetermined")
    return dataclasses.replace(row, standing="best" if row.label == best else "tied with best")


def _absent(row: BoardRow) -> Standing:
    if row.control:
        return "control"
    return "reference" if row.reference else "no figure"
