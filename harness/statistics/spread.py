"""How far a single row's figure may be off: the two parts of `components`, of one row's own table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from harness.statistics.components import TwoWay, assemble, parts_of, seed_variance, two_way
from harness.statistics.grouping import grouped
from harness.statistics.parts import Array, ItemPart, Parts
from harness.statistics.tables import PerItem, distinct

Basis: TypeAlias = Literal["items and seeds", "items and seeds, items differ", "items", "one run", "none"]
"""What an interval covers: new items and a fresh training run (the first two), new items for a policy that was not
trained here ("items"), new items for this one checkpoint of a method ("one run"), or nothing, because there is none."""


@dataclass(frozen=True)
class Spread:
    """How far a figure may be off, in its own unit."""

    stderr: float | None
    half: float | None
    """Half the width of the 95 % interval."""
    basis: Basis
    n: int
    """Items it stands on, groups of items where they come in groups; where they differ between seeds, of the seed that
    has fewest."""


def two_part(table: np.ndarray) -> tuple[float, float]:
    """Standard error and half-width of the mean of a table.

    Args:
        table: (S, N) values, S >= 2 seeds on the same N >= 2 items.
    """
    return crossed(two_way(table))


def crossed(split: TwoWay) -> tuple[float, float]:
    """`two_part` of a table that is split already."""
    return _numbers(parts_of(split))


def items_differ(values: Sequence[np.ndarray]) -> tuple[float, float]:
    """Standard error and half-width where seeds were judged on different items.

    The item part is then the mean over seeds of each seed's own, and no residual can be taken out: a wide interval.

    Args:
        values: S >= 2 arrays, (N_i,) each, N_i >= 2.
    """
    means = np.array([v.mean() for v in values])
    fewest = min(len(v) for v in values)
    part = ItemPart(np.mean([two_way(v[None]).item for v in values], axis=0), np.asarray(fewest - 1.0))
    return _numbers(Parts(seed_variance(means), np.asarray(len(values) - 1.0), (part,)))


def items_alone(values: np.ndarray) -> tuple[float, float]:
    """Standard error and half-width of the mean of (N,) values, N >= 2, of one policy."""
    return _numbers(assemble(np.asarray(0.0), np.asarray(1.0), [two_way(values[None])]))


def spread(runs: Sequence[PerItem], *, trained: bool) -> Spread:
    """The spread of the mean over `runs`.

    Args:
        runs: one per seed, at least one; exactly one where the policy was not trained here.
        trained: whether seeds are replicates of a training run.

    Raises:
        DataError: a seed has not one finite value per item, or puts an item into two groups.
    """
    rows = [distinct(run) for run in runs]
    table = _aligned(rows)
    tables = [_groups(row) for row in rows] if table is None else [table]
    n = min(one.shape[1] for one in tables)
    if n < 2:
        return Spread(None, None, "none", n)
    if len(rows) == 1:
        return Spread(*items_alone(tables[0][0]), "one run" if trained else "items", n)
    if table is None:
        return Spread(*items_differ([one[0] for one in tables]), "items and seeds, items differ", n)
    return Spread(*two_part(table), "items and seeds", n)


def _aligned(runs: Sequence[PerItem]) -> Array | None:
    """(S, N) values of items or groups, in the first run's order; None if runs have other items or groups than it."""
    first = runs[0]
    rows: list[Array] = []
    for run in runs:
        place = {item: j for j, item in enumerate(run.items)}
        if len(run.items) != len(first.items) or any(item not in place for item in first.items):
            return None
        where = [place[item] for item in first.items]
        clusters = None if run.clusters is None else [run.clusters[j] for j in where]
        if clusters != (None if first.clusters is None else list(first.clusters)):
            return None
        rows.append(run.values[where])
    return grouped(np.stack(rows), None if first.clusters is None else tuple(first.clusters))


def _groups(run: PerItem) -> Array:
    """(1, C) values of groups."""
    return grouped(run.values[None], None if run.clusters is None else tuple(run.clusters))


def _numbers(parts: Parts) -> tuple[float, float]:
    return float(parts.stderr), float(parts.half())
