"""Where the variance of an estimate comes from, and the interval that follows.

    half(alpha) = sqrt( t[nu, 1 - alpha/2]^2 Vs  +  sum_g t[N_g - 1, 1 - alpha/2]^2 V_g )
    stderr      = sqrt( Vs + sum_g V_g )

Vs: over training seeds. V_g: over the items of set g (one set, unless a score puts several together). It is the root of
a sum of squares of half-widths, each exact on its own: exact where one source dominates, a little wide in between.
Everything here takes arrays: a leading axis holds independent studies (simulations use it), no axis is one study.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def stacked(studies: Sequence[Parts]) -> Parts:
    """(R,) of R single studies; one that has fewer sets of items than others gets sets that do not vary."""
    sets = max(len(one.items) for one in studies)
    nothing = ItemPart(np.asarray(0.0), np.asarray(1.0))
    padded = [[*one.items, *[nothing] * (sets - len(one.items))] for one in studies]
    items = [
        ItemPart(np.array([part.variance for part in of_all]), np.array([part.df for part in of_all]))
        for of_all in zip(*padded, strict=True)
    ]
    return Parts(np.array([one.seed for one in studies]), np.array([one.seed_df for one in studies]), tuple(items))
