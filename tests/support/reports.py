"""The report of a suite's results folder, as the commands make it."""

from __future__ import annotations

from pathlib import Path

import hostile_run
import small_results

from harness.baseline_records import HistoryRecord
from harness.board import make_board
from harness.report import Report
from harness.report.gather import report_of
from harness.store import Store, read_manifest


def of_folder(folder: Path, history: HistoryRecord | None = None) -> Report:
    manifest, store = read_manifest(folder), Store(folder.parent)
    digests = [cell.digest for row in manifest.rows for cell in row.cells if cell.digest is not None]
    digests += [step.digest for step in manifest.shared]
    digests += [manifest.audit.digest] if manifest.audit and manifest.audit.digest else []
    records = store.records(digests)
    return report_of(manifest, records, make_board(manifest, records), [store], history)


def small(root: Path) -> Report:
    """Of an ordinary run, with something in every part of the page."""
    folder = small_results.write(root)
    return of_folder(folder, small_results.history(read_manifest(folder)))


def hostile_report(root: Path, texts: list[str], metrics: int = 99) -> Report:
    """Of a run in which these texts stand wherever a text may; so many of them are metrics."""
    return of_folder(hostile_run.write(root, texts, metrics), hostile_run.history(texts, metrics))
