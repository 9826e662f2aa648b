"""The seed spread that several trained rows tell together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.statistics.components import crossed_square, within_square
from harness.statistics.tables import Composite, Scores

LEAST_ROWS = 5
"""Trained rows that it takes to pool seed variances between them."""


@dataclass(frozen=True)
class Pool:
    """One seed variance for all trained rows of a metric: an assumption to print, not a free gain."""

    rows: int
    """M, rows whose seeds are the same."""
    seeds: tuple[int, ...]
    """The seeds they have."""
    crossed: float
    """MSx: mean square over rows and seeds once row means and a shift common to all rows at a seed are taken out; 0
    with one row."""
    crossed_df: int
    """(M - 1)(S - 1)"""
    within: float
    """MSw: mean square over seeds within rows, shifts common to all rows left in."""
    within_df: float
    """Its degrees of freedom: sum over rows of (S - 1), times the share of them that is left once luck that rows have
    in common at a seed is allowed for (`within_square`)."""
    items: tuple[int, ...]
    """Per set of items: N, of the rows above; groups where items come in groups."""
    mean_squares: tuple[float, ...]
    """Per set of items: the mean square of what neither seed nor item of a row explains, all rows together."""
    enough: bool
    """Whether there are rows enough to pool."""


def pool_of(rows: Sequence[Scores | Composite], *, least: int = LEAST_ROWS) -> Pool | None:
    """The pool of a metric; None if no row has two seeds.

    The rule: every trained row with two seeds or more, on the items that most of them were judged on. For `crossed`, of
    those the rows whose seeds are the ones that most of them have.
    """
    repeated = [row for row in rows if len(row.seeds) > 1 and all(b.grouped.shape[1] > 1 for b in row.blocks)]
    if not repeated:
        return None
    alike = _majority(repeated, [tuple(block.item_set for block in row.blocks) for row in repeated])
    crossing = _majority(alike, [row.seeds for row in alike])
    means = np.stack([row.by_seed for row in crossing])
    count, seeds = means.shape
    total = sum(len(row.seeds) - 1 for row in alike)
    left = float(within_square(means)[1]) / (count * (seeds - 1))
    splits = [[block.split for block in row.blocks] for row in alike]
    mean_squares = tuple(
        sum(float(split[g].mean_square) * (len(row.seeds) - 1) for split, row in zip(splits, alike, strict=True))
        / total
        for g in range(len(splits[0]))
    )
    return Pool(
        rows=count,
        seeds=crossing[0].seeds,
        crossed=float(crossed_square(means)) if count > 1 else 0.0,
        crossed_df=(count - 1) * (seeds - 1),
        within=sum(float(row.by_seed.var(ddof=1)) * (len(row.seeds) - 1) for row in alike) / total,
        within_df=total * left,
        items=tuple(split.items for split in splits[0]),
        mean_squares=mean_squares,
        enough=count >= max(least, 2),
    )


def _majority(rows: list[Scores | Composite], keys: Sequence[object]) -> list[Scores | Composite]:
    """The rows that share the commonest key; of equally common ones the first."""
    commonest = Counter(keys).most_common(1)[0][0]
    return [row for row, key in zip(rows, keys, strict=True) if key == commonest]
