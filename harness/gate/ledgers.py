"""Whether both runs were given the same examples and judged on the same items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.baseline_records import BaselineRecord
from harness.gate.compare import Twice
from harness.records import LedgerRecord
from harness.statistics import Scores


def ledger_changed(before: Mapping[str, LedgerRecord], after: Mapping[str, LedgerRecord]) -> Iterator[str]:
    """How the ledger of the data differs, split by split, a sentence each; a split that only the run has is none."""
    for split, old in before.items():
        new = after.get(split)
        if new is None:
            yield f"{split}: the run has no such split"
            continue
        for what in ("read", "kept"):
            one, other = int(getattr(old, what)), int(getattr(new, what))
            if one != other:
                yield f"{split}: {one:,} examples {what} in the baseline, {other:,} now"
        for what in ("dropped", "counted"):
            yield from _counts(split, what, dict(getattr(old, what)), dict(getattr(new, what)))


def _counts(split: str, what: str, old: Mapping[str, int], new: Mapping[str, int]) -> Iterator[str]:
    for reason in dict.fromkeys([*old, *new]):
        one, other = old.get(reason, 0), new.get(reason, 0)
        if one != other:
            yield f"{split}: {what} as {reason!r}: {one:,} in the baseline, {other:,} now"


def items_changed(baseline: BaselineRecord, found: Sequence[Twice]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Metrics that stand on other items than in the baseline.

    A metric is held to its items where it has a direction and all rows and seeds of the baseline have the same ones.
    Else what items there are may be part of the outcome, as for the share of verdicts that the order of answers turned.

    Returns:
        what is a change of the ledger, a sentence per metric; what is worth a note, likewise.
    """
    kept: dict[str, set[str]] = {}
    loose: set[str] = set()
    for figure in (figure for row in baseline.rows for figure in row.figures if figure.items is not None):
        kept.setdefault(figure.metric, set()).add(baseline.item_sets[str(figure.items)].packed)
        common = baseline.item_sets[str(figure.items)].n
        if figure.higher_is_better is None or (figure.clusters is None and figure.n > common):
            loose.add(figure.metric)
    loose |= {metric for metric, sets in kept.items() if len(sets) > 1}
    changes, notes = dict[str, str](), dict[str, str]()
    for one in found:
        told = _items(one)
        if told and one.metric not in loose:
            changes.setdefault(one.metric, told)
        elif told:
            notes.setdefault(one.metric, f"{told}; which items it stands on may be part of the outcome")
    return tuple(changes.values()), tuple(notes.values())


def _items(one: Twice) -> str:
    before, after = one.values_before, one.values_after
    if not isinstance(before, Scores) or not isinstance(after, Scores) or before.items == after.items:
        return ""
    old, new = set(before.items), set(after.items)
    if old == new:
        return ""
    others, more = len(old - new), len(new - old)
    told = f"{one.metric}: {others:,} of {len(old):,} items of the baseline are not in the run"
    return f"{told}, and {more:,} are new" if more else told
