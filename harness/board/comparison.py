"""Comparisons as a board holds them. Field names are keys of the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.statistics import Estimand, Formula

Verdict: TypeAlias = Literal["better", "worse", "higher", "lower", "tied", "undetermined"]
"""Of a row against the baseline. tied: not told apart; higher, lower: of a metric of which neither is better;
undetermined: no interval covers a fresh training run."""


@dataclass(frozen=True)
class Interval:
    """How far a difference may be off, in the metric's unit, and what follows from it."""

    method: Formula
    """Where the part over training seeds comes from."""
    low: float | None
    high: float | None
    """95 %; None: no interval."""
    stderr: float | None
    """sqrt(seed part + item part); the interval is no multiple of it."""
    p: float | None
    """Two-sided, of no difference."""
    holm_p: float | None
    """Corrected by Holm over the contenders; None for rows that are none, and without an interval over fresh runs."""
    mde: float | None
    """The least difference that would be found with 80 % power, at Holm's first step for a contender."""
    seed_sd: float | None
    """Over seeds, the sd of one seed's difference."""
    item_se: float | None
    """The standard error over items alone."""
    df: float | None
    """Degrees of freedom of the part over seeds."""
    verdict: Verdict
    covers: str
    """What the interval covers, with numbers of items and seeds and degrees of freedom."""


@dataclass(frozen=True)
class Comparison:
    """One row against the baseline on one metric."""

    row: str
    baseline: str
    """Its label; rows of another number of prompts may have another."""
    contender: bool
    """False for references and controls: they are compared, but do not enter Holm's correction."""
    difference: float | None
    """Row minus baseline, over the items and seeds that count for both; None if they share no item."""
    own: Interval
    """From the spread over seeds of the two rows themselves."""
    pooled: Interval | None
    """From the spread over seeds that all trained rows tell together; only where the suite declared it, and there are
    rows enough."""
    estimand: Estimand
    """E1: new items, a fresh training run. E2: these items, a fresh training run. E3: new items, these checkpoints."""
    n: int
    """Items, or groups of items, that both rows were judged on."""
    seeds: tuple[int, ...]
    baseline_seeds: tuple[int, ...]
    """Empty for a row without training."""
    shifts: Mapping[int, float]
    """Per seed, row minus baseline, where both have it or only one of them was trained."""
    tipping_seed_sd: float | None
    """With one run each: the seed sd of a method above which nothing is left of the difference."""
    aa_difference: float | None
    """What separates an A/A pair on this metric, row minus original; the largest, of several pairs."""
    sentence: str
    note: str
    """What a reader must know: items left out, other training examples, why there is no interval."""

    @property
    def decides(self) -> Interval:
        """The interval that the verdict stands on: pooled where that was declared and can be had."""
        return self.pooled or self.own

    @property
    def verdict(self) -> Verdict:
        """Better, worse or neither."""
        return self.decides.verdict


@dataclass(frozen=True)
class AgainPair:
    """What separates a row from itself at other seeds: the noise floor of a metric."""

    row: str
    original: str
    prompts: int | None
    """Training examples per epoch of both."""
    difference: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Family:
    """Every row against the baseline on one metric."""

    metric: str
    baseline: str
    """As the suite names it, or by default."""
    tests: int
    """Contenders that Holm's correction counts."""
    again: tuple[AgainPair, ...]
    spread_ratio: float | None
    """Largest seed sd of a trained row over their median; pooling takes it to be 1."""
    warning: str
    """Where pooling was declared and the spreads speak against it, or it cannot be had; else empty."""
    comparisons: tuple[Comparison, ...]
    """In the order of the board."""
