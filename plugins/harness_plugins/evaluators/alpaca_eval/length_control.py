"""The length-controlled win rate: fitted on one row's own annotations, or on the Hub's tables too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import harness
from harness_plugins.evaluators.alpaca_eval.library import library, quiet

LEAST = 20
"""Annotations that a fit needs: four for each of its five folds."""

OWN = (
    "The win rate that alpaca-eval's logistic regression predicts for answers as long as their references. Fitted on "
    "this row's own annotations, without the Hub's tables: not comparable with published length-controlled win rates."
)


@dataclass(frozen=True)
class LengthControlled:
    """What would be, were answers as long as their references."""

    win_rate: float
    """0 to 1."""
    values: tuple[float, ...]
    """Per item; their mean is `win_rate`."""
    pseudo: bool
    """Whether they are jackknife pseudo-values; else what the model predicts for each item."""
    standard_error: float | None
    """As the library states it, 0 to 1."""
    about: str
    """One sentence for the board."""


def length_controlled(
    preferences: np.ndarray, references: Sequence[str], answers: Sequence[str]
) -> LengthControlled | None:
    """alpaca-eval's "length_controlled_minimal" model, logit P(win) = a + b tanh(d), at d = 0.

    The published model (`published`) also has a difficulty per instruction, and is held to annotations of answers made
    long or short on purpose; both are a table for AlpacaEval's own instructions. Formula, design matrix and
    cross-validated L1 logistic regression are the library's. Where all preferences are the same, so is the prediction:
    the library's solver gives 0.5 instead where the answers always lose, as it then sees one class alone.

    Args:
        preferences: (items,) alpaca-eval's preference, 1 to 2, the answer standing second.
        references: (items,) texts.
        answers: (items,) texts. d = (length of the reference - that of the answer), in characters, divided by the
            standard deviation of these differences.

    Returns:
        None where there are fewer than `LEAST` items, or where the differences in length are all equal.
    """
    difference = _differences(references, answers)
    if len(preferences) < LEAST or difference.std() == 0:
        return None
    wins = preferences - 1.0
    if np.ptp(wins) == 0:
        return LengthControlled(float(wins[0]), tuple(wins.tolist()), pseudo=True, standard_error=None, about=OWN)
    library()
    import pandas as pd
    import sklearn
    from alpaca_eval.metrics.glm_winrate import GLM_INFO, fit_LogisticRegressionCV, make_dmatrix_for_model

    model: dict[str, Any] = dict(GLM_INFO["length_controlled_minimal"])
    frame = pd.DataFrame(
        {
            "preference": wins,
            "std_delta_len": difference / difference.std(ddof=1),
            "not_gamed_baseline": True,
        }
    )
    with quiet(), sklearn.config_context():  # the fit sets options of the whole process
        design, at_zero = make_dmatrix_for_model(frame, frame.assign(std_delta_len=0.0), formula=model["formula"])
        fitted = fit_LogisticRegressionCV(design, "preference", is_ytrue_proba=True, **model["kwargs"])
    features = design.drop(columns=["preference"]).to_numpy(np.float64)
    weights = np.asarray(fitted.coef_[0], np.float64)
    values = influence_values(features, wins, weights, at_zero.to_numpy(np.float64)[0])
    return LengthControlled(float(values.mean()), tuple(values.tolist()), pseudo=True, standard_error=None, about=OWN)


def published(
    preferences: np.ndarray, references: Sequence[str], answers: Sequence[str], places: Sequence[int]
) -> LengthControlled | None:
    """alpaca-eval's `get_length_controlled_winrate` as it stands: its model "length_controlled_v1" and the Hub's table
    of instruction difficulties and of annotations of answers made long or short on purpose.

    Args:
        preferences: (items,) alpaca-eval's preference, 1 to 2, the answer standing second.
        references: (items,) texts.
        answers: (items,) texts.
        places: (items,) of the instructions among AlpacaEval's own, counted from 0.

    Returns:
        None as for `length_controlled`.

    Raises:
        Unavailable: the table is neither in the local cache nor to be had.
    """
    if len(preferences) < LEAST or _differences(references, answers).std() == 0:
        return None
    library()
    import pandas as pd
    import sklearn
    from alpaca_eval.metrics.glm_winrate import get_length_controlled_winrate

    frame = pd.DataFrame(
        {
            "preference": preferences,
            "output_1": list(references),
            "output_2": list(answers),
            "generator_1": "reference",
            "generator_2": "policy",
        },
        index=pd.Index(places),
    )
    try:
        with quiet(), sklearn.config_context():
            found = get_length_controlled_winrate(frame, save_weights_dir=None)
    except OSError as error:
        raise harness.Unavailable(
            f"the tables of the published length control cannot be had: {str(error).splitlines()[0]}",
            fix="set `length_control: own`, or put tatsu-lab/alpaca_eval's df_gamed.csv into the Hub's local cache",
        ) from error
    return LengthControlled(
        found["length_controlled_winrate"] / 100,
        tuple(frame["glm_preference"].astype(float)),
        pseudo=False,
        standard_error=found["lc_standard_error"] / 100,
        about="The win rate that alpaca-eval's logistic regression predicts for answers as long as their references, "
        "with the Hub's published tables, as on AlpacaEval's own leaderboard.",
    )


def _differences(references: Sequence[str], answers: Sequence[str]) -> np.ndarray:
    return np.array([len(r) - len(a) for r, a in zip(references, answers, strict=True)], np.float64)


def influence_values(features: np.ndarray, wins: np.ndarray, weights: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(items,) sigmoid(at . weights) plus the influence of each item on it: the infinitesimal jackknife.

    With p = sigmoid(features . weights) and H = sum of p (1 - p) x x', an item's influence on the weights is
    n H^-1 x (win - p). Influences are centred, so that the mean is the fitted value, and the penalty counts as fixed.

    Args:
        features: (items, features).
        wins: (items,) 0 to 1.
        weights: (features,) fitted.
        at: (features,) where the win rate is predicted.
    """
    fitted = 1 / (1 + np.exp(-features @ weights))
    hessian = (features * (fitted * (1 - fitted))[:, None]).T @ features
    steps = len(wins) * (features * (wins - fitted)[:, None]) @ np.linalg.pinv(hessian)
    value = 1 / (1 + np.exp(-at @ weights))
    moved = value * (1 - value) * (steps @ at)
    return value + moved - moved.mean()
