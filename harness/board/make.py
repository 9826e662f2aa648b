"""A run's manifest and its records to a board."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.board.audit import audit_of
from harness.board.baseline import default_baseline, without_baseline
from harness.board.board import Board, BoardRow, Heading
from harness.board.compare import Design, families
from harness.board.evidence import TRAIN, Evidence
from harness.board.groups import ledger_groups
from harness.board.machines import machine_notes
from harness.board.measures import headings
from harness.board.rows import board_row
from harness.board.score import SCORE, score_heading, scored
from harness.board.shared import shared
from harness.board.standing import ordered, primary_of
from harness.board.tables import Names
from harness.board.tuning import tuning
from harness.long_lived import long_lived
from harness.records import Record, RunManifest
from harness.statistics import Composite, Scores
from harness.upgrades import BOARD_VERSION

INTERVAL = "two-part, over items and training seeds"
"""How boards name the intervals of single rows."""


@dataclass(frozen=True)
class Draft:
    """What a board is made from: rows in the suite's order with their values, not yet compared."""

    rows: tuple[BoardRow, ...]
    metrics: tuple[Heading, ...]
    tables: Mapping[str, Mapping[str, Scores | Composite]]
    """Metric -> label of a row -> its values."""
    baseline: str | None
    """As the suite states it, or by default; None where there is no row."""
    groups: Mapping[str, str]
    problems: tuple[str, ...]


def draft(manifest: RunManifest, records: Mapping[str, Record]) -> Draft:
    """Rows, metrics and values; the arguments are those of `make_board`."""
    evidence = [[Evidence(cell, records.get(cell.digest or "")) for cell in row.cells] for row in manifest.rows]
    cells = [one for of_row in evidence for one in of_row]
    evaluators = dict.fromkeys([*manifest.evaluators, *(one.cell.what for one in cells if one.cell.what != TRAIN)])
    by_label = {label: list(headings(label, [c for c in cells if c.cell.what == label])) for label in evaluators}
    names = Names()
    made = [board_row(r, e, by_label, manifest.ledgers, names) for r, e in zip(manifest.rows, evidence, strict=True)]
    metrics = [heading for family in by_label.values() for heading in family]
    group_of, groups = ledger_groups({r.label: e for r, e in zip(manifest.rows, evidence, strict=True)})
    rows = [dataclasses.replace(row, group=group_of[row.label]) if row.label in group_of else row for row, _ in made]
    tables: dict[str, dict[str, Scores | Composite]] = {heading.name: {} for heading in metrics}
    for row, scores in made:
        for name, values in scores.items():
            tables[name][row.label] = values
    score, problem = score_heading(manifest.statistics.score, metrics)
    if score is not None:
        both = [scored(row, manifest.statistics.score, values) for row, (_, values) in zip(rows, made, strict=True)]
        rows = [row for row, _ in both]
        metrics.append(score)
        tables[SCORE] = {row.label: values for row, values in both if values is not None}
    baseline = manifest.statistics.baseline or default_baseline(rows)
    return Draft(tuple(rows), tuple(metrics), tables, baseline, groups, (problem,) if problem else ())


@long_lived()
def make_board(manifest: RunManifest, records: Mapping[str, Record], notes: Sequence[str] = ()) -> Board:
    """The board of a run.

    Args:
        manifest: which steps make up which row.
        records: by digest, those of the manifest's steps that are done, shared ones too; others are ignored.
        notes: of `harness.board.join`, where several folders were joined.
    """
    found = draft(manifest, records)
    spread = manifest.statistics.seed_spread
    primary = primary_of(found.metrics, found.rows)
    rows = ordered(found.rows, primary, found.tables.get(primary.name, {}) if primary else {}, spread)
    everywhere = [heading for heading in found.metrics if not heading.subset]
    compared = families(rows, everywhere, found.tables, Design(found.baseline, spread)) if found.baseline else ()
    uncompared = without_baseline(rows, primary, found.baseline, compared)
    audit, unaudited = audit_of(manifest, records)
    return Board(
        suite=manifest.suite,
        schema_version=BOARD_VERSION,
        description=manifest.description,
        model=manifest.model,
        data=manifest.data,
        suite_digest=manifest.suite_digest,
        trial=manifest.trial,
        tuned=manifest.tuned,
        primary_metric=primary.name if primary else None,
        interval=INTERVAL,
        metrics=found.metrics,
        rows=rows,
        ledger=manifest.ledgers,
        shared=shared(manifest.shared, records),
        published=tuple(manifest.published),
        audit=audit,
        unaudited=unaudited,
        tuning=tuning(manifest.studies),
        comparisons=compared,
        groups=found.groups,
        problems=(*found.problems, *uncompared),
        notes=(*notes, *machine_notes(manifest, records)),
    )
