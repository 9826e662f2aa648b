"""A suite's results as runs of a tracker: one per training, one per row judged as it is, and one for the board."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from harness.board import Board, BoardRow
from harness.board.evidence import TRAIN, Evidence
from harness.digest import digest
from harness.errors import StoreError, SuiteError, nearest
from harness.export.board_run import board_run
from harness.export.curves import NOT_FINITE, curves_of, finite
from harness.export.settings import settings_of, surroundings_of
from harness.export.tracker_run import Scalar, TrackerRun
from harness.records import Cost, Record, RowManifest, RunManifest
from harness.report.files import payload
from harness.report.training_log import LOG
from harness.store import Store


@dataclass(frozen=True)
class Described:
    """What there is to export. Iterating makes the runs one by one: a curve lives no longer than its run."""

    manifest: RunManifest
    records: Mapping[str, Record]
    board: Board
    stores: tuple[Store, ...]
    """The results folders that hold the steps' files."""
    only: tuple[str, ...]
    """Labels of the rows; empty for all of them and the board."""
    files: Mapping[str, str]
    """The board's, by name."""

    def __len__(self) -> int:
        return len(self._parts) + (0 if self.only else 1)

    def __iter__(self) -> Iterator[TrackerRun]:
        rows = {row.label: row for row in self.board.rows}
        for row, seed, evidence in self._parts:
            yield self._row_run(row, rows[row.label], seed, evidence)
        if not self.only:
            yield board_run(self.manifest, self.board, self.files, *_span(self.records.values()))

    @property
    def metrics(self) -> list[str]:
        """Names of all that stand on the board."""
        return [heading.name for heading in self.board.metrics]

    @property
    def settings(self) -> list[dict[str, Scalar]]:
        """Of every run but the board's."""
        return [settings_of(self.manifest, row, seed) for row, seed, _ in self._parts]

    @property
    def without(self) -> tuple[str, ...]:
        """What has nothing to export, and why: a sentence each."""
        there = {(row.label, seed) for row, seed, _ in self._parts}
        found: dict[str, None] = {}
        for row in self._rows():
            for cell in row.cells:
                if (row.label, cell.seed) not in there:
                    reason = cell.reason.strip().split("\n")[0]
                    found[f"{name_of(row.label, cell.seed)}: {cell.state}{f': {reason}' if reason else ''}"] = None
        return tuple(found)

    def _rows(self) -> list[RowManifest]:
        return [row for row in self.manifest.rows if not self.only or row.label in self.only]

    @cached_property
    def _parts(self) -> list[tuple[RowManifest, int | None, list[Evidence]]]:
        """Every row at every seed of which any step is done."""
        found: list[tuple[RowManifest, int | None, list[Evidence]]] = []
        for row in self._rows():
            for seed in dict.fromkeys(cell.seed for cell in row.cells):
                cells = [Evidence(c, self.records.get(c.digest or "")) for c in row.cells if c.seed == seed]
                if done := [one for one in cells if one.gap is None]:
                    found.append((row, seed, done))
        return found

    def _row_run(
        self, row: RowManifest, on_board: BoardRow, seed: int | None, evidence: Sequence[Evidence]
    ) -> TrackerRun:
        training = next((one.record for one in evidence if one.cell.what == TRAIN), None)
        records = [one.record for one in evidence if one.record is not None]
        first = training or records[0]
        curves, left_out = curves_of(payload(self.stores, first.digest, LOG)) if training else ({}, Counter[str]())
        figures: dict[str, float] = {}
        for name, value in _figures(evidence):
            if finite(value) is None:
                left_out[NOT_FINITE.format(name)] += 1
            else:
                figures[name] = value
        started, seconds = _span(records)
        return TrackerRun(
            kind="training" if training else "row",
            key=digest(["run", self.manifest.suite, row.label, seed, _step(training, records)]),
            name=name_of(row.label, seed),
            row=row.label,
            seed=seed,
            started=started,
            seconds=seconds,
            settings=settings_of(self.manifest, row, seed),
            surroundings=surroundings_of(first.provenance),
            curves=curves,
            figures=figures,
            cost=_costs(training, [one.record for one in evidence if one.cell.what != TRAIN and one.record]),
            tags=_tags(self.manifest, on_board, seed, _step(training, records)),
            left_out=dict(left_out),
            headline=tuple(h.name for h in self.board.metrics if not h.subset and h.name in figures),
        )


