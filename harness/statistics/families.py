"""Several comparisons at once: Holm's correction, and which rows cannot be told from the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.statistics.pairwise import outcomes
from harness.statistics.pool import Pool
from harness.statistics.seed_spread import SeedSpread
from harness.statistics.tables import Composite, Scores


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
    wins: dict[str, list[tuple[str, bool, float]]] = {label: [] for label in rows}
    for found in outcomes(rows, seed_spread=seed_spread, pool=pool, alpha=alpha):
        ahead = found.difference > 0 if higher_is_better else found.difference < 0
        wins[found.one].append((found.other, not ahead and found.difference != 0, found.p))
        wins[found.other].append((found.one, ahead, found.p))
    beaten: dict[str, tuple[str, float]] = {}
    for label, compared in wins.items():
        adjusted = holm([p for _, _, p in compared])
        losses = [(p, rival) for (rival, lost, _), p in zip(compared, adjusted, strict=True) if lost and p <= alpha]
        if losses:
            p, rival = min(losses)
            beaten[label] = (rival, p)
    undetermined = tuple(label for label, compared in wins.items() if not compared and len(rows) > 1)
    members = tuple(label for label in rows if label not in beaten and label not in undetermined)
    return TiedSet(members, beaten, undetermined)
