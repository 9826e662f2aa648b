"""What the evaluations of one row say of one metric: a measure over its seeds with its table, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from harness.board.board import Gap, Heading, Measure
from harness.board.evidence import Evidence, seeds_text
from harness.board.tables import Found, Names, table
from harness.records import FigureRecord
from harness.statistics import Scores

SEVERITY = ("failed", "missing", "skipped")


def headings(label: str, evaluations: Sequence[Evidence]) -> Iterator[Heading]:
    """The metrics that one evaluator gave to any row, in the order in which they first appear."""
    found: dict[str, list[FigureRecord]] = {}
    for one in evaluations:
        for name, figure in one.figures.items():
            found.setdefault(name, []).append(figure)
    for name, figures in found.items():
        first = figures[0]
        of = name.removesuffix(f"[{first.subset}]") if first.subset else ""
        best = _common_best(figures)
        yield Heading(name, label, first.unit, first.higher_is_better, best, first.about, first.subset, of)


def _common_best(figures: Sequence[FigureRecord]) -> float | None:
    first, *others = (f.best for f in figures)
    if first is None:
        return None
    same = all(o is not None and math.isclose(o, first, rel_tol=1e-6, abs_tol=1e-12) for o in others)
    return first if same else None


def measure(heading: Heading, evaluations: Sequence[Evidence], names: Names) -> tuple[Measure | Gap, Scores | None]:
    """One metric of one row, from its evaluations: one per seed, one in all for a row without training.

    Returns:
        the figure, or why there is none; its values per seed and item, where they can be had.
    """
    found: list[Found] = []
    gaps: list[tuple[int | None, Gap]] = []
    for one in evaluations:
        problem = _problem(heading, one)
        if problem is None:
            found.append(names.found(one, one.figures[heading.name]))
        else:
            gaps.append((one.cell.seed, problem))
    return _measure(heading, found, gaps, names) if found else (_gap_of([gap for _, gap in gaps]), None)


def _measure(
    heading: Heading, found: Sequence[Found], gaps: Sequence[tuple[int | None, Gap]], names: Names
) -> tuple[Measure, Scores | None]:
    mean = float(np.mean([one.figure.value for one in found]))
    per_seed = {one.seed: one.figure.value for one in found if one.seed is not None}
    values = table(found, names)
    around = values.spread
    made = Measure(
        mean=mean,
        stderr=around.stderr,
        ci95=None if around.half is None else (mean - around.half, mean + around.half),
        n=around.n,
        unit=heading.unit,
        higher_is_better=heading.higher_is_better,
        per_seed=per_seed or None,
        best=_common_best([one.figure for one in found]),
        basis=around.basis,
        note="; ".join(part for part in (_seeds_note(len(found), gaps), values.note) if part),
        library_stderr=_stated(found),
    )
    return made, values.scores


def _stated(found: Sequence[Found]) -> tuple[float, ...] | None:
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


def _seeds_note(used: int, gaps: Sequence[tuple[int | None, Gap]]) -> str:
    if not gaps:
        return ""
    reasons: dict[tuple[str, str], list[int | None]] = {}
    for seed, gap in gaps:
        reasons.setdefault((gap.state, gap.reason), []).append(seed)
    parts = [f"{seeds_text(seeds)} {state}: {reason}" for (state, reason), seeds in reasons.items()]
    return f"{used} of {used + len(gaps)} seeds; {'; '.join(parts)}"
