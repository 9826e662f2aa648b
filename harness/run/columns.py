"""Columns as steps read them: stored values, and what no stored column holds computed on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.engine.encoding import Encoded
from harness.engine.language_model import finite
from harness.errors import HarnessError
from harness.reporter import Progress
from harness.run.column_store import ColumnValues
from harness.run.lending import ColumnBench
from harness.run.models import Models
from harness.run.steps import ColumnRef, ColumnStep, Step
from harness.store import Store

FIT = "fit"
"""Payload folder of a step that fitted a column."""


@dataclass
class Columns:
    """Every column of a plan, read once."""

    steps: Sequence[Step]
    store: Store
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
            mine = isinstance(step.work, ColumnStep) and step.work.column.digest == column.digest
            if mine and step.digest not in self._read and self.store.done(step.digest):
                self._read.add(step.digest)
                values.learn(ColumnValues.read(self.store.folder(step.digest)).known.items())
        return values

    def compute(self, column: ColumnRef, encoded: list[Encoded], progress: Progress | None) -> list[np.ndarray]:
        """Per example, (K,) float32, by the plugin that defines the column."""
        state = self.store.folder(column.fit) / FIT if column.fit else None
        bench = ColumnBench(self.models, column.model, column.dtype, state, encoded, progress)
        found = column.column.compute([e.example for e in encoded], bench)
        wanted = [len(e.responses) for e in encoded]
        if [len(values) for values in found] != wanted:
            raise HarnessError(
                f"column {column.name!r} gave not one number per response of every example",
                fix="return one array of (responses,) per example, in order",
            )
        return [finite(np.asarray(v, dtype=np.float32), f"the column {column.name!r}") for v in found]
