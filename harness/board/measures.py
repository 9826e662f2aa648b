"""What the evaluations of one row say of one metric: a measure over its seeds, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.board.board import Gap, Heading, Measure
from harness.board.evidence import Evidence, seeds_text
from harness.records import FigureRecord
from harness.statistics import PerItem, Spread, spread

SEVERITY = ("failed", "missing", "skipped")


def headings(label: str, evaluations: Sequence[Evidence]) -> Iterator[Heading]:
    """The metrics that one evaluator gave to any row, in the order in which they first appear."""
    found: dict[str, list[FigureRecord]] = {}
    for one in evaluations:
        for name, figure in one.figures.items():
            found.setdefault(name, []).append(figure)
    for name, figures in found.items():
        first = figures[0]
        yield Heading(name, label, first.unit, first.higher_is_better, _common_best(figures), first.about)


def _common_best(figures: Sequence[FigureRecord]) -> float | None:
    first, *others = (f.best for f in figures)
    if first is None:
        return None
    same = all(o is not None and math.isclose(o, first, rel_tol=1e-6, abs_tol=1e-12) for o in others)
    return first if same else None


@dataclass(frozen=True)
class _Found:
    """The figure of one evaluation."""

    seed: int | None
    figure: FigureRecord
    items: list[str]


def measure(heading: Heading, evaluations: Sequence[Evidence]) -> Measure | Gap:
    """One metric of one row, from its evaluations: one per seed, one in all for a row without training."""
    found: list[_Found] = []
    gaps: list[tuple[int | None, Gap]] = []
    for one in evaluations:
        problem = _problem(heading, one)
        if problem is None:
            figure = one.figures[heading.name]
            found.append(_Found(one.cell.seed, figure, one.items(figure)))
        else:
            gaps.append((one.cell.seed, problem))
    return _measure(heading, found, gaps) if found else _gap_of([gap for _, gap in gaps])


def _measure(heading: Heading, found: Sequence[_Found], gaps: Sequence[tuple[int | None, Gap]]) -> Measure:
    mean = float(np.mean([one.figure.value for one in found]))
    per_seed = {one.seed: one.figure.value for one in found if one.seed is not None}
    around, note = _spread(found, trained=bool(per_seed))
    return Measure(
        mean=mean,
        stderr=around.stderr,
        ci95=None if around.half is None else (mean - around.half, mean + around.half),
        n=around.n,
        unit=heading.unit,
        higher_is_better=heading.higher_is_better,
        per_seed=per_seed or None,
        best=_common_best([one.figure for one in found]),
        basis=around.basis,
        note="; ".join(part for part in (_seeds_note(len(found), gaps), note) if part),
        library_stderr=_stated(found),
    )


def _stated(found: Sequence[_Found]) -> tuple[float, ...] | None:
    stated = tuple(e for one in found if (e := one.figure.standard_error) is not None)
    return stated if len(stated) == len(found) else None


def _problem(heading: Heading, one: Evidence) -> Gap | None:
    """Why one evaluation gives no usable figure of a metric."""
    if one.gap is not None:
        return one.gap
    figure = one.figures.get(heading.name)
    if figure is None:
        return Gap("skipped", f"{heading.evaluator} gave no such figure")
    if not math.isfinite(figure.value):
        return Gap("failed", f"{heading.evaluator} gave {figure.value}, which is no finite number")
    if (figure.unit, figure.higher_is_better) != (heading.unit, heading.higher_is_better):
        return Gap("failed", f"{heading.evaluator} gave another unit or direction than for other rows ({figure.unit})")
    return None


def _gap_of(gaps: Sequence[Gap]) -> Gap:
    if not gaps:
        return Gap("missing", "not part of the run")
    worst = min(gaps, key=lambda gap: SEVERITY.index(gap.state)).state
    return Gap(worst, "; ".join(dict.fromkeys(gap.reason for gap in gaps if gap.state == worst)))


def _spread(found: Sequence[_Found], *, trained: bool) -> tuple[Spread, str]:
    """The spread, and why there is no interval where there is none."""
    none = Spread(None, None, "none", min(len(one.items) for one in found))
    runs: list[PerItem] = []
    for one in found:
        if one.figure.values is None:
            return none, "no interval: the figure has no value per item"
        values = np.asarray(one.figure.values, dtype=np.float64)
        if len(values) != len(one.items) or not len(values) or not np.isfinite(values).all():
            return none, "no interval: the record has not one finite value per item"
        runs.append(PerItem(one.items, values))
    around = spread(runs, trained=trained)
    return around, "no interval: the figure stands on a single item" if around.half is None else ""


def _seeds_note(used: int, gaps: Sequence[tuple[int | None, Gap]]) -> str:
    if not gaps:
        return ""
    reasons: dict[tuple[str, str], list[int | None]] = {}
    for seed, gap in gaps:
        reasons.setdefault((gap.state, gap.reason), []).append(seed)
    parts = [f"{seeds_text(seeds)} {state}: {reason}" for (state, reason), seeds in reasons.items()]
    return f"{used} of {used + len(gaps)} seeds; {'; '.join(parts)}"
