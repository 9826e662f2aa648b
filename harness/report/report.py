"""All that a page shows: the board, and beside it what only the records and their files tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.baseline_records import HistoryRecord
from harness.board import Board


@dataclass(frozen=True)
class LearningCurve:
    """What one training logged, averaged over stretches of steps so that no curve has more than a few dozen points."""

    row: str
    seed: int
    steps: tuple[int, ...]
    """The last step of each stretch."""
    quantities: Mapping[str, tuple[float | None, ...]]
    """Name ("loss", "gradient_norm", a diagnostic of the method) -> per stretch the mean; None where none is finite."""


@dataclass(frozen=True)
class Answer:
    """What one row's policy answered. Hostile input: to be shown as text and nothing else."""

    row: str
    text: str
    finished: bool
    cut: bool
    """True if the text was longer than a page shows."""
    verdicts: Mapping[str, float]
    """Metric -> its value of this answer."""


@dataclass(frozen=True)
class Sample:
    """One prompt with every row's answer, at the first seed of each row."""

    evaluator: str
    item: str
    prompt: str
    answers: tuple[Answer, ...]
    """In the order of the board."""


@dataclass(frozen=True)
class Surroundings:
    """Where and with what steps ran."""

    host: Mapping[str, Any]
    engine: Mapping[str, Any]
    versions: Mapping[str, str]
    plugins: Mapping[str, Mapping[str, str]]
    """Name -> distribution, version, sources."""
    steps: int
    """How many ran so."""
    rows: tuple[str, ...]
    """Labels of the rows whose steps ran so, in the order of the board."""


@dataclass(frozen=True)
class Report:
    """A board and what is shown beside it."""

    board: Board
    as_run: str
    """The whole suite as it was run, as YAML."""
    reproduce: str
    """The command that runs it again, of one line."""
    curves: tuple[LearningCurve, ...]
    samples: tuple[Sample, ...]
    verdict_metrics: tuple[str, ...]
    """Metrics that stand beside answers, in the order of the board."""
    surroundings: tuple[Surroundings, ...]
    """Most steps first."""
    history: HistoryRecord | None
    """What was accepted as a baseline of this suite; None where nothing was."""
    ran: tuple[str, str] | None = None
    """When the first and the last of the steps began, as records say it (UTC, ISO 8601); None where none says it."""
