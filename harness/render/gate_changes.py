"""What became of the figures of a baseline when another run was accepted in its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.baseline_records import Acceptance, AcceptedChange
from harness.render.numbers import arrow, between, decimals_of, fixed, signed
from harness.render.table import Column, Line, Table
from harness.render.text import NONE, one_line


def changes_table(acceptance: Acceptance) -> Table | None:
    """A line for every figure that is not what it was, and one for every row that came or went as a whole; None where
    nothing changed, or there was no baseline before.
    """
    if not acceptance.changes:
        return None
    known = {(one.row, one.metric): one.higher_is_better for one in acceptance.figures}
    rows: dict[str, list[AcceptedChange]] = {}
    for one in acceptance.changes:
        rows.setdefault(one.row, []).append(one)
    held = Counter(row for row, _ in known)
    lines: list[Line] = []
    for row, changes in rows.items():
        if held[row] == 0:
            lines.append(Line((one_line(row), _all(changes), NONE, "gone", NONE), "trouble"))
        elif len(changes) == held[row] and all(one.before is None for one in changes):
            lines.append(Line((one_line(row), _all(changes), "new", NONE, NONE)))
        else:
            lines += [_line(one, known.get((one.row, one.metric))) for one in changes]
    columns = (
        Column("row"),
        Column("metric"),
        Column("before", True),
        Column("after", True),
        Column("difference", True),
    )
    note = "difference: after minus before, on the items and seeds that count for both, with the 95 % interval of each."
    return Table("Changed", columns, tuple(lines), (note,))


def _all(changes: Sequence[AcceptedChange]) -> str:
    return f"all {len(changes)}" if len(changes) > 1 else one_line(changes[0].metric)


def change_sentence(suite: str, acceptance: Acceptance, *, first: bool) -> str:
    """What was accepted, in one sentence."""
    rows = {one.row for one in acceptance.figures}
    held = f"{one_line(suite)}: {len(acceptance.figures)} figures of {len(rows)} rows are the baseline"
    if first:
        return f"{held}, the first one."
    new = sum(1 for one in acceptance.changes if one.before is None)
    gone = sum(1 for one in acceptance.changes if one.after is None)
    return f"{held}: {len(acceptance.changes) - new - gone} changed, {new} new, {gone} gone."


def _line(one: AcceptedChange, higher_is_better: bool | None) -> Line:
    halves = [] if one.low is None or one.high is None else [(one.high - one.low) / 2]
    places = decimals_of(halves, [value for value in (one.before, one.after) if value is not None])
    name = " ".join(part for part in (one_line(one.metric), arrow(higher_is_better)) if part)
    around = between(one.low, one.high, places)
    difference = NONE if one.difference is None else signed(one.difference, places) + around
    before = "new" if one.before is None else fixed(one.before, places)
    after = "gone" if one.after is None else fixed(one.after, places)
    return Line((one_line(one.row), name, before, after, difference), "trouble" if one.after is None else "plain")
