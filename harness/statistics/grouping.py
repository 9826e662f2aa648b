"""Items that come in groups count as one each: groups take the place of items."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from harness.statistics.parts import Array


def grouped(values: Array, clusters: tuple[str, ...] | None) -> Array:
    """(..., N) values of items to (..., C) values of groups, whose mean is that of the items.

        z_c = theta + (C / N) * sum over j in c of (y_j - theta)        theta: mean of the N items

    Groups of equal size get exactly their means. For unequal sizes this is the linearised ratio estimator: plain means
    of groups would weigh an item of a small group more.

    Args:
        values: (..., N), such as (S, N) with a mean of its own per seed.
        clusters: (N,) the group of each item; None where items stand for themselves.
    """
    if clusters is None:
        return values
    where, count = _numbered(clusters)
    n = len(clusters)
    if count == n:
        return values
    centre = values.mean(-1, keepdims=True)
    rows = (values - centre).reshape(-1, n)
    sums = np.stack([np.bincount(where, weights=row, minlength=count) for row in rows])
    return centre + (count / n) * sums.reshape(*values.shape[:-1], count)


@lru_cache(maxsize=64)
def _numbered(clusters: tuple[str, ...]) -> tuple[np.ndarray, int]:
    """(N,) the number of each item's group, and how many groups there are."""
    numbers: dict[str, int] = {}
    where = np.array([numbers.setdefault(name, len(numbers)) for name in clusters])
    return where, len(numbers)
