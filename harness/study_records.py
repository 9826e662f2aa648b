"""What is written of the tuning of rows: `studies.json` in a suite's results, and part of a run's manifest."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

STUDIES_VERSION = 1
"""Raised when the form of `studies.json` changes."""

TrialState = Literal["done", "failed", "skipped"]


class _Plain(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrialRecord(_Plain):
    """One trial of a row."""

    number: int
    """From 0: the row's own settings."""
    settings: dict[str, Any]
    """Setting, by its dotted name -> value."""
    state: TrialState
    """failed, skipped: it has no value, and is spent all the same."""
    value: float | None
    """Of the metric, on the validation split."""
    reason: str = ""
    """Why it has no value."""
    digest: str
    """Of the step that judged it."""


class RowSettings(_Plain):
    """A row as it is trained: what two rows must have alike to be the same."""

    method: str
    options: dict[str, Any]
    """All of them, those at their defaults too."""
    training: dict[str, Any]
    init: dict[str, Any] | None
    """The settings of the row it starts from, or the digest of a checkpoint; None for the base model."""


class Circumstances(_Plain):
    """What rows are tuned in. Settings found in one are not known to be good in another."""

    data: dict[str, Any]
    """The source, its options and its content."""
    model: dict[str, Any]
    """The base model."""
    tokens: dict[str, Any]


class StudyRecord(_Plain):
    """The tuning of one row."""

    row: str
    """Its label."""
    space: dict[str, dict[str, Any]]
    """Setting -> `{low, high, log}` or `{choices}`, with the `source` of the range."""
    budget: dict[str, Any]
    """What every trial is trained on: prompts, epochs, batch; and `read`, the examples read at most."""
    higher_is_better: bool | None
    """None where no trial has a value."""
    trials: list[TrialRecord]
    planned: int
    """Trials there are to be. Fewer are here where a study was interrupted."""
    best: int | None
    """The number of the best trial, the earliest of equals; None where none has a value."""
    own: RowSettings
    """The row as the suite has it."""
    chosen: RowSettings | None
    """The row with the settings of the best trial; None where none has a value."""

    @model_validator(mode="after")
    def _holds_its_best(self) -> StudyRecord:
        if self.best is not None and all(trial.number != self.best for trial in self.trials):
            raise ValueError(f"the best trial of {self.row!r} is said to be number {self.best}, which is not there")
        if (self.best is None) != (self.chosen is None):
            raise ValueError(f"the study of {self.row!r} has a best trial or chosen settings, and not both")
        return self

    @property
    def finished(self) -> bool:
        """Whether all its trials are spent."""
        return len(self.trials) == self.planned


class Design(_Plain):
    """How all studies of a suite are made, alike for every row."""

    trials: int
    metric: str
    split: str
    seed: int
    """Of the suite. With a row's own settings and space it seeds that row's search."""
    training_seed: int
    """Of the training in all trials; none of the seeds that rows are run with."""
    sampler: str
    library: str
    """Name and version of what proposes the settings."""


class StudiesRecord(_Plain):
    """`results/<suite>/studies.json`."""

    schema_version: int = STUDIES_VERSION
    suite: str
    suite_digest: str
    limit: int | None
    """Examples per split, where --limit cut them short; else None."""
    design: Design
    circumstances: Circumstances
    studies: list[StudyRecord] = Field(default_factory=list[StudyRecord])
