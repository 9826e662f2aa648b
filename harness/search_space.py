"""What of a row may be tuned, and how far: the search space that a method declares beside its options.

A search space names settings as a suite does: `beta` is an option, `base.beta` an option of an option that is a method
or a column, `training.learning_rate` a training setting. Each has a dimension.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

LEARNING_RATE = "training.learning_rate"
"""In every search space: it decides more than most options."""
TRAINING = "training."
"""What settings of the training begin with; all others are options."""
OURS = "our choice"

Setting: TypeAlias = None | bool | int | float | str
"""A value that a tuned setting may have."""


@dataclass(frozen=True)
class Range:
    """Any number from `low` to `high`, both included."""

    low: float
    high: float
    log: bool = False
    """True if equal factors are equally likely, not equal distances."""
    source: str = OURS
    """Where the range comes from: a paper's grid, or "our choice"."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"a range goes from a finite low to a larger high, not from {self.low} to {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"low is {self.low}; a range with log must begin above 0")

    def holds(self, value: Setting) -> bool:
        """Whether it has this value."""
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high


@dataclass(frozen=True)
class Around:
    """From the row's own value / factor to that value * factor, where equal factors are equally likely."""

    factor: float
    """More than 1."""
    source: str = OURS

    def __post_init__(self) -> None:
        if not 1 < self.factor < math.inf:
            raise ValueError(f"factor is {self.factor}; it must be finite and more than 1")

    def of(self, own: Setting) -> Range:
        """The range around a value.

        Raises:
            ValueError: the value is no positive number.
        """
        if not isinstance(own, int | float) or isinstance(own, bool) or own <= 0:
            raise ValueError(f"it is searched by factors around the row's own value, which is {own!r}, not above 0")
        return Range(own / self.factor, own * self.factor, log=True, source=self.source)


@dataclass(frozen=True)
class Choices:
    """One of some values, in no order."""

    values: tuple[Setting, ...]
    source: str = OURS

    def __post_init__(self) -> None:
        if len(set(self.values)) < max(len(self.values), 2):
            raise ValueError(f"choices are at least two distinct values, not {list(self.values)}")

    def holds(self, value: Setting) -> bool:
        """Whether it has this value."""
        return value in self.values


Dimension: TypeAlias = Range | Around | Choices
Bounded: TypeAlias = Range | Choices
"""A dimension that depends on no row."""
SearchSpace: TypeAlias = Mapping[str, Dimension]

LEARNING_RATE_ALONE: SearchSpace = {LEARNING_RATE: Around(8)}
"""The search space of a method that declares no more."""
