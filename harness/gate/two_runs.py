"""How far two runs of one row may be apart if nothing changed.

The gate's null says more than a board's: both runs are draws of one law. So they have one spread over seeds, s^2, which
the 2 S runs tell together, with 2 S - 2 degrees of freedom instead of the S - 1 that differences seed by seed have:

    Vs = s^2 (1/S_A + 1/S_B),  nu = S_A + S_B - 2        s^2 the mean square over seeds within the two runs
    Vi = of the N differences between means over seeds, item by item
    Ve = mse (1/S_A + 1/S_B) / N                         mse the residual mean square within the two runs

and the interval is that of `harness.statistics.parts`. At the level of Holm's first step over 90 figures t is 4.9 at 8
degrees of freedom and 8.2 at 4. Where the two runs share the luck of a seed their difference varies less than Vs says,
so the test keeps its level; docs/statistics.md has the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from harness.statistics import ItemPart, Parts, TwoWay, assemble, crossed_square, seed_variance, two_way
from harness.statistics.parts import Array


@dataclass(frozen=True)
class SeedSquares:
    """The variance over seeds of the mean of one training run: a sum of mean squares, each with its own precision."""

    parts: tuple[tuple[Array, Array], ...]
    """(...) mean square, (...) its degrees of freedom, above 0."""


def own_square(means_a: Array, means_b: Array) -> SeedSquares | None:
    """The spread over seeds within two runs of one row; None where neither has two seeds.

    Args:
        means_a: (..., S_A) mean per seed.
        means_b: (..., S_B) of the other run; its seeds may be others.
    """
    counts = means_a.shape[-1], means_b.shape[-1]
    df = sum(counts) - 2
    if df < 1:
        return None
    apart = [
        seed_variance(means) * count * (count - 1)
        for means, count in zip((means_a, means_b), counts, strict=True)
        if count > 1
    ]
    return SeedSquares(((reduce(np.add, apart) / df, np.asarray(float(df))),))


def pooled_squares(means_a: Array, means_b: Array) -> SeedSquares:
    """The spread over seeds that all rows of both runs have in common, where the suite declares that they do.

    Luck that rows share at a seed does not cancel between two runs that need not share it. So per run

        s^2 = MSc / M + (M - 1) / M MSx         MSc = M sum_i (y_.i - y_..)^2 / (S - 1),  MSx of `crossed_square`

    and each of the two, the means over both runs, enters the interval with its own t, at 2 (S - 1) and 2 (M - 1)(S - 1)
    degrees of freedom. Satterthwaite's for their sum, which boards take against an untrained row, would themselves be
    estimated: where luck is shared the least detectable drop then came out too small.

    Args:
        means_a: (..., M, S_A) mean per row and seed, M >= 2, S_A >= 2.
        means_b: (..., M, S_B), S_B >= 2.
    """
    rows, seeds_a = means_a.shape[-2:]
    free = np.array([seeds_a - 1.0, means_b.shape[-1] - 1.0])
    share_a, share_b = free / free.sum()
    common = share_a * means_a.mean(-2).var(-1, ddof=1) + share_b * means_b.mean(-2).var(-1, ddof=1)
    crossed = share_a * crossed_square(means_a) + share_b * crossed_square(means_b)
    return SeedSquares(
        (
            (common, np.asarray(free.sum())),
            (crossed * (rows - 1) / rows, np.asarray((rows - 1) * free.sum())),
        )
    )


def parts_of(
    a: Sequence[Array], b: Sequence[Array], seeds: SeedSquares | None, pooled: Sequence[int] | None = None
) -> Parts:
    """The variance of mean(A) - mean(B), paired item by item.

    Args:
        a: per set of items (..., S_A, N), column for column the same items (or groups of items) as in `b`.
        b: (..., S_B, N)
        seeds: the variance over seeds; None for a row without training, whose one table stands on items alone.
        pooled: per set of items, how many the rows have that `seeds` is of; None where that is this row itself. Of the
            residual of a row on fewer items, the spread of the others holds less.

    Returns:
        as the arithmetic of `Parts` has it: the second mean square over seeds, where there is one, stands first among
        its `items`.
    """
    apart = [two_way((_over_seeds(one) - _over_seeds(other))[..., None, :]) for one, other in zip(a, b, strict=True)]
    if seeds is None:
        return assemble(np.zeros_like(apart[0].item), np.asarray(1.0), apart)
    spent = 1 / a[0].shape[-2] + 1 / b[0].shape[-2]
    counts = [max(one.shape[-1], n) for one, n in zip(a, pooled or [0] * len(a), strict=True)]
    squares = [_residual(two_way(one), two_way(other)) for one, other in zip(a, b, strict=True)]
    rest = [square * (spent / n) for square, n in zip(squares, counts, strict=True)]
    (first, df), *more = seeds.parts
    made = assemble(first * spent, df, apart, rest)
    return Parts(made.seed, made.seed_df, (*(ItemPart(square * spent, of) for square, of in more), *made.items))


def _over_seeds(table: Array) -> Array:
    """(..., N) means."""
    return np.add.reduce(table, -2) / table.shape[-2]


def _residual(a: TwoWay, b: TwoWay) -> Array:
    """The mean square of what neither seed nor item explains, within the two runs; 0 where neither has two seeds."""
    of_a, of_b = a.by_seed.shape[-1] - 1, b.by_seed.shape[-1] - 1
    return (a.mean_square * of_a + b.mean_square * of_b) / max(of_a + of_b, 1)
