"""`again: LABEL`: an A/A row, which is another row at other seeds. What separates the two is the noise of training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.digest import Plain, plain
from harness.errors import nearest
from harness.suite.entry import Entry
from harness.suite.longhand import again_name
from harness.suite.node import Node
from harness.suite.problems import Problems
from harness.suite.schema import AgainRow
from harness.suite.suite import Row

BEYOND = 2**32
"""Seeds are below this."""


@dataclass(frozen=True)
class Repeat:
    """An entry of the suite that asks for an A/A row."""

    row: AgainRow
    node: Node
    index: int
    """How many of the other rows stand before it."""

    @property
    def label(self) -> str:
        """Its label, without what a budget adds."""
        return self.row.label or again_name(self.row.again)


def with_repeats(
    made: Sequence[Entry[Row]], wanted: Sequence[Repeat], suite_seeds: Sequence[int], problems: Problems
) -> list[Entry[Row]]:
    """All rows of a suite in its order; A/A rows that cannot be are noted and left out.

    Args:
        made: all other rows.
        wanted: what asks for an A/A row; where the suite has several numbers of prompts, one may mean several.
        suite_seeds: of the suite; rows may have seeds of their own.
    """
    taken = {*suite_seeds, *(s for entry in made for s in entry.made.seeds)}
    free = max(taken.union(*(repeat.row.seeds or () for repeat in wanted))) + 1
    placed = [(index + 1, entry) for index, entry in enumerate(made)]
    for repeat in wanted:
        originals = _originals(repeat, made, wanted, problems)
        seeds = repeat.row.seeds
        if seeds is None and originals:  # rows that a budget alone tells apart have as many
            seeds = tuple(range(free, free + len(originals[0].made.seeds)))
            free += len(seeds)
        placed += [(repeat.index, entry) for entry in _repeated(repeat, originals, seeds or (), problems)]
    return [entry for _, entry in sorted(placed, key=lambda one: one[0])]


def _originals(
    repeat: Repeat, made: Sequence[Entry[Row]], wanted: Sequence[Repeat], problems: Problems
) -> list[Entry[Row]]:
    """The row of that label, else those that a budget alone tells apart; none, and a problem, where there is none."""
    label, place = repeat.row.again, repeat.node.at("again").place
    found = [e for e in made if e.made.label == label] or [e for e in made if e.made.unsized == label]
    if not found and any(label == other.label for other in wanted):
        problems.add(place, f"again: {label!r} is itself such a row", fix="name the row that it repeats")
    elif not found:
        known = {entry.made.unsized for entry in made if entry.made.seeds}
        problems.add(place, f"again: no row is called {label!r}; {nearest(label, known)}")
    return found


def _repeated(
    repeat: Repeat, originals: Sequence[Entry[Row]], seeds: tuple[int, ...], problems: Problems
) -> Iterator[Entry[Row]]:
    for original in originals:
        first = original.made
        fault = _fault(first, seeds)
        if fault:
            key = "seeds" if repeat.row.seeds is not None and first.seeds else "again"
            problems.add(repeat.node.at(key).place, f"again: {first.label!r} cannot be repeated{fault}")
            return
        size = first.label.removeprefix(first.unsized) if repeat.row.again == first.unsized else ""
        named = {"label": repeat.label + size, "unsized": repeat.label, "seeds": seeds, "again": first.label}
        made = replace(first, **named, space={})  # has no study of its own: tuning gives it what the other row gets
        written: dict[str, Plain] = {"again": repeat.row.again, "label": repeat.label, "seeds": plain(seeds)}
        yield Entry(made, repeat.label, repeat.node.place, written, original.init)


def _fault(original: Row, seeds: Sequence[int]) -> str:
    """Why a row cannot be repeated at these seeds; empty if it can."""
    if not original.seeds:
        return ": nothing is learnt in it, so it has no seeds"
    same = sorted(set(original.seeds) & set(seeds))
    if same:
        return f" at seed {same[0]}, which is one of its own"
    if max(seeds) >= BEYOND:
        return ": no seeds below 2**32 are left; give `seeds`"
    return ""
