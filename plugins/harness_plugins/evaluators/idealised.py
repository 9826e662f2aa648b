"""How many pairs the optimum of DPO's loss would rank as their raters did: a limit of the data and the reference."""

from __future__ import annotations

import numpy as np


def ranked_right_by_optimum(reference_margin: np.ndarray, share: np.ndarray, beta: float, floor: float) -> np.ndarray:
    """(pairs,) 1 where log ref(y_w) - log ref(y_l) + (1 / beta) log(a / (1 - a)) > 0, else 0.

    The policy that minimises DPO's expected loss on a pair of which a share `a` of raters prefers y_w has
    pi(y_w) / pi(y_l) = (ref(y_w) / ref(y_l)) (a / (1 - a))^(1 / beta).

    Source: Chen et al. 2024, arXiv:2405.19534, idealised ranking accuracy R*, not normalised by length; they replace a
    share of 1 by 1 - 0.001.

    Args:
        reference_margin: (pairs,) nats, log ref(y_w) - log ref(y_l).
        share: (pairs,) 0 to 1.
        beta: of DPO, > 0.
        floor: shares below it count as it, and those above 1 - it as that; 0 for the limit, where a unanimous pair is
            ranked as its raters did, whatever the reference.
    """
    kept = np.clip(share.astype(np.float64), floor, 1 - floor)
    with np.errstate(divide="ignore"):
        odds = np.log(kept) - np.log1p(-kept)
    return (reference_margin + odds / beta > 0).astype(np.float64)
