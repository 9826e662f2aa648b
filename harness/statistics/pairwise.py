"""Every two of many rows compared: what `contrast` finds, for rows at the same seeds and items many pairs at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np

from harness.statistics.components import assemble, seed_variance, two_way
from harness.statistics.contrast import ROUNDING, contrast
from harness.statistics.parts import Array, ItemPart, Parts, p_value
from harness.statistics.pool import Pool
from harness.statistics.seed_spread import SeedSpread
from harness.statistics.tables import Composite, Scores

AT_ONCE = 2**18
"""Values of differences held at once."""

Rows: TypeAlias = Mapping[str, Scores | Composite]


@dataclass(frozen=True)
class Outcome:
    """Of two rows whose comparison says something of methods."""

    one: str
    other: str
    difference: float
    """Of their figures, one - other."""
    p: float
    """Two-sided; 1 stands for all p above the level that was asked for, which no correction brings below it."""


def outcomes(rows: Rows, *, seed_spread: SeedSpread, pool: Pool | None, alpha: float) -> Iterator[Outcome]:
    """Every pair of rows once, without those that `contrast` claims nothing of.

    Args:
        rows: by label.
        seed_spread: as for `contrast`.
        pool: as for `contrast`.
        alpha: p is wanted up to here.
    """
    alike = _alike(rows)
    for labels in alike:
        yield from _together(
            labels, [rows[label] for label in labels], pool if seed_spread == "pooled" else None, alpha
        )
    of_row = {label: number for number, labels in enumerate(alike) for label in labels}
    for one, other in combinations(rows, 2):
        if one in of_row and of_row[one] == of_row.get(other):
            continue
        found = contrast(rows[one], rows[other], seed_spread=seed_spread, pool=pool)
        if found.difference is not None and found.parts is not None and found.about_methods:
            clear = float(found.parts.half(alpha)) <= abs(found.difference)
            yield Outcome(one, other, found.difference, p_value(found.difference, found.parts) if clear else 1.0)


def _alike(rows: Rows) -> list[list[str]]:
    """Labels of rows that have two seeds or more, the same ones, on the same items in the same groups."""
    found: dict[object, list[str]] = {}
    for label, row in rows.items():
        if isinstance(row, Scores) and len(row.seeds) > 1 and row.grouped.shape[1] > 1:
            found.setdefault((row.seeds, row.items, row.clusters), []).append(label)
    return [labels for labels in found.values() if len(labels) > 1]


def _together(
    labels: Sequence[str], rows: Sequence[Scores | Composite], pool: Pool | None, alpha: float
) -> Iterator[Outcome]:
    """All pairs of rows that are alike."""
    tables = [row.blocks[0].grouped for row in rows]
    largest = np.array([np.abs(table).max() for table in tables])
    many = max(1, AT_ONCE // tables[0].size)
    for place, label in enumerate(labels):
        for first in range(place + 1, len(labels), many):
            others = slice(first, first + many)
            against = np.stack(tables[others])
            difference = tables[place].mean(-1).mean() - against.mean(-1).mean(-1)
            rounding = ROUNDING * np.maximum(largest[place], largest[others])
            difference = np.where(np.abs(difference) > rounding, difference, 0.0)
            parts = _parts(tables[place] - against, pool)
            clear = parts.half(alpha) <= np.abs(difference)
            for where, other in enumerate(labels[others]):
                found = float(difference[where])
                p = p_value(found, _single(parts, where)) if clear[where] else 1.0
                yield Outcome(label, other, found, p)


def _parts(differences: Array, pool: Pool | None) -> Parts:
    """Of (R, S, N) differences seed by seed, as `seed_part` and `contrast` have them one at a time."""
    seeds, items = differences.shape[-2:]
    split = two_way(differences)
    if pool is None or not pool.enough or len(pool.items) != 1:
        return assemble(seed_variance(split.by_seed), np.asarray(seeds - 1.0), [split])
    held = split.residual * min(items / pool.items[0], 1.0)
    seed = np.full(held.shape, 2 * pool.crossed / seeds)
    return assemble(seed, np.asarray(float(pool.crossed_df)), [split], [held])


def _single(parts: Parts, where: int) -> Parts:
    """One of the studies."""
    items = tuple(ItemPart(part.variance[where], part.df) for part in parts.items)
    return Parts(parts.seed[where], parts.seed_df, items)
