"""One row of the board, from its cells and their records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness.board.board import BoardRow, Gap, Heading, Measure, Status
from harness.board.costs import row_cost
from harness.board.evidence import TRAIN, Evidence, seeds_text
from harness.board.measures import measure
from harness.board.tables import Names
from harness.records import Cost, LedgerRecord, RowManifest
from harness.statistics import Scores


def board_row(
    row: RowManifest,
    evidence: Sequence[Evidence],
    families: Mapping[str, Sequence[Heading]],
    ledgers: Mapping[str, LedgerRecord],
    names: Names,
) -> tuple[BoardRow, dict[str, Scores]]:
    """A row, not yet ordered among others, and its values per seed and item, by metric.

    Args:
        row: from the manifest.
        evidence: its cells.
        families: the board's metrics, by the label of the evaluator that gives them.
        ledgers: of the splits; what they count is not counted again as the row's own.
        names: of items; the same for all rows.
    """
    metrics, skipped, scores = _figures(evidence, families, names)
    trained = [one for one in evidence if one.cell.what == TRAIN and one.gap is None]
    judged = [one for one in evidence if one.cell.what != TRAIN and one.gap is None]
    made = BoardRow(
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
        again=row.again,
        control=row.control or row.again is not None or row.default_of is not None,
        tuned=row.tuned,
        default_of=row.default_of,
    )
    return made, scores


def _figures(
    evidence: Sequence[Evidence], families: Mapping[str, Sequence[Heading]], names: Names
) -> tuple[dict[str, Measure], dict[str, Gap], dict[str, Scores]]:
    metrics: dict[str, Measure] = {}
    skipped: dict[str, Gap] = {}
    tables: dict[str, Scores] = {}
    for label, family in families.items():
        evaluations = [one for one in evidence if one.cell.what == label]
        for heading in family or [Heading(label, label, "", None, None, "")]:
            found, scores = measure(heading, evaluations, names)
            if isinstance(found, Measure):
                metrics[heading.name] = found
            else:
                skipped[heading.name] = found
            if scores is not None:
                tables[heading.name] = scores
    return metrics, skipped, tables


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
        noted = [found for name in ("counted", "dropped") if (found := ledger.get(name, {}))]
        together = sum((Counter(found) for found in noted), Counter[str]())
        _add(counts, TRAIN, {name: count for name, count in together.items() if name not in known})
    for one in judged:
        if one.record is not None and one.record.results is not None:
            _add(counts, one.cell.what, one.record.results.counted)
    return {what: dict(found) for what, found in counts.items() if found}


def _add(counts: dict[str, Counter[str]], what: str, found: Mapping[str, int]) -> None:
    """Count what was found; what comes first stands first, even if nothing was found yet."""
    if what not in counts:
        counts[what] = Counter()
    if found:
        counts[what].update(found)
