"""What a preference-alignment method is: a formula with options.

A method is a frozen dataclass whose fields are its options. Nearly all of them are `terms` and `score`:

    @dataclass(frozen=True)
    class Hinge(harness.Method):
        name = "hinge"
        source = "our choice"
        margin: float = 1.0

        def needs(self):
            return frozenset({"pairs"})

        def terms(self, batch):
            lp = batch.policy.total
            return (self.margin - lp[batch.chosen] + lp[batch.rejected]).clamp(min=0)

        def score(self, batch):
            return batch.policy.total
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from harness.search_space import LEARNING_RATE_ALONE, SearchSpace

if TYPE_CHECKING:
    from torch import Tensor

    from harness.batch import Batch
    from harness.column import Column
    from harness.examples import Example, ExampleSet, Need

Unit: TypeAlias = Literal["pair", "label", "prompt"]


@dataclass(frozen=True)
class Sampling:
    """Fresh responses that the trainer draws from the policy before each step, at temperature 1."""

    each: int
    """Responses per prompt, >= 1."""
    max_tokens: int
    """Cap on a response's length; what it stops is marked as unfinished."""


@dataclass(frozen=True)
class Method(ABC):
    """A training objective over log-probs. Options are the fields of the subclass: plain JSON types, another
    `Method` or a `Column`, each with a default and a docstring line giving unit and range. An option's range is
    checked in `__post_init__` by raising `ValueError`.
    """

    name: ClassVar[str]
    """What suites write. Unique among installed plugins."""
    source: ClassVar[str]
    """Paper and equation, "derived", or "our choice"."""
    control: ClassVar[bool] = False
    """True if its rows show what is gained without what methods are compared for: they stand on a board, and compete
    with none.
    """

    @abstractmethod
    def needs(self) -> frozenset[Need]:
        """What every example must carry. The host converts where a stated conversion exists, else skips the row."""

    def unit(self) -> Unit:
        """What one term is about: as many terms come back as the batch has pairs, labels or prompts."""
        return "pair"

    def batch_statistic(self) -> bool:
        """True if a term depends on other items that are learnt from. What it reads of `batch.measured` does not count:
        that is the whole step's in every micro-batch.
        """
        return False

    def linear_reduce(self) -> bool:
        """True if `reduce` is linear in the terms, with weights that depend on judgements and token counts alone: a
        mean, or a mean per class. A step split into micro-batches then needs no second forward pass. A method with a
        `reduce` of its own that is so says it here; by default only the mean is.
        """
        return type(self).reduce is Method.reduce

    def search_space(self) -> SearchSpace:
        """What is tuned where a suite tunes, with its range: option, or `training.SETTING` -> dimension. The learning
        rate is in every search space; by default there is no more in it.
        """
        return LEARNING_RATE_ALONE

    def train_columns(self) -> tuple[Column | str, ...]:
        """Columns `terms` reads; a name stands for that column with its default options. "reference" is the initial
        policy's summed log-prob in nats.
        """
        return ("reference",)

    def score_columns(self) -> tuple[Column | str, ...]:
        """Columns `score` reads."""
        return ("reference",)

    def sampling(self) -> Sampling | None:
        """What the trainer draws from the policy before each step, for `batch.samples`; None for nothing."""
        return None

    def prepare(self, examples: ExampleSet, seed: int) -> ExampleSet:
        """The examples this method trains on, made from those of the suite. Pure; identity by default."""
        del seed
        return examples

    def learns_from(self, example: Example) -> Iterable[int]:
        """Responses of a prepared example, by index, whose log-probs `terms` reads. By default those that its units are
        about: of pairs, or labelled; all where the unit is the prompt. Others are not computed: NaN in the batch.
        """
        match self.unit():
            case "pair":
                return (response for pair in example.pairs for response in (pair.chosen, pair.rejected))
            case "label":
                return (label.response for label in example.labels)
            case "prompt":
                return range(len(example.responses))

    def measures(self, example: Example) -> Iterable[int]:
        """Responses of a prepared example, by index, whose log-probs `terms` reads as numbers alone, as KTO's estimate
        of a KL does. They are computed before anything is learnt, for the whole step, without a graph, and are in
        `batch.measured`.
        """
        del example
        return ()

    @abstractmethod
    def terms(self, batch: Batch) -> Tensor:
        """(units,) unreduced losses, differentiable in `batch.policy.total`. Pure."""

    def reduce(self, terms: Tensor, batch: Batch) -> Tensor:
        """() the objective of the whole optimiser step; the mean by default.

        Called once per step, over the terms of all its micro-batches, with the batch of the whole step.
        """
        del batch
        return terms.mean()

    @abstractmethod
    def score(self, batch: Batch) -> Tensor:
        """(responses,) implicit reward that ranks responses to one prompt; larger is better."""

    def diagnostics(self, batch: Batch) -> Mapping[str, Tensor]:
        """Scalars worth logging each step, by name. Pure; must not depend on the micro-batch split."""
        del batch
        return {}
