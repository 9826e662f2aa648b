"""What a comparison could have found, and what would undo it."""

from __future__ import annotations

import math
from typing import Protocol

from harness.statistics.parts import Parts, t_quantile


class Compared(Protocol):
    """A `Contrast`, as far as power goes."""

    @property
    def parts(self) -> Parts | None:
        """Its variances."""
        ...

    @property
    def about_methods(self) -> bool:
        """Whether it claims anything."""
        ...


def detectable(seed: float, seed_df: float, item: float, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """MDE = sqrt(t[nu,1-a/2]^2 Vs + z[1-a/2]^2 Vi') + sqrt(t[nu,1-b]^2 Vs + z[1-b]^2 Vi'), b = 1 - power.

    Args:
        seed: Vs, such as 2 sd_seed^2 (1 - rho) / S + 2 sd_residual^2 / (N S).
        seed_df: nu.
        item: Vi' = Vi - Ve, such as 2 sd_interaction^2 / N.
        alpha: two-sided.
        power: above 0.5.
    """

    def half(level: float) -> float:
        return math.sqrt(t_quantile(seed_df, level) ** 2 * seed + t_quantile(math.inf, level) ** 2 * item)

    return half(alpha) + half(2 * (1 - power))


def mde(contrast: Compared, *, tests: int = 1, alpha: float = 0.05, power: float = 0.8) -> float | None:
    """The minimum detectable effect of a comparison, from its own variances; None where it claims nothing.

    See `detectable`. With few seeds the true power at it is a little below the planned one. As simulated, for 80 % the
    effect has to be 1.05 times as large at 2 degrees of freedom; under Holm over 8 comparisons 1.17 times at 2 and 1.07
    times at 4.

    Args:
        contrast: the comparison.
        tests: m comparisons in the family; Holm's first step tests at alpha / m.
        alpha: two-sided.
        power: at which it would be found.
    """
    if contrast.parts is None or not contrast.about_methods:
        return None
    seed, df, item = (float(v) for v in (contrast.parts.seed, contrast.parts.seed_df, contrast.parts.item))
    return detectable(seed, df, item, alpha=alpha / tests, power=power)


def tipping_seed_sd(difference: float, item_variance: float, replicates: float = 2.0) -> float:
    """sd* = sqrt(max(0, (difference / 1.96)^2 - Vi) / replicates): a method's real seed sd above it removes the claim.

    Args:
        difference: A - B.
        item_variance: Vi.
        replicates: 1/S_A + 1/S_B over the rows that were trained: 2 for one run each.
    """
    room = (difference / t_quantile(math.inf)) ** 2 - item_variance
    return math.sqrt(max(room, 0.0) / replicates)
