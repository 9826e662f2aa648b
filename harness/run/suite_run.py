"""One whole run: a suite is read, planned, run, and its board written. What the command line and tests call."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from harness.audit import audit, audit_work, encoder_of
from harness.audit_record import AuditRecord
from harness.board import Board
from harness.errors import HarnessError, SuiteError, nearest
from harness.host import Registry
from harness.records import RunManifest
from harness.render import write_board
from harness.report.read import Read
from harness.reporter import Progress, Reporter
from harness.run.ending import Ending
from harness.run.inputs import Limits, base_of, gather
from harness.run.manifest import manifest_of
from harness.run.plan import Plan, make
from harness.run.run_plan import run
from harness.store import Store
from harness.suite import Suite
from harness.tuning import Tuned, tuned


@dataclass(frozen=True)
class Finished:
    """A run and its board."""

    plan: Plan
    manifest: RunManifest
    board: Board
    folder: Path
    endings: dict[str, Ending]
    no_page: str = ""
    """Why `leaderboard.html` could not be made; empty where it was."""

    @property
    def exit_code(self) -> int:
        """0: all done, skipped cells with their reasons aside. 1: a cell failed, or nothing at all was done."""
        cells = [cell for row in self.manifest.rows for cell in row.cells]
        failed = any(cell.state == "failed" for cell in cells)
        return 1 if failed or not any(cell.state == "done" for cell in cells) else 0


def plan_of(suite: Suite, registry: Registry, limit: int | None = None, store: Store | None = None) -> Plan:
    """The plan of a suite, with the world outside it read.

    Args:
        store: where the studies of a suite that tunes are looked up; without it they are taken as not begun.
    """
    limits = Limits(limit)
    return _planned(tuned(suite, registry, limits, store or Store(Path(os.devnull)), None), registry, limits)


def _planned(rows: Tuned, registry: Registry, limits: Limits) -> Plan:
    inputs = gather(rows.suite, registry.columns, limits)
    inputs = replace(inputs, unmet={**rows.unfinished, **inputs.unmet})
    return make(rows.suite, registry, inputs, limits)


def run_suite(
    suite: Suite,
    registry: Registry,
    results: Path,
    reporter: Reporter,
    *,
    limit: int | None = None,
    only: Collection[str] = (),
    workers: int | None = 1,
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
        workers: processes to run steps in; 1: this one alone; None: as many as pay on this machine.
        planned: called once with the plan, before anything of it runs; all tuning is done by then.
    """
    labels = {row.label for row in suite.rows}
    for label in only:
        if label not in labels:
            raise SuiteError(f"no row is called {label!r}; {nearest(label, labels)}", where="--only")
    limits, store = Limits(limit), Store(results)
    rows = tuned(suite, registry, limits, store, reporter, only, workers)
    plan = _planned(rows, registry, limits)
    if planned:
        planned(plan, store)
    wanted = frozenset(row.label for row in plan.suite.rows if {row.label, row.default_of} & set(only))
    endings = run(plan, store, reporter, only=wanted, workers=workers)
    manifest = manifest_of(plan, store, endings, rows.record, rows.rows(plan.inputs, limits), trial=limit is not None)
    folder = store.write_manifest(manifest)
    found = Read.of(manifest, store)
    write_board(found.board, folder)
    return Finished(plan, manifest, found.board, folder, endings, _page(found, folder))


def _page(found: Read, folder: Path) -> str:
    """Write the page; why that cannot be, if so. The run is done by then, and nothing of it may be lost to a page."""
    try:
        from harness.page.files import write_page

        write_page(found.report(), folder)
    except HarnessError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def data_of(suite: Suite, limit: int | None = None, progress: Progress | None = None) -> AuditRecord:
    """The audit of a suite's data, as its run would make it. Nothing is trained, and no model is loaded.

    Args:
        suite: whose data, tokenizer and token settings.
        limit: examples per split.
        progress: told of the examples that are done.
    """
    recipe, folder = base_of(suite)
    return audit(suite.source, encoder_of(recipe, folder, suite.tokens), audit_work(suite, limit), progress)
