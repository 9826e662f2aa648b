"""A column: one number per response that is computed once and read by many rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np

    from harness.examples import Example, ExampleSet, Need, Prompt
    from harness.method import Method
    from harness.training import Budget, Training

Start: TypeAlias = Literal["nothing", "initial", "base"]


BORROWED = ", for a borrowed model"
"""Ends the names under which boards count what was cut for a model that an evaluator borrowed."""


class Scorer(Protocol):
    """The exact scorer of one language model."""

    @property
    def cut(self) -> int:
        """Prompts cut on the left so far, because the model's context is too short for them."""
        ...

    def logps(self, examples: Sequence[Example]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Per example: (responses,) float32 summed log-probs in nats, and (responses,) int64 token counts."""
        ...

    def openings(self, prompts: Sequence[Prompt], texts: Sequence[str]) -> list[np.ndarray]:
        """Per prompt, (texts,) float32 nats: log-prob that the answer begins with each text. Unlike in `logps`, no
        end-of-sequence token is asked for after it.
        """
        ...

    def cuts(self, prompts: Sequence[Prompt], texts: Sequence[str]) -> list[Mapping[str, int]]:
        """Per prompt, what `openings` cuts of it because the model's context is too short, and how often; nothing for
        most.
        """
        ...


class Rater(Protocol):
    """A sequence classifier with one output: a reward model."""

    def rewards(self, examples: Sequence[Example]) -> list[np.ndarray]:
        """Per example, (responses,) float32: the raw output for prompt and response together."""
        ...

    def cuts(self, examples: Sequence[Example]) -> list[Mapping[str, int]]:
        """Per example, what `rewards` cuts of it because the model's context is too short; nothing for most."""
        ...


class Bench(Protocol):
    """What the host lends to a column: models, the one trainer there is, and a folder of the column's own."""

    @property
    def folder(self) -> Path:
        """What `fit` wrote; within `fit`, where to write it. For a column that does not learn there is none."""
        ...

    @property
    def model(self) -> Scorer:
        """The language model that `Column.reads` names."""
        ...

    def train_rater(
        self, examples: ExampleSet, method: Method, training: Training, budget: Budget, seed: int
    ) -> Mapping[str, Any]:
        """Train the model that `reads` names, with a new scalar head in the place of its output head, and keep it in
        `folder` as a transformers sequence classifier. Within `fit` only.

        Args:
            examples: in the order they are seen.
            method: its `batch.policy.total` are the rewards, (responses,); it reads no column.
            training: settings, adapters included.
            budget: epochs and batch.
            seed: of the head, the adapters and the order of later epochs.

        Returns:
            Notes for the record: the metrics of the last tenth of the steps, and how often texts were cut. What it cost
            is recorded by itself.
        """
        ...

    def rater(self, model: str = "") -> Rater:
        """The sequence classifier that an option in `Column.model_options` names; that in `folder` where empty."""
        ...

    def embed(self, model: str, texts: Sequence[str]) -> np.ndarray:
        """(texts, width) float32: means of the last hidden states of an encoder that an option in
        `Column.model_options` names.
        """
        ...


@dataclass(frozen=True)
class Column(ABC):
    """Computes one number per response. Options are the fields of the subclass."""

    name: ClassVar[str]
    """What suites write, and methods that read the column with its default options."""
    source: ClassVar[str]
    """Where the definition comes from."""
    reads: ClassVar[Start] = "nothing"
    """The language model the numbers depend on: the row's initial policy, or the suite's base model. They are then kept
    per such model."""
    learns: ClassVar[bool] = False
    """True if `fit` is to be called before `compute`: a step of its own, once per seed."""
    path_options: ClassVar[tuple[str, ...]] = ()
    """Options that are paths, relative to the suite file where not absolute; their content enters the identity."""
    model_options: ClassVar[tuple[str, ...]] = ()
    """Options that are models: a folder, or an id on the Hub (with `@revision`, if any). Their content is identity."""
    libraries: ClassVar[tuple[str, ...]] = ()
    """Distributions whose own code makes the numbers. Their installed versions are part of the identity."""

    def needs(self) -> frozenset[Need]:
        """What every example must carry: for a column that learns, those `fit` learns from; else those `compute` is
        given.
        """
        return frozenset()

    def fit(self, examples: ExampleSet, bench: Bench, seed: int) -> Mapping[str, Any]:
        """Learn from the training examples of a seed, converted to what `needs` names; keep what was learnt in
        `bench.folder`.

        Returns:
            Notes for the record, plain data: how good the fit is.
        """
        del examples, bench, seed
        return {}

    @abstractmethod
    def compute(self, examples: Sequence[Example], bench: Bench) -> list[np.ndarray]:
        """Per example, (responses,) float32.

        Args:
            examples: distinct (prompt, response)s, several to an example; order carries no meaning, and judgements are
                not told.
            bench: models, and what was learnt.
        """


def name_of(column: Column | str) -> str:
    """The name of a column, given as itself or by name."""
    return column if isinstance(column, str) else column.name
