"""A suite as it will be run: every plugin found, every option checked, every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.column import Column
from harness.digest import Plain
from harness.evaluator import Evaluator
from harness.host import Origin
from harness.method import Method
from harness.search_space import Bounded
from harness.source import Source
from harness.suite.schema import PublishedFigure, StatisticsFile, TuneFile
from harness.training import Budget, Tokens, Training


@dataclass(frozen=True)
class ModelRef:
    """A model on disk or on the Hub."""

    name: str
    """As written: a folder, or an id on the Hub."""
    revision: str | None
    """Of the Hub; None for the newest, and for a folder."""
    folder: Path | None
    """Where it lies; None for a model on the Hub."""

    @property
    def at(self) -> str:
        """Its name, with `@revision` where it has one."""
        return self.name if self.revision is None else f"{self.name}@{self.revision}"


@dataclass(frozen=True)
class Row:
    """One row of the board: a method with its options and training settings, a policy that is judged as it is, or a
    column that rates responses.
    """

    label: str
    """Unique in a suite."""
    method: Method | None
    policy: str | None
    """"base", "oracle", or a finished checkpoint (an absolute folder, or an id on the Hub); None for other rows."""
    origin: Origin | None
    """Of the method or the column."""
    training: Training
    seeds: tuple[int, ...]
    """Empty for a row in which nothing is learnt."""
    options: dict[str, Plain]
    """Options of the method or the column that differ from their defaults, for people."""
    unsized: str = ""
    """The label without what tells rows of different numbers of prompts apart."""
    budget: Budget = field(default_factory=Budget)
    """What the row is given to learn from."""
    column: Column | None = None
    """What rates responses, in a row that is neither a method nor a policy."""
    revision: str | None = None
    """Of a checkpoint on the Hub; None for the newest."""
    initial: Row | None = None
    """The row whose policy this one starts from; None for the base."""
    again: str | None = None
    """Of an A/A row: the label of the row that it repeats at other seeds."""
    space: Mapping[str, Bounded] = field(default_factory=dict[str, Bounded])
    """Where its settings are searched; empty for a row that is not tuned."""
    default_of: str | None = None
    """Of a row with the settings that the suite gives it: the label of the row with what tuning made of them."""


@dataclass(frozen=True)
class EvaluatorEntry:
    """One evaluator with its options."""

    label: str
    """Unique in a suite."""
    evaluator: Evaluator
    origin: Origin


@dataclass(frozen=True)
class Suite:
    """Which methods are compared, on which data, from which model, and what judges them."""

    name: str
    """The stem of the file."""
    description: str
    model: ModelRef | None
    """None for the base model that the source offers."""
    tokens: Tokens
    source: Source
    """Its path options are absolute."""
    source_origin: Origin
    rows: tuple[Row, ...]
    evaluators: tuple[EvaluatorEntry, ...]
    seeds: tuple[int, ...]
    budgets: tuple[Budget, ...]
    """What every trained row is given alike: one, or several where the suite compares numbers of prompts."""
    asked: frozenset[str]
    """Labels of the rows that were asked for; others are there because these start from them."""
    statistics: StatisticsFile
    """How rows are compared."""
    tune: TuneFile | None
    """How rows are tuned before they are run; None where they are not."""
    tuned: Path | None
    """The record of an earlier study that rows are held to."""
    published: tuple[PublishedFigure, ...]
    keep: Literal["all", "none"]
    as_run: dict[str, Plain]
    """The suite with every default filled in, grids written out and paths as they were given; itself a valid suite."""
