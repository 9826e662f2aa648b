"""Comparisons that are asked for: any row as the baseline, any metrics, any estimand; from records alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.board.baseline import known_baseline
from harness.board.board import BoardRow, Heading
from harness.board.compare import Design, families
from harness.board.comparison import Comparison, Family, Interval
from harness.board.make import draft
from harness.board.standing import ordered, primary_of
from harness.errors import HarnessError, nearest
from harness.records import Record, RunManifest
from harness.statistics import Estimand


@dataclass(frozen=True)
class Answer:
    """Comparisons, and what they are about."""

    families: tuple[Family, ...]
    headings: Mapping[str, Heading]
    """By metric."""
    rows: Mapping[str, BoardRow]
    """By label, in the order of the board."""


def compare(
    manifest: RunManifest,
    records: Mapping[str, Record],
    *,
    baseline: str | None = None,
    metrics: Sequence[str] = (),
    estimand: Estimand = "E1",
) -> Answer:
    """Every row against a baseline.

    Args:
        manifest: of the run.
        records: by digest, those of its cells that are done.
        baseline: a label; the suite's own if None.
        metrics: as the board names them; the primary one if empty.
        estimand: what intervals are to cover.

    Raises:
        HarnessError: a label or a metric is unknown, the baseline has no figure of the metric, or there is no figure.
    """
    found = draft(manifest, records)
    primary = primary_of(found.metrics, found.rows)
    asked = metrics or ([primary.name] if primary else [])
    if found.baseline is None or not asked or not found.metrics:
        raise HarnessError("no row has a figure that rows could be compared by", fix="run the suite first")
    spread = manifest.statistics.seed_spread
    rows = ordered(found.rows, primary, found.tables.get(primary.name, {}) if primary else {}, spread)
    against = found.baseline if baseline is None else known_baseline(baseline, rows)
    by_name = {heading.name: heading for heading in found.metrics}
    wanted = [_known(name, by_name, found.problems) for name in asked]
    made = families(rows, wanted, found.tables, Design(against, spread, estimand))
    for heading in wanted:
        if not any(family.metric == heading.name for family in made):
            raise HarnessError(
                f"nothing can be compared with {against!r} in {heading.name}: {_why(rows, against, heading.name)}",
                fix="name another --baseline",
            )
    return Answer(made, by_name, {row.label: row for row in rows})


def _known(name: str, headings: Mapping[str, Heading], problems: Sequence[str]) -> Heading:
    if name not in headings:
        what = "; ".join([f"the board has no metric {name!r}", *problems])
        known = headings if "[" in name else [h.name for h in headings.values() if not h.subset]
        raise HarnessError(f"{what}; {nearest(name, known)}", where="--metric")
    return headings[name]


def _why(rows: Sequence[BoardRow], baseline: str, metric: str) -> str:
    row = next((row for row in rows if baseline in (row.label, row.unsized)), None)
    if row is None:
        return "there is no such row"
    if metric in row.skipped:
        return f"it has no figure ({row.skipped[metric].reason})"
    if metric in row.metrics and row.metrics[metric].ci95 is None:
        return row.metrics[metric].note or "it has no interval"
    return "no other row has values per item"


def plain(families: Sequence[Family]) -> list[dict[str, Any]]:
    """One flat mapping for every row and metric. Keys without `own_` or `pooled_` are of the interval that the verdict
    stands on; `pooled_` ones are null where pooling was not declared or cannot be had.
    """
    return [_flat(family, one) for family in families for one in family.comparisons]


def _flat(family: Family, one: Comparison) -> dict[str, Any]:
    facts = dataclasses.asdict(one)
    own, pooled = facts.pop("own"), facts.pop("pooled")
    names = [field.name for field in dataclasses.fields(Interval)]
    return {
        "metric": family.metric,
        **{name: facts[name] for name in ("row", "baseline", "contender", "difference")},
        **(pooled or own),
        **{name: value for name, value in facts.items() if name not in ("row", "baseline", "contender", "difference")},
        "tests": family.tests,
        "spread_ratio": family.spread_ratio,
        "warning": family.warning,
        **{f"own_{name}": own[name] for name in names},
        **{f"pooled_{name}": None if pooled is None else pooled[name] for name in names},
    }
