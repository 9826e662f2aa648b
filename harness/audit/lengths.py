"""How long chosen and rejected responses are, and what a scorer gets that knows nothing but length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.audit_record import Lengths


@dataclass(frozen=True, slots=True)
class PairLengths:
    """Of one pair, in tokens; `prompt` is alike for pairs of one prompt."""

    prompt: str
    chosen: int
    rejected: int


def lengths(pairs: Sequence[PairLengths]) -> Lengths | None:
    """See `harness.audit_record.Lengths`; None where there are no pairs."""
    if not pairs:
        return None
    chosen = np.array([pair.chosen for pair in pairs], dtype=np.float64)
    rejected = np.array([pair.rejected for pair in pairs], dtype=np.float64)
    right = (chosen > rejected) + (chosen == rejected) / 2
    return Lengths(
        chosen=float(chosen.mean()),
        rejected=float(rejected.mean()),
        longer=float((chosen > rejected).mean()),
        equal=float((chosen == rejected).mean()),
        accuracy=float(right.mean()),
        ci95=_interval(right, [p.prompt for p in pairs]),
    )


def _interval(values: np.ndarray, clusters: Sequence[str]) -> tuple[float, float] | None:
    """95 % interval of the mean of (n,) values that come in G clusters: cluster-robust variance, t with G - 1 degrees
    of freedom. Source: Liang and Zeger 1986, for a mean; clipped to 0 to 1.
    """
    sums: defaultdict[str, float] = defaultdict(float)
    mean = float(values.mean())
    for cluster, value in zip(clusters, values.tolist(), strict=True):
        sums[cluster] += value - mean
    groups = len(sums)
    if groups < 2:
        return None
    from scipy import stats

    variance = float(np.square(list(sums.values())).sum()) / len(values) ** 2 * groups / (groups - 1)
    half = float(stats.t.ppf(0.975, groups - 1)) * variance**0.5
    return max(0.0, mean - half), min(1.0, mean + half)
