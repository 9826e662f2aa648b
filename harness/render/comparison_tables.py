"""Rows against the baseline: a table per metric, and the same in sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.board import Board, BoardRow, Comparison, Family, Heading, Interval
from harness.board.sentences import p_text
from harness.gate.outcome import FigureChange
from harness.render.metric_tables import headline, tone
from harness.render.numbers import arrow, between, decimals_of, fixed, signed
from harness.render.picture import Axis
from harness.render.table import Column, Line, Table
from harness.render.text import NONE, one_line

ESTIMANDS = {
    "E1": "new items like these and a fresh training run",
    "E2": "these items and a fresh training run",
    "E3": "new items like these, but these checkpoints only",
    "E4": "these items and these checkpoints only",
}
"""What an interval covers."""
_DEGREES = re.compile(r"df=[0-9.e+]+")


def comparison_tables(board: Board) -> list[Table]:
    """The headline metrics, the primary one first and in full; of the others no drawings and sentences, and no note
    that stands below the first.
    """
    families = {family.metric: family for family in board.comparisons}
    rows = {row.label: row for row in board.rows}
    shown = [h for h in headline(board) if h.name in families]
    tables = [comparison_table(families[h.name], h, rows, full=h is shown[0]) for h in shown]
    known = set(tables[0].notes) if tables else set[str]()
    return tables[:1] + [replace(t, notes=tuple(note for note in t.notes if note not in known)) for t in tables[1:]]


def comparison_table(family: Family, heading: Heading, rows: Mapping[str, BoardRow], *, full: bool = True) -> Table:
    """One metric. Its notes say what the numbers are; with `full` intervals are drawn, and each line is told again as a
    sentence.
    """
    found = family.comparisons
    both = any(one.pooled is not None for one in found)
    places = places_of(family)
    axis = _axis(found) if full else None
    titles = [("row", False), ("verdict", False), ("difference, pooled" if both else "difference", True)]
    titles += [("difference, own", True)] if both else []
    titles += [("p", True), ("detectable", True)]
    titles += [("A/A", True)] if family.again else []
    drawn = f"{fixed(axis.low, places)} to {fixed(axis.high, places)}" if axis else ""
    titles += [(drawn, True)] if axis else []  # right: what stands there must not be folded
    lines = tuple(_line(one, family, places, axis, both, rows.get(one.row)) for one in found)
    name = " ".join(part for part in (one_line(heading.name), arrow(heading.higher_is_better)) if part)
    return Table(
        f"Against {one_line(family.baseline)}: {name}",
        tuple(Column(title, right) for title, right in titles),
        lines,
        tuple(
            one_line(text, 2000)
            for text in [*definitions(family, places), *(sentences_of(found) if full else caveats(found))]
        ),
    )


def sentences_of(found: Sequence[Comparison]) -> list[str]:
    """What each comparison says, with what a reader must know of it."""
    return [one.sentence + (f" Note: {one.note}." if one.note else "") for one in found]


def caveats(found: Sequence[Comparison]) -> list[str]:
    """What a reader must know of single comparisons, without the comparisons."""
    return [f"{one.row}: {one.note}." for one in found if one.note]


def _axis(found: Sequence[Comparison]) -> Axis | None:
    """Wide enough for the contenders; a reference may go beyond it."""
    drawn = [one for one in found if one.contender] or found
    return Axis.over([v for one in drawn for v in (one.difference, one.decides.low, one.decides.high) if v is not None])


def definitions(family: Family, places: int) -> list[str]:
    """What the table's numbers are: what intervals cover, what p is, and the noise floor."""
    intervals = [one for one in family.comparisons if one.decides.low is not None]
    told = [_covers(intervals)] if intervals else []
    outside = any(one.decides.holm_p is None and one.decides.p is not None for one in family.comparisons)
    p = [f"p: corrected by Holm over {family.tests} contenders"] if family.tests > 1 else []
    if any(_leaves_0_out(one) for one in family.comparisons):
        p[0] += ", an interval is not: it may leave 0 out where p is above 0.05"
    p += ["p in brackets: uncorrected, of rows that do not compete or claim nothing of a fresh run"] if outside else []
    p += ["detectable: the least difference that would be found with 80 % power"] if family.tests else []
    told += [f"{'; '.join(p)}."] if p else []
    for pair in family.again:
        told.append(
            f"A/A, the noise floor: {pair.row} minus {pair.original}, equal but for seeds: "
            f"{signed(pair.difference, places)}{between(pair.low, pair.high, places)}."
        )
    if any(one.pooled is not None for one in family.comparisons) and family.spread_ratio is not None:
        told.append(
            "Pooled intervals take all trained contenders to have one spread over seeds, as the suite declared; the "
            f"largest is {family.spread_ratio:.1f} times the median. Controls stand on their own."
        )
    return told + ([f"Warning: {family.warning}."] if family.warning else [])


