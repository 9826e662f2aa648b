"""Holds a run to a recorded baseline. Pure: a baseline and a run's values in, an outcome out."""

from harness.gate.outcome import CostChange, FigureChange, FigureVerdict, Loss, LossKind, Outcome, Verdict

__all__ = ["CostChange", "FigureChange", "FigureVerdict", "Loss", "LossKind", "Outcome", "Verdict"]
