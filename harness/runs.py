"""One whole run: a suite is read, planned, run, and its board written. What the command line and tests call."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from harness.board import Board, make_board
from harness.errors import SuiteError, nearest
from harness.execute import Ending, run
from harness.host import Registry
from harness.inputs import Limits, gather
from harness.manifest import manifest_of
from harness.plan import Plan, make
from harness.records import RunManifest
from harness.render import write_board
from harness.reporter import Reporter
from harness.store import Store, read_manifest
from harness.suite import Suite


@dataclass(frozen=True)
class Finished:
    """A run and its board."""

    plan: Plan
    manifest: RunManifest
    board: Board
    folder: Path
    endings: dict[str, Ending]

    @property
    def exit_code(self) -> int:
        """0: all done, skipped cells with their reasons aside. 1: a cell failed, or nothing at all was done."""
        cells = [cell for row in self.manifest.rows for cell in row.cells]
        failed = any(cell.state == "failed" for cell in cells)
        return 1 if failed or not any(cell.state == "done" for cell in cells) else 0


def plan_of(suite: Suite, registry: Registry, limit: int | None = None) -> Plan:
    """The plan of a suite, with the world outside it read."""
    limits = Limits(limit)
    return make(suite, registry, gather(suite, registry.columns, limits), limits)


def run_suite(
    suite: Suite,
    registry: Registry,
    results: Path,
    reporter: Reporter,
    *,
    limit: int | None = None,
    only: Collection[str] = (),
    planned: Callable[[Plan, Store], None] | None = None,
) -> Finished:
    """Run what is missing of a suite and write its board.

    Args:
        suite: what to run.
        registry: installed plugins.
        results: the results folder.
        reporter: told of every step.
        limit: examples per split; the board is then a trial, kept apart.
        only: row labels to run; the others stand on the board as they are.
        planned: called once with the plan, before anything runs.
    """
    labels = {row.label for row in suite.rows}
    for label in only:
        if label not in labels:
            raise SuiteError(f"no row is called {label!r}; {nearest(label, labels)}", where="--only")
    plan = plan_of(suite, registry, limit)
    store = Store(results)
    if planned:
        planned(plan, store)
    endings = run(plan, store, registry, reporter, only=frozenset(only))
    manifest = manifest_of(plan, store, endings, trial=limit is not None)
    folder = store.write_manifest(manifest)
    board = board_of(manifest, store)
    write_board(board, folder)
    return Finished(plan, manifest, board, folder, endings)


def board_of(manifest: RunManifest, store: Store) -> Board:
    """The board of a run, from records alone."""
    digests = [cell.digest for row in manifest.rows for cell in row.cells if cell.digest is not None]
    digests += [step.digest for step in manifest.shared]
    return make_board(manifest, store.records(digests))


def read_board_of(folder: Path) -> tuple[RunManifest, Board]:
    """The board of a suite's results folder, rebuilt from its manifest and the records beside it."""
    manifest = read_manifest(folder)
    return manifest, board_of(manifest, Store(folder.parent))
