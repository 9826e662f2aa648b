"""What the baseline has and a run lacks, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.baseline_records import BaselineRecord, FigureBaseline, RowBaseline
from harness.board.board import BoardRow, Measure
from harness.board.evidence import seeds_text
from harness.gate.changes import listed
from harness.gate.outcome import Loss


def losses_of(baseline: BaselineRecord, rows: Mapping[str, BoardRow]) -> tuple[Loss, ...]:
    """Rows, metrics and seeds that are gone, in the order of the baseline. A row or a metric that the run's suite no
    longer has is lost as well.

    Args:
        baseline: what the run is held to.
        rows: of the run, by label.
    """
    return tuple(loss for row in baseline.rows if row.figures for loss in _of_row(row, rows.get(row.label)))


def _of_row(before: RowBaseline, after: BoardRow | None) -> Iterator[Loss]:
    if after is None:
        yield Loss("row", before.label, "", "the run's suite has no such row")
        return
    if not after.metrics:
        yield Loss("row", before.label, "", after.reason or "none of its steps gave a figure")
        return
    lasting: list[tuple[FigureBaseline, Measure]] = []
    for figure in before.figures:
        measure = after.metrics.get(figure.metric)
        if measure is None:
            yield Loss("metric", before.label, figure.metric, _why(after, figure.metric))
        elif (measure.unit, measure.higher_is_better) != (figure.unit, figure.higher_is_better):
            told = f"it is another figure now: its unit was {figure.unit!r} and is {measure.unit!r}"
            if measure.unit == figure.unit:
                told = "it is another figure now: which way is better has changed"
            yield Loss("metric", before.label, figure.metric, told)
        else:
            lasting.append((figure, measure))
    yield from _seeds(before.label, after, lasting)


def _why(row: BoardRow, metric: str) -> str:
    """Why a row has no such figure. An evaluator that gave no row any stands under its label."""
    places = [metric, *(label for label in row.skipped if metric.startswith(f"{label}/"))]
    gap = next((row.skipped[place] for place in places if place in row.skipped), None)
    return "the run's suite has no such metric" if gap is None else f"{gap.state}: {gap.reason}"


def _seeds(label: str, row: BoardRow, figures: Sequence[tuple[FigureBaseline, Measure]]) -> Iterator[Loss]:
    """Seeds that the suite still plans: once for the row where every metric lacks them, else metric by metric."""
    gone = [
        frozenset(s for s in figure.per_seed or () if s in row.seeds and s not in (measure.per_seed or ()))
        for figure, measure in figures
    ]
    everywhere = frozenset[int]().union(*gone).intersection(*gone) if gone else frozenset[int]()
    if everywhere:
        yield Loss("seed", label, "", f"{seeds_text(sorted(everywhere))}: {row.reason or 'no figure'}")
    for (figure, measure), lacking in zip(figures, gone, strict=True):
        if lacking - everywhere:
            told = f"{seeds_text(sorted(lacking - everywhere))}: {measure.note or 'no figure'}"
            yield Loss("seed", label, figure.metric, told)


def novelties(baseline: BaselineRecord, rows: Mapping[str, BoardRow], metrics: Sequence[str]) -> Iterator[str]:
    """What the run has and the baseline lacks, and seeds that are no longer planned, a sentence each.

    Args:
        baseline: what the run is held to.
        rows: of the run, by label.
        metrics: of the run, on all items.
    """
    known = {row.label: row for row in baseline.rows}
    fresh = [label for label, row in rows.items() if row.metrics and not (label in known and known[label].figures)]
    if fresh:
        yield f"new rows, held to nothing: {listed(fresh)}"
    before = {figure.metric for row in baseline.rows for figure in row.figures}
    new = [metric for metric in metrics if metric not in before]
    if new:
        yield f"new metrics, held to nothing: {listed(new)}"
    for label, row in rows.items():
        old = known[label].seeds if label in known else []
        unplanned = [seed for seed in old if row.metrics and seed not in row.seeds]
        if unplanned:
            yield f"{label}: {seeds_text(unplanned)} of the baseline no longer planned"
        added = [seed for seed in row.seeds if seed not in old and label in known]
        if added and old:
            failed = [seed for seed in added if seed not in row.seeds_used]
            yield f"{label}: {seeds_text(added)} new" + (
                f", of which {seeds_text(failed)} has no figure" if failed else ""
            )
