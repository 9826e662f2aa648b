"""How far a row's figure may be off: standard errors and 95 % intervals over items and training seeds.

Provisional in this release: intervals of single rows, not of differences between rows.

    y[i, j]  value of seed i on item j; S seeds, N items; y.. the mean of all
    Vs = sum_i (y[i] - y..)^2 / ((S-1) S)                        seeds, y[i] = mean over items
    Vi = sum_j (y[j] - y..)^2 / ((N-1) N)                        items, y[j] = mean over seeds
    Ve = sum_ij (y[i,j] - y[i] - y[j] + y..)^2 / ((S-1)(N-1) N S)    residual: inside both Vs and Vi
    stderr = sqrt(Vs + max(Vi - Ve, 0))
    half   = sqrt(t[S-1]^2 Vs + t[N-1]^2 max(Vi - Ve, 0))        t: 97.5 % quantiles

Source: derived; the root of a sum of squares of two half-widths, each exact on its own, so a little wide in between.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np

Basis: TypeAlias = Literal["items and seeds", "items and seeds, items differ", "items", "one run", "none"]
"""What an interval covers: new items and a fresh training run (the first two), new items for a policy that was not
trained here ("items"), new items for this one checkpoint of a method ("one run"), or nothing, because there is none."""

PROVISIONAL = "provisional: items and seeds, two-part"
"""How boards name these intervals."""


@dataclass(frozen=True)
class PerItem:
    """Values of one seed, per item."""

    items: Sequence[str]
    """(N,) ids. Values of the same id are averaged first: repeats of an item are no further items."""
    values: np.ndarray
    """(N,) in the figure's unit; finite."""


@dataclass(frozen=True)
class Spread:
    """How far a figure may be off, in its own unit."""

    stderr: float | None
    half: float | None
    """Half the width of the 95 % interval."""
    basis: Basis
    n: int
    """Items it stands on; where they differ between seeds, of the seed that has fewest."""


@lru_cache(maxsize=4096)
def t_quantile(df: int) -> float:
    """The 97.5 % quantile of Student's t with `df` >= 1 degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.975))


def two_part(table: np.ndarray) -> tuple[float, float]:
    """Standard error and half-width of the mean of a table.

    Args:
        table: (S, N) values, S >= 2 seeds on the same N >= 2 items.
    """
    seeds, items = table.shape
    by_seed, by_item, centre = table.mean(1), table.mean(0), table.mean()
    residual = table - by_seed[:, None] - by_item[None, :] + centre
    v_seed = float(((by_seed - centre) ** 2).sum() / ((seeds - 1) * seeds))
    v_item = float(((by_item - centre) ** 2).sum() / ((items - 1) * items))
    v_rest = float((residual**2).sum() / ((seeds - 1) * (items - 1) * items * seeds))
    return _both(v_seed, seeds - 1, max(v_item - v_rest, 0.0), items - 1)


def items_differ(values: Sequence[np.ndarray]) -> tuple[float, float]:
    """Standard error and half-width where seeds were judged on different items.

    The item part is then the mean over seeds of each seed's own, and no residual can be taken out: a wide interval.

    Args:
        values: S >= 2 arrays, (N_i,) each, N_i >= 2.
    """
    by_seed = np.array([v.mean() for v in values])
    v_seed = float(by_seed.var(ddof=1) / len(values))
    v_item = float(np.mean([v.var(ddof=1) / len(v) for v in values]))
    return _both(v_seed, len(values) - 1, v_item, min(len(v) for v in values) - 1)


def items_alone(values: np.ndarray) -> tuple[float, float]:
    """Standard error and half-width of the mean of (N,) values, N >= 2, of one policy."""
    return _both(0.0, 1, float(values.var(ddof=1) / len(values)), len(values) - 1)


def _both(v_seed: float, df_seed: int, v_item: float, df_item: int) -> tuple[float, float]:
    half = math.sqrt(t_quantile(df_seed) ** 2 * v_seed + t_quantile(df_item) ** 2 * v_item)
    return math.sqrt(v_seed + v_item), half


def spread(runs: Sequence[PerItem], *, trained: bool) -> Spread:
    """The spread of the mean over `runs`.

    Args:
        runs: one per seed, at least one; exactly one where the policy was not trained here.
        trained: whether seeds are replicates of a training run.
    """
    rows = [_distinct(run) for run in runs]
    n = min(len(row.items) for row in rows)
    if n < 2:
        return Spread(None, None, "none", n)
    if len(rows) == 1:
        return Spread(*items_alone(rows[0].values), "one run" if trained else "items", n)
    table = _aligned(rows)
    if table is None:
        return Spread(*items_differ([row.values for row in rows]), "items and seeds, items differ", n)
    return Spread(*two_part(table), "items and seeds", n)


def _distinct(run: PerItem) -> PerItem:
    """The run with repeats of an item averaged."""
    if len(set(run.items)) == len(run.items):
        return run
    names, where = np.unique(np.asarray(run.items, dtype=object).astype(str), return_inverse=True)
    means = np.bincount(where, weights=run.values) / np.bincount(where)
    return PerItem(names.tolist(), means)


def _aligned(runs: Sequence[PerItem]) -> np.ndarray | None:
    """(S, N) values in the first run's order of items; None if the runs have not the same items."""
    first = runs[0].items
    rows: list[np.ndarray] = []
    for run in runs:
        if run.items == first:
            rows.append(run.values)
        elif set(run.items) == set(first):
            place = {item: i for i, item in enumerate(run.items)}
            rows.append(run.values[[place[item] for item in first]])
        else:
            return None
    return np.stack(rows)
