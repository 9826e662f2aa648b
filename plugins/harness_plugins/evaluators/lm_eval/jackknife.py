"""Pseudo-values per item of lm-eval's aggregates that are no means (Quenouille 1956, Tukey 1958).

With N items, the pseudo-value of item i is N s - (N - 1) s_i, s being the aggregate and s_i the aggregate without i.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from lm_eval.api import metrics

Without = Callable[[Sequence[Any]], np.ndarray]
"""Items -> (N,) the aggregate without each of them."""

RECOMPUTED = 2000
"""Up to so many items an aggregate without a closed form is recomputed for each: the cost is quadratic."""


def perplexity_without(items: Sequence[Any]) -> np.ndarray:
    """exp(-mean) without each item; items are log-likelihoods, nats."""
    logp = np.array(items, dtype=np.float64)
    return np.exp(-(logp.sum() - logp) / (len(logp) - 1))


def weighted_mean_without(items: Sequence[Any]) -> np.ndarray:
    """The mean log-likelihood per weight without each item; items are (log-likelihood in nats, words or bytes)."""
    logp, weight = np.array(items, dtype=np.float64).T
    return (logp.sum() - logp) / (weight.sum() - weight)


CLOSED: Mapping[Any, Without] = {
    metrics.perplexity: perplexity_without,
    metrics.weighted_perplexity: lambda items: np.exp(-weighted_mean_without(items)),
    metrics.bits_per_byte: lambda items: -weighted_mean_without(items) / math.log(2),
}

SMOOTH = (metrics.f1_score, metrics.matthews_corrcoef, metrics.brier_score)
"""Aggregates that the jackknife suits, recomputed without each item."""


def pseudo_values(aggregate: Any, items: Sequence[Any], value: float) -> tuple[float, ...] | None:
    """Pseudo-values of an aggregate; None where it is not known to suit them, or costs too much."""
    count = len(items)
    if count < 2:
        return None
    if aggregate in CLOSED:
        with np.errstate(all="ignore"):
            without = CLOSED[aggregate](items)
    elif aggregate in SMOOTH and count <= RECOMPUTED:
        without = np.array([aggregate([*items[:i], *items[i + 1 :]]) for i in range(count)], dtype=np.float64)
    else:
        return None
    found = count * value - (count - 1) * without
    return tuple(found.tolist()) if np.isfinite(found).all() else None
