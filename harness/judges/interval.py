"""Shares with intervals, where several pairs may be about one prompt."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Share:
    """A mean with its 95 % interval."""

    value: float
    low: float | None
    """None where there are fewer than two prompts."""
    high: float | None
    n: int
    """Pairs."""
    prompts: int


def share(values: np.ndarray, prompts: Sequence[Hashable]) -> Share | None:
    """The mean of values from 0 to 1, with Wilson's interval at the effective number of pairs.

    V = C / (C - 1) sum over prompts of (sum of the prompt's values - its pairs times the mean)^2 / n^2 is the variance
    of the mean of n pairs about C prompts, and mean (1 - mean) / V is how many independent pairs would be as precise.
    Where all values are 0, or all 1, every prompt counts as one pair; where all are the same number between, there is
    no spread to tell of.

    Args:
        values: (n,) 0 to 1.
        prompts: (n,) what each is about.

    Returns:
        None where there is no pair.
    """
    from statsmodels.stats.proportion import proportion_confint

    if not len(values):
        return None
    mean = float(values.mean())
    variance, count = _variance(values, prompts)
    if count < 2:
        return Share(mean, None, None, len(values), count)
    if variance == 0 and 0 < mean < 1:
        return Share(mean, mean, mean, len(values), count)
    effective = mean * (1 - mean) / variance if variance > 0 else float(count)
    bounds: Any = proportion_confint(mean * effective, effective, alpha=0.05, method="wilson")
    low, high = map(float, bounds)
    return Share(mean, min(low, mean), max(high, mean), len(values), count)


def difference(values: np.ndarray, prompts: Sequence[Hashable]) -> Share | None:
    """The mean of values from -1 to 1, with a t interval over prompts."""
    from scipy.special import stdtrit

    if not len(values):
        return None
    mean = float(values.mean())
    variance, count = _variance(values, prompts)
    if count < 2:
        return Share(mean, None, None, len(values), count)
    half = float(stdtrit(count - 1, 0.975)) * math.sqrt(variance)
    return Share(mean, mean - half, mean + half, len(values), count)


def _variance(values: np.ndarray, prompts: Sequence[Hashable]) -> tuple[float, int]:
    """Of the mean; and how many prompts there are."""
    numbers: dict[Hashable, int] = {}
    where = np.array([numbers.setdefault(prompt, len(numbers)) for prompt in prompts])
    sums = np.bincount(where, weights=values - values.mean(), minlength=len(numbers))
    count = len(numbers)
    if count < 2:
        return 0.0, count
    return float(count / (count - 1) * (sums**2).sum() / len(values) ** 2), count
