"""Columns as steps read them: stored values, and what no stored column holds computed on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.column_store import ColumnValues
from harness.engine.encoding import Encoded
from harness.engine.language_model import LanguageModel
from harness.host import Registry
from harness.models import Models
from harness.reporter import Progress, ticking
from harness.steps import ColumnRef, ColumnStep, Step
from harness.store import Store


@dataclass
class Columns:
    """Every column of a plan, read once."""

    steps: Sequence[Step]
    store: Store
    registry: Registry
    models: Models
    _known: dict[str, ColumnValues] = field(default_factory=dict[str, ColumnValues])
    _read: set[str] = field(default_factory=set[str])

    def of(self, column: ColumnRef, encoded: Sequence[Encoded]) -> list[np.ndarray]:
        """Per example, (K,) float32."""
        values = self.stored(column)
        values.add(encoded, lambda missing: self.compute(column, missing, None))
        return values.of(encoded)

    def stored(self, column: ColumnRef) -> ColumnValues:
        """All that is known of a column so far; every finished step is read once."""
        values = self._known.setdefault(column.digest, ColumnValues())
        for step in self.steps:
            mine = isinstance(step.work, ColumnStep) and step.work.column == column
            if mine and step.digest not in self._read and self.store.done(step.digest):
                self._read.add(step.digest)
                values.learn(ColumnValues.read(self.store.folder(step.digest)).known.items())
        return values

    def compute(self, column: ColumnRef, encoded: list[Encoded], progress: Progress | None) -> list[np.ndarray]:
        """Per example, (K,) float32, by the plugin that defines the column."""
        kind = self.registry.columns.get(column.name)()
        initial = self.models.shared(column.initial, column.dtype) if column.initial else None
        scorer = _EncodedScorer(initial, encoded, progress) if initial else None
        return kind.compute([e.example for e in encoded], scorer)


@dataclass
class _EncodedScorer:
    """What a column sees of the initial policy: scores exactly the tokens that were laid out for it."""

    model: LanguageModel
    encoded: list[Encoded]
    progress: Progress | None

    def logps(self, examples: Sequence[Any]) -> list[tuple[np.ndarray, np.ndarray]]:
        mine = {id(e.example): e for e in self.encoded}
        wanted = [mine.get(id(e)) for e in examples]
        if any(e is None for e in wanted):
            return self.model.logps(examples)
        return self.model.logps_of([e for e in wanted if e is not None], ticking(self.progress, len(wanted)))
