"""Which row a row is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.board.board import BoardRow, Heading
from harness.board.comparison import Family
from harness.errors import HarnessError, nearest


def default_baseline(rows: Sequence[BoardRow]) -> str | None:
    """The base model's row, else the first row, without its number of prompts; None where there is no row."""
    base = next((row for row in rows if row.kind == "policy" and row.method == "base"), None)
    if base is not None:
        return base.label
    return next((row.unsized for row in rows if row.again is None), None)


def known_baseline(label: str, rows: Sequence[BoardRow]) -> str:
    """`label`, if it can be a baseline.

    Raises:
        HarnessError: no row is called so.
    """
    if any(label in (row.label, row.unsized) for row in rows):
        return label
    raise HarnessError(f"no row is called {label!r}; {nearest(label, {row.unsized for row in rows})}")


def without_baseline(
    rows: Sequence[BoardRow], primary: Heading | None, baseline: str | None, compared: Sequence[Family]
) -> tuple[str, ...]:
    """Why no row is compared on the metric that orders them; nothing where some are, or there is but one to compare.

    Args:
        rows: of the board.
        primary: what orders them.
        baseline: what they were to be compared with.
        compared: what could be.
    """
    filled = [row for row in rows if primary is not None and primary.name in row.metrics]
    if primary is None or baseline is None or len(filled) < 2 or any(f.metric == primary.name for f in compared):
        return ()
    named = [row for row in rows if baseline in (row.label, row.unsized)]
    if any(row in filled for row in named):
        return ()
    gap = next(
        (row.skipped[primary.name].reason for row in named if primary.name in row.skipped), "no row is called so"
    )
    return (f"no comparison in {primary.name} with the baseline {baseline}: {gap}",)


def opposites(baseline: str, rows: Sequence[BoardRow]) -> Mapping[str, BoardRow]:
    """By label, the row that each is compared with: the one of that label, else the one that had as many prompts and is
    called so without them. A row that there is none for, or that is it itself, is left out.
    """
    named = next((row for row in rows if row.label == baseline), None)
    sized: dict[int | None, BoardRow] = {}
    for row in rows:
        if row.unsized == baseline:
            sized.setdefault(row.prompts, row)
    found = {row.label: named or sized.get(row.prompts) for row in rows}
    return {label: other for label, other in found.items() if other is not None and other.label != label}
