"""Which rows were trained on the same examples. Rows that were not are not ranked together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeAlias

from harness.board.evidence import TRAIN, Evidence

Ledger: TypeAlias = tuple[int, int, tuple[tuple[str, int], ...]]
"""Of one training: examples read, kept, and dropped by each reason."""


@dataclass
class _Group:
    by_seed: dict[int | None, Ledger]
    labels: list[str] = field(default_factory=list[str])

    def holds(self, other: Mapping[int | None, Ledger]) -> bool:
        """Whether all seeds that both know had the same ledger. Without a common seed (an A/A row), whether some had as
        many examples read and dropped for the same reasons, be they more or fewer.
        """
        common = self.by_seed.keys() & other.keys()
        if common:
            return all(self.by_seed[seed] == other[seed] for seed in common)
        return not {_kind(one) for one in self.by_seed.values()}.isdisjoint(_kind(one) for one in other.values())


def _kind(ledger: Ledger) -> tuple[int, frozenset[str]]:
    read, _, dropped = ledger
    return read, frozenset(reason for reason, _ in dropped)


def ledger_groups(evidence: Mapping[str, Sequence[Evidence]]) -> tuple[dict[str, str], dict[str, str]]:
    """Rows by what their training examples were.

    What was counted (truncations, ties) does not tell rows apart: they saw the same examples all the same.

    Args:
        evidence: label of a row -> its cells.

    Returns:
        label -> letter, and letter -> what those rows were given. Both are empty where all trained rows were given the
        same; rows whose records have no ledger stand in none.
    """
    groups: list[_Group] = []
    for label, cells in evidence.items():
        ledgers = {one.cell.seed: found for one in cells if (found := _ledger(one)) is not None}
        if not ledgers:
            continue
        group = next((g for g in groups if g.holds(ledgers)), None)
        if group is None:
            groups.append(group := _Group({}))
        group.by_seed.update(ledgers)
        group.labels.append(label)
    if len(groups) < 2:
        return {}, {}
    letters = [_letter(number) for number, _ in zip(count(), groups, strict=False)]
    of_rows = {label: letter for letter, group in zip(letters, groups, strict=True) for label in group.labels}
    return of_rows, {letter: _told(group) for letter, group in zip(letters, groups, strict=True)}


def _ledger(one: Evidence) -> Ledger | None:
    if one.cell.what != TRAIN or one.record is None:
        return None
    noted: Mapping[str, Any] = one.record.notes.get("ledger", {})
    if "read" not in noted or "kept" not in noted:
        return None
    dropped = {str(name): int(n) for name, n in dict(noted.get("dropped", {})).items() if n}
    return int(noted["read"]), int(noted["kept"]), tuple(sorted(dropped.items()))


def _letter(number: int) -> str:
    """A, B, ..., Z, AA, AB, ..."""
    rest, place = divmod(number, 26)
    return (_letter(rest - 1) if rest else "") + chr(ord("A") + place)


def _told(group: _Group) -> str:
    """`3,010 of 3,072 examples kept, 62 no candidate preferred (dpo, rpo)`; seeds that differ one after another."""
    told = dict.fromkeys(
        f"{kept:,} of {read:,} examples kept" + "".join(f", {n:,} {reason}" for reason, n in dropped)
        for read, kept, dropped in group.by_seed.values()
    )
    return f"{'; '.join(told)} ({', '.join(group.labels)})"
