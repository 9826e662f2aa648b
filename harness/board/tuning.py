"""What chose the settings of a board's rows: per row the trials, the best so far after each, and what was chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.study_records import Design, StudiesRecord, StudyRecord, TrialRecord

NEAR = 0.05
"""A setting within this share of its range of a bound is at the edge."""

Edge = Literal["low", "high"]


@dataclass(frozen=True)
class Study:
    """The tuning of one row."""

    row: str
    planned: int
    """Trials there are to be."""
    values: tuple[float | None, ...]
    """Per trial, of the metric on the validation split; None for one that failed. The first is of the row as it was."""
    best_so_far: tuple[float | None, ...]
    """After each trial; None as long as there is none."""
    settings: tuple[Mapping[str, Any], ...]
    """Per trial."""
    reasons: Mapping[int, str]
    """Why a trial has no value, by its number from 0."""
    best: int | None
    """The number of the best trial."""
    edges: Mapping[str, Edge]
    """Settings of the best trial that lie near a bound of their range, and which."""

    @property
    def chosen(self) -> Mapping[str, Any]:
        """The settings of the best trial."""
        return {} if self.best is None else self.settings[self.best]


@dataclass(frozen=True)
class Tuning:
    """All studies of a suite."""

    suite: str
    """In whose run they were made."""
    design: Design
    studies: tuple[Study, ...]


def tuning(record: StudiesRecord | None) -> Tuning | None:
    """What a record tells of the rows; None where nothing was tuned."""
    if record is None:
        return None
    return Tuning(record.suite, record.design, tuple(_study(study) for study in record.studies))


def _study(record: StudyRecord) -> Study:
    values = tuple(trial.value for trial in record.trials)
    chosen = record.trials[record.best].settings if record.best is not None else {}
    near: dict[str, Edge | None] = {name: edge_of(record.space[name], value) for name, value in chosen.items()}
    edges: dict[str, Edge] = {name: edge for name, edge in near.items() if edge is not None}
    return Study(
        row=record.row,
        planned=record.planned,
        values=values,
        best_so_far=best_so_far(values, higher_is_better=record.higher_is_better is not False),
        settings=tuple(trial.settings for trial in record.trials),
        reasons={t.number: _reason(t) for t in record.trials if t.value is None},
        best=record.best,
        edges=edges,
    )


def _reason(trial: TrialRecord) -> str:
    return f"{trial.state}: {trial.reason}"


def best_so_far(values: Sequence[float | None], *, higher_is_better: bool) -> tuple[float | None, ...]:
    """After each trial, the best value there is by then."""
    pick = max if higher_is_better else min
    known = [[v for v in values[: end + 1] if v is not None] for end in range(len(values))]
    return tuple(pick(some) if some else None for some in known)


def edge_of(dimension: Mapping[str, Any], value: Any) -> Edge | None:
    """Near which bound of its range a value lies, on the scale on which it is searched; None for none."""
    if "choices" in dimension:
        return None
    scale = math.log if dimension["log"] else float
    low, high, at = (scale(number) for number in (dimension["low"], dimension["high"], value))
    share = (at - low) / (high - low)
    return "low" if share <= NEAR else "high" if share >= 1 - NEAR else None
