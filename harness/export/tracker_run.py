"""What a tracker is told: runs with parameters, curves, figures and tags. Plain data, the same for every tracker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from harness.digest import digest

Scalar: TypeAlias = bool | int | float | str


@dataclass(frozen=True)
class Curve:
    """One quantity over the optimiser steps; only where it is finite."""

    steps: tuple[int, ...]
    """Ascending, from 1."""
    values: tuple[float, ...]


@dataclass(frozen=True)
class Table:
    """A table of text and numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Scalar | None, ...], ...]


@dataclass(frozen=True)
class TrackerRun:
    """One run: a training, a row that is judged as it is, or the board."""

    kind: Literal["training", "row", "board"]
    key: str
    """32 hexadecimal digits: the same whenever the same thing is exported, and of nothing else."""
    name: str
    """For people: "dpo, seed 0"."""
    row: str
    """Its label; empty for the board."""
    seed: int | None
    started: float
    """UTC seconds since 1970: when its first step began, by the records."""
    seconds: float
    """Wall time of its steps."""
    settings: Mapping[str, Scalar]
    """What was chosen: method, options, training, budget, seed."""
    surroundings: Mapping[str, Scalar]
    """Where and with what it ran: versions, hardware, what the engine chose."""
    curves: Mapping[str, Curve]
    """Of training, at every step that was logged."""
    figures: Mapping[str, float]
    """Of metrics, by the board's names; of the board: `metric/row`, the interval as `metric/row/low` and `/high`."""
    cost: Mapping[str, float]
    tags: Mapping[str, str]
    left_out: Mapping[str, int]
    """What is not told -> how many values: those that are not finite, and lines of the log that cannot be read."""
    headline: tuple[str, ...] = ()
    """Figures to be shown first: those on all items."""
    table: Table | None = None
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """Name -> text."""

    @cached_property
    def content(self) -> str:
        """Digest of all but the tags: what a tracker does not change afterwards."""
        told = (self.settings, self.surroundings, self.curves, self.figures, self.cost, self.table, self.files)
        return digest([self.key, self.name, self.started, self.seconds, *map(_hashable, told)])


def _hashable(value: object) -> object:
    """Without halves of surrogate pairs, which no digest takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {str(_hashable(k)): _hashable(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, Curve):
        return [value.steps, value.values]
    if isinstance(value, Table):
        return [_hashable(value.columns), _hashable(value.rows)]
    if isinstance(value, tuple):
        return [_hashable(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    return value
