"""A control: any method, trained on preferences from which the preference has been removed."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import harness
from harness_plugins.methods.dpo import DPO

if TYPE_CHECKING:
    from torch import Tensor

    from harness.examples import Need
    from harness.method import Unit


def swapped(pair: harness.Pair) -> harness.Pair:
    """The opposite judgement: chosen and rejected change places, and a rater share p becomes 1 - p."""
    share = None if pair.share is None else 1 - pair.share
    return harness.Pair(pair.rejected, pair.chosen, share)


def randomised(example: harness.Example, *, seed: int, desirable_share: float) -> harness.Example:
    """This example with judgements that say nothing of its responses.

    Each pair is swapped with probability 1/2. Labels of an example with pairs are made again from the pairs; labels of
    an example without are drawn afresh, desirable with probability `desirable_share`. The draws depend on `seed` and
    the example's id alone, so neither the order of the examples nor their number matters.
    """
    draw = random.Random(f"{seed} {example.id}")
    pairs = tuple(swapped(pair) if draw.random() < 0.5 else pair for pair in example.pairs)
    labels = example.labels
    if labels and pairs:
        labels = tuple(
            label for p in pairs for label in (harness.Label(p.chosen, True), harness.Label(p.rejected, False))
        )
    elif labels:
        labels = tuple(harness.Label(label.response, draw.random() < desirable_share) for label in labels)
    return dataclasses.replace(example, pairs=pairs, labels=labels)


@dataclass(frozen=True)
class RandomLabels(harness.Method):
    """A control: `base` trained on random judgements of the same responses, and scored as `base` is.

    It can learn the distribution of the responses, never which one people prefer. Held-out accuracy above 1/2 by more
    than chance, beyond that of the model it started from, means that the evaluation leaks.
    """

    name: ClassVar[str] = "random_labels"
    source: ClassVar[str] = "our choice"

    base: harness.Method = field(default_factory=DPO)
    """The method that is trained on random judgements. It may read pairs, labels and rater shares, but no rewards."""

    def __post_init__(self) -> None:
        if "rewards" in self.base.needs():
            raise ValueError(f"base is {self.base.name}, which reads rewards; only pairs and labels are randomised")

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

    def train_columns(self) -> tuple[str, ...]:
        """As `base`."""
        return self.base.train_columns()

    def score_columns(self) -> tuple[str, ...]:
        """As `base`."""
        return self.base.score_columns()

    def prepare(self, examples: harness.ExampleSet, seed: int) -> harness.ExampleSet:
        """The base's own preparation of the examples with their judgements randomised."""
        labels = [label.desirable for example in examples for label in example.labels]
        share = sum(labels) / len(labels) if labels else 0.5
        redrawn = tuple(randomised(example, seed=seed, desirable_share=share) for example in examples)
        return self.base.prepare(harness.ExampleSet(redrawn, examples.ledger), seed)

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


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `random_labels`."""
    return [RandomLabels]
