"""The seed part of a difference: whose training seeds tell how far a fresh run may fall."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from harness.statistics.components import seed_variance, welch
from harness.statistics.pairing import Paired
from harness.statistics.parts import Array
from harness.statistics.pool import LEAST_ROWS, Pool

Formula: TypeAlias = Literal["own", "pooled", "unshared seeds", "borrowed", "items alone", "draws alone", "none"]
"""Where the seed part comes from.

own               the two rows' own seeds, which both have (or those of the one row that was trained)
unshared seeds    each row's own, where the two have different ones; Welch's degrees of freedom
pooled            all trained rows, which are taken to have one seed spread
borrowed          the other rows, because one of the two has a single seed
items alone       nowhere: nothing is claimed of a fresh training run
draws alone       nowhere: nothing is claimed of new items either
none              there is no interval
"""

SeedSpread: TypeAlias = Literal["own", "pooled"]


@dataclass(frozen=True)
class SeedPart:
    """The variance of a difference over training seeds."""

    formula: Formula
    variance: float
    """Vs"""
    df: float
    sd: float
    """Over seeds, of one seed's A - B shift."""
    residuals: tuple[Array, ...]
    """Per set of items Ve, which `variance` holds and which the item part must not hold again."""
    note: str = ""


def seed_part(pair: Paired, spread: SeedSpread, pool: Pool | None) -> SeedPart | None:
    """The seed part as declared; None where no row was trained, or one has a single seed and none can be borrowed."""
    counts = [len(seeds) for seeds in (pair.seeds_a, pair.seeds_b) if seeds]
    if not counts:
        return None
    if min(counts) == 1:
        borrowed = None if pool is None else _borrowed(pair, pool)
        if borrowed is None or spread == "own" or (pool is not None and pool.enough):
            return borrowed
        return replace(borrowed, note=_too_few(pool))
    if spread == "own":
        return _own(pair) if pair.shared_seeds else _unshared(pair)
    if pool is not None and pool.enough and len(pool.items) == len(pair.a):
        return _pooled(pair, pool)
    return replace(_own(pair) if pair.shared_seeds else _unshared(pair), note=_too_few(pool))


def _too_few(pool: Pool | None) -> str:
    rows = 0 if pool is None else pool.rows
    return f"pooling was declared, but {rows} trained rows have the same seeds and items, and it takes {LEAST_ROWS}"


def _own(pair: Paired) -> SeedPart:
    """Row 9: Vs of D_i, nu = S - 1."""
    shifts = pair.means_a - pair.means_b
    variance = float(seed_variance(shifts))
    residuals = tuple(split.residual for split in pair.by_seed)
    return SeedPart("own", variance, len(shifts) - 1, (variance * len(shifts)) ** 0.5, residuals)


def _unshared(pair: Paired) -> SeedPart:
    """Row 9u; Ve = mse_A/(N S_A) + mse_B/(N S_B)."""
    of_a, of_b = seed_variance(pair.means_a), seed_variance(pair.means_b)
    count_a, count_b = len(pair.seeds_a), len(pair.seeds_b)
    variance, df = welch(of_a, count_a, of_b, count_b)
    sd = float(of_a * count_a + of_b * count_b) ** 0.5
    return SeedPart("unshared seeds", float(variance), float(df), sd, _separate_residuals(pair))


def _pooled(pair: Paired, pool: Pool) -> SeedPart:
    """Row 10: Vs = 2 MSx / S at shared seeds; else from the spread within rows, MSw (1/S_A + 1/S_B)."""
    trained = [seeds for seeds in (pair.seeds_a, pair.seeds_b) if seeds]
    if len(trained) == 2 and pair.shared_seeds:
        residuals = _held(tuple(split.residual for split in pair.by_seed), pair, pool)
        variance = 2 * pool.crossed / len(trained[0])
        return SeedPart("pooled", variance, pool.crossed_df, (2 * pool.crossed) ** 0.5, residuals)
    sd = (len(trained) * pool.within) ** 0.5
    residuals = _held(_separate_residuals(pair), pair, pool)
    return SeedPart("pooled", pool.within * pair.spent, pool.within_df, sd, residuals)


def _borrowed(pair: Paired, pool: Pool) -> SeedPart | None:
    """One run of a row: Vs = MSw (1/S_A + 1/S_B), nu that of MSw, Ve from the other rows' residuals."""
    if len(pool.mean_squares) != len(pair.a):
        return None
    trained = sum(1 for seeds in (pair.seeds_a, pair.seeds_b) if seeds)
    residuals = tuple(
        np.asarray(square * pair.spent / table.shape[1])
        for square, table in zip(pool.mean_squares, pair.a, strict=True)
    )
    sd = (trained * pool.within) ** 0.5
    return SeedPart("borrowed", pool.within * pair.spent, pool.within_df, sd, _held(residuals, pair, pool))


def _held(residuals: tuple[Array, ...], pair: Paired, pool: Pool) -> tuple[Array, ...]:
    """Per set of items the part of Ve that the pool's Vs holds: N / N_pool of it for a pair on fewer items."""
    counts = zip(residuals, pair.a, pool.items, strict=True)
    return tuple(np.asarray(rest * min(table.shape[1] / items, 1.0)) for rest, table, items in counts)


def _separate_residuals(pair: Paired) -> tuple[Array, ...]:
    """Per set of items Ve of two rows that share no seeds; a row without training has none."""
    sides = zip(pair.of_a, pair.of_b, strict=True)
    return tuple(np.asarray(a.split.residual + b.split.residual) for a, b in sides)
