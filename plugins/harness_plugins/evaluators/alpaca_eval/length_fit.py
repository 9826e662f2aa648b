"""The library's cross-validated logistic regression, fit by fit, for the refits of a jackknife.

Nearly all the time of `fit_LogisticRegressionCV` on a few hundred annotations goes into preparing its 51 fits, and a
jackknife prepares them thirty times. Here are the same fits by the same solver, prepared once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

PENALTIES = tuple(np.logspace(-4, 4, 10).tolist())
"""Inverse strengths that cross-validation chooses from: scikit-learn's own ten, which the library leaves alone."""
FOLDS = 5
SEED = 123
"""Of the solver, as in the library."""
L1_LOGISTIC = 6
"""The solver's number for logistic regression under an L1 penalty."""


def predicted_at_zero(rows: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """(models,) P(win) where no answer differs in length from its reference.

    Every annotation stands in the data twice, as a win with the weight of its preference and as a loss with the rest;
    the penalty is that with the smallest mean log loss over five folds of whole annotations.

    Args:
        rows: per model (items,) wins, 0 to 1, and (items,) differences in length, in characters; neither all equal.

    Source:
        alpaca-eval's `fit_LogisticRegressionCV` and scikit-learn's `LogisticRegressionCV`.
    """
    wins = np.concatenate([won for won, _ in rows])
    design = np.concatenate([_design(k, len(rows), lengths) for k, (_, lengths) in enumerate(rows)])
    x, won = np.concatenate([design, design]), np.repeat([1.0, 0.0], len(wins))
    weights = np.concatenate([wins, 1 - wins])
    draws = np.random.RandomState(SEED)
    seeds = [draws.randint(np.iinfo("i").max) for _ in PENALTIES]  # a fold's fits draw one after another
    losses: list[list[float]] = []
    for train, test in _folds(len(wins)):
        data = x[train], won[train], weights[train]
        unseen = x[test], won[test], weights[test]
        losses.append([_loss(*unseen, _fit(*data, c, seed)) for c, seed in zip(PENALTIES, seeds, strict=True)])
    best = PENALTIES[int(np.argmin(np.mean(losses, axis=0)))]
    coefficients = _fit(x, won, weights, best, seeds[0])
    at_zero = np.concatenate([_design(k, len(rows), np.zeros(1)) for k in range(len(rows))])
    return _sigmoid(at_zero @ coefficients)


def _design(model: int, models: int, lengths: np.ndarray) -> np.ndarray:
    """(items, 1 + models): tanh of the standardised length and whose annotation it is, in the order of the library."""
    spread = lengths.std(ddof=1) if len(lengths) > 1 else 1.0
    whose = np.zeros((len(lengths), models))
    whose[:, model] = 1.0
    length = np.tanh(lengths / spread)[:, None]
    return np.concatenate([length, whose], axis=1)


def _folds(items: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(training, test) rows of the doubled data; an annotation's two rows stay together."""
    from sklearn.model_selection import GroupKFold

    twice = np.tile(np.arange(items), 2)
    return GroupKFold(n_splits=FOLDS).split(twice, groups=twice)


def _fit(x: np.ndarray, won: np.ndarray, weights: np.ndarray, c: float, seed: int) -> np.ndarray:
    """(columns,) coefficients: `LogisticRegression(C=c, penalty="l1", solver="liblinear", fit_intercept=False)`."""
    import importlib

    solver: Any = importlib.import_module("sklearn.svm._liblinear")
    solver.set_verbosity_wrap(0)  # it prints by default
    found, _ = solver.train_wrap(x, won, False, L1_LOGISTIC, 1e-4, -1.0, c, np.ones(2), 100, seed, 0.1, weights)
    return found[0]


def _loss(x: np.ndarray, won: np.ndarray, weights: np.ndarray, coefficients: np.ndarray) -> float:
    """Mean log loss against preferences, nats; a row's weight is its preference for its own outcome."""
    chance = np.clip(_sigmoid(x @ coefficients), 1e-15, 1 - 1e-15)
    preferred = np.where(won == 1, weights, 1 - weights)
    return float(-np.mean(preferred * np.log(chance) + (1 - preferred) * np.log(1 - chance)))


def _sigmoid(log_odds: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    return expit(log_odds)
