"""One metric of every row, as the ranked table and the details of a row show it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.board import Board, BoardRow, Comparison, Family, Gap, Heading, Measure
from harness.page.island import short
from harness.render.comparison_tables import difference_text, p_cell, places_of
from harness.render.numbers import arrow, decimals, fixed, half_width, measured, per_seed
from harness.render.text import NONE, one_line

WIDE = 3.0
"""Intervals of more than so many typical widths run beyond the axis."""
MARGIN = 0.04
"""Of an axis, on either side."""
VERDICTS = {"tied": "not told apart"}


@dataclass(frozen=True)
class Cell:
    """One row."""

    text: str
    """`0.633 ± 0.010`, or why there is nothing."""
    note: str = ""
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    seeds: tuple[float | None, ...] = ()
    seeds_text: str = ""
    difference: str = NONE
    """To the baseline: `+0.036 [0.003, 0.070]`."""
    by: float | None = None
    p: str = NONE
    p_value: float | None = None
    verdict: str = ""


@dataclass(frozen=True)
class MetricView:
    """One metric."""

    name: str
    title: str
    """With which way is better, and the unit."""
    evaluator: str
    about: str
    subset: bool
    higher_is_better: bool | None
    best: float | None
    low: float | None
    """Of the axis; None where nothing is to be drawn."""
    high: float | None
    ends: tuple[str, str]
    """The same as text."""
    baseline: str
    """Label; empty where nothing was compared."""
    noise: tuple[str, str] | None
    """What separates an A/A pair, the widest of them, and the pair; None where there is none."""
    cells: tuple[Cell, ...] = field(default_factory=tuple[Cell, ...])
    """In the order of the board."""

    def data(self) -> dict[str, Any]:
        """For the page's script: a column for each field of the cells."""
        cells = self.cells
        return {
            "name": self.name,
            "title": self.title,
            "evaluator": self.evaluator,
            "about": self.about,
            "subset": self.subset,
            "higher": self.higher_is_better,
            "best": short(self.best),
            "axis": None if self.low is None else [short(self.low), short(self.high)],
            "ends": self.ends,
            "baseline": self.baseline,
            "text": [c.text for c in cells],
            "note": [c.note for c in cells],
            "mean": [short(c.mean) for c in cells],
            "low": [short(c.low) for c in cells],
            "high": [short(c.high) for c in cells],
            "seeds": [[short(s) for s in c.seeds] for c in cells],
            "seedsText": [c.seeds_text for c in cells],
            "difference": [c.difference for c in cells],
            "by": [short(c.by) for c in cells],
            "p": [c.p for c in cells],
            "pValue": [short(c.p_value) for c in cells],
            "verdict": [c.verdict for c in cells],
        }


def metric_views(board: Board) -> tuple[MetricView, ...]:
    """Every metric of the board, the one that orders the rows first."""
    families = {family.metric: family for family in board.comparisons}
    views = [_view(board, heading, families.get(heading.name)) for heading in board.metrics]
    return tuple(sorted(views, key=lambda view: view.name != one_line(board.primary_metric or "")))


def by_evaluator(views: Sequence[MetricView]) -> list[tuple[str, list[tuple[int, str]]]]:
    """(evaluator, [(place, title)]) for a list of choices; figures on parts of the items have groups of their own."""
    found: dict[str, list[tuple[int, str]]] = {}
    for place, view in enumerate(views):
        name = f"{view.evaluator}, on parts of the items" if view.subset else view.evaluator
        found.setdefault(name, []).append((place, view.title))
    whole = [(name, some) for name, some in found.items() if not views[some[0][0]].subset]
    return [*whole, *((name, some) for name, some in found.items() if views[some[0][0]].subset)]


