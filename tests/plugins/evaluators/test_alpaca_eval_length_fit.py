import importlib

import numpy as np
import pytest
from harness_plugins.evaluators.alpaca_eval import length_control, length_fit
from harness_plugins.evaluators.alpaca_eval.length_control import Annotated, length_controlled, library_fit


def drawn(items, models, *, seed=0, whole=False):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(-40, 40, (models, items)).astype(float)
    wins = 1 / (1 + np.exp(-(rng.normal(size=(models, items)) + 0.03 * lengths)))
    return list(zip(wins.round() if whole else wins, lengths, strict=True))


@pytest.mark.parametrize(
    ("items", "models", "whole"), [(20, 1, False), (60, 1, True), (320, 1, False), (200, 3, False), (805, 3, False)]
)
def test_the_quick_fit_is_the_librarys_to_the_last_digit(items, models, whole):
    rows = drawn(items, models, whole=whole)
    assert length_fit.predicted_at_zero(rows).tolist() == library_fit(rows).tolist()


def test_a_quick_fit_that_disagrees_is_not_used(monkeypatch):
    (wins, lengths) = drawn(60, 1)[0]
    row = Annotated(1 + wins, ["r" * 100] * 60, ["a" * int(100 - n) for n in lengths], [str(i) for i in range(60)])
    monkeypatch.setattr("harness_plugins.evaluators.alpaca_eval.jackknife.GROUPS", 3)
    right = length_controlled(row)
    called = []
    monkeypatch.setattr(length_control, "library_fit", lambda rows: called.append(len(rows)) or library_fit(rows))
    monkeypatch.setattr(length_control, "predicted_at_zero", lambda rows: np.full(len(rows), 0.5))
    assert length_controlled(row) == right
    assert len(called) == 1 + 1 + 3  # the comparison, the whole, and every refit
    monkeypatch.setattr(length_fit, "L1_LOGISTIC", "gone")
    monkeypatch.setattr(length_control, "predicted_at_zero", length_fit.predicted_at_zero)
    assert length_controlled(row) == right


def test_the_solver_prints_nothing_whoever_had_it_print(capfd):
    importlib.import_module("sklearn.svm._liblinear").set_verbosity_wrap(1)
    length_fit.predicted_at_zero(drawn(20, 1))
    assert capfd.readouterr() == ("", "")
