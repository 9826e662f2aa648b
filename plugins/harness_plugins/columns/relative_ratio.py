"""From the probability of a source to the relative density ratio of its responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def relative_ratio(probability: np.ndarray, *, alpha: float = 0.5) -> np.ndarray:
    """1 / (alpha + (1 - alpha) (1 - c) / c), written as c / (alpha c + (1 - alpha) (1 - c)).

    With c of a classifier that holds target and rest for equally likely beforehand, this is the density of the target's
    responses relative to alpha of theirs and 1 - alpha of the rest's. At alpha = 1/2 it is 2 c.

    Args:
        probability: of any shape, c = P(target | prompt, response), 0 to 1.
        alpha: share of the target in the mixture, above 0, below 1; the ratio is at most 1 / alpha.

    Returns:
        Of that shape, 0 to 1 / alpha; 1 where c is 1/2.

    References:
        DoRA, arXiv:2504.05831, authors' code; Yamada et al. 2013 (relative density ratio), doi:10.1162/NECO_a_00442.
    """
    return probability / (alpha * probability + (1 - alpha) * (1 - probability))
