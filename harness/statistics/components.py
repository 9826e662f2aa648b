"""The variance of a table of seeds and items, split into its sources.

    d[i, j]   value of seed i on item j; S seeds, N items; D_i and I_j its means over items and over seeds, theta of all
    Vs = sum_i (D_i - theta)^2 / ((S-1) S)                                 seeds
    Vi = sum_j (I_j - theta)^2 / ((N-1) N)                                 items
    Ve = sum_ij (d_ij - D_i - I_j + theta)^2 / ((S-1)(N-1) N S)            residual: sits inside both Vs and Vi

Every function takes leading axes of independent studies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.statistics.parts import Array, ItemPart, Parts


@dataclass(frozen=True)
class TwoWay:
    """A table's means per seed and the variances of its mean."""

    by_seed: Array
    """(..., S) D_i"""
    item: Array
    """(...) Vi"""
    residual: Array
    """(...) Ve; 0 with one seed, where it cannot be known."""
    items: int
    """N >= 2"""

    @property
    def mean_square(self) -> Array:
        """The residual mean square, Ve N S."""
        return self.residual * self.items * self.by_seed.shape[-1]


def two_way(table: Array) -> TwoWay:
    """Split a table.

    Args:
        table: (..., S, N) with N >= 2.
    """
    seeds, items = table.shape[-2:]
    by_seed = _mean(table, -1)
    centred = table - by_seed[..., None]
    by_item = _mean(centred, -2)
    over_items = np.einsum("...n,...n->...", by_item, by_item)
    item = over_items / ((items - 1) * items)
    if seeds == 1:
        return TwoWay(by_seed, item, np.zeros_like(item), items)
    left = centred - by_item[..., None, :]
    residual = np.einsum("...sn,...sn->...", left, left) / ((seeds - 1) * (items - 1) * items * seeds)
    return TwoWay(by_seed, item, residual, items)


def _mean(values: Array, axis: int) -> Array:
    """As `values.mean(axis)`, a third of its time on a small table: a board takes 100,000."""
    return np.add.reduce(values, axis) / values.shape[axis]


def seed_variance(means: Array) -> Array:
    """Vs of (..., S) means or shifts per seed, S >= 2."""
    seeds = means.shape[-1]
    apart = means - _mean(means, -1)[..., None]
    return np.add.reduce(apart * apart, -1) / (seeds - 1) / seeds


def crossed_square(means: Array) -> Array:
    """MSx of (..., M, S) means of M rows at the same S seeds.

    MSx = sum_mi (y_mi - y_m. - y_.i + y_..)^2 / ((M-1)(S-1)): a shift common to all rows at a seed is taken out.
    """
    rows, seeds = means.shape[-2:]
    left = means - means.mean(-1, keepdims=True)
    left = left - left.mean(-2, keepdims=True)
    return np.einsum("...ms,...ms->...", left, left) / ((rows - 1) * (seeds - 1))


def within_square(means: Array) -> tuple[Array, Array]:
    """MSw of (..., M, S) means of M rows at the same S seeds, and its degrees of freedom.

    MSw is the mean square over seeds within rows: (MSc + (M-1) MSx) / M with MSc = M sum_i (y_.i - y_..)^2 / (S-1). It
    has M (S-1) degrees of freedom if what a seed does to one row says nothing of another. Where rows have a seed's luck
    in common it has fewer, down to S-1, and they are Satterthwaite's of the two squares.
    """
    rows, seeds = means.shape[-2:]
    common = rows * means.mean(-2).var(-1, ddof=1)
    crossed = crossed_square(means) if rows > 1 else np.zeros_like(common)
    of_common, of_crossed = common / rows, crossed * (rows - 1) / rows
    square = of_common + of_crossed
    below = np.asarray(of_common**2 / (seeds - 1) + of_crossed**2 / max((rows - 1) * (seeds - 1), 1))
    most = np.full(below.shape, rows * (seeds - 1.0))
    return square, np.divide(square**2, below, out=most, where=below > 0)


def welch(of_a: Array, seeds_a: int, of_b: Array, seeds_b: int) -> tuple[Array, Array]:
    """Vs and its degrees of freedom of a difference between rows whose seeds are not the same (row 9u).

    Vs = s_A^2/S_A + s_B^2/S_B with Welch's degrees of freedom; where nothing varies, those of the row with fewer seeds.

    Args:
        of_a: (...) s_A^2/S_A, the `seed_variance` of A.
        seeds_a: S_A >= 2.
        of_b: (...) of B.
        seeds_b: S_B >= 2.
    """
    below = np.asarray(of_a**2 / (seeds_a - 1) + of_b**2 / (seeds_b - 1))
    least = np.full(below.shape, min(seeds_a, seeds_b) - 1.0)
    df = np.divide((of_a + of_b) ** 2, below, out=least, where=below > 0)
    return of_a + of_b, df


def assemble(seed: Array, seed_df: Array, tables: Sequence[TwoWay], residuals: Sequence[Array] | None = None) -> Parts:
    """The two-part variance of an estimate: Vs, and max(Vi - Ve, 0) of each set of items.

    Args:
        seed: (...) Vs.
        seed_df: (...) its degrees of freedom.
        tables: one per set of items.
        residuals: Ve of each, where it is not the tables' own.
    """
    found = [t.residual for t in tables] if residuals is None else residuals
    items = [
        ItemPart(np.maximum(t.item - rest, 0.0), np.asarray(t.items - 1.0))
        for t, rest in zip(tables, found, strict=True)
    ]
    return Parts(np.asarray(seed, dtype=np.float64), np.asarray(seed_df, dtype=np.float64), tuple(items))


def own_parts(table: Array) -> Parts:
    """Row 9: the mean of a (..., S, N) table, of differences or of one row, from its own S >= 2 seeds."""
    return parts_of(two_way(table))


def parts_of(split: TwoWay) -> Parts:
    """`own_parts` of a table that is split already."""
    return assemble(seed_variance(split.by_seed), np.asarray(split.by_seed.shape[-1] - 1.0), [split])


def pooled_parts(table: Array, crossed: Array, crossed_df: float) -> Parts:
    """Row 10: the mean of a (..., S, N) table of differences, with the seed spread of all rows, `crossed_square`.

    Vs = 2 MSx / S. Ve is that of the differences: in expectation the sum of the two rows' own where their residuals are
    uncorrelated, and right where they are not. With two rows this is row 9 exactly.
    """
    return assemble(2 * crossed / table.shape[-2], np.asarray(crossed_df), [two_way(table)])