def describe(
    manifest: RunManifest,
    records: Mapping[str, Record],
    board: Board,
    stores: Sequence[Store],
    *,
    only: Collection[str] = (),
    files: Mapping[str, str] | None = None,
) -> Described:
    """What a tracker is told of a suite's results.

    Args:
        manifest: of the run.
        records: by digest, those of its steps that are done.
        board: made from both.
        stores: the results folders that hold the logs of the trainings.
        only: labels of the rows to export; the board is then left out.
        files: the board's, name -> text.

    Raises:
        SuiteError: no row has one of the labels.
    """
    labels = [row.label for row in manifest.rows]
    for label in only:
        if label not in labels:
            raise SuiteError(f"no row is called {label!r}; {nearest(label, labels)}", where="--only")
    return Described(manifest, records, board, tuple(stores), tuple(only), files or {})


def name_of(row: str, seed: int | None) -> str:
    """Of a run, for people."""
    return row if seed is None else f"{row}, seed {seed}"


def _step(training: Record | None, records: Sequence[Record]) -> str:
    """The step that made what was judged: the training, or the model or column that was there before."""
    if training is not None:
        return training.digest
    return str(records[0].identity.get("subject") or "")


def _figures(evidence: Sequence[Evidence]) -> Iterator[tuple[str, float]]:
    for one in evidence:
        for name, figure in one.figures.items():
            yield name, figure.value


def _span(records: Collection[Record]) -> tuple[float, float]:
    """When the first of some steps began, in seconds since 1970, and how long all took."""
    began = [_seconds_since_1970(record) for record in records]
    return (min(began, default=0.0), float(sum(record.cost.seconds for record in records)))


def _seconds_since_1970(record: Record) -> float:
    try:
        began = datetime.fromisoformat(record.provenance.started)
        return (began if began.tzinfo else began.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        problem = f"step {record.digest} states no time at which it started: {record.provenance.started!r}"
        raise StoreError(problem, fix="delete its folder and run its suite again") from None


def _costs(training: Record | None, judged: Sequence[Record]) -> dict[str, float]:
    found: dict[str, float] = {}
    if training is not None:
        found |= _cost("train", training.cost)
    if judged:
        found |= _cost("evaluate", _together([record.cost for record in judged]))
    return found


def _together(costs: Sequence[Cost]) -> Cost:
    whole = costs[0]
    for cost in costs[1:]:
        whole = whole.plus(cost)
    return whole


def _cost(what: str, cost: Cost) -> dict[str, float]:
    numbers: dict[str, Any] = cost.model_dump()
    return {f"{what}/{name}": float(n) for name, n in numbers.items() if n}


def _tags(manifest: RunManifest, row: BoardRow, seed: int | None, step: str) -> dict[str, str]:
    """What a run is found by. Empty ones are left out."""
    found = {
        "suite": manifest.suite,
        "suite_digest": manifest.suite_digest,
        "step": step,
        "row": row.label,
        "seed": "" if seed is None else str(seed),
        "method": row.method,
        "kind": row.kind,
        "distribution": row.distribution,
        "version": row.version,
        "third_party": "" if row.own else "true",
        "standing": row.standing,
        "status": row.status,
        "reason": row.reason,
        "saw": ", ".join(row.saw),
        "again": row.again or "",
        "control": "true" if row.control else "",
        "tuned": "true" if row.tuned else "",
        "default_of": row.default_of or "",
        "trial": "true" if manifest.trial else "",
    }
    return {name: text for name, text in found.items() if text}
