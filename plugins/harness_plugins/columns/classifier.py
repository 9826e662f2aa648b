"""The reward that a sequence classifier from disk or the Hub gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import harness

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Classifier(harness.Column):
    """The raw output, for prompt and response together, of a transformers sequence classifier with one output."""

    name: ClassVar[str] = "classifier"
    source: ClassVar[str] = "the model's makers"
    model_options: ClassVar[tuple[str, ...]] = ("model",)

    model: str = ""
    """A folder, or an id on the Hub, of a reward model; required."""

    def compute(self, examples: Sequence[harness.Example], bench: harness.Bench) -> list[np.ndarray]:
        """Per example, (responses,) float32.

        Raises:
            HarnessError: no model is named.
        """
        if not self.model:
            raise harness.HarnessError(
                "the column 'classifier' has no model", fix="name one: {column: classifier, options: {model: ...}}"
            )
        return bench.rater(self.model).rewards(examples)


@harness.hookimpl
def harness_columns() -> Iterable[type[harness.Column]]:
    """Offers `classifier`."""
    return [Classifier]
