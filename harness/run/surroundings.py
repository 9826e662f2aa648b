"""What surrounds every subject of an evaluation: held-out examples, the base, the source's offers, other models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from harness.column import BORROWED, Rater, Scorer
from harness.errors import Unavailable
from harness.evaluator import Answer, Sample
from harness.examples import Example, ExampleSet, Prompt, Split
from harness.run.known_logps import KnownLogps
from harness.run.lending import HostLender, ModelRater, ModelScorer
from harness.source import Oracle


@dataclass(kw_only=True)
class Surroundings(HostLender):
    """The part of `harness.evaluator.Subject` that is the same for all; a row that writes nothing has no more."""

    split: Split
    held_out: ExampleSet
    """Of `split`."""
    base: KnownLogps
    sampled_tokens: int = field(default=0, init=False)
    """Drawn so far; part of the cost."""
    _lent: list[Counter[str]] = field(default_factory=list[Counter[str]], init=False)
    """What is cut on the way to each borrowed model."""

    @property
    def oracle(self) -> Oracle | None:
        """See `harness.evaluator.Subject`."""
        return self.source.oracle()

    def examples(self) -> ExampleSet:
        """See `harness.evaluator.Subject`."""
        return self.held_out

    def base_logps(self, examples: Sequence[Example]) -> list[np.ndarray]:
        """See `harness.evaluator.Subject`."""
        return self.base.of(examples)

    def reference_logps(self, examples: Sequence[Example]) -> list[np.ndarray]:
        """See `harness.evaluator.Subject`."""
        return self.base.of(examples)

    def sample(self, prompts: Mapping[str, Prompt], *, each: int, max_tokens: int, seed: int) -> list[Sample]:
        """See `harness.evaluator.Subject`."""
        del prompts, each, max_tokens, seed
        raise self._speechless()

    def answer(self, prompts: Mapping[str, Prompt], *, max_tokens: int) -> list[Answer]:
        """See `harness.evaluator.Subject`."""
        del prompts, max_tokens
        raise self._speechless()

    def language_model(self) -> tuple[Any, Any]:
        """See `harness.evaluator.Subject`."""
        raise self._speechless()

    def _speechless(self) -> Unavailable:
        return Unavailable("this row has no language model")

    def scorer(self, model: str) -> Scorer:
        """See `harness.evaluator.Subject`."""
        lent = self.models.scorer(model)
        self._lend(lent.encoder.counted)
        return ModelScorer(lent, progress=self.progress)

    def _lend(self, counted: Counter[str]) -> None:
        if not any(counted is known for known in self._lent):
            counted.clear()
            self._lent.append(counted)

    def counted(self) -> dict[str, int]:
        """What was cut on the way to models that evaluators borrowed."""
        found: Counter[str] = Counter()
        for counted in self._lent:
            found.update(counted)
        return {what + BORROWED: count for what, count in found.items()}

    def rater(self, model: str) -> Rater:
        """See `harness.evaluator.Subject`."""
        lent = self.models.rater(self.models.named_folder(model))
        self._lend(lent.counted)
        return ModelRater(lent, self.progress)

    def references(self) -> Mapping[Prompt, str] | None:
        """See `harness.evaluator.Subject`."""
        return self.source.references(self.split)

    def tasks(self, folder: Path) -> tuple[str, ...]:
        """See `harness.evaluator.Subject`."""
        return self.source.tasks(folder)
