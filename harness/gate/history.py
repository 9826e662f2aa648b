"""What was accepted as a baseline, when and why, and by how much every figure moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from harness.baseline_records import (
    Acceptance,
    AcceptedChange,
    AcceptedFigure,
    BaselineRecord,
    FigureBaseline,
    HistoryRecord,
)
from harness.board.belongs import unlike
from harness.board.make import draft
from harness.errors import HarnessError, StoreError
from harness.gate.baseline import first_of, read_json
from harness.gate.changes import settings_changed
from harness.gate.check import pooled_spreads, twice
from harness.gate.compare import Compared, compared
from harness.gate.margins import Settings
from harness.gate.packing import BACK
from harness.records import Record, RunManifest
from harness.store import write_atomically


def accepted(
    history: HistoryRecord | None,
    old: BaselineRecord | None,
    new: BaselineRecord,
    manifest: RunManifest,
    records: Mapping[str, Record],
    message: str,
    commit: str,
    now: str,
) -> HistoryRecord:
    """The history with one acceptance more; one of the same figures that never became the baseline is replaced.

    Args:
        history: so far; None where there is none.
        old: the baseline that is replaced; None where there is none.
        new: the baseline that takes its place, `baseline_of(manifest, records)`.
        manifest: of the run that is accepted.
        records: of that run, by digest.
        message: why it is accepted.
        commit: of the repository that it is accepted in; empty where there is none.
        now: UTC, ISO 8601.

    Raises:
        HarnessError: the history or the old baseline is of another suite.
    """
    for what, other in (("history", history), ("old baseline", old)):
        if other is not None and other.suite != new.suite:
            raise HarnessError(
                f"the {what} is of the suite {other.suite!r}, these results are of {new.suite!r}",
                fix="name another place for the baseline of this suite",
            )
    made = Acceptance(
        accepted=now,
        message=message,
        commit=commit,
        version=new.versions.get("alignment-harness", ""),
        suite_digest=new.suite_digest,
        board_digest=new.board_digest,
        figures=[
            AcceptedFigure(
                row=row.label,
                metric=figure.metric,
                unit=figure.unit,
                higher_is_better=figure.higher_is_better,
                mean=figure.mean,
                ci95=figure.ci95,
                per_seed=figure.per_seed,
            )
            for row in new.rows
            for figure in row.figures
        ],
        changes=[] if old is None else list(_changes(old, new, manifest, records)),
        settings_changed=[] if old is None else list(settings_changed(old.as_run, new.as_run)),
    )
    before = [] if history is None else history.acceptances
    if before and before[-1].board_digest == new.board_digest and (old is None or old.board_digest != new.board_digest):
        before = before[:-1]  # of an acceptance that was killed before it wrote the baseline
    return HistoryRecord(suite=new.suite, acceptances=[*before, made])


def _changes(
    old: BaselineRecord, new: BaselineRecord, manifest: RunManifest, records: Mapping[str, Record]
) -> Iterator[AcceptedChange]:
    """Every figure that is not what it was: those that both have, in the order of the new baseline, new ones among
    them; then those that are gone. Of suites that do not belong together there is no difference to tell.
    """
    before, after = _by_place(old), _by_place(new)
    pairs = [] if unlike(old.as_run, new.as_run) else twice(old, draft(manifest, records))
    pools, _ = pooled_spreads(old, pairs, Settings())
    found = {(one.row, one.metric): one for one in pairs}
    for (row, metric), figure in after.items():
        was, one = before.get((row, metric)), found.get((row, metric))
        if was is not None and _figures_alike(was, figure):
            continue
        if was is None or one is None:
            yield AcceptedChange(
                row=row, metric=metric, before=None if was is None else was.mean, after=figure.mean,
                difference=None, low=None, high=None,
            )  # fmt: skip
        else:
            yield _change(row, metric, was.mean, figure, compared(one, pools))
    for (row, metric), figure in before.items():
        if (row, metric) not in after:
            yield AcceptedChange(
                row=row, metric=metric, before=figure.mean, after=None, difference=None, low=None, high=None
            )


def _figures_alike(one: FigureBaseline, other: FigureBaseline) -> bool:
    """Whether two figures are the same to the last bit, values per item included."""
    return one.model_copy(update={"items": None, "clusters": None}) == other.model_copy(
        update={"items": None, "clusters": None}
    )


def _change(row: str, metric: str, before: float, after: FigureBaseline, found: Compared) -> AcceptedChange:
    difference = found.of.drop if after.higher_is_better is False else -found.of.drop
    half = None if found.parts is None else float(found.parts.half())
    return AcceptedChange(
        row=row,
        metric=metric,
        before=before,
        after=after.mean,
        difference=difference + 0.0,
        low=None if half is None else difference - half,
        high=None if half is None else difference + half,
    )


def _by_place(record: BaselineRecord) -> dict[tuple[str, str], FigureBaseline]:
    return {(row.label, figure.metric): figure for row in record.rows for figure in row.figures}


def write_history(history: HistoryRecord, path: Path) -> None:
    """Write a history, whole or not at all.

    Raises:
        StoreError: it cannot be written.
    """
    write_atomically(path, history.model_dump_json(indent=1) + "\n")


def read_history(path: Path) -> HistoryRecord:
    """A history.

    Raises:
        StoreError: there is none, it cannot be read, or another version wrote it.
    """
    data = read_json(path, "history")
    try:
        return HistoryRecord.model_validate(data)
    except ValidationError as error:
        raise StoreError(f"it is no history: {first_of(error)}", where=str(path), fix=BACK) from error
