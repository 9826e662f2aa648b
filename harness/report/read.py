"""Results folders from disk: one, or several joined, to the board and all that is shown beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.baseline_records import HistoryRecord
from harness.board import Board, make_board
from harness.board.join import joined
from harness.board.run_results import RunResults
from harness.gate.history import read_history
from harness.gate.places import FOLDER, history_file
from harness.records import Record, RunManifest
from harness.report.gather import report_of
from harness.report.report import Report
from harness.store import Store, digests_of, read_manifest, root_of


@dataclass(frozen=True)
class Read:
    """What is on disk of a suite's run."""

    manifest: RunManifest
    records: Mapping[str, Record]
    board: Board
    stores: tuple[Store, ...]

    @classmethod
    def of(cls, manifest: RunManifest, store: Store) -> Read:
        """Of one run, as it lies in one results folder."""
        records = store.records(digests_of(manifest))
        return cls(manifest, records, make_board(manifest, records), (store,))

    def report(self) -> Report:
        """All that a page shows. Raises as `history_of` does."""
        history = history_of(self.stores, self.manifest.suite)
        return report_of(self.manifest, self.records, self.board, self.stores, history)


def read_results(folders: Sequence[Path]) -> Read:
    """The board of one or several results folders, such as `results/core`, rebuilt from records alone.

    Raises:
        StoreError: a folder holds no results, or they cannot be read.
        HarnessError: the folders do not belong on one board.
    """
    stores = tuple(Store(root_of(folder)) for folder in folders)
    manifests = [read_manifest(folder) for folder in folders]
    runs = [
        RunResults(str(folder), manifest, store.records(digests_of(manifest)))
        for folder, manifest, store in zip(folders, manifests, stores, strict=True)
    ]
    found = joined(runs)
    return Read(found.manifest, found.records, make_board(found.manifest, found.records, found.notes), stores)


def history_of(stores: Sequence[Store], suite: str) -> HistoryRecord | None:
    """What was accepted of a suite, from the first results folder that knows; None where nothing was.

    Raises:
        StoreError: the file cannot be read.
    """
    paths = (history_file(store.root / FOLDER / f"{suite}.json") for store in stores)
    path = next((path for path in paths if path.is_file()), None)
    return read_history(path) if path else None
