"""All that a page shows, gathered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.baseline_records import HistoryRecord
from harness.board import Board
from harness.long_lived import long_lived
from harness.records import Record, RunManifest
from harness.report.as_run import as_run
from harness.report.curves import curves
from harness.report.report import Report
from harness.report.reproduce import reproduce
from harness.report.samples import samples
from harness.report.surroundings import ran, surroundings
from harness.store import Store


@long_lived()
def report_of(
    manifest: RunManifest,
    records: Mapping[str, Record],
    board: Board,
    stores: Sequence[Store],
    history: HistoryRecord | None,
) -> Report:
    """The board and what is shown beside it. Files that are gone or broken leave a gap, not an error.

    Args:
        manifest: of the run.
        records: by digest, those that the board was made from.
        board: made from both.
        stores: the results folders that hold the steps' files.
        history: what was accepted as a baseline of this suite.
    """
    order = [row.label for row in board.rows]
    shown, metrics = samples(manifest, records, board, stores)
    return Report(
        board=board,
        as_run=as_run(manifest),
        reproduce=reproduce(manifest),
        curves=curves(manifest, records, stores, order),
        samples=shown,
        verdict_metrics=metrics,
        surroundings=surroundings(manifest, records, order),
        history=history,
        ran=ran(records),
    )
