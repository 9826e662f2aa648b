"""A cross-fitted, calibrated logistic regression: every prompt is judged by a model that saw no row of that prompt.

N rows, D features, F folds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import harness
from harness_plugins.columns.calibration import Platt, calibration_figures, fit_platt

if TYPE_CHECKING:
    import numpy as np

WEIGHTS, SETTINGS = "weights.safetensors", "classifier.json"


@dataclass(frozen=True)
class SourceClassifier:
    """P(target | features), with target and rest equally likely beforehand."""

    weights: np.ndarray
    """(F, D) float32."""
    intercepts: np.ndarray
    """(F,) float32."""
    platt: Platt
    """Of all folds, fitted to decisions on held-out rows."""
    seed: int

    def probabilities(self, features: Any, prompts: Sequence[str]) -> np.ndarray:
        """(N,) float64 for (N, D) features, dense or sparse, and the (N,) prompts they belong to."""
        import numpy as np

        fold = folds_of(prompts, len(self.weights), self.seed)
        decisions = np.zeros(len(prompts))
        for k in range(len(self.weights)):
            mine = np.flatnonzero(fold == k)
            if len(mine):
                decisions[mine] = features[mine] @ self.weights[k] + self.intercepts[k]
        return self.platt.probabilities(decisions)

    def save(self, folder: Path) -> None:
        """Write it as plain arrays and JSON; of the weights, those that are not zero in every fold."""
        import numpy as np
        from safetensors.numpy import save_file

        used = np.flatnonzero(self.weights.any(axis=0)).astype(np.int64)
        arrays = {
            "columns": used,
            "weights": np.ascontiguousarray(self.weights[:, used]),
            "intercepts": self.intercepts,
        }
        save_file(arrays, folder / WEIGHTS)
        known = {
            "features": self.weights.shape[1],
            "slope": self.platt.slope,
            "offset": self.platt.offset,
            "seed": self.seed,
        }
        (folder / SETTINGS).write_text(json.dumps(known, indent=2) + "\n")

    @classmethod
    def load(cls, folder: Path) -> SourceClassifier:
        """What `save` wrote."""
        import numpy as np
        from safetensors.numpy import load_file

        known = json.loads((folder / SETTINGS).read_text())
        arrays = load_file(folder / WEIGHTS)
        weights = np.zeros((len(arrays["intercepts"]), known["features"]), dtype=np.float32)
        weights[:, arrays["columns"]] = arrays["weights"]
        return cls(weights, arrays["intercepts"], Platt(known["slope"], known["offset"]), known["seed"])


def folds_of(prompts: Sequence[str], folds: int, seed: int) -> np.ndarray:
    """(N,) which fold each prompt belongs to: by its text and the seed alone, so that it need not be kept."""
    import numpy as np

    def one(prompt: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{seed} {prompt}".encode()).digest()[:8]) % folds

    known = {prompt: one(prompt) for prompt in dict.fromkeys(prompts)}
    return np.array([known[p] for p in prompts], dtype=np.int64)


def fit_classifier(
    features: Any, truth: np.ndarray, prompts: Sequence[str], *, folds: int, strength: float, seed: int
) -> tuple[SourceClassifier, dict[str, Any]]:
    """A model per fold, fitted to the rows of all other folds, and their common calibration.

    Args:
        features: (N, D), dense or sparse.
        truth: (N,) bool, whether the target wrote it.
        prompts: (N,) texts; those of one prompt are in one fold.
        folds: at least 2.
        strength: C of scikit-learn: larger fits closer.
        seed: of the folds.

    Returns:
        The classifier, and how good its probabilities are: each row's from models and a calibration that saw no row of
        its fold.

    Raises:
        DataError: there are too few prompts.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    fold = folds_of(prompts, folds, seed)
    decisions = np.zeros(len(truth))
    weights = np.zeros((folds, features.shape[1]), dtype=np.float32)
    intercepts = np.zeros(folds, dtype=np.float32)
    for k in range(folds):
        mine, rest = np.flatnonzero(fold == k), np.flatnonzero(fold != k)
        _demand_both(truth[rest])
        # liblinear is by far the fastest on words, and its penalty on the intercept is nothing to balanced classes.
        model = LogisticRegression(C=strength, class_weight="balanced", solver="liblinear")
        model.fit(features[rest], truth[rest])
        weights[k], intercepts[k] = model.coef_[0], np.asarray(model.intercept_)[0]
        if len(mine):
            decisions[mine] = features[mine] @ weights[k] + intercepts[k]
    held_out = np.zeros(len(truth))
    for k in range(folds):
        mine = fold == k
        if mine.any():
            _demand_both(truth[~mine])
            held_out[mine] = fit_platt(decisions[~mine], truth[~mine]).probabilities(decisions[mine])
    classifier = SourceClassifier(weights, intercepts, fit_platt(decisions, truth), seed)
    return classifier, calibration_figures(held_out, truth)


def _demand_both(truth: np.ndarray) -> None:
    if truth.all() or not truth.any():
        raise harness.Unavailable(
            "too few prompts to tell the target source from the others: a fold's training rows are all of one kind",
            fix="use more examples, or fewer folds",
        )
