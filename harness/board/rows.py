"""One row of the board, from its cells and their records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness.board.board import BoardRow, Gap, Heading, Measure, Status
from harness.board.costs import row_cost
from harness.board.evidence import TRAIN, Evidence, seeds_text
from harness.board.measures import measure
from harness.records import Cost, LedgerRecord, RowManifest


def board_row(
    row: RowManifest,
    evidence: Sequence[Evidence],
    families: Mapping[str, Sequence[Heading]],
    ledgers: Mapping[str, LedgerRecord],
) -> BoardRow:
    """A row, not yet ordered among others.

    Args:
        row: from the manifest.
        evidence: its cells.
        families: the board's metrics, by the label of the evaluator that gives them.
        ledgers: of the splits; what they count is not counted again as the row's own.
    """
    metrics, skipped = _figures(evidence, families)
    trained = [one for one in evidence if one.cell.what == TRAIN and one.gap is None]
    judged = [one for one in evidence if one.cell.what != TRAIN and one.gap is None]
    return BoardRow(
        method=row.method,
        kind=row.kind,
        label=row.label,
        unsized=row.unsized or row.label,
        prompts=row.prompts,
        options=row.options,
        training=row.training,
        status=_status(evidence),
        reason=_reason(evidence),
        standing="no figure",
        seeds=_seeds(evidence),
        seeds_used=_seeds(judged),
        distribution=row.distribution,
        version=row.version,
        own=row.own,
        saw=tuple(row.saw),
        cost=row_cost(_costs(trained), list(_costs_by_seed(judged).values())),
        counted=_counted(trained, judged, ledgers),
        metrics=metrics,
        skipped=skipped,
    )


def _figures(
    evidence: Sequence[Evidence], families: Mapping[str, Sequence[Heading]]
) -> tuple[dict[str, Measure], dict[str, Gap]]:
    metrics: dict[str, Measure] = {}
    skipped: dict[str, Gap] = {}
    for label, family in families.items():
        evaluations = [one for one in evidence if one.cell.what == label]
        for heading in family or [Heading(label, label, "", None, None, "")]:
            found = measure(heading, evaluations)
            if isinstance(found, Measure):
                metrics[heading.name] = found
            else:
                skipped[heading.name] = found
    return metrics, skipped


def _seeds(evidence: Sequence[Evidence]) -> tuple[int, ...]:
    return tuple(sorted({one.cell.seed for one in evidence if one.cell.seed is not None}))


def _status(evidence: Sequence[Evidence]) -> Status:
    states = {one.gap.state if one.gap else "done" for one in evidence}
    judged = any(one.gap is None for one in evidence if one.cell.what != TRAIN)
    if "failed" in states or "missing" in states:
        if judged:
            return "partial"
        return "failed" if "failed" in states else "missing"
    return "done" if judged or states == {"done"} else "skipped"


def _reason(evidence: Sequence[Evidence]) -> str:
    """Every different reason once; what failed because training did is not said again."""
    groups: dict[tuple[str, str], list[Evidence]] = {}
    for one in evidence:
        if one.gap:
            groups.setdefault((one.gap.state, one.gap.reason), []).append(one)
    parts: list[str] = []
    for (state, reason), members in groups.items():
        named = [one for one in members if one.cell.what == TRAIN] or members
        what = ", ".join(dict.fromkeys(one.cell.what for one in named))
        place = seeds_text([one.cell.seed for one in named])
        parts.append(f"{what} {state}{f' at {place}' if place else ''}: {reason}")
    return "; ".join(parts)


def _costs(evidence: Sequence[Evidence]) -> list[Cost]:
    return [one.record.cost for one in evidence if one.record is not None]


def _costs_by_seed(judged: Sequence[Evidence]) -> dict[int | None, list[Cost]]:
    by_seed: dict[int | None, list[Cost]] = {}
    for one in judged:
        by_seed.setdefault(one.cell.seed, []).extend(_costs([one]))
    return by_seed


def _counted(
    trained: Sequence[Evidence], judged: Sequence[Evidence], ledgers: Mapping[str, LedgerRecord]
) -> dict[str, dict[str, int]]:
    """What was counted on the way, all seeds together."""
    counts: dict[str, Counter[str]] = {}
    known = {name for ledger in ledgers.values() for name in [*ledger.counted, *ledger.dropped]}
    for one in trained:
        ledger: Mapping[str, Any] = one.record.notes.get("ledger", {}) if one.record else {}
        noted = Counter(ledger.get("counted", {})) + Counter(ledger.get("dropped", {}))
        own = {name: count for name, count in noted.items() if name not in known}
        counts.setdefault(TRAIN, Counter()).update(own)
    for one in judged:
        if one.record is not None and one.record.results is not None:
            counts.setdefault(one.cell.what, Counter()).update(one.record.results.counted)
    return {what: dict(found) for what, found in counts.items() if found}
