"""Several results folders of one suite, of several machines, as one run.

Rows, seeds and evaluators are united. A cell is taken from the first folder that has it done. What does not belong
together is refused, see `harness.board.refusals`; what a reader of the board must know is told, see `join_notes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from harness.board.belongs import shown
from harness.board.evidence import TRAIN, seeds_text
from harness.board.join_notes import join_notes
from harness.board.refusals import refusals
from harness.board.run_results import RunResults
from harness.digest import digest
from harness.errors import HarnessError
from harness.records import Cell, LedgerRecord, Published, Record, RowManifest, RunManifest, SharedStep

RANK = {"done": 0, "failed": 1, "skipped": 2, "missing": 3}
"""Of states of one cell in several folders, the one of the lowest rank stands."""


@dataclass(frozen=True)
class Joined:
    """Several runs as one."""

    manifest: RunManifest
    records: Mapping[str, Record]
    notes: tuple[str, ...]
    """What a reader must know of how it came to be; for `make_board`."""


def joined(runs: Sequence[RunResults]) -> Joined:
    """All runs as one; a single one as it is.

    Raises:
        HarnessError: two of them do not belong together, with every reason.
    """
    for one, other in combinations(runs, 2):
        _demand_alike(one, other)
    first = runs[0].manifest
    if len(runs) == 1:
        return Joined(first, runs[0].records, ())
    records: dict[str, Record] = {}
    for run in reversed(runs):
        records |= run.records
    manifests = [run.manifest for run in runs]
    evaluators = list(dict.fromkeys(label for one in manifests for label in one.evaluators))
    rows = _rows(runs, evaluators)
    _demand_again_apart(rows)
    as_run = _as_run([one.as_run for one in manifests])
    same_suite = all(one.suite_digest == first.suite_digest for one in manifests)
    audits = [one.audit for one in manifests if one.audit is not None]
    manifest = first.model_copy(
        update={
            "suite_digest": first.suite_digest if same_suite else digest(as_run),
            "as_run": as_run,
            "rows": rows,
            "evaluators": evaluators,
            "ledgers": _ledgers(manifests),
            "audit": min(audits, key=lambda cell: RANK[cell.state]) if audits else None,
            "shared": _shared(manifests),
            "published": _once([published for one in manifests for published in one.published]),
            "tuned": all(one.tuned for one in manifests),
            "studies": next((one.studies for one in manifests if one.studies is not None), None),
        }
    )
    return Joined(manifest, records, join_notes(runs))


def _demand_alike(one: RunResults, other: RunResults) -> None:
    reasons = refusals(one, other)
    if reasons:
        listed = "".join(f"\n  - {reason}" for reason in reasons)
        raise HarnessError(
            f"{one.name} (here) and {other.name} (there) do not belong on one board:{listed}",
            fix="join only what ran one suite on the same data, model and settings; show the others by themselves",
        )


def _demand_again_apart(rows: Sequence[RowManifest]) -> None:
    """An A/A row repeats another at other seeds; at the same ones it would be compared with itself."""
    seeds = {row.label: {cell.seed for cell in row.cells} - {None} for row in rows}
    for row in rows:
        common = seeds[row.label] & seeds.get(row.again or "", set())
        if common:
            raise HarnessError(
                f"the row {shown(row.label)} repeats {shown(row.again or '')} at other seeds, but together they share "
                f"{seeds_text(sorted(seed for seed in common if seed is not None))}",
                fix="give the A/A row seeds of its own in one of the suites",
            )


def _rows(runs: Sequence[RunResults], evaluators: Sequence[str]) -> list[RowManifest]:
    labels = dict.fromkeys(row.label for run in runs for row in run.manifest.rows)
    return [_row(label, runs, evaluators) for label in labels]


def _row(label: str, runs: Sequence[RunResults], evaluators: Sequence[str]) -> RowManifest:
    found = [(run, row) for run in runs for row in run.manifest.rows if row.label == label]
    cells: dict[tuple[int | None, str], Cell] = {}
    ranks: dict[tuple[int | None, str], int] = {}
    for run, row in found:
        for cell in row.cells:
            known = cells.get((cell.seed, cell.what))
            if known is None or _rank(cell, run) < ranks[cell.seed, cell.what]:
                cells[cell.seed, cell.what] = cell
                ranks[cell.seed, cell.what] = _rank(cell, run)
    for seed in dict.fromkeys(seed for seed, _ in cells):
        for what in evaluators:
            if (seed, what) not in cells:
                where = [run.name for run, row in found if any(cell.seed == seed for cell in row.cells)]
                reason = f"the suite of {', '.join(where)} has no such evaluator"
                cells[seed, what] = Cell(what=what, seed=seed, digest=None, state="missing", reason=reason)
    order = {TRAIN: 0, **{what: place for place, what in enumerate(evaluators, 1)}}
    placed = sorted(cells.values(), key=lambda c: (-1 if c.seed is None else c.seed, order.get(c.what, len(order))))
    first = found[0][1]
    return first.model_copy(update={"cells": placed, "tuned": any(row.tuned for _, row in found)})


def _rank(cell: Cell, run: RunResults) -> int:
    """Of a cell that is said to be done and whose record is gone, as of one that is missing."""
    return RANK["missing" if cell.state == "done" and cell.digest not in run.records else cell.state]


def _ledgers(manifests: Sequence[RunManifest]) -> dict[str, LedgerRecord]:
    """Of every split, the first."""
    found: dict[str, LedgerRecord] = {}
    for split, ledger in (entry for one in manifests for entry in one.ledgers.items()):
        found.setdefault(split, ledger)
    return found


def _shared(manifests: Sequence[RunManifest]) -> list[SharedStep]:
    steps: dict[str, SharedStep] = {}
    for step in (step for one in manifests for step in one.shared):
        known = steps.get(step.digest, step)
        steps[step.digest] = known.model_copy(update={"rows": list(dict.fromkeys([*known.rows, *step.rows]))})
    return list(steps.values())


def _once(values: Sequence[Published]) -> list[Published]:
    return [value for place, value in enumerate(values) if value not in values[:place]]


def _as_run(suites: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The first suite with the seeds, rows and evaluators of all."""
    found = dict(suites[0])
    if any("seeds" in suite for suite in suites):
        found["seeds"] = _united([suite.get("seeds") for suite in suites])
    for key in ("methods", "evaluators"):
        entries: dict[str, dict[str, Any]] = {}
        for entry in (entry for suite in suites for entry in suite.get(key, [])):
            known = entries.setdefault(str(entry.get("label")), dict(entry))
            if "seeds" in entry:
                known["seeds"] = _united([known.get("seeds"), entry["seeds"]])
        if entries:
            found[key] = list(entries.values())
    return found


def _united(lists: Sequence[list[int] | None]) -> list[int] | None:
    known = [seeds for seeds in lists if seeds is not None]
    return sorted({seed for seeds in known for seed in seeds}) if known else None
