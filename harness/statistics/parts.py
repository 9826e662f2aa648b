"""Where the variance of an estimate comes from, and the interval that follows.

    half(alpha) = sqrt( t[nu, 1 - alpha/2]^2 Vs  +  sum_g t[N_g - 1, 1 - alpha/2]^2 V_g )
    stderr      = sqrt( Vs + sum_g V_g )

Vs: over training seeds. V_g: over the items of set g (one set, unless a score puts several together). It is the root of
a sum of squares of half-widths, each exact on its own: exact where one source dominates, a little wide in between.
Everything here takes arrays: a leading axis holds independent studies (simulations use it), no axis is one study.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

P_FLOOR = 1e-15
"""The smallest p-value that is told apart from 0."""


@lru_cache(maxsize=4096)
def t_quantile(df: float, alpha: float = 0.05) -> float:
    """The 1 - alpha/2 quantile of Student's t with `df` > 0 degrees of freedom; of the normal where df is infinite."""
    from scipy.special import stdtrit

    return -float(stdtrit(df, alpha / 2))


def t_quantiles(df: Array, alpha: float) -> Array:
    """`t_quantile` of each element."""
    from scipy.special import stdtrit

    return -np.asarray(stdtrit(df, alpha / 2), dtype=np.float64)


@dataclass(frozen=True)
class ItemPart:
    """The variance of an estimate over one set of items."""

    variance: Array
    """Not below 0; the residual, which the seed part holds already, taken out."""
    df: Array
    """N - 1."""


@dataclass(frozen=True)
class Parts:
    """The variance of an estimate. Arrays of one shape: () for one study, (R,) for R of them."""

    seed: Array
    seed_df: Array
    """Above 0 even where `seed` is 0 because there is no seed part."""
    items: tuple[ItemPart, ...]

    @property
    def item(self) -> Array:
        """The variance over items, all sets together."""
        return np.asarray(sum(part.variance for part in self.items), dtype=np.float64)

    @property
    def stderr(self) -> Array:
        """Standard error; printed, but no interval is a multiple of it."""
        return np.sqrt(self.seed + self.item)

    def half(self, alpha: float = 0.05) -> Array:
        """Half the width of the 1 - alpha interval. Falls as alpha grows, from infinity to 0."""
        squared = t_quantiles(self.seed_df, alpha) ** 2 * self.seed
        for part in self.items:
            squared = squared + t_quantiles(part.df, alpha) ** 2 * part.variance
        return np.sqrt(squared)


def p_value(difference: float, parts: Parts) -> float:
    """The alpha at which the interval around `difference` just touches 0: where |difference| = half(alpha).

    Found by Brent's method on log(alpha). 1 for a difference of 0, whatever the variances; P_FLOOR stands for
    everything below it, as it does for a difference without any variance.

    Args:
        parts: of one study.
    """
    from scipy.optimize import brentq
    from scipy.special import stdtrit

    size = abs(difference)
    if size == 0.0:
        return 1.0
    sources = [(float(parts.seed), float(parts.seed_df)), *((float(i.variance), float(i.df)) for i in parts.items)]

    def excess(log_alpha: float) -> float:  # half(alpha) - size, on plain numbers: boards ask for thousands
        tail, square = math.exp(log_alpha) / 2, 0.0
        for variance, df in sources:
            square += float(stdtrit(df, tail)) ** 2 * variance
        return math.sqrt(square) - size

    lowest = math.log(P_FLOOR)
    if excess(lowest) <= 0:
        return P_FLOOR
    return math.exp(float(brentq(excess, lowest, 0.0, xtol=1e-12)))  # pyright: ignore[reportArgumentType]
