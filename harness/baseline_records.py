"""What `harness accept` writes: a baseline that later runs are held to, and the history of what was accepted."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.records import Cost, LedgerRecord

BASELINE_VERSION = 1
"""Raised when the form of a baseline or a history changes."""


class _Plain(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PackedItems(_Plain):
    """Ids of items, once for all figures that stand on them."""

    n: int
    packed: str
    """Base64 of zlib of the JSON list."""


class FigureBaseline(_Plain):
    """One metric of one row."""

    metric: str
    unit: str
    higher_is_better: bool | None
    mean: float
    stderr: float | None
    ci95: tuple[float, float] | None
    n: int
    per_seed: dict[int, float] | None
    """None for rows without training."""
    pseudo: bool = False
    """True where the figure is no mean over items: the values are jackknife pseudo-values around it."""
    items: str | None = None
    """Key into `BaselineRecord.item_sets`; None where there are no values per item."""
    clusters: str | None = None
    """Key into `BaselineRecord.item_sets`: per item, the group it came with."""
    values: str | None = None
    """Base64 of zlib of (seeds, items) little-endian floats, C order; seeds ascending, one for a row without them."""
    dtype: Literal["f8", "f4", "i1"] = "f8"
    """Of the values: the smallest that holds every one of them exactly."""


class RowBaseline(_Plain):
    """One row."""

    label: str
    method: str
    kind: Literal["method", "policy", "column"]
    contender: bool
    version: str
    options: dict[str, Any]
    training: dict[str, Any]
    seeds: list[int]
    """Those it has figures of; empty for rows without training."""
    train: Cost | None
    """The median over seeds; None where nothing was trained."""
    evaluate: Cost | None
    figures: list[FigureBaseline]


class BaselineRecord(_Plain):
    """`results/baselines/<suite>.json`."""

    schema_version: int = Field(default=BASELINE_VERSION, strict=True)
    suite: str
    suite_digest: str
    as_run: dict[str, Any]
    """The whole suite with every default filled in."""
    board_digest: str
    """Of the figures of the run that was accepted: two baselines of one digest are of the same figures."""
    weights: dict[str, str]
    """Per base model made by a source, the digest of its weights; empty where its record states none."""
    host: dict[str, Any]
    """Processor, cores, memory, GPUs of the machine that most steps ran on."""
    versions: dict[str, str]
    ledgers: dict[str, LedgerRecord]
    item_sets: dict[str, PackedItems]
    rows: list[RowBaseline]


class AcceptedFigure(_Plain):
    """One metric of one row at one acceptance."""

    row: str
    metric: str
    unit: str
    higher_is_better: bool | None
    mean: float
    ci95: tuple[float, float] | None
    per_seed: dict[int, float] | None


class AcceptedChange(_Plain):
    """What became of one metric of one row since the acceptance before."""

    row: str
    metric: str
    before: float | None
    """None where it is new."""
    after: float | None
    """None where it is gone."""
    difference: float | None
    """After minus before, on the items and seeds that count for both."""
    low: float | None
    high: float | None
    """95 % interval of it, not corrected for how many there are."""


class Acceptance(_Plain):
    """One run that became the baseline."""

    accepted: str
    """UTC, ISO 8601."""
    message: str
    commit: str
    """Of the repository it was accepted in; empty where there is none."""
    version: str
    """Of the harness."""
    suite_digest: str
    board_digest: str
    figures: list[AcceptedFigure]
    """Of every metric on all items."""
    changes: list[AcceptedChange]
    """Every figure that is not what it was; empty for the first acceptance."""
    settings_changed: list[str] = Field(default_factory=list[str])
    """What the suite as run has now and had not before, a sentence each."""


class HistoryRecord(_Plain):
    """`results/baselines/<suite>.history.json`, oldest first."""

    schema_version: int = Field(default=BASELINE_VERSION, strict=True)
    suite: str
    acceptances: list[Acceptance] = Field(default_factory=list[Acceptance])
