"""Methods made of another method: all that they do not change is as their base has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import harness
from harness.search_space import TRAINING
from harness_plugins.methods.dpo import DPO

if TYPE_CHECKING:
    from torch import Tensor

    from harness.examples import Need
    from harness.method import Unit


@dataclass(frozen=True)
class Wrapping(harness.Method):
    """Hands everything on to `base`. A subclass overrides what it changes."""

    base: harness.Method = field(default_factory=DPO)
    """The method that is wrapped, with its own options."""

    def search_space(self) -> harness.SearchSpace:
        """That of `base`, under its names here: `base.beta`."""
        space = self.base.search_space()
        return {name if name.startswith(TRAINING) else f"base.{name}": space[name] for name in space}

    def needs(self) -> frozenset[Need]:
        """As `base`."""
        return self.base.needs()

    def unit(self) -> Unit:
        """As `base`."""
        return self.base.unit()

    def batch_statistic(self) -> bool:
        """As `base`."""
        return self.base.batch_statistic()

    def linear_reduce(self) -> bool:
        """As `base`."""
        return self.base.linear_reduce()

    def train_columns(self) -> tuple[harness.Column | str, ...]:
        """As `base`."""
        return self.base.train_columns()

    def score_columns(self) -> tuple[harness.Column | str, ...]:
        """As `base`."""
        return self.base.score_columns()

    def sampling(self) -> harness.Sampling | None:
        """As `base`."""
        return self.base.sampling()

    def prepare(self, examples: harness.ExampleSet, seed: int) -> harness.ExampleSet:
        """As `base`."""
        return self.base.prepare(examples, seed)

    def learns_from(self, example: harness.Example) -> Iterable[int]:
        """As `base`."""
        return self.base.learns_from(example)

    def measures(self, example: harness.Example) -> Iterable[int]:
        """As `base`."""
        return self.base.measures(example)

    def terms(self, batch: harness.Batch) -> Tensor:
        """As `base`."""
        return self.base.terms(batch)

    def reduce(self, terms: Tensor, batch: harness.Batch) -> Tensor:
        """As `base`."""
        return self.base.reduce(terms, batch)

    def score(self, batch: harness.Batch) -> Tensor:
        """As `base`."""
        return self.base.score(batch)

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """As `base`."""
        return self.base.diagnostics(batch)


def is_mean(method: harness.Method) -> bool:
    """Whether the objective is the plain mean of the terms."""
    if isinstance(method, Wrapping) and type(method).reduce is Wrapping.reduce:
        return is_mean(method.base)
    return type(method).reduce is harness.Method.reduce


def check_mean_over_pairs(base: harness.Method) -> None:
    """What weighs the losses of pairs can wrap this method.

    Raises:
        ValueError: it has no loss per pair, its terms depend on each other or on fresh samples (then only their
            gradient means something, not their value), or its objective is not their mean.
    """
    if base.unit() != "pair":
        raise ValueError(f"base is {base.name}, whose loss is per {base.unit()}; it must be per pair, as dpo's is")
    if base.batch_statistic():
        raise ValueError(f"base is {base.name}, whose loss of a pair depends on other pairs; it must not")
    if base.sampling() is not None:
        raise ValueError(f"base is {base.name}, whose terms hold a part for fresh samples; that must not be weighted")
    if not is_mean(base):
        raise ValueError(f"base is {base.name}, whose objective is not the mean over pairs; it must be, as dpo's is")
