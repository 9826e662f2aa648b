"""The units of work of a run and what they refer to: made by `harness.run.plan`, run by `harness.run.execute`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from harness.column import Column
from harness.evaluator import Evaluator
from harness.examples import Need, Split
from harness.host import Origin
from harness.method import Method
from harness.records import StepKind
from harness.source import BaseRecipe
from harness.training import Budget, Training


@dataclass(frozen=True)
class PolicyRef:
    """Where a policy comes from: a finished step, a local folder, or the source's oracle."""

    kind: Literal["step", "folder", "oracle"]
    digest: str
    """Of the step, or of the folder's content."""
    folder: Path | None = None
    adapter_on: PolicyRef | None = None
    """The model under an adapter, where the step trained one."""


@dataclass(frozen=True)
class ColumnRef:
    """What a column is: its kind and everything its numbers depend on but the responses."""

    column: Column
    digest: str
    model: PolicyRef | None
    """What `Column.reads` names."""
    dtype: str
    fit: str | None = None
    """The step that fitted it, for a column that learns."""

    @property
    def name(self) -> str:
        """Of the column, as methods read it."""
        return self.column.name


@dataclass(frozen=True)
class AuditStep:
    """Look through the examples of every split, as the base model's tokenizer reads them: through all there are, also
    where rows train on fewer.
    """

    seeds: tuple[int, ...]
    """Of the training split."""
    train: int | None
    """The most training examples that a row asks for, of a source that draws as many as are asked for; None for all."""
    limit: int | None
    """No more of any split, for a trial; None for all."""


@dataclass(frozen=True)
class ModelStep:
    """Train the base model that the source offers."""

    recipe: BaseRecipe


@dataclass(frozen=True)
class FitStep:
    """Let a column learn from the training split."""

    column: Column
    model: PolicyRef | None
    dtype: str
    seed: int
    limit: int | None


@dataclass(frozen=True)
class ColumnStep:
    """Compute a column for every response of a split."""

    column: ColumnRef
    split: Split
    seed: int
    limit: int | None


@dataclass(frozen=True)
class TrainStep:
    """Train one row at one seed."""

    method: Method
    needs: frozenset[Need]
    """What the examples must carry."""
    training: Training
    budget: Budget
    seed: int
    limit: int | None
    initial: PolicyRef
    columns: tuple[ColumnRef, ...]


@dataclass(frozen=True)
class EvaluateStep:
    """Judge one policy, or one column."""

    evaluator: Evaluator
    subject: PolicyRef | ColumnRef
    reference: PolicyRef
    base: PolicyRef
    method: Method | None
    columns: tuple[ColumnRef, ...]
    split: Split = "test"
    """Whose examples it is judged on."""


Work: TypeAlias = AuditStep | ModelStep | FitStep | ColumnStep | TrainStep | EvaluateStep


@dataclass(frozen=True)
class Step:
    """A unit of work, named by its identity."""

    kind: StepKind
    identity: Mapping[str, Any]
    digest: str
    needs: tuple[str, ...]
    """Digests of steps that must be done first."""
    title: str
    """For people; not part of identity."""
    plugins: Mapping[str, Origin]
    """Plugins that take part."""
    work: Work
