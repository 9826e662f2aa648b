"""Columns as steps read them: stored values, and what no stored column holds computed on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.engine.encoding import Encoded, Encoder
from harness.engine.language_model import finite
from harness.errors import HarnessError
from harness.examples import Example, Prompt
from harness.reporter import Progress
from harness.run.column_store import ColumnValues, Table
from harness.run.lending import ColumnBench
from harness.run.models import Models
from harness.run.steps import ColumnRef, ColumnStep, Step
from harness.store import Store

FIT = "fit"
"""Payload folder of a step that fitted a column."""
CHUNK = 2048
"""Examples whose tokens are held at a time while a column is computed."""


@dataclass
class Columns:
    """Every column of a plan, each file opened once in a step."""

    steps: Sequence[Step]
    store: Store
    models: Models
    _known: dict[str, ColumnValues] = field(default_factory=dict[str, ColumnValues])
    _held: dict[str, list[str]] = field(init=False)
    """Per column, the steps that hold it, in the plan's order."""
    _unread: dict[str, list[str]] = field(init=False)
    """Per column, those that may be read and have not been opened."""

    def __post_init__(self) -> None:
        self._held = {}
        for step in self.steps:
            if isinstance(step.work, ColumnStep):
                self._held.setdefault(step.work.column.digest, []).append(step.digest)
        self._unread = {column: list(held) for column, held in self._held.items()}

    def begin(self, step: Step) -> None:
        """From now on know what this step needs alone; one that holds a column, what the plan has before it.

        What is computed together decides how log-probs are rounded, so nothing may depend on what other steps of this
        process had computed on the spot, nor on which happen to have ended.
        """
        self._known, readable = {}, set(step.needs)
        if isinstance(step.work, ColumnStep):
            held = self._held[step.work.column.digest]
            readable.update(held[: held.index(step.digest)])
        self._unread = {column: [s for s in held if s in readable] for column, held in self._held.items()}

    def of(self, column: ColumnRef, encoded: Sequence[Encoded]) -> list[np.ndarray]:
        """Per example, (K,) float32."""
        return self.stored(column).of(encoded, lambda missing: self.compute(column, missing, None))

    def stored(self, column: ColumnRef) -> ColumnValues:
        """All that is known of a column so far; every finished step is opened once."""
        values = self._known.setdefault(column.digest, ColumnValues(tokens=column.model is not None))
        unread = self._unread.get(column.digest, [])
        for step in [s for s in unread if self.store.done(s)]:
            unread.remove(step)
            values.attach(Table.open(self.store.folder(step)))
        return values

    def table(
        self, column: ColumnRef, examples: Sequence[Example], encoder: Encoder, progress: Progress
    ) -> tuple[Table, int]:
        """A column of these examples, chunk by chunk, and how many of its values no step held before.

        Of the examples' tokens, one chunk's are in memory at a time; examples of one prompt come together, so that the
        prompt is computed once.
        """
        known = self.stored(column)
        keys: list[bytes] = []
        values = [np.empty(0, np.float32)]
        computed = len(known.fresh)
        ordered = _by_prompt(examples)
        for start in range(0, len(ordered), CHUNK):
            chunk = encoder.examples(ordered[start : start + CHUNK])
            names = known.keys(chunk)

            def part(done: int, total: int, start: int = start, held: int = len(chunk)) -> None:
                progress(start + done * held // max(total, 1), len(ordered))

            values += known.of(chunk, lambda missing, tell=part: self.compute(column, missing, tell), names)
            keys += [key for of_example in names for key in of_example]
            progress(start + len(chunk), len(ordered))
        return Table.of(keys, np.concatenate(values)), len(known.fresh) - computed

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


def _by_prompt(examples: Sequence[Example]) -> list[Example]:
    """Examples of one prompt side by side, prompts in the order of their first."""
    grouped: dict[Prompt, list[Example]] = {}
    for example in examples:
        grouped.setdefault(example.prompt, []).append(example)
    return [example for group in grouped.values() for example in group]
