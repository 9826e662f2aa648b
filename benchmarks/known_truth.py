"""Studies whose true differences are known: rows of equal merit, trained with some seeds, judged on the same items.

    continuous   y = b_j + g_mj + u_mi + e_mij                   sd b 1.0, g 0.3, e 0.5
    binary       y ~ Bernoulli(expit(0.4 + b_j + g_mj + u_mi))   sd b 1.5, g 0.7

Row m, seed i, item j: item difficulty b, what a row has with an item g, the luck of a training run u, the rest e.
With shared seeds, u of two rows at a seed correlate by 0.7. The sd of u follows from k: the sd over seeds of one seed's
A - B shift, over the standard error that A - B would have if seeds did nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

Array: TypeAlias = NDArray[np.float64]

CORRELATION = 0.7
BINARY_CENTRE = 0.4
AT_ONCE = 2_000_000
"""Scores drawn at a time."""


@dataclass(frozen=True)
class Cell:
    """One kind of study: M = 9 rows, of which the first is the baseline."""

    outcome: Literal["continuous", "binary"]
    seeds: int
    items: int
    k: float
    shared: bool
    """Whether rows share their seeds."""
    ratio: float = 1.0
    """The seed sd of the first contender over that of the other rows."""
    checkpoint: bool = False
    """Whether the baseline is a finished checkpoint: one table of scores, u = 0."""
    rows: int = 9

    @property
    def item_variances(self) -> tuple[float, float, float]:
        """Variances of b, g and e; e of binary outcomes is the draw itself."""
        return (1.0, 0.09, 0.25) if self.outcome == "continuous" else (2.25, 0.49, 0.0)

    @property
    def correlation(self) -> float:
        """Of u between rows at a seed."""
        return CORRELATION if self.shared else 0.0


def grid() -> list[Cell]:
    """Every cell that the intervals have to hold in."""
    axes = product(("continuous", "binary"), (3, 5), (200, 1000), (0.0, 0.5, 1.0, 3.0), (False, True))
    return [Cell(*values) for values in axes]


@lru_cache(maxsize=256)
def seed_variance(cell: Cell) -> float:
    """The variance of u, of a row like the others, that gives the cell its k."""
    if cell.k == 0:
        return 0.0
    wanted = (cell.k**2) * _variance(cell, 0.0, 0.0)

    def excess(seed: float) -> float:
        shared = cell.correlation * seed
        return 2 * (_overlap(cell, seed, seed, seed) - _overlap(cell, shared, seed, seed)) - wanted

    return float(brentq(excess, 0.0, 100.0, xtol=1e-14))  # pyright: ignore[reportArgumentType]


def seed_variances(cell: Cell) -> Array:
    """(9,) the variance of u per row."""
    found = np.full(cell.rows, seed_variance(cell))
    found[1] *= cell.ratio**2
    found[0] *= not cell.checkpoint
    return found


def truth(cell: Cell) -> Array:
    """(8,) true differences, contenders minus the baseline: 0, but for binary rows of another seed sd than its own."""
    means = np.array([_mean(cell, seed) for seed in seed_variances(cell)])
    return means[1:] - means[0]


def true_errors(cell: Cell) -> Array:
    """(8,) true standard errors of the differences."""
    baseline, *others = seed_variances(cell).tolist()
    return np.sqrt([_variance(cell, seed, baseline) for seed in others])


def _variance(cell: Cell, one: float, other: float) -> float:
    """The true variance of A - B, means over seeds and N items, where u has variance `one` in A and `other` in B.

    With R(v) = E[y y'] for two scores whose normal parts share the variance v:

        Var(A)   = (E[y^2] + (N-1) R(s) + (S-1) R(b + g) - (N+S-1) R(0)) / (N S)
        Cov(A,B) = (R(b + c) + (N-1) R(c) + (S-1) R(b) - (N+S-1) R(0)) / (N S)         c = Cov(u_A, u_B)
    """
    b, g, _ = cell.item_variances
    n, s = cell.items, cell.seeds

    def mean_product(v: float, w: float, alone: float, first: float, second: float, seeds: int) -> float:
        at = [_overlap(cell, shared, first, second) for shared in (v, w, 0.0)]
        return (alone + (n - 1) * at[0] + (seeds - 1) * at[1] - (n + seeds - 1) * at[2]) / (n * seeds)

    of_one = mean_product(one, b + g, _square(cell, one), one, one, s)
    of_other = mean_product(other, b + g, _square(cell, other), other, other, 1 if cell.checkpoint else s)
    common = cell.correlation * math.sqrt(one * other)
    both = mean_product(common, b, _overlap(cell, b + common, one, other), one, other, s)
    return of_one + of_other - 2 * both


def draw(cell: Cell, replicates: int, random: np.random.Generator) -> Iterator[Array]:
    """(R, 9, S, N) scores of `replicates` studies in all, some at a time."""
    b, g, e = (math.sqrt(v) for v in cell.item_variances)
    sd = np.sqrt(seed_variances(cell)).astype(np.float32)
    size = max(1, AT_ONCE // (cell.rows * cell.seeds * cell.items))
    for start in range(0, replicates, size):
        count = min(size, replicates - start)
        item = b * _normal(random, count, 1, 1, cell.items) + g * _normal(random, count, cell.rows, 1, cell.items)
        common = math.sqrt(cell.correlation) * _normal(random, count, 1, cell.seeds, 1)
        luck = common + math.sqrt(1 - cell.correlation) * _normal(random, count, cell.rows, cell.seeds, 1)
        centre = item + sd[:, None, None] * luck
        if cell.outcome == "continuous":
            yield (centre + e * _normal(random, *centre.shape)).astype(np.float64)
        else:
            chance = expit(np.float32(BINARY_CENTRE) + centre)
            yield (random.random(centre.shape, dtype=np.float32) < chance).astype(np.float64)


def _normal(random: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return random.standard_normal(shape, dtype=np.float32)


def _mean(cell: Cell, seed: float) -> float:
    """E[y] of a row whose u has the variance `seed`."""
    if cell.outcome == "continuous":
        return 0.0
    b, g, _ = cell.item_variances
    nodes, weights = _normal_rule()
    return float(weights @ expit(BINARY_CENTRE + math.sqrt(b + g + seed) * nodes))


def _square(cell: Cell, seed: float) -> float:
    """E[y^2] of a row whose u has the variance `seed`."""
    return _mean(cell, seed) if cell.outcome == "binary" else sum(cell.item_variances) + seed


def _overlap(cell: Cell, shared: float, one: float, other: float) -> float:
    """R(shared): E[y y'] of two scores that have `shared` of the variance of their normal parts in common.

    Args:
        cell: the kind of study.
        shared: b, g and u may contribute.
        one: variance of u of the first score.
        other: of the second.
    """
    if cell.outcome == "continuous":
        return shared
    b, g, _ = cell.item_variances
    nodes, weights = _normal_rule()

    def chance(seed: float) -> Array:
        alone = math.sqrt(max(b + g + seed - shared, 0.0))
        return expit(BINARY_CENTRE + math.sqrt(shared) * nodes[:, None] + alone * nodes[None]) @ weights

    return float(weights @ (chance(one) * chance(other)))


@lru_cache(maxsize=1)
def _normal_rule() -> tuple[Array, Array]:
    """Nodes and weights of an expectation over the standard normal."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    return nodes, weights / weights.sum()
