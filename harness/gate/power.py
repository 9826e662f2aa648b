"""The least drop that the gate finds with 80 % power."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from harness.statistics import Parts
from harness.statistics.parts import Array

POWER = 0.8
POINTS = 512
"""Of the expectation; it is within 1 % of the drop, 2 % at one degree of freedom."""
AT_ONCE = 2**20
"""Points of figures held at once."""
KNOWN = 150
"""Degrees of freedom from which on a variance counts as known."""
STEPS = 16
"""Of Newton's method on the probit of the power, which is all but straight; four are enough as a rule."""
HALVINGS = 60
SOLVED = 1e-3
"""Of power: how far off Newton's method may end. At one degree of freedom it can end further off."""


def detectable(parts: Parts, *, level: float, margin: Array, power: float = POWER) -> Array:
    """The true drop that a further pair of such runs shows with probability `power`.

    The gate finds a drop d where d > max(c, margin) with c^2 = sum_k t[nu_k]^2 V_k. Of a further pair of runs both d
    and its own V_k are random, and of the V_k of this pair it is known only how far they may be off. So

        power(drop) = E Phi((drop - max(c', margin)) / sqrt(sum_k W_k))
            W_k = V_k nu_k / X_k,  c'^2 = sum_k t[nu_k]^2 W_k X'_k / nu_k,  X_k and X'_k independent, chi2[nu_k]

    which is exact where a single variance dominates. The formula that boards print (`harness.statistics.detectable`)
    takes all V_k for known: right for planting a drop into this very pair, too hopeful for the next one.

    Args:
        parts: arrays of one shape (R,), or of none, of which each is one figure.
        level: one-sided; alpha / m at the first step of Holm over m figures.
        margin: (R,) what is let pass.
        power: at which it would be found.

    Returns:
        (R,) in the figure's unit; the margin where nothing varies.
    """
    pairs = [(parts.seed, parts.seed_df), *((part.variance, part.df) for part in parts.items)]
    shape = np.broadcast_shapes(*(np.shape(v) for pair in pairs for v in pair), np.shape(margin), (1,))
    variances = np.stack([np.broadcast_to(variance, shape) for variance, _ in pairs])
    degrees = np.stack([np.broadcast_to(df, shape) for _, df in pairs])
    degrees = np.where(degrees < KNOWN, degrees, np.inf)
    degrees[variances == 0] = np.inf
    least, found = np.broadcast_to(margin, shape), np.empty(shape)
    kinds, where = np.unique(degrees, axis=1, return_inverse=True)
    for kind in range(kinds.shape[1]):
        chosen = np.flatnonzero(where.ravel() == kind)
        size = max(1, AT_ONCE // POINTS)
        for start in range(0, len(chosen), size):
            some = chosen[start : start + size]
            found[some] = _solved(variances[:, some], kinds[:, kind], least[some], level, power)
    return found


def _solved(variances: Array, degrees: Array, margin: Array, level: float, power: float) -> Array:
    """(R,) as `detectable`, of figures with the same degrees of freedom.

    Args:
        variances: (K, R)
        degrees: (K,), infinite where the variance is known.
        margin: (R,)
        level: one-sided.
        power: wanted.
    """
    from scipy.special import ndtr, ndtri, stdtrit

    quantiles = np.asarray(stdtrit(degrees, level)) ** 2
    true, again = np.zeros((variances.shape[1], 1)), np.zeros((variances.shape[1], 1))
    for one, (quantile, (factor, scaled)) in enumerate(zip(quantiles, _ratios(tuple(degrees.tolist())), strict=True)):
        true = true + variances[one][:, None] / factor  # (R, P): W
        again = again + quantile * variances[one][:, None] * (scaled / factor)
    bar = np.maximum(np.sqrt(again), margin[:, None])
    spread = np.sqrt(np.where(true > 0, true, 1.0))
    total = variances.sum(0)
    varies, wanted = total > 0, float(ndtri(power))
    drop = np.maximum(np.sqrt(quantiles @ variances), margin) + wanted * np.sqrt(total)
    for _ in range(STEPS):
        z = (drop[:, None] - bar) / spread
        probit = np.asarray(ndtri(np.clip(ndtr(z).mean(1), 1e-6, 1 - 1e-6)))
        slope = (np.exp(-z * z / 2) / spread).mean(1) / np.exp(-probit * probit / 2)  # of the probit
        with np.errstate(over="ignore"):
            step = np.where(varies, (wanted - probit) / np.where(slope > 0, slope, np.inf), 0.0)
        step = np.clip(step, -drop / 2, drop)  # where the power is all but 0 or 1 its slope says little
        drop = np.maximum(drop + step, margin)
        if np.all(np.abs(step) <= 1e-7 * drop):
            break
    off = np.abs(ndtr((drop[:, None] - bar) / spread).mean(1) - power) > SOLVED
    left = np.flatnonzero(varies & off)
    if left.size:
        drop[left] = _halved(bar[left], spread[left], power)
    return drop


def _halved(bar: Array, spread: Array, power: float) -> Array:
    """(L,) the same between bounds that close in: slow and sure.

    Args:
        bar: (L, P) what a drop must pass.
        spread: (L, P) its standard deviation.
        power: wanted.
    """
    from scipy.special import ndtr, ndtri

    at = bar + float(ndtri(power)) * spread  # where each point by itself has the power
    low, high = at.min(1), at.max(1)
    for _ in range(HALVINGS):
        middle = low + (high - low) / 2
        found = ndtr((middle[:, None] - bar) / spread).mean(1) >= power
        low, high = np.where(found, low, middle), np.where(found, middle, high)
    return high


@lru_cache(maxsize=256)
def _ratios(degrees: tuple[float, ...]) -> tuple[tuple[Array, Array], ...]:
    """Per variance (P,) X / nu and X' / nu over the points of the expectation; 1 where the variance is known."""
    from scipy.special import chdtri

    random = [df for df in degrees if np.isfinite(df)]
    points = iter(_points(2 * len(random)).T)
    one = np.ones(1)
    return tuple(
        (chdtri(df, next(points)) / df, chdtri(df, next(points)) / df) if np.isfinite(df) else (one, one)
        for df in degrees
    )


@lru_cache(maxsize=16)
def _points(dimensions: int) -> Array:
    """(P, D) points that fill the unit cube evenly: a Kronecker sequence of powers of the generalised golden ratio."""
    if dimensions == 0:
        return np.empty((POINTS, 0))
    ratio = 2.0
    for _ in range(60):
        ratio = (1 + ratio) ** (1 / (dimensions + 1))  # x^(D+1) = x + 1
    powers = ratio ** -np.arange(1.0, dimensions + 1)
    return (0.5 + np.arange(1.0, POINTS + 1)[:, None] * powers) % 1.0
