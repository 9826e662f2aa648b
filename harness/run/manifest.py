"""A plan and what is done of it, as the manifest that a board is made from."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.column import Column, name_of
from harness.digest import changed_options, digest
from harness.long_lived import long_lived
from harness.method import Method
from harness.records import Cell, LedgerRecord, Published, RowManifest, RunManifest, SharedStep, StatisticsRecord
from harness.run.contents import paths
from harness.run.ending import Ending
from harness.run.inputs import checkpoint_ref, ledger_record
from harness.run.plan import Plan, PlannedCell
from harness.run.steps import ColumnStep, FitStep, Step, Work
from harness.store import Store
from harness.study_records import StudiesRecord
from harness.suite import Row
from harness.suite.grid import suffix
from harness.version import __version__

DISTRIBUTION = "alignment-harness"


@long_lived()
def manifest_of(
    plan: Plan,
    store: Store,
    endings: Mapping[str, Ending],
    studies: StudiesRecord | None = None,
    tuned: frozenset[str] = frozenset(),
    *,
    trial: bool,
) -> RunManifest:
    """The run as it stands: every row of the suite, every cell done, skipped, failed or missing.

    Args:
        studies: what chose the settings of rows.
        tuned: labels of the rows that have the settings which a study chose.
    """
    suite = plan.suite
    cells = _cells(plan, store, endings)
    owed = {row.label for row in suite.rows if row.method is not None and row.default_of is None}
    return RunManifest(
        suite=suite.name + (".trial" if trial else ""),
        description=suite.description,
        suite_digest=digest(suite.as_run),
        as_run=suite.as_run,
        rows=[_row(plan, row, cells.get(row.label, []), tuned) for row in suite.rows],
        evaluators=[e.label for e in suite.evaluators],
        ledgers={name: LedgerRecord(**ledger_record(found)) for name, found in plan.inputs.ledgers.items()},
        audit=_audit(plan, store, endings),
        shared=_shared(plan),
        statistics=StatisticsRecord(**suite.statistics.model_dump()),
        published=[Published(**dict(one)) for one in suite.published],
        tuned=owed <= tuned,
        studies=studies,
        trial=trial,
        model=_model(plan),
        data=suite.source.described(),
    )


def _model(plan: Plan) -> str:
    """The base model for people; one of the Hub with its commit, which names its folder in the cache."""
    model = plan.suite.model
    if model is None:
        return f"made by the source {plan.suite.source.name}"
    return model.name if model.folder else f"{model.name}@{plan.inputs.folders[''].name}"


def _pinned(plan: Plan, row: Row) -> dict[str, Any]:
    """The commit of a checkpoint on the Hub, by its id; nothing for other rows and for one that cannot be had."""
    folder = plan.inputs.folders.get(row.label)
    if folder is None or checkpoint_ref(row).folder is not None:
        return {}
    return {"checkpoint": f"{row.policy}@{folder.name}"}


def _shared(plan: Plan) -> list[SharedStep]:
    """The steps that fill no cell, with the rows whose cells need them."""
    needs = {step.digest: step.needs for step in plan.steps}
    users: dict[str, dict[str, None]] = {}
    for cell in plan.cells:
        waiting = [cell.step] if cell.step else []
        while waiting:
            digest_of = waiting.pop()
            if cell.row not in users.setdefault(digest_of, {}):
                users[digest_of][cell.row] = None
                waiting += needs[digest_of]
    steps = [step for step in plan.steps if step.kind in {"model", "fit", "column"} and step.digest in users]
    names = _names(steps)
    return [SharedStep(what=names[s.digest], digest=s.digest, rows=list(users[s.digest])) for s in steps]


def _names(steps: Sequence[Step]) -> dict[str, str]:
    """Per digest, what a step is, alike for all seeds and splits. What tells columns of one name apart is told:
    options, as the labels of a grid tell them, and the number of prompts that one was fitted on.
    """
    kinds = {step.digest: step.title.split(",")[0] for step in steps}
    told = {step.digest: _told(step.work) for step in steps}
    common = {what: set.intersection(*(set(told[d]) for d in kinds if kinds[d] == what)) for what in kinds.values()}
    return {
        digest_of: f"{what} {suffix([t for t in told[digest_of] if t not in common[what]])}".strip()
        for digest_of, what in kinds.items()
    }


def _told(work: Work) -> list[str]:
    if not isinstance(work, FitStep | ColumnStep):
        return []
    column = work.column if isinstance(work, FitStep) else work.column.column
    changed = changed_options(column)
    for option in {*column.path_options, *column.model_options} & changed.keys():
        changed[option] = ", ".join(Path(path).name for path in paths(getattr(column, option)))
    sized = {"prompts": work.limit} if isinstance(work, FitStep) and work.limit else {}
    return [f"{k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in {**changed, **sized}.items()]


def _cells(plan: Plan, store: Store, endings: Mapping[str, Ending]) -> dict[str, list[Cell]]:
    """By the label of their row."""
    done = store.finished(cell.step for cell in plan.cells if cell.step is not None)
    found: dict[str, list[Cell]] = {}
    for cell in plan.cells:
        found.setdefault(cell.row, []).append(_cell(cell, store, done, endings))
    return found


def _row(plan: Plan, row: Row, cells: list[Cell], tuned: frozenset[str]) -> RowManifest:
    options: Any = {**row.options, **_pinned(plan, row)}
    learner = row.method or row.column
    return RowManifest(
        label=row.label,
        method=learner.name if learner else _policy_kind(row),
        kind="method" if row.method else "column" if row.column else "policy",
        prompts=plan.limits.train(row.budget) if row.seeds else None,
        unsized=row.unsized or row.label,
        again=row.again,
        control=row.method is not None and row.method.control,
        options=options,
        training=row.training.identity() if row.method else {},
        distribution=row.origin.distribution if row.origin else DISTRIBUTION,
        version=row.origin.version if row.origin else __version__,
        own=row.origin is None or row.origin.distribution == DISTRIBUTION,
        saw=_saw(row),
        tuned=row.label in tuned,
        default_of=row.default_of,
        cells=cells,
    )


def _policy_kind(row: Row) -> str:
    return row.policy if row.policy in {"base", "oracle"} else "checkpoint"  # pyright: ignore[reportReturnType]


def _saw(row: Row) -> list[str]:
    """What the row was given beyond the prompts, as its method and its columns declare it."""
    if row.policy == "oracle":
        return ["the truth"]
    told: list[str] = sorted(row.method.needs()) if row.method is not None else []
    named = (*row.method.train_columns(), *row.method.score_columns()) if row.method is not None else ()
    told += list(dict.fromkeys(_column_saw(column) for column in (*named, *([row.column] if row.column else []))))
    if row.method is not None:
        wrapped = [getattr(row.method, f.name) for f in dataclasses.fields(row.method)]
        told += [f"through {row.method.name}" for m in wrapped if isinstance(m, Method)]
        told += ["samples of its own"] if row.method.sampling() else []
    return [*told, *([f"the policy of {row.initial.label}"] if row.initial else [])]


def _column_saw(column: Column | str) -> str:
    if isinstance(column, Column) and column.learns:
        return f"{column.name} column, fitted on {', '.join(sorted(column.needs()))} of its training split"
    return f"{name_of(column)} column"


def _audit(plan: Plan, store: Store, endings: Mapping[str, Ending]) -> Cell | None:
    if plan.audit is None:
        return None
    return _cell(PlannedCell("", "audit", None, plan.audit), store, store.finished([plan.audit]), endings)


def _cell(cell: PlannedCell, store: Store, done: frozenset[str], endings: Mapping[str, Ending]) -> Cell:
    state: Any = "skipped"
    reason = cell.reason
    if cell.step is not None:
        if cell.step in done:
            state = "done"
        elif cell.step in endings:
            state, reason = endings[cell.step].state, endings[cell.step].reason
        else:
            state, reason = "missing", _last_failure(store, cell.step) or "not run yet"
    return Cell(what=cell.what, seed=cell.seed, digest=cell.step, state=state, reason=reason)


def _last_failure(store: Store, step: str) -> str:
    path = store.failure(step)
    if not path.is_file():
        return ""
    return "failed before: " + str(json.loads(path.read_bytes())["reason"])
