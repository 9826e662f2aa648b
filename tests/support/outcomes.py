"""Outcomes of the gate made by hand, for tests of what shows them."""

from __future__ import annotations

import dataclasses

from harness.gate.outcome import CostChange, FigureChange, Loss, Outcome

HOW = "320 items in pairs, 3 seeds on both sides, df 2.4"


def figure(row, metric="preference/accuracy", drop=0.0, verdict="holds", **changes):
    """One figure, 0.65 in the baseline; the run is `drop` worse, with an interval of 0.02 either way."""
    fields = {
        "unit": "fraction",
        "higher_is_better": True,
        "baseline": 0.65,
        "run": 0.65 - drop,
        "drop": drop,
        "low": drop - 0.02,
        "high": drop + 0.02,
        "p": 0.0004 if verdict == "dropped" else 0.4,
        "holm_p": 0.0123 if verdict == "dropped" else 1.0,
        "margin": 0.0,
        "detectable": 0.045,
        "how": HOW,
    }
    return FigureChange(row=row, metric=metric, verdict=verdict, **{**fields, **changes})


def untested(row, metric="drift/kl", verdict="not tested", note="the metric has no direction", **changes):
    nothing = dict.fromkeys(("higher_is_better", "low", "high", "p", "holm_p", "detectable"))
    return dataclasses.replace(figure(row, metric, verdict=verdict, unit="nats", note=note), **{**nothing, **changes})


def cost(row, run=12.5, *, grown=False, note="", what="training, CPU seconds per seed", baseline=12.0):
    return CostChange(row=row, what=what, baseline=baseline, run=run, allowed=2.0, grown=grown, note=note)


def outcome(verdict="holds", **changes):
    """An outcome of two rows without anything wrong, but for `changes`."""
    figures = tuple(figure(row, metric) for row in ("dpo", "sft") for metric in ("preference/accuracy", "truth/reward"))
    fields = {
        "suite": "core",
        "verdict": verdict,
        "alpha": 0.05,
        "tests": sum(1 for one in changes.get("figures", figures) if one.holm_p is not None),
        "figures": figures,
        "losses": (),
        "ledger": (),
        "costs": (cost("dpo"), cost("sft")),
        "notes": (),
    }
    return Outcome(**{**fields, **changes})


def regression(text=None):
    """An outcome with one of everything.

    Args:
        text: stands in place of every label, name, reason and note; None leaves them as they are.
    """

    def said(usual):
        return usual if text is None else text

    return outcome(
        "regression",
        suite=said("core"),
        figures=(
            figure(said("sft"), said("preference/accuracy")),
            figure(
                said("dpo"), said("preference/accuracy"), 0.08, "dropped", how=said(HOW), note=said("one seed less")
            ),
            figure(said("dpo"), said("truth/reward"), 0.03, "drop within margin", margin=0.05, unit=said("fraction")),
            figure(said("rpo"), said("truth/reward"), -0.09, "improved"),
            untested(said("dpo"), said("drift/kl"), note=said("the metric has no direction")),
            untested(said("hypo"), said("truth/score"), "undetermined", said("a single seed"), higher_is_better=False),
        ),
        losses=(
            Loss("row", said("ddro"), "", said("the suite has no such row any more")),
            Loss("metric", said("dpo"), said("truth/win_rate"), said("skipped: no truth")),
            Loss("seed", said("rpo"), "", said("seed 2 is missing")),
        ),
        ledger=(said("test: 320 examples kept, 318 in the baseline"),),
        costs=(
            cost(said("dpo"), 40.0, grown=True, what=said("training, CPU seconds per seed")),
            cost(said("sft"), 3.2e9, note=said("another processor"), what=said("training, peak memory, bytes")),
        ),
        notes=(said("rows that are new: ipo"),),
    )


def unsaid(reason="results/baselines/core.json cannot be read"):
    """An outcome of nothing."""
    return outcome("undetermined", figures=(), costs=(), notes=(reason,))
