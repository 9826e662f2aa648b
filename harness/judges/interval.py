"""Shares with intervals, where several pairs may be about one prompt."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.statistics import PerItem, Spread, spread


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
    around = _spread(values, prompts)
    count = around.n
    if around.stderr is None:
        return Share(mean, None, None, len(values), count)
    variance = around.stderr**2
    if variance == 0 and 0 < mean < 1:
        return Share(mean, mean, mean, len(values), count)
    effective = mean * (1 - mean) / variance if variance > 0 else float(count)
    bounds: Any = proportion_confint(mean * effective, effective, alpha=0.05, method="wilson")
    low, high = map(float, bounds)
    return Share(mean, min(low, mean), max(high, mean), len(values), count)


def difference(values: np.ndarray, prompts: Sequence[Hashable]) -> Share | None:
    """The mean of values from -1 to 1, with a t interval over prompts."""
    if not len(values):
        return None
    mean = float(values.mean())
    around = _spread(values, prompts)
    if around.half is None:
        return Share(mean, None, None, len(values), around.n)
    return Share(mean, mean - around.half, mean + around.half, len(values), around.n)


def _spread(values: np.ndarray, prompts: Sequence[Hashable]) -> Spread:
    """Of the mean, those of one prompt as one group."""
    ids = [str(place) for place in range(len(values))]
    return spread([PerItem(ids, values, [str(prompt) for prompt in prompts])], trained=False)
