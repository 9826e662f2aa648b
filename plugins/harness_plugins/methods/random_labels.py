"""A control: any method, trained on preferences from which the preference has been removed."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import harness
from harness_plugins.methods.dpo import DPO
from harness_plugins.methods.wrapping import Wrapping

if TYPE_CHECKING:
    from harness.examples import Need

JUDGEMENTS: frozenset[Need] = frozenset({"pairs", "labels", "rewards", "shares"})


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
class RandomLabels(Wrapping):
    """A control: `base` trained on random judgements of the same responses, and scored as `base` is.

    It can learn the distribution of the responses, never which one people prefer. Held-out accuracy above 1/2 by more
    than chance, beyond that of the model it started from, means that the evaluation leaks.
    """

    name: ClassVar[str] = "random_labels"
    source: ClassVar[str] = "our choice"
    control: ClassVar[bool] = True

    base: harness.Method = field(default_factory=DPO)
    """The method that is trained on random judgements. It reads pairs or labels, and nothing else that tells which
    response is better."""

    def __post_init__(self) -> None:
        needs = self.base.needs()
        if "rewards" in needs:
            raise ValueError(f"base is {self.base.name}, which reads rewards; only pairs and labels are randomised")
        if not needs & {"pairs", "labels"}:
            raise ValueError(f"base is {self.base.name}, which reads no pairs or labels; nothing would be randomised")
        for column in self.base.train_columns():
            if isinstance(column, harness.Column) and column.needs() & JUDGEMENTS:
                raise ValueError(
                    f"base is {self.base.name}, whose column {column.name!r} is made from judgements as they are"
                )

    def prepare(self, examples: harness.ExampleSet, seed: int) -> harness.ExampleSet:
        """The base's own preparation of the examples with their judgements randomised."""
        labels = [label.desirable for example in examples for label in example.labels]
        share = sum(labels) / len(labels) if labels else 0.5
        redrawn = tuple(randomised(example, seed=seed, desirable_share=share) for example in examples)
        return self.base.prepare(harness.ExampleSet(redrawn, examples.ledger), seed)


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `random_labels`."""
    return [RandomLabels]
