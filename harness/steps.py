"""The units of work of a run and what they refer to: made by `harness.plan`, run by `harness.execute`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from harness.evaluator import Evaluator
from harness.examples import Split
from harness.host import Origin
from harness.method import Method
from harness.source import BaseRecipe
from harness.suite import Row
from harness.training import Training


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

    name: str
    digest: str
    initial: PolicyRef | None
    dtype: str


@dataclass(frozen=True)
class ModelStep:
    """Train the base model that the source offers."""

    recipe: BaseRecipe


@dataclass(frozen=True)
class ColumnStep:
    """Compute a column for every response of a split."""

    column: ColumnRef
    split: Split
    seed: int


@dataclass(frozen=True)
class TrainStep:
    """Train one row at one seed."""

    row: Row
    method: Method
    training: Training
    seed: int
    initial: PolicyRef
    columns: tuple[ColumnRef, ...]


@dataclass(frozen=True)
class EvaluateStep:
    """Judge one policy."""

    evaluator: Evaluator
    subject: PolicyRef
    reference: PolicyRef
    base: PolicyRef
    method: Method | None
    columns: tuple[ColumnRef, ...]


Work: TypeAlias = ModelStep | ColumnStep | TrainStep | EvaluateStep


@dataclass(frozen=True)
class Step:
    """A unit of work, named by its identity."""

    kind: Literal["model", "column", "train", "evaluate"]
    identity: Mapping[str, Any]
    digest: str
    needs: tuple[str, ...]
    """Digests of steps that must be done first."""
    title: str
    """For people; not part of identity."""
    plugins: Mapping[str, Origin]
    """Plugins that take part."""
    work: Work
