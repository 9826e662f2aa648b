"""Log-probs of held-out responses, computed once for all evaluators that ask the same of the same model."""

from __future__ import annotations

import dataclasses
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.engine.encoding import Encoded
from harness.engine.language_model import LanguageModel
from harness.examples import Example

SETS = 4
"""Sets of examples whose log-probs are kept of one model; of more, those that were computed last."""

Known = dict[tuple[Example, ...], list[tuple[np.ndarray, np.ndarray]]]
"""Examples -> per example (K,) float32 nats and (K,) int64 token counts."""


@dataclass
class KnownLogps:
    """A model that remembers what it scored. What it is asked is answered whole or computed whole, so no figure depends
    on what others asked before.
    """

    model: LanguageModel
    known: Known = field(default_factory=lambda: Known())

    def of(self, examples: Sequence[Example]) -> list[np.ndarray]:
        """Per example, (K,) float32 summed log-probs in nats. What is cut on the way counts for no row."""
        encoder = dataclasses.replace(self.model.encoder, counted=Counter())
        return [total for total, _ in self.scored(examples, encoder.examples(examples))]

    def scored(
        self, examples: Sequence[Example], encoded: Sequence[Encoded], tick: Callable[[int], None] | None = None
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Per example, (K,) float32 nats and (K,) int64 token counts.

        Args:
            encoded: the examples in this model's tokens.
            tick: called with the number of examples done after each pass.
        """
        key = tuple(examples)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self.model.logps_of(encoded, tick)
            while len(self.known) > SETS:
                del self.known[next(iter(self.known))]
        elif tick:
            tick(len(encoded))
        return found


@dataclass
class Memories:
    """What each model scored, for as long as it stays loaded: this keeps none alive."""

    _of: list[tuple[weakref.ref[LanguageModel], Known]] = field(
        default_factory=list["tuple[weakref.ref[LanguageModel], Known]"]
    )

    def of(self, model: LanguageModel) -> KnownLogps:
        """The model with its memory."""
        self._of = [(held, known) for held, known in self._of if held() is not None]
        for held, known in self._of:
            if held() is model:
                return KnownLogps(model, known)
        found = KnownLogps(model)
        self._of.append((weakref.ref(model), found.known))
        return found