def _leaves_0_out(one: Comparison) -> bool:
    """Whether a correction alone keeps a difference from being one."""
    found = one.decides
    return found.verdict == "tied" and found.holm_p is not None and found.p is not None and found.p <= 0.05


def _covers(found: Sequence[Comparison]) -> str:
    """What the intervals cover, with the rows it is true of where they differ in more than degrees of freedom."""
    kinds: dict[tuple[str, str], list[Comparison]] = {}
    for one in found:
        untrained = not one.seeds and not one.baseline_seeds
        what = "new items like these" if untrained and one.estimand == "E3" else ESTIMANDS[one.estimand]
        kinds.setdefault((what, _DEGREES.sub("df={}", one.decides.covers)), []).append(one)
    told: dict[str, list[str]] = {}
    for (what, how), ones in kinds.items():
        degrees = _range([one.decides.df for one in ones if one.decides.df is not None])
        rows = f" ({', '.join(one.row for one in ones)})" if len(kinds) > 1 else ""
        told.setdefault(what, []).append(how.replace("{}", degrees) + rows)
    return f"95 % intervals {'; '.join(f'for {what}: ' + '; '.join(each) for what, each in told.items())}."


def _range(values: Sequence[float]) -> str:
    """`2`, `6.82 to 10`."""
    return " to ".join(dict.fromkeys(f"{value:.3g}" for value in (min(values), max(values)))) if values else ""


def places_of(family: Family) -> int:
    """Decimals of the family's differences."""
    intervals = [one.decides for one in family.comparisons]
    halves = [(i.high - i.low) / 2 for i in intervals if i.low is not None and i.high is not None]
    return decimals_of(halves, [one.difference for one in family.comparisons if one.difference is not None])


def _line(one: Comparison, family: Family, places: int, axis: Axis | None, both: bool, row: BoardRow | None) -> Line:
    found = one.decides
    cells = [one_line(one.row), "not told apart" if found.verdict == "tied" else found.verdict]
    pooled = [NONE if one.pooled is None else difference_text(one, one.pooled, places)] if both else []
    cells += [*pooled, difference_text(one, one.own, places)]
    cells.append(p_cell(found))
    cells.append(NONE if found.mde is None else fixed(found.mde, places))
    if family.again:
        cells.append(NONE if one.aa_difference is None else signed(one.aa_difference, places))
    if axis is not None:
        cells.append(NONE if one.difference is None else axis.drawn(found.low, one.difference, found.high))
    return Line(tuple(cells), "plain" if row is None else tone(row))


def difference_text(one: Comparison, found: Interval, places: int) -> str:
    """`+0.036 [0.003, 0.070]`."""
    if one.difference is None:
        return NONE
    return signed(one.difference, places) + between(found.low, found.high, places)


def p_cell(found: Interval | FigureChange) -> str:
    """`0.074`, corrected; `(0.011)`, uncorrected."""
    if found.holm_p is not None:
        return p_text(found.holm_p)
    return NONE if found.p is None else f"({p_text(found.p)})"
