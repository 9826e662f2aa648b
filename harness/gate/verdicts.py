"""What is said of every figure once all are known: p, Holm's correction, the drop that could have been found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from harness.gate.compare import Compared
from harness.gate.margins import Settings
from harness.gate.outcome import FigureChange, FigureVerdict
from harness.gate.power import detectable
from harness.statistics import P_FLOOR, holm, p_values
from harness.statistics.parts import stacked

OTHER_MODEL = "not tested: its model may have been made anew with other weights, and no interval holds the luck of that"
NO_DIRECTION = "neither more nor less of it is better"


def verdicts(
    found: Sequence[Compared], other: frozenset[str], lost: Mapping[str, float], settings: Settings
) -> tuple[FigureChange, ...]:
    """Every figure with its verdict; Holm's correction counts those that have a p.

    Args:
        found: every figure that both runs have.
        other: labels of rows whose base model is not known to have the weights it had.
        lost: per metric, how much worse that base model itself is: all rows that were trained from it start with this,
            and it is in none of their intervals.
        settings: of the gate.
    """
    made = [_untested(one, other, lost, settings) for one in found]
    tested = [place for place, one in enumerate(found) if _testable(one, other)]
    worse, better = _p_values([found[place] for place in tested])
    corrected, improved = holm(worse), holm(better)
    least = _detectable([found[place] for place in tested], [made[place].margin for place in tested], settings.alpha)
    for place, p, holm_p, up, drop in zip(tested, worse, corrected, improved, least, strict=True):
        verdict = _verdict(made[place], holm_p, up, settings.alpha)
        made[place] = replace(made[place], p=p, holm_p=holm_p, detectable=drop, verdict=verdict)
    return tuple(made)


def _testable(one: Compared, other: frozenset[str]) -> bool:
    """What is identical has not dropped, whatever its spread."""
    return not _why_not(one, other) and (one.parts is not None or one.of.identical)


def _p_values(found: Sequence[Compared]) -> tuple[list[float], list[float]]:
    """One-sided p of every figure, of no drop and of no gain."""
    worse, better = [1.0] * len(found), [1.0] * len(found)
    places = [place for place, one in enumerate(found) if one.parts is not None and one.of.drop != 0]
    if not places:
        return worse, better
    drops = np.array([found[place].of.drop for place in places])
    clear = np.maximum(
        p_values(drops, stacked([p for place in places if (p := found[place].parts) is not None])) / 2, P_FLOOR
    )
    for place, drop, p in zip(places, drops.tolist(), clear.tolist(), strict=True):
        worse[place], better[place] = (p, 1 - p) if drop > 0 else (1 - p, p)
    return worse, better


def _untested(one: Compared, other: frozenset[str], lost: Mapping[str, float], settings: Settings) -> FigureChange:
    """A figure without p; its verdict is that of one that is not tested."""
    of = one.of
    half = None if one.parts is None else float(one.parts.half())
    why = _why_not(one, other)
    passed = lost.get(of.metric, 0.0) if of.row in other and not why else 0.0
    more = f"the margin is wider by {passed:.3g}, which its base model lost itself" if passed else ""
    return FigureChange(
        row=of.row,
        metric=of.metric,
        unit=of.before.unit,
        higher_is_better=of.before.higher_is_better,
        baseline=of.before.mean,
        run=of.after.mean,
        drop=of.drop if math.isfinite(of.drop) else None,
        low=None if half is None else of.drop - half,
        high=None if half is None else of.drop + half,
        p=None,
        holm_p=None,
        margin=settings.margins.of(of.metric, of.before.unit, of.before.mean) + passed,
        detectable=None,
        how=one.how,
        verdict="not tested" if why else "undetermined",
        note="; ".join(note for note in (why, more, one.note) if note),
    )


def _why_not(one: Compared, other: frozenset[str]) -> str:
    if one.of.before.higher_is_better is None:
        return NO_DIRECTION
    return OTHER_MODEL if one.of.row in other and not one.of.trained else ""


def _verdict(figure: FigureChange, worse: float, better: float, alpha: float) -> FigureVerdict:
    drop = figure.drop or 0.0
    if drop > 0 and worse <= alpha:
        return "dropped" if drop > figure.margin else "drop within margin"
    return "improved" if drop < 0 and better <= alpha else "holds"


def _detectable(found: Sequence[Compared], margins: Sequence[float], alpha: float) -> list[float | None]:
    """Per figure, what it would have told at Holm's first step over all of them."""
    places = [place for place, one in enumerate(found) if one.parts is not None]
    least: list[float | None] = [None] * len(found)
    if not places:
        return least
    parts = stacked([parts for one in found if (parts := one.parts) is not None])
    drops = detectable(parts, level=alpha / len(found), margin=np.array([margins[place] for place in places]))
    for place, drop in zip(places, drops.tolist(), strict=True):
        least[place] = drop
    return least
