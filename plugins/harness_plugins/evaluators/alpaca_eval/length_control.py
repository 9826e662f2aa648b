"""The length-controlled win rate: fitted on annotations at hand, or with the Hub's tables too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import harness
from harness_plugins.evaluators.alpaca_eval.jackknife import grouped_jackknife
from harness_plugins.evaluators.alpaca_eval.length_fit import predicted_at_zero
from harness_plugins.evaluators.alpaca_eval.library import library, quiet

LEAST = 20
"""Annotations of one model that a fit needs: four for each of its five folds."""

INTERVAL = (
    "The interval is a delete-group jackknife over instructions, and every refit chooses the penalty and the scale of "
    "lengths anew, so the fit's own error is in it."
)
OWN = (
    "The win rate that alpaca-eval's logistic regression predicts for answers as long as their references. Fitted on "
    "this row's own annotations, without the Hub's tables: not comparable with published length-controlled win rates. "
    + INTERVAL
)
TOGETHER = (
    "The win rate that alpaca-eval's logistic regression predicts for answers as long as their references. Fitted on "
    "the annotations of {models} models together, with one effect of length for all, without the Hub's tables: its "
    "order can be compared with published length-controlled win rates, its level cannot. " + INTERVAL
)
NO_DIFFERENCE = "The raw win rate: every answer is as long as its reference, so there is no length to control for."

Tell = Callable[[int, int], None]
"""(refits done, refits in all)."""
Rows = Sequence[tuple[np.ndarray, np.ndarray]]
"""Per model, (items,) wins, 0 to 1, and (items,) differences in length, in characters."""
Fit = Callable[[Rows], np.ndarray]
"""-> (models,) P(win) of answers as long as their references."""


@dataclass(frozen=True)
class Annotated:
    """The annotations of one model."""

    preferences: np.ndarray
    """(items,) alpaca-eval's preference, 1 to 2, the model's answer standing second."""
    references: Sequence[str]
    """(items,) texts."""
    answers: Sequence[str]
    """(items,) texts."""
    instructions: Sequence[str]
    """(items,) what names each instruction: those of one name are left out together by the jackknife."""

    @property
    def differences(self) -> np.ndarray:
        """(items,) length of the reference - that of the answer, in characters."""
        pairs = zip(self.references, self.answers, strict=True)
        return np.array([len(reference) - len(answer) for reference, answer in pairs], np.float64)


@dataclass(frozen=True)
class LengthControlled:
    """What would be, were answers as long as their references."""

    win_rate: float
    """0 to 1."""
    values: tuple[float, ...]
    """Per item: jackknife pseudo-values, or what the model predicts."""
    pseudo: bool
    """Whether they are jackknife pseudo-values."""
    standard_error: float | None
    """0 to 1: of the jackknife, or as the library states it."""
    about: str
    """One sentence for the board."""
    clusters: tuple[str, ...] | None = None
    """Per item, the group that the jackknife left it out with."""


def length_controlled(row: Annotated, tell: Tell | None = None) -> LengthControlled | None:
    """The fit of one model alone; see `length_controlled_together`."""
    return length_controlled_together([row], tell)[0]


def length_controlled_together(rows: Sequence[Annotated], tell: Tell | None = None) -> list[LengthControlled | None]:
    """alpaca-eval's "length_controlled_minimal" model, logit P(win) = a[model] + b tanh(d), at d = 0.

    The published model (`published`) also has a difficulty per instruction, and is held to annotations of answers made
    long or short on purpose; both are a table for AlpacaEval's own instructions. Of several models, b is shared: a
    model whose answers are nearly all shorter than their references says little of d = 0 by itself. Design matrix and
    cross-validated L1 logistic regression are the library's.

    d = (length of the reference - that of the answer) / the standard deviation of these differences, per model.

    Returns:
        Per model; None where there are fewer than `LEAST` items, or where the differences in length are all equal but
        not 0. Where all preferences are the same, so is the prediction, without a fit.
    """
    found: list[LengthControlled | None] = [_without_fit(row) for row in rows]
    fitted = [
        place
        for place, row in enumerate(rows)
        if found[place] is None and len(row.preferences) >= LEAST and np.ptp(row.differences) > 0
    ]
    if not fitted:
        return found
    data = [(rows[p].preferences - 1.0, rows[p].differences) for p in fitted]
    fit = _quick_or_library(data)

    def without(kept: Sequence[np.ndarray]) -> np.ndarray:
        return _at_no_difference([(wins[k], lengths[k]) for (wins, lengths), k in zip(data, kept, strict=True)], fit)

    about = OWN if len(rows) == 1 else TOGETHER.format(models=len(rows))
    jackknifed = grouped_jackknife(without, [rows[place].instructions for place in fitted], tell)
    for place, one in zip(fitted, jackknifed, strict=True):
        found[place] = LengthControlled(
            one.value, one.values, pseudo=True, standard_error=one.standard_error, about=about, clusters=one.clusters
        )
    return found


def _without_fit(row: Annotated) -> LengthControlled | None:
    """Where there is nothing to fit: no difference in length, or in preference."""
    wins = row.preferences - 1.0
    if len(wins) and not row.differences.any():
        return LengthControlled(float(wins.mean()), tuple(wins.tolist()), False, None, NO_DIFFERENCE)
    if len(wins) >= LEAST and np.ptp(row.differences) > 0 and np.ptp(wins) == 0:
        return LengthControlled(float(wins[0]), tuple(wins.tolist()), True, None, OWN)
    return None


def _at_no_difference(rows: Rows, fit: Fit) -> np.ndarray:
    """(models,) P(win) at d = 0.

    Where a model's preferences are all the same, they are the prediction, and take no part in the fit: the library's
    solver gives 0.5 where answers always lose, as it then sees one class alone.
    """
    predicted = np.array([wins.mean() for wins, _ in rows])
    varied = [place for place, (wins, lengths) in enumerate(rows) if np.ptp(wins) > 0 and np.ptp(lengths) > 0]
    if varied:
        predicted[varied] = fit([rows[place] for place in varied])
    return predicted


def _quick_or_library(rows: Rows) -> Fit:
    """`predicted_at_zero` where it gives what the library gives of all annotations, else the library's own fit."""
    try:
        found = _at_no_difference(rows, predicted_at_zero)
    except (
        ImportError,
        AttributeError,
        TypeError,
        ValueError,
    ):  # another scikit-learn, whose solver is called otherwise
        return library_fit
    same = np.allclose(found, _at_no_difference(rows, library_fit), rtol=0, atol=1e-12)
    return predicted_at_zero if same else library_fit


