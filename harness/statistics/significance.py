"""The p-value of a difference: the alpha at which its interval just touches 0, where |difference| = half(alpha).

Found for many studies at once by Newton's method on u = log(alpha), of log(half^2), between bounds that close in: where
a step would leave them they are halved. With alpha = 2 (1 - F(t)) and f the density of Student's t, dt/du =
-alpha / (2 f(t)). Each study is followed until its own step is below rounding, so that its p does not depend on what
others it is found with.
"""

from __future__ import annotations

import math

import numpy as np

from harness.statistics.parts import P_FLOOR, Array, ItemPart, Parts

MOST_STEPS = 100
"""Bounds that are halved every time close in to rounding in 60."""
CLOSE = 1e-9
"""A step of Newton's method below this leaves an error of its square, which is below rounding."""


def p_value(difference: float, parts: Parts) -> float:
    """Of one study; see `p_values`."""
    items = tuple(ItemPart(np.reshape(one.variance, 1), one.df) for one in parts.items)
    one = Parts(np.reshape(parts.seed, 1), parts.seed_df, items)
    return float(p_values(np.array([difference]), one)[0])


def p_values(differences: Array, parts: Parts) -> Array:
    """(R,) two-sided p-values of no difference.

    1 for a difference of 0, whatever the variances; P_FLOOR stands for everything below it, as it does for a
    difference without any variance.

    Args:
        differences: (R,)
        parts: of R studies.
    """
    wanted = np.abs(differences)
    found = np.where(wanted == 0, 1.0, P_FLOOR)
    between = (wanted > 0) & (wanted < parts.half(P_FLOOR))
    if between.any():
        pairs = [(parts.seed, parts.seed_df), *((one.variance, one.df) for one in parts.items)]
        variances, degrees = (
            np.stack([np.broadcast_to(v, wanted.shape) for v in of_all]) for of_all in zip(*pairs, strict=True)
        )
        found[between] = np.exp(_log_alpha(2 * np.log(wanted[between]), variances[:, between], degrees[:, between]))
    return found


def _log_alpha(wanted: Array, variances: Array, degrees: Array) -> Array:
    """(K,) where log(half^2) is `wanted`, between P_FLOOR and 1.

    Args:
        wanted: (K,)
        variances: (G, K) of the parts over seeds and over each set of items.
        degrees: (G, K) of freedom.
    """
    low, high = np.full(wanted.shape, math.log(P_FLOOR)), np.zeros(wanted.shape)
    at = np.clip(_guess(wanted, variances, degrees), low, -CLOSE)
    square_of = _Squares(variances, degrees)
    done = np.zeros(wanted.shape, dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):  # at alpha = 1 half is 0, and the step leaves the bounds
        for _ in range(MOST_STEPS):
            square, slope = square_of(at)
            excess = np.log(square) - wanted
            low, high = np.where(excess > 0, at, low), np.where(excess > 0, high, at)
            step = -excess * square / slope
            inside = (at + step >= low) & (at + step <= high)
            next_ = np.where(inside, at + step, (low + high) / 2)
            at, done = np.where(done, at, next_), done | (inside & (np.abs(step) <= CLOSE * np.abs(at)))
            if done.all():
                break
    return at


def _guess(wanted: Array, variances: Array, degrees: Array) -> Array:
    """The log p by one t with Satterthwaite's degrees of freedom."""
    from scipy.special import stdtr

    whole = variances.sum(0)
    with np.errstate(divide="ignore"):
        df = whole**2 / (variances**2 / degrees).sum(0)
        return np.log(2 * stdtr(df, -np.exp((wanted - np.log(whole)) / 2)))


class _Squares:
    """The squares of half-widths of K studies, and their slopes over log(alpha)."""

    def __init__(self, variances: Array, degrees: Array) -> None:
        from scipy.special import betaln

        self.variances, self.degrees = variances, degrees
        self.normal = np.isinf(degrees)
        self.finite = np.where(self.normal, 1.0, degrees)
        self.scale = -betaln(0.5, self.finite / 2) - 0.5 * np.log(self.finite)

    def __call__(self, log_alpha: Array) -> tuple[Array, Array]:
        """(K,) half^2, and (K,) its slope."""
        from scipy.special import stdtrit

        alpha = np.exp(log_alpha)
        t = -np.asarray(stdtrit(self.degrees, alpha / 2))
        of_each = t * self.variances
        return (t * of_each).sum(0), -alpha * (of_each / self._density(t)).sum(0)

    def _density(self, t: Array) -> Array:
        """Of Student's t; of the normal where degrees of freedom are infinite."""
        log = self.scale - (self.finite + 1) / 2 * np.log1p(t * t / self.finite)
        if self.normal.any():
            log = np.where(self.normal, -t * t / 2 - 0.5 * math.log(2 * math.pi), log)
        return np.exp(log)
