"""How a step ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.reporter import State
from harness.run.steps import Step


@dataclass(frozen=True)
class Ending:
    """What became of a step in this run."""

    state: State
    reason: str = ""


@dataclass(frozen=True)
class Ended:
    """A step that ended."""

    step: Step
    ending: Ending
    seconds: float
    lost: Sequence[Step]
    """Steps that need it, where it is not done, and that had not ended yet: they never begin."""
