"""A suite as it will be run: every plugin found, every option checked, every default filled in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.digest import Plain
from harness.evaluator import Evaluator
from harness.host import Origin
from harness.method import Method
from harness.source import Source
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


@dataclass(frozen=True)
class Row:
    """One row of the board: a method with its options and training settings, or a policy that is judged as it is."""

    label: str
    """Unique in a suite."""
    method: Method | None
    policy: str | None
    """Where `method` is None: "base", "oracle", or a finished checkpoint (an absolute folder, or an id on the Hub)."""
    origin: Origin | None
    """Of the method."""
    training: Training
    seeds: tuple[int, ...]
    """Empty for a row without training."""
    options: dict[str, Plain]
    """Options of the method that differ from their defaults, for people."""


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
    budget: Budget
    keep: Literal["all", "none"]
    as_run: dict[str, Plain]
    """The suite with every default filled in, grids written out and paths as they were given; itself a valid suite."""
