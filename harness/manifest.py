"""A plan and what is done of it, as the manifest that a board is made from."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from harness.digest import digest, plain
from harness.execute import Ending
from harness.inputs import ledger_record
from harness.plan import Plan, PlannedCell
from harness.records import Cell, LedgerRecord, RowManifest, RunManifest
from harness.store import Store
from harness.suite import Row
from harness.version import __version__

DISTRIBUTION = "alignment-harness"


def manifest_of(plan: Plan, store: Store, endings: Mapping[str, Ending], *, trial: bool) -> RunManifest:
    """The run as it stands: every row of the suite, every cell done, skipped, failed or missing."""
    suite = plan.suite
    return RunManifest(
        suite=suite.name + (".trial" if trial else ""),
        description=suite.description,
        suite_digest=digest(suite.as_run),
        as_run=suite.as_run,
        rows=[_row(plan, row, store, endings) for row in suite.rows],
        evaluators=[e.label for e in suite.evaluators],
        ledgers={name: LedgerRecord(**ledger_record(found)) for name, found in plan.inputs.ledgers.items()},
        trial=trial,
        model=suite.model.name if suite.model else f"made by the source {suite.source.name}",
        data=suite.source.name,
    )


def _row(plan: Plan, row: Row, store: Store, endings: Mapping[str, Ending]) -> RowManifest:
    cells = [_cell(c, store, endings) for c in plan.cells if c.row == row.label]
    options: Any = plain(row.options)
    return RowManifest(
        label=row.label,
        method=row.method.name if row.method else _policy_kind(row),
        options=options,
        training=row.training.model_dump(mode="json") if row.method else {},
        distribution=row.origin.distribution if row.origin else DISTRIBUTION,
        version=row.origin.version if row.origin else __version__,
        own=row.origin is None or row.origin.distribution == DISTRIBUTION,
        saw=_saw(row),
        cells=cells,
    )


def _policy_kind(row: Row) -> str:
    return row.policy if row.policy in {"base", "oracle"} else "checkpoint"  # pyright: ignore[reportReturnType]


def _saw(row: Row) -> list[str]:
    """What the row was given beyond the prompts, as its method declares it."""
    if row.method is None:
        return ["the truth"] if row.policy == "oracle" else []
    columns = [f"{name} column" for name in row.method.train_columns()]
    wrapped = [getattr(row.method, f.name) for f in dataclasses.fields(row.method)]
    inside = [f"through {row.method.name}" for m in wrapped if hasattr(m, "train_columns")]
    return [*sorted(row.method.needs()), *columns, *inside]


def _cell(cell: PlannedCell, store: Store, endings: Mapping[str, Ending]) -> Cell:
    state: Any = "skipped"
    reason = cell.reason
    if cell.step is not None:
        if store.done(cell.step):
            state = "done"
        elif cell.step in endings:
            state, reason = endings[cell.step].state, endings[cell.step].reason
        else:
            state, reason = "missing", _last_failure(store, cell.step) or "not run yet"
    return Cell(what=cell.what, seed=cell.seed, digest=cell.step, state=state, reason=reason)


def _last_failure(store: Store, step: str) -> str:
    path = store.root / "failed" / f"{step}.json"
    if not path.is_file():
        return ""
    return "failed before: " + str(json.loads(path.read_bytes())["reason"])
