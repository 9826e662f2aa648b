"""Every two of many rows compared: what `contrast` finds, for rows at the same seeds and items many pairs at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from harness.statistics.components import assemble, parts_of, two_way
from harness.statistics.contrast import contrast, p_of
from harness.statistics.pairing import ROUNDING
from harness.statistics.parts import Array, ItemPart, Parts
from harness.statistics.pool import Pool
from harness.statistics.seed_spread import SeedSpread
from harness.statistics.significance import p_values
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


@dataclass(frozen=True)
class Alike:
    """Rows that have two seeds or more, the same ones, on the same items in the same groups."""

    labels: tuple[str, ...]
    tables: Array
    """(M, S, N)"""
    means: Array
    """(M,)"""
    largest: Array
    """(M,) of the absolute values."""

    def difference(self, place: int, others: slice | np.ndarray) -> Array:
        """Of one row's figure from those of others, each; 0 where it is but rounding."""
        found = self.means[place] - self.means[others]
        rounding = ROUNDING * np.maximum(self.largest[place], self.largest[others])
        return np.where(np.abs(found) > rounding, found, 0.0)


def outcomes(rows: Rows, *, seed_spread: SeedSpread, pool: Pool | None, alpha: float) -> Iterator[Outcome]:
    """Every pair of rows once, without those that `contrast` claims nothing of.

    Args:
        rows: by label.
        seed_spread: as for `contrast`.
        pool: as for `contrast`.
        alpha: p is wanted up to here.
    """
    groups = alike(rows)
    for group in groups:
        yield from together(group, pool_of_alike(seed_spread, pool), alpha)
    yield from unalike(rows, groups, seed_spread=seed_spread, pool=pool, alpha=alpha)


def alike(rows: Rows) -> list[Alike]:
    """The rows that are alike, by what they have in common; rows that are like no other are in none."""
    found: dict[object, list[str]] = {}
    for label, row in rows.items():
        if isinstance(row, Scores) and len(row.seeds) > 1 and row.grouped.shape[1] > 1:
            found.setdefault((row.seeds, row.items, row.clusters), []).append(label)
    return [_alike(labels, rows) for labels in found.values() if len(labels) > 1]


def _alike(labels: Sequence[str], rows: Rows) -> Alike:
    tables = np.stack([rows[label].blocks[0].grouped for label in labels])
    return Alike(tuple(labels), tables, tables.mean(-1).mean(-1), np.abs(tables).max((1, 2)))


def pool_of_alike(seed_spread: SeedSpread, pool: Pool | None) -> Pool | None:
    """The pool, where rows that are alike are compared by it; None where by their own seeds."""
    return pool if seed_spread == "pooled" and pool is not None and pool.enough and len(pool.items) == 1 else None


def unalike(
    rows: Rows, groups: Sequence[Alike], *, seed_spread: SeedSpread, pool: Pool | None, alpha: float
) -> Iterator[Outcome]:
    """The pairs of rows that do not stand in one group; arguments are those of `outcomes`."""
    declared = seed_spread == "pooled" and pool is not None and pool.enough
    telling = [label for label, row in rows.items() if declared or len(row.seeds) != 1]  # one seed alone claims nothing
    of_row = {label: number for number, group in enumerate(groups) for label in group.labels}
    numbers = np.array([of_row.get(label, -1 - place) for place, label in enumerate(telling)])
    for place, one in enumerate(telling):
        others = [telling[other] for other in np.flatnonzero(numbers[place + 1 :] != numbers[place]) + place + 1]
        found = [contrast(rows[one], rows[other], seed_spread=seed_spread, pool=pool) for other in others]
        for other, this, p in zip(others, found, p_of(found), strict=True):
            if this.difference is not None and p is not None and this.about_methods:
                yield Outcome(one, other, this.difference, p if p <= alpha else 1.0)


def together(group: Alike, pool: Pool | None, alpha: float) -> Iterator[Outcome]:
    """All pairs of rows that are alike, many at a time."""
    many = max(1, AT_ONCE // group.tables[0].size)
    for place, label in enumerate(group.labels):
        for first in range(place + 1, len(group.labels), many):
            others = slice(first, first + many)
            found = against(group, place, others, pool, alpha)
            for other, (difference, p) in zip(group.labels[others], found, strict=True):
                yield Outcome(label, other, difference, p)


def against(
    group: Alike, place: int, others: slice | np.ndarray, pool: Pool | None, alpha: float
) -> Iterator[tuple[float, float]]:
    """One row against others: the difference of their figures and its p, as in `Outcome`."""
    difference = group.difference(place, others)
    parts = _parts(group.tables[place] - group.tables[others], pool)
    clear = parts.half(alpha) <= np.abs(difference)
    p: Array = np.ones(difference.shape)
    p[clear] = p_values(difference[clear], _some(parts, clear))
    told: list[float] = difference.tolist()
    return zip(told, p.tolist(), strict=True)


def degrees(group: Alike, pool: Pool | None) -> tuple[float, float]:
    """Degrees of freedom of the differences between alike rows: of the part over seeds, of that over items."""
    _, seeds, items = group.tables.shape
    return float(seeds - 1 if pool is None else pool.crossed_df), float(items - 1)


def _parts(differences: Array, pool: Pool | None) -> Parts:
    """Of (R, S, N) differences seed by seed, as `seed_part` and `contrast` have them one at a time."""
    seeds, items = differences.shape[-2:]
    split = two_way(differences)
    if pool is None:
        return parts_of(split)
    held = split.residual * min(items / pool.items[0], 1.0)
    seed = np.full(held.shape, 2 * pool.crossed / seeds)
    return assemble(seed, np.asarray(float(pool.crossed_df)), [split], [held])


def _some(parts: Parts, where: np.ndarray) -> Parts:
    """Some of the studies."""
    items = tuple(ItemPart(part.variance[where], part.df) for part in parts.items)
    return Parts(parts.seed[where], parts.seed_df, items)
