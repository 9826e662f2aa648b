"""`init: LABEL`: which row's policy another row starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.errors import nearest
from harness.suite.entry import Entry
from harness.suite.grid import sized
from harness.suite.problems import Problems
from harness.suite.suite import Row


def linked(entries: Sequence[Entry[Row]], problems: Problems) -> list[Entry[Row]]:
    """These entries, each row knowing the one it starts from; what cannot be is noted and left out."""
    known = {entry.made.label: entry for entry in entries}
    made: dict[str, Row | None] = {}
    linked_entries: list[Entry[Row]] = []
    for entry in entries:
        row = _linked(entry, known, made, (), problems)
        if row is not None:
            linked_entries.append(replace(entry, made=row))
    return linked_entries


def _linked(
    entry: Entry[Row],
    known: Mapping[str, Entry[Row]],
    made: dict[str, Row | None],
    behind: tuple[str, ...],
    problems: Problems,
) -> Row | None:
    label = entry.made.label
    if label in behind:
        circle = " -> ".join([*behind[behind.index(label) :], label])
        problems.add(entry.place, f"rows start from each other: {circle}")
        return None
    if label not in made:
        made[label] = _start(entry, known, made, (*behind, label), problems) if entry.init else entry.made
    return made[label]


def _start(
    entry: Entry[Row],
    known: Mapping[str, Entry[Row]],
    made: dict[str, Row | None],
    behind: tuple[str, ...],
    problems: Problems,
) -> Row | None:
    row, init = entry.made, str(entry.init)
    first = known.get(init) or known.get(init + sized(row.budget))
    if first is None:
        labels = {each.made.unsized or each.made.label for each in known.values()} - {row.unsized}
        problems.add(entry.place, f"init: no row is called {init!r}; {nearest(init, labels)}")
        return None
    start = _linked(first, known, made, behind, problems)
    if start is None:
        return None
    fault, fix = _fault(row, start), ""
    if missing := _missing_seeds(row, start):
        fault = fault or f"it has no seed {missing[0]}"
        fix = f"write `seeds: {sorted({*start.seeds, *row.seeds})}` for {start.label!r}"
        if row.again is not None:  # or this row would be given seeds above those
            fix += f", and `seeds: {list(row.seeds)}` for {row.label!r}"
    if fault:
        problems.add(entry.place, f"init: {row.label!r} cannot start from {start.label!r}: {fault}", fix=fix)
        return None
    return replace(row, initial=start)


def _missing_seeds(row: Row, start: Row) -> list[int]:
    """The seeds of a row at which the row it starts from is not trained."""
    return sorted(set(row.seeds) - set(start.seeds)) if start.method is not None else []


def _fault(row: Row, start: Row) -> str:
    """Why a row cannot start from another; empty if it can."""
    if start.column is not None or start.policy == "oracle":
        return "that row has no language model"
    if row.training.lora and start.training.lora and row.training.lora != start.training.lora:
        return "both train adapters, and of different settings; give them the same `lora`, or one of them none"
    return ""