def _view(board: Board, heading: Heading, family: Family | None) -> MetricView:
    measures = [row.metrics[heading.name] for row in board.rows if heading.name in row.metrics]
    places = decimals(measures)
    compared = None if family is None else _Compared.of(family)
    low, high = _axis(board.rows, heading)
    return MetricView(
        name=one_line(heading.name),
        title=_title(heading),
        evaluator=one_line(heading.evaluator),
        about=one_line(heading.about, 600),
        subset=bool(heading.subset),
        higher_is_better=heading.higher_is_better,
        best=heading.best,
        low=low,
        high=high,
        ends=("", "") if low is None or high is None else (fixed(low, places), fixed(high, places)),
        baseline="" if family is None else one_line(family.baseline),
        noise=_noise(family),
        cells=tuple(_cell(row, heading, places, compared) for row in board.rows),
    )


def _title(heading: Heading) -> str:
    name = one_line(heading.name)
    unit = one_line(heading.unit)
    known = {"", "fraction", "count", name.rpartition("/")[2]}
    named = "\u00a0".join(part for part in (name, arrow(heading.higher_is_better)) if part)
    return named if unit in known else f"{named} ({unit})"


def _noise(family: Family | None) -> tuple[str, str] | None:
    if family is None or not family.again:
        return None
    pair = max(family.again, key=lambda one: abs(one.difference))
    return fixed(abs(pair.difference), places_of(family)), f"{one_line(pair.row)} and {one_line(pair.original)}"


@dataclass(frozen=True)
class _Compared:
    """The comparisons of one metric, by row."""

    by_row: Mapping[str, Comparison]
    baselines: frozenset[str]
    places: int

    @classmethod
    def of(cls, family: Family) -> _Compared:
        found = family.comparisons
        baselines = frozenset((family.baseline, *(one.baseline for one in found)))
        return cls({one.row: one for one in found}, baselines, places_of(family))


def _cell(row: BoardRow, heading: Heading, places: int, compared: _Compared | None) -> Cell:
    found = row.metrics.get(heading.name)
    if found is None:
        gap = row.skipped.get(heading.name) or Gap("missing", "")
        return Cell(gap.state, one_line(gap.reason))
    low, high = found.ci95 or (None, None)
    seeds = tuple((found.per_seed or {}).get(seed) for seed in row.seeds)
    told = Cell(
        text=measured(found, places),
        note=one_line(found.note),
        mean=found.mean,
        low=low,
        high=high,
        seeds=seeds,
        seeds_text=per_seed(found, row.seeds, places) if row.seeds else "",
    )
    one = compared.by_row.get(row.label) if compared else None
    if one is None or compared is None:
        return replace(told, difference="baseline" if compared and row.label in compared.baselines else NONE)
    decides = one.decides
    return replace(
        told,
        difference=difference_text(one, decides, compared.places),
        by=one.difference,
        p=p_cell(decides),
        p_value=decides.holm_p if decides.holm_p is not None else decides.p,
        verdict=VERDICTS.get(decides.verdict, decides.verdict),
    )


def _axis(rows: tuple[BoardRow, ...], heading: Heading) -> tuple[float | None, float | None]:
    """Wide enough for every mean and every seed of the rows that compete, and for all of their intervals but the few
    that would dwarf the others. What lies beyond is drawn as an arrow.
    """
    shown = [(row, row.metrics[heading.name]) for row in rows if heading.name in row.metrics]
    core = [found for row, found in shown if not row.reference] or [found for _, found in shown]
    halves = [half for m in core if (half := half_width(m))]
    most = WIDE * statistics.median(halves) if halves else 0.0
    values = [value for m in core for value in _drawn(m, most)]
    if not values:
        return None, None
    low, high = min(values), max(values)
    margin = MARGIN * (high - low) or abs(high) * MARGIN or 1.0
    return low - margin, high + margin


def _drawn(measure: Measure, most: float) -> list[float]:
    ends = measure.ci95 if measure.ci95 and (half_width(measure) or 0.0) <= most else ()
    return [measure.mean, *ends, *(measure.per_seed or {}).values()]
