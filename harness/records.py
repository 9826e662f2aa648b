"""What is written to disk: plain data with a schema version. The board is made from these and nothing else."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from harness.study_records import StudiesRecord

SCHEMA_VERSION = 1
"""Raised when a record's form changes; `harness.upgrades` then says how to read the older form."""

StepKind = Literal["audit", "model", "fit", "column", "train", "evaluate"]


def _packed(values: Sequence[float]) -> Sequence[float]:
    return array("d", values)


Values: TypeAlias = Annotated[Sequence[float], AfterValidator(_packed), PlainSerializer(list, return_type=list[float])]
"""Numbers, of 8 bytes each: 200 rows with 20 metrics at 5 seeds have 20 million of them."""


class _Plain(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cost(_Plain):
    """What a step cost where it ran."""

    seconds: float = 0.0
    """Wall time."""
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    """Largest resident memory of the process while the step ran (of the GPU where it ran there)."""
    steps: int = 0
    """Optimiser steps."""
    prompts: int = 0
    """Examples trained on, with repeats."""
    response_tokens: int = 0
    """Response tokens trained on, with repeats: those of responses that the method learns from."""
    sampled_tokens: int = 0
    """Tokens drawn from the policy."""

    def plus(self, other: Cost) -> Cost:
        """The cost of both; memory is the larger of the two."""
        sums = {k: getattr(self, k) + getattr(other, k) for k in Cost.model_fields if k != "peak_bytes"}
        return Cost(**sums, peak_bytes=max(self.peak_bytes, other.peak_bytes))


class Provenance(_Plain):
    """Where and with what a step ran. Never part of an identity."""

    started: str
    """UTC, ISO 8601."""
    host: dict[str, Any]
    """Processor, cores, memory, device, operating system."""
    versions: dict[str, str]
    """Python, the harness and the packages whose version may change a number."""
    plugins: dict[str, dict[str, str]]
    """Plugins that took part: name -> distribution, version, sources (digest)."""
    engine: dict[str, Any] = Field(default_factory=dict)
    """What the engine chose at start: device, threads, matmul setting, attention, fallbacks with their reason."""


class FigureRecord(_Plain):
    """See `harness.evaluator.Figure`; item ids are stored once per record in `Results.item_sets`."""

    metric: str
    value: float
    unit: str
    higher_is_better: bool | None
    items: str
    """Key into `Results.item_sets`."""
    values: Values | None
    pseudo: bool = False
    best: float | None = None
    about: str = ""
    standard_error: float | None = None
    clusters: str | None = None
    """Key into `Results.item_sets`: per item, the group it came with."""
    subset: str = ""


class Results(_Plain):
    """What an evaluator found."""

    figures: list[FigureRecord]
    item_sets: dict[str, list[str]]
    """Ids of items, or per item the id of its group."""
    counted: dict[str, int] = Field(default_factory=dict)


class Record(_Plain):
    """A finished step. Its folder holds this as `record.json`, beside its payload files."""

    schema_version: int = Field(default=SCHEMA_VERSION, strict=True)
    kind: StepKind
    digest: str
    identity: dict[str, Any]
    """All that can change the result; `digest` is its digest."""
    payload: list[str]
    """Files beside this one, by name."""
    cost: Cost
    provenance: Provenance
    results: Results | None = None
    """For `evaluate` steps."""
    notes: dict[str, Any] = Field(default_factory=dict)
    """Worth keeping: ledger of the examples, micro-batch partition, final training metrics."""


class Cell(_Plain):
    """One step of one row at one seed, and what became of it."""

    what: str
    """"train", or the evaluator's label."""
    seed: int | None
    """None for rows without training."""
    digest: str | None
    state: Literal["done", "skipped", "failed", "missing"]
    reason: str = ""


class RowManifest(_Plain):
    """One row of the suite as it was run."""

    label: str
    method: str
    """The name of the method or the column; "base", "oracle" or "checkpoint" for a policy judged as it is."""
    kind: Literal["method", "policy", "column"] = "method"
    prompts: int | None = None
    """Training examples per epoch; None for all there are, and for rows in which nothing is learnt."""
    unsized: str = ""
    """The label without what tells rows of different numbers of prompts apart."""
    again: str | None = None
    """Of an A/A row: the label of the row that it repeats at other seeds."""
    control: bool = False
    """True where its method is a control."""
    options: dict[str, Any]
    training: dict[str, Any]
    """Empty for rows without training."""
    distribution: str
    """Of the plugin that offers the method; the harness's own for rows without a method."""
    version: str
    own: bool
    """False for a method of a third party's distribution."""
    saw: list[str]
    """Information parity: what this row was given ("labels", "reference", "source labels", ...)."""
    tuned: bool = False
    """True if it has the settings that a study chose, on the same data, model and budget."""
    default_of: str | None = None
    """Of a row with the settings that the suite gives it: the label of the row with what tuning made of them."""
    cells: list[Cell]


class LedgerRecord(_Plain):
    """See `harness.examples.Ledger`."""

    read: int
    kept: int
    dropped: dict[str, int]
    counted: dict[str, int]
    named: list[str]


class SharedStep(_Plain):
    """A step that is no cell: a base model, a column, or what a column learnt."""

    what: str
    """For people, alike for all seeds and splits."""
    digest: str
    rows: list[str]
    """Labels of the rows that need it."""


class Published(_Plain):
    """What others have published of a row."""

    row: str
    metric: str
    per_seed: dict[str, float]
    source: str


class StatisticsRecord(_Plain):
    """How rows are compared, as the suite stated before the run; see `harness.suite.schema.StatisticsFile`."""

    baseline: str | None = None
    seed_spread: Literal["own", "pooled"] = "own"
    score: dict[str, float] = Field(default_factory=dict)


class RunManifest(_Plain):
    """`results/<suite>/run.json`: which steps make up the board of a suite."""

    schema_version: int = SCHEMA_VERSION
    suite: str
    description: str
    suite_digest: str
    as_run: dict[str, Any]
    """The whole suite with every default filled in."""
    rows: list[RowManifest]
    evaluators: list[str]
    """Labels, in the suite's order."""
    ledgers: dict[str, LedgerRecord]
    """Per split ("train of seed 0", "test")."""
    audit: Cell | None = None
    """The step that looked through the data."""
    shared: list[SharedStep] = Field(default_factory=list[SharedStep])
    published: list[Published] = Field(default_factory=list[Published])
    statistics: StatisticsRecord = StatisticsRecord()
    tuned: bool = False
    """True if every trained row is, but for those that stand there with the settings they had before."""
    studies: StudiesRecord | None = None
    """What chose the settings of the rows; None where nothing did."""
    trial: bool = False
    """True if --limit cut the examples short: the board is then marked."""
    model: str
    """The base model, for people."""
    data: str
    """The source, for people."""
