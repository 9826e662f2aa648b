"""What the gate says of a run: every figure, loss and cost against the baseline. Field names are keys of the JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["holds", "regression", "undetermined"]
"""Of a whole run. undetermined: nothing can be said, as no figure could be tested and nothing else is wrong."""

FigureVerdict: TypeAlias = Literal["dropped", "drop within margin", "holds", "improved", "undetermined", "not tested"]
"""dropped: worse, beyond the margin and significant; drop within margin: significant, not beyond the margin; improved:
better, significant; undetermined: no interval covers a fresh training run; not tested: the metric has no direction, or
another reason in the note."""

LossKind: TypeAlias = Literal["row", "metric", "seed"]


@dataclass(frozen=True)
class FigureChange:
    """One metric of one row, this run against the baseline."""

    row: str
    metric: str
    unit: str
    higher_is_better: bool | None
    baseline: float
    run: float
    """Means over seeds, as boards print them."""
    drop: float | None
    """How much worse, in the metric's unit, on the items and seeds that count for both; below 0 where better. Of a
    metric without a direction: baseline minus run."""
    low: float | None
    high: float | None
    """95 % interval of the drop, two-sided, not corrected."""
    p: float | None
    """One-sided, of no drop; None where nothing was tested."""
    holm_p: float | None
    """Corrected by Holm over all figures that were tested."""
    margin: float
    detectable: float | None
    """The least drop that would be found with 80 % power, one-sided, at Holm's first step, margin included."""
    how: str
    """What was compared with what: items paired or not, seeds, degrees of freedom."""
    verdict: FigureVerdict
    note: str = ""


@dataclass(frozen=True)
class Loss:
    """What the baseline has and this run lacks."""

    kind: LossKind
    row: str
    metric: str
    """Empty where the whole row is lost."""
    reason: str


@dataclass(frozen=True)
class CostChange:
    """One cost of one row."""

    row: str
    what: str
    """As "training, CPU seconds per seed"."""
    baseline: float
    run: float
    allowed: float
    """Times the baseline that it may have grown to."""
    grown: bool
    note: str = ""
    """Why it is not held to anything, as on another processor; empty where it is."""


@dataclass(frozen=True)
class Outcome:
    """All that the gate found."""

    suite: str
    verdict: Verdict
    alpha: float
    tests: int
    """Figures that Holm's correction counts."""
    figures: tuple[FigureChange, ...]
    losses: tuple[Loss, ...]
    ledger: tuple[str, ...]
    """How the ledger of the data differs, a sentence each."""
    costs: tuple[CostChange, ...]
    notes: tuple[str, ...]
    """What a reader must know: another base model, settings of rows that changed, rows that are new. Where nothing can
    be said the first of them says why.
    """

    @property
    def exit_code(self) -> int:
        """0: holds; 1: regression; 2: nothing can be said."""
        return {"holds": 0, "regression": 1, "undetermined": 2}[self.verdict]

    @property
    def dropped(self) -> tuple[FigureChange, ...]:
        """The figures that dropped."""
        return tuple(one for one in self.figures if one.verdict == "dropped")

    @property
    def grown(self) -> tuple[CostChange, ...]:
        """The costs that grew beyond what is allowed."""
        return tuple(one for one in self.costs if one.grown)
