"""A judge asked about labelled pairs: in both orders, and of some a second time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.judges.labelled import LabelledPair
from harness.judging import JudgingEvaluator
from harness.source import Comparison

if TYPE_CHECKING:
    from harness.judges.lender import JudgeLender


@dataclass(frozen=True)
class Asked:
    """What a judge said of n pairs. Everywhere P(the chosen answer is preferred), NaN where it cannot be read."""

    pairs: tuple[LabelledPair, ...]
    chosen_first: np.ndarray
    """(n,) float64, the chosen answer standing first."""
    chosen_second: np.ndarray
    """(n,) float64, the chosen answer standing second."""
    again: np.ndarray | None
    """(m,) float64, m <= n: the first m with the chosen answer first, asked once more; None where nothing was."""
    repeats: bool
    """Whether the judge, asked the same again, might answer otherwise."""
    called: str
    notes: Mapping[str, Any]


def ask(judge: JudgingEvaluator, pairs: Sequence[LabelledPair], lender: JudgeLender, *, again: int) -> Asked:
    """Ask about every pair in both orders.

    Args:
        again: how many pairs a judge that may answer otherwise is asked about once more.
    """
    first = [Comparison(p.prompt, p.chosen, p.rejected) for p in pairs]
    second = [Comparison(p.prompt, p.rejected, p.chosen) for p in pairs]
    said = judge.compare([*first, *second], lender)
    found = np.array(said.preferences, np.float64)
    repeated = None
    if judge.repeats() and again:
        repeated = 1 - np.array(judge.compare(first[:again], lender.again()).preferences, np.float64)
    half = len(pairs)
    return Asked(tuple(pairs), 1 - found[:half], found[half:], repeated, judge.repeats(), said.called, said.notes)
