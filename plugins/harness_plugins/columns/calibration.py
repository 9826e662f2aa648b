"""Probabilities from a classifier's decision values, and how far they can be trusted. n = number of rows.

Both classes count alike everywhere, however many rows each has: a probability is that of a class which is, beforehand,
as likely as not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

BINS = 10


@dataclass(frozen=True)
class Platt:
    """P = sigma(slope * decision + offset), as in Platt 1999."""

    slope: float
    offset: float

    def probabilities(self, decisions: np.ndarray) -> np.ndarray:
        """(n,) 0 to 1."""
        from scipy.special import expit

        return expit(self.slope * decisions + self.offset)


def fit_platt(decisions: np.ndarray, truth: np.ndarray) -> Platt:
    """The maximum-likelihood fit to (n,) decisions on rows not trained on, and (n,) bool; both classes must occur."""
    from sklearn.linear_model import LogisticRegression

    # A faint penalty, so that decisions that separate the classes have a fit at all.
    model = LogisticRegression(C=1e3, class_weight="balanced").fit(decisions[:, None], truth)
    return Platt(float(model.coef_[0, 0]), float(model.intercept_[0]))


def calibration_figures(probabilities: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """How good (n,) probabilities are, given (n,) bool; plain data.

    `brier`, `log_loss` (nats) and `auc`; `calibration_error`, the mean distance between probability and frequency over
    ten bins of width 1/10; and per bin that is not empty, its share of the rows, mean probability and frequency.
    """
    import numpy as np
    from sklearn.metrics import roc_auc_score

    weights = np.where(truth, 0.5 / truth.sum(), 0.5 / (~truth).sum())
    safe = np.clip(probabilities, 1e-12, 1 - 1e-12)
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    table: list[dict[str, float]] = []
    for place in sorted(set(bins.tolist())):
        here = bins == place
        share = float(weights[here].sum())
        mean, frequency = ((weights * x)[here].sum() / share for x in (probabilities, truth))
        table.append({"share": share, "probability": float(mean), "frequency": float(frequency)})
    return {
        "brier": float((weights * (probabilities - truth) ** 2).sum()),
        "log_loss": float(-(weights * np.log(np.where(truth, safe, 1 - safe))).sum()),
        "auc": float(roc_auc_score(truth, probabilities)),
        "calibration_error": sum(row["share"] * abs(row["probability"] - row["frequency"]) for row in table),
        "reliability": table,
    }