def library_fit(rows: Rows) -> np.ndarray:
    """(models,) P(win) at d = 0, by the library; see `predicted_at_zero`."""
    library()
    import pandas as pd
    import sklearn
    from alpaca_eval.metrics.glm_winrate import GLM_INFO, fit_LogisticRegressionCV, make_dmatrix_for_model

    model: dict[str, Any] = dict(GLM_INFO["length_controlled_minimal"])
    constant = "not_gamed_baseline.astype(float)"
    formula = model["formula"] if len(rows) == 1 else model["formula"].replace(constant, f"C(model):{constant}")
    frame = pd.concat(
        [
            pd.DataFrame(
                {
                    "preference": wins,
                    "std_delta_len": lengths / lengths.std(ddof=1),
                    "not_gamed_baseline": True,
                    "model": f"{place:06}",
                }
            )
            for place, (wins, lengths) in enumerate(rows)
        ],
        ignore_index=True,
    )
    wanted = frame.drop_duplicates("model").assign(std_delta_len=0.0)
    with quiet(), sklearn.config_context():  # the fit sets options of the whole process
        design, at_zero = make_dmatrix_for_model(frame, wanted, formula=formula)
        fitted = fit_LogisticRegressionCV(design, "preference", is_ytrue_proba=True, **model["kwargs"])
        return fitted.predict_proba(at_zero)[:, 1]


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
        None where there are fewer than `LEAST` items, or where the differences in length are all equal.

    Raises:
        Unavailable: the table is neither in the local cache nor to be had.
    """
    row = Annotated(preferences, references, answers, [str(place) for place in places])
    if len(preferences) < LEAST or np.ptp(row.differences) == 0:
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
