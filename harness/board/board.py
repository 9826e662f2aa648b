"""A board: what `leaderboard.json` holds and what tables are drawn from. Field names are the keys of the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from harness.audit_record import AuditRecord
from harness.board.comparison import Family
from harness.board.tuning import Tuning
from harness.records import Cost, LedgerRecord, Published
from harness.statistics import Basis

Status: TypeAlias = Literal["done", "partial", "skipped", "failed", "missing"]
"""Of a row. done: all that can be had is there; skipped: nothing can be had; missing: not run yet."""
Standing: TypeAlias = Literal["best", "tied with best", "behind", "undetermined", "reference", "control", "no figure"]
"""Of a row by the primary metric, among rows that had as many prompts and the same examples. best, tied with best: in
the set of rows that may be the best; behind: another row beats it; undetermined: no interval of its differences covers
a fresh training run; control: it is no contender."""


@dataclass(frozen=True)
class Heading:
    """One metric of the board."""

    name: str
    """`family/metric`; the evaluator's label stands for the family where it has one of its own."""
    evaluator: str
    """Its label in the suite."""
    unit: str
    higher_is_better: bool | None
    best: float | None
    """The best value any policy can reach, where that is known and the same for every row."""
    about: str
    """What the figure is and what it is not."""
    subset: str = ""
    """The part of the items that it stands on; empty for all of them."""
    of: str = ""
    """Of a figure on a part of the items: the metric on all of them."""


@dataclass(frozen=True)
class Measure:
    """One metric of one row."""

    mean: float
    """Over seeds. Of a figure that is no mean over items: the mean of the seeds' figures, not of pseudo-values."""
    stderr: float | None
    ci95: tuple[float, float] | None
    """95 % interval, symmetric about the mean and not clipped to the range of the metric; None: no interval."""
    n: int
    """Items it stands on; where they differ between seeds, of the seed that has fewest."""
    unit: str
    higher_is_better: bool | None
    per_seed: Mapping[int, float] | None
    """None for rows without training."""
    best: float | None
    """The best value any policy can reach, where it is known."""
    basis: Basis
    """What the interval covers."""
    note: str
    """What a reader must know of this one number: seeds that are not in it, why it has no interval."""
    library_stderr: tuple[float, ...] | None = None
    """Per run, in the order of `per_seed`, the standard error that the evaluator's library states; None where it states
    none."""


@dataclass(frozen=True)
class Gap:
    """Why a row has no figure of a metric."""

    state: Literal["skipped", "failed", "missing"]
    reason: str


@dataclass(frozen=True)
class RowCost:
    """What a row cost. Steps that several rows share (base model, columns) are charged to none."""

    train: Cost | None
    """All seeds together, memory the largest; None where nothing was trained."""
    evaluate: Cost | None
    train_per_seed: Cost | None
    """The median over seeds."""
    evaluate_per_seed: Cost | None


@dataclass(frozen=True)
class BoardRow:
    """One row."""

    method: str
    kind: Literal["method", "policy", "column"]
    label: str
    unsized: str
    """The label without what tells rows of different numbers of prompts apart."""
    prompts: int | None
    """Training examples per epoch; None for all there are, and for rows in which nothing is learnt."""
    options: Mapping[str, Any]
    training: Mapping[str, Any]
    status: Status
    reason: str
    """What is not there and why; empty where all is."""
    standing: Standing
    seeds: tuple[int, ...]
    """As planned; empty for rows without training."""
    seeds_used: tuple[int, ...]
    """Those with at least one evaluation."""
    distribution: str
    version: str
    own: bool
    """False where the method comes from a third party's distribution."""
    saw: tuple[str, ...]
    """Information parity: what the row was given."""
    cost: RowCost
    counted: Mapping[str, Mapping[str, int]]
    """Per evaluator's label, and for "train": ties, truncations, drops by conversion; all seeds together."""
    metrics: Mapping[str, Measure]
    skipped: Mapping[str, Gap]
    """Every metric of the board that the row has no figure of. An evaluator that gave no row any figure stands under
    its label."""
    again: str | None = None
    """Of an A/A row: the row that it repeats at other seeds."""
    control: bool = False
    """True for a row that repeats another, has the settings from before another was tuned, or whose method is a control
    such as training on random labels: it does not compete."""
    group: str = ""
    """Which rows were trained on the same examples: a letter, and nothing where all were or where nothing is learnt."""
    tuned: bool = False
    """True if it has the settings that a study chose, on the same data, model and budget."""
    default_of: str | None = None
    """Of a row with the settings that the suite gives it: the row with what tuning made of them."""
    beaten_by: tuple[str, float] | None = None
    """Of a row that is behind: the row that beats it most clearly, and Holm's p of that."""

    @property
    def reference(self) -> bool:
        """True for rows that are no contenders: references and controls."""
        return self.control or self.kind == "column" or self.method in {"base", "oracle"}


@dataclass(frozen=True)
class Shared:
    """Steps of one kind that fill no cell: the base model, a column, what a column learnt."""

    what: str
    rows: tuple[str, ...]
    """Labels of the rows that need them."""
    steps: int
    """How many there are, over seeds and splits."""
    cost: Cost
    """Of all that are done."""
    facts: Mapping[str, float]
    """What the fit reports of itself, mean over the steps."""


@dataclass(frozen=True)
class Board:
    """A suite's rows in order: by the primary metric, those without it last."""

    suite: str
    schema_version: int
    description: str
    model: str
    data: str
    suite_digest: str
    trial: bool
    tuned: bool
    primary_metric: str | None
    """What rows are ordered by; None where no row has a figure."""
    interval: str
    """How the intervals are made."""
    metrics: tuple[Heading, ...]
    """In the order of evaluators and of their figures."""
    rows: tuple[BoardRow, ...]
    ledger: Mapping[str, LedgerRecord]
    """Per split: examples read, kept, dropped."""
    shared: tuple[Shared, ...] = ()
    published: tuple[Published, ...] = ()
    """What others have published of a row."""
    comparisons: tuple[Family, ...] = ()
    """Every row against the baseline, by metric, in the order of `metrics`; not on subsets of items."""
    groups: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where rows were trained on different examples: letter of `BoardRow.group` -> what those rows were given."""
    problems: tuple[str, ...] = ()
    """What the suite asked for and cannot be had, such as a score over metrics that have no common unit."""
    notes: tuple[str, ...] = ()
    """What must be known of how the figures came about, each with what it is about before a colon: rows that ran on
    different hardware, base models that several machines made and that are not alike."""

    audit: AuditRecord | None = None
    """What is in the data; None where they were not audited."""
    unaudited: str = ""
    """Why they were not, where that was asked for."""
    tuning: Tuning | None = None
    """What chose the settings of the rows; None where nothing did."""

    @property
    def untuned(self) -> tuple[str, ...]:
        """Labels of the rows that nothing is known to be good settings of; not those that show a row before tuning."""
        return tuple(r.label for r in self.rows if r.training and not r.tuned and r.default_of is None)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of training prompts, ascending, where rows differ in nothing else; empty where there is one."""
        by_row: dict[str, set[int]] = {}
        for row in self.rows:
            if row.prompts is not None:
                by_row.setdefault(row.unsized, set()).add(row.prompts)
        found = set[int]().union(*by_row.values())
        return tuple(sorted(found)) if any(len(sizes) > 1 for sizes in by_row.values()) else ()
