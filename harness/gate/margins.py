"""What the gate lets pass: drops up to a margin, however significant."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.errors import HarnessError, nearest

FRACTION = 0.01
"""Of figures that are fractions: a hundredth."""
SHARE = 0.02
"""Of all other figures: this share of the baseline's size, as they have no scale of their own."""


@dataclass(frozen=True)
class Margins:
    """By how much a figure may drop."""

    fraction: float = FRACTION
    """Of every metric whose unit is "fraction"."""
    share: float = SHARE
    """Of the size of the baseline's figure, for every other unit."""
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])
    """Metric -> its own margin, in its own unit."""

    @staticmethod
    def parse(texts: Iterable[str]) -> Margins:
        """From the command line: `0.02` for all fractions, `preference/accuracy=0.05` for one metric.

        Raises:
            HarnessError: a text is neither.
        """
        fraction, metrics = FRACTION, dict[str, float]()
        for text in texts:
            metric, named, value = text.rpartition("=")
            if named and metric.strip():
                metrics[metric.strip()] = _number(value, text)
            else:
                fraction = _number(text, text)
        return Margins(fraction=fraction, metrics=metrics)

    def of(self, metric: str, unit: str, baseline: float) -> float:
        """The margin of a figure, in its unit.

        Args:
            metric: its name.
            unit: its unit.
            baseline: the figure that it is held to.
        """
        if metric in self.metrics:
            return self.metrics[metric]
        return self.fraction if unit == "fraction" else self.share * abs(baseline)

    def check(self, known: Collection[str]) -> None:
        """See that every metric that has a margin of its own is there.

        Raises:
            HarnessError: one is not.
        """
        for metric in self.metrics:
            if metric not in known:
                raise HarnessError(f"the baseline has no metric {metric!r}; {nearest(metric, known)}", where="--margin")


def _number(value: str, text: str) -> float:
    try:
        found = float(value)
    except ValueError:
        found = math.nan
    if not math.isfinite(found) or found < 0:
        raise HarnessError(
            f"{text!r} states no margin: {value!r} is no number from 0 on",
            where="--margin",
            fix="give a number such as 0.02, for all fractions, or METRIC=0.05, in the metric's unit",
        )
    return found


@dataclass(frozen=True)
class Settings:
    """How a run is held to a baseline."""

    alpha: float = 0.05
    """The chance that any figure is said to have dropped though none has."""
    margins: Margins = field(default_factory=Margins)
    cost_factor: float = 2.0
    """Times the baseline's cost that a cost may grow to."""
    seed_spread: Literal["declared", "own"] = "declared"
    """declared: pooled over contenders where the baseline's suite declares `seed_spread: pooled`; own: never pooled."""

    def __post_init__(self) -> None:
        if not 0 < self.alpha <= 0.5:
            raise HarnessError(f"{self.alpha} is no level of a test", where="alpha", fix="give one such as 0.05")
        if not (math.isfinite(self.cost_factor) and self.cost_factor >= 1):
            raise HarnessError(
                f"costs may not be asked to grow to {self.cost_factor} times what they were",
                where="cost factor",
                fix="give a factor from 1 on, such as 2",
            )
