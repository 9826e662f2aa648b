"""A run's manifest and its records to a board."""

from __future__ import annotations

from collections.abc import Mapping

from harness.board.board import Board
from harness.board.evidence import TRAIN, Evidence
from harness.board.measures import headings
from harness.board.rows import board_row
from harness.board.shared import shared
from harness.board.standing import ordered, primary_of
from harness.records import Record, RunManifest
from harness.statistics import PROVISIONAL
from harness.upgrades import BOARD_VERSION


def make_board(manifest: RunManifest, records: Mapping[str, Record]) -> Board:
    """The board of a run.

    Args:
        manifest: which steps make up which row.
        records: by digest, those of the manifest's steps that are done, shared ones too; others are ignored.
    """
    evidence = [[Evidence(cell, records.get(cell.digest or "")) for cell in row.cells] for row in manifest.rows]
    cells = [one for of_row in evidence for one in of_row]
    evaluators = dict.fromkeys([*manifest.evaluators, *(one.cell.what for one in cells if one.cell.what != TRAIN)])
    families = {label: list(headings(label, [c for c in cells if c.cell.what == label])) for label in evaluators}
    rows = [board_row(r, e, families, manifest.ledgers) for r, e in zip(manifest.rows, evidence, strict=True)]
    metrics = tuple(heading for family in families.values() for heading in family)
    primary = primary_of(metrics, rows)
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
        interval=PROVISIONAL,
        metrics=metrics,
        rows=ordered(rows, primary),
        ledger=manifest.ledgers,
        shared=shared(manifest.shared, records),
        published=tuple(manifest.published),
    )
