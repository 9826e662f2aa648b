"""Several comparisons at once: Holm's correction, and which rows cannot be told from the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from harness.statistics.beaten import Beside, Many
from harness.statistics.pairwise import alike, pool_of_alike, together, unalike
from harness.statistics.pool import Pool
from harness.statistics.seed_spread import SeedSpread
from harness.statistics.tables import Composite, Scores

FEW = 24
"""Alike rows of which every two are compared outright; of more, only those comparisons that tell."""


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p-values, in the order given: to reject those up to alpha errs at all with probability alpha.

    p(k) -> max over j <= k of min(1, (m - j + 1) p(j)), p(1) <= ... <= p(m). Source: Holm 1979. As statsmodels'
    `multipletests`, which a board cannot call for every row: it loads pandas and collects garbage on each call.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(np.minimum((len(p) - np.arange(len(p))) * p[order], 1.0))
    return tuple(adjusted.tolist())


def spread_ratio(rows: Sequence[Scores | Composite]) -> float | None:
    """The largest over the median seed sd of trained rows with two seeds or more.

    None with fewer than two such rows, or where the median is 0. To be printed beside pooled intervals, which take it
    for 1; never to be acted on: choosing own or pooled by it is a choice by the outcome.
    """
    spreads = [float(row.by_seed.std(ddof=1)) for row in rows if len(row.seeds) > 1]
    middle = float(np.median(spreads)) if len(spreads) > 1 else 0.0
    return max(spreads) / middle if middle > 0 else None


@dataclass(frozen=True)
class TiedSet:
    """Which rows may be the best."""

    members: tuple[str, ...]
    """Rows that no other row beats, in the order given."""
    beaten_by: Mapping[str, tuple[str, float]]
    """Every other row that was compared: the row that beats it most clearly, and Holm's p of that."""
    undetermined: tuple[str, ...]
    """Rows of which no interval covers a fresh training run (one seed): they beat none and none beats them."""


def tied_set(
    rows: Mapping[str, Scores | Composite],
    *,
    higher_is_better: bool,
    seed_spread: SeedSpread = "own",
    pool: Pool | None = None,
    alpha: float = 0.05,
) -> TiedSet:
    """The rows that cannot be told from the best: a confidence set for the best row.

    A row is out if some other row is better than it by Holm over all the row's comparisons with others, two-sided, at
    `alpha`. Guaranteed: the truly best row is in the set with probability 1 - alpha at least, because it is out only if
    one of its own comparisons errs; nothing is singled out by looking at the data. The row with the best figure is in.
    Not guaranteed: that any two members are equally good (not told apart is not equal), or that all rows that are out
    are rightly out at once: that a single row is out wrongly has probability alpha at most, per row.

    Args:
        rows: those that compete, by label.
        higher_is_better: the metric's direction.
        seed_spread: as for `contrast`.
        pool: as for `contrast`.
        alpha: the level.
    """
    groups = alike(rows)
    crowds = [group for group in groups if len(group.labels) > FEW]
    shared = pool_of_alike(seed_spread, pool)
    found = unalike(rows, groups, seed_spread=seed_spread, pool=pool, alpha=alpha)
    of_few = (outcome for group in groups if len(group.labels) <= FEW for outcome in together(group, shared, alpha))
    wins: dict[str, list[Beside]] = {label: [] for label in rows}
    for one in chain(of_few, found):
        ahead = one.difference > 0 if higher_is_better else one.difference < 0
        wins[one.one].append(Beside(one.other, not ahead and one.difference != 0, one.p))
        wins[one.other].append(Beside(one.one, ahead, one.p))
    beaten = {label: by for label, compared in wins.items() if (by := _beaten(compared, alpha)) is not None}
    for group in crowds:
        many = Many(group, higher_is_better=higher_is_better, pool=shared, alpha=alpha)
        for label, row in zip(group.labels, many.rows(), strict=True):
            beaten.pop(label, None)
            if (by := row.beaten(wins[label])) is not None:
                beaten[label] = by
    crowded = {label for group in crowds for label in group.labels}
    lonely = {label for label, compared in wins.items() if not compared and len(rows) > 1} - crowded
    undetermined = tuple(label for label in rows if label in lonely)
    members = tuple(label for label in rows if label not in beaten and label not in lonely)
    return TiedSet(members, {label: beaten[label] for label in rows if label in beaten}, undetermined)


def _beaten(compared: Sequence[Beside], alpha: float) -> tuple[str, float] | None:
    """The row that beats one most clearly, and Holm's p of that; None where none does.

    Args:
        compared: all its comparisons.
        alpha: the level.
    """
    adjusted = holm([one.p for one in compared])
    losses = [(p, one.rival) for one, p in zip(compared, adjusted, strict=True) if one.lost and p <= alpha]
    p, rival = min(losses, default=(1.0, ""))
    return (rival, p) if losses else None
