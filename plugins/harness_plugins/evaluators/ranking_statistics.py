"""Statistics of a ranking that are no mean over items, with exact jackknife pseudo-values per item.

Scores come flat: `item[k]` says which item (a prompt with its responses) score k belongs to. The pseudo-value of item e
is N * s - (N - 1) * s_without_e, where N counts items and s is the statistic; their mean is the jackknife's
bias-corrected estimate and their spread gives its standard error (Quenouille 1956, Tukey 1958).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Jackknifed:
    """A statistic with its pseudo-values."""

    value: float
    pseudo: np.ndarray | None
    """(items,); None where the statistic is undefined without some item, so that no interval can be given."""


def placements(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """(n,) how many scores of the other class each score is on the right side of, ties half.

    A positive counts the negatives below it, a negative the positives above it. O(n log n).

    Args:
        scores: (n,) finite.
        positive: (n,) bool.
    """
    above, below = np.sort(scores[positive]), np.sort(scores[~positive])
    placed = np.empty(len(scores))
    mine = scores[positive]
    placed[positive] = (np.searchsorted(below, mine, "left") + np.searchsorted(below, mine, "right")) / 2
    mine = scores[~positive]
    placed[~positive] = len(above) - (np.searchsorted(above, mine, "left") + np.searchsorted(above, mine, "right")) / 2
    return placed


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Probability that a random positive outscores a random negative, ties half: the area under the ROC curve.

    Raises:
        ValueError: one of the two classes is empty.
    """
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        raise ValueError(f"an AUC needs both classes; there are {positives} positive and {negatives} negative scores")
    return float(placements(scores, positive)[positive].sum() / (positives * negatives))


def auc_jackknife(scores: np.ndarray, positive: np.ndarray, item: np.ndarray) -> Jackknifed:
    """The AUC of all scores pooled, over items; each is left out with all its scores.

    Args:
        scores: (n,) finite.
        positive: (n,) bool; both classes occur.
        item: (n,) int, 0 to N - 1, each of which occurs.
    """
    value = auc(scores, positive)
    items = int(item.max()) + 1
    positives = np.bincount(item, positive, items)
    negatives = np.bincount(item, ~positive, items)
    # A pair of scores of one item is counted from both its ends, so it is put back once.
    lost = np.bincount(item, placements(scores, positive), items) - _within(scores, positive, item, items)
    rest = (positives.sum() - positives) * (negatives.sum() - negatives)
    if items < 2 or not rest.all():
        return Jackknifed(value, None)
    total = value * positives.sum() * negatives.sum()
    return Jackknifed(value, items * value - (items - 1) * (total - lost) / rest)


def auc_within(scores: np.ndarray, positive: np.ndarray, item: np.ndarray) -> np.ndarray:
    """(N,) the AUC of each item's own scores; every item has both classes. Arguments as in `auc_jackknife`."""
    items = int(item.max()) + 1
    right = _within(scores, positive, item, items)
    return right / (np.bincount(item, positive, items) * np.bincount(item, ~positive, items))


def _within(scores: np.ndarray, positive: np.ndarray, item: np.ndarray, items: int) -> np.ndarray:
    """(N,) per item: how many of its (positive, negative) pairs are in the right order, ties half. O(n log n)."""
    order = np.lexsort((scores, item))
    scores, positive, item = scores[order], positive[order], item[order]
    # Blocks of equal score within one item, from the item's lowest score to its highest.
    starts = np.flatnonzero(np.r_[True, (np.diff(item) != 0) | (np.diff(scores) != 0)])
    owner = item[starts]
    positives, negatives = (
        np.add.reduceat(positive, starts, dtype=float),
        np.add.reduceat(~positive, starts, dtype=float),
    )
    before_item = np.cumsum(np.bincount(item, ~positive, items)) - np.bincount(item, ~positive, items)
    below = np.cumsum(negatives) - negatives - before_item[owner]
    return np.bincount(owner, positives * (below + negatives / 2), items)


def standard_deviation_jackknife(values: np.ndarray, item: np.ndarray) -> Jackknifed:
    """The standard deviation (n - 1 in the denominator) of at least two values, over items. O(n).

    Args:
        values: (n,) finite.
        item: (n,) int, 0 to N - 1, each of which occurs.
    """
    items = int(item.max()) + 1
    centred = values - values.mean()
    sums, squares = np.bincount(item, centred, items), np.bincount(item, centred**2, items)
    value = float(values.std(ddof=1))
    left = len(values) - np.bincount(item, minlength=items)
    if (left < 2).any():
        return Jackknifed(value, None)
    spread = squares.sum() - squares - (sums.sum() - sums) ** 2 / left
    return Jackknifed(value, items * value - (items - 1) * np.sqrt(np.maximum(spread, 0) / (left - 1)))
