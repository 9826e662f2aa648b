"""Judges measured against people: what `harness judge` runs."""

from harness.judges.agreement import Measured, Share, measured
from harness.judges.ask import Asked, ask
from harness.judges.labelled import LabelledPair, labelled_pairs

__all__ = ["Asked", "LabelledPair", "Measured", "Share", "ask", "labelled_pairs", "measured"]
