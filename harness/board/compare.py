"""Every row against the baseline, metric by metric. Pure: tables in, comparisons out."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.board.baseline import opposites
from harness.board.board import BoardRow, Heading
from harness.board.comparison import AgainPair, Comparison, Family, Interval, Verdict
from harness.board.sentences import sentence
from harness.board.tables import Tables
from harness.statistics import (
    Composite,
    Contrast,
    Estimand,
    Pool,
    Scores,
    SeedSpread,
    contrast,
    holm,
    mde,
    own_and_pooled,
    p_of,
    pool_of,
    spread_ratio,
)

LARGE_RATIO = 3.0
"""A seed sd so many times the median one: pooling then covers that row in 79 instead of 95 of 100 cases (simulated)."""


@dataclass(frozen=True)
class Design:
    """How rows are compared, as stated before the run."""

    baseline: str
    """A label, or what labels are without the number of prompts."""
    seed_spread: SeedSpread = "own"
    estimand: Estimand = "E1"


@dataclass(frozen=True)
class _Pair:
    """A row and its baseline with their difference, not yet corrected."""

    row: BoardRow
    baseline: BoardRow
    own: Contrast
    pooled: Contrast | None
    refused: str = ""
    """Why pooling, where declared, cannot be had."""

    @property
    def decides(self) -> Contrast:
        """What the verdict stands on."""
        return self.pooled or self.own


def pool_for(rows: Sequence[BoardRow], scores: Mapping[str, Scores | Composite], prompts: int | None) -> Pool | None:
    """The seed spread that contenders with as many training prompts tell together on one metric. Controls do not: a row
    on random labels has less to be unsteady about.
    """
    return pool_of(_trained([row for row in rows if row.prompts == prompts], scores))


def _trained(rows: Sequence[BoardRow], scores: Mapping[str, Scores | Composite]) -> list[Scores | Composite]:
    return [scores[row.label] for row in rows if row.seeds and not row.reference and row.label in scores]


def families(
    rows: Sequence[BoardRow], headings: Sequence[Heading], tables: Tables, design: Design
) -> tuple[Family, ...]:
    """Every row against the baseline on each of the metrics; one that the baseline has no figure of is left out."""
    found = (_family(rows, heading, tables.get(heading.name, {}), design) for heading in headings)
    return tuple(family for family in found if family.comparisons)


def _family(
    rows: Sequence[BoardRow], heading: Heading, scores: Mapping[str, Scores | Composite], design: Design
) -> Family:
    pools = {prompts: pool_for(rows, scores, prompts) for prompts in {row.prompts for row in rows}}
    others = opposites(design.baseline, rows)
    pairs = [
        _pair(row, other, scores, pools[row.prompts if row.seeds else other.prompts], design)
        for row in rows
        if row.label in scores and (other := others.get(row.label)) and other.label in scores
    ]
    again = _again(rows, scores)
    decided = _corrected([(pair.row, pair.decides) for pair in pairs])
    beside = _corrected([(pair.row, pair.own) for pair in pairs])
    ratio = spread_ratio(_trained(rows, scores))
    compared = tuple(_comparison(heading, pair, place, (decided, beside), again) for place, pair in enumerate(pairs))
    warning = _warning(ratio, pairs) if design.seed_spread == "pooled" else ""
    return Family(heading.name, design.baseline, decided.tests, tuple(again), ratio, warning, compared)


def _pair(
    row: BoardRow, other: BoardRow, scores: Mapping[str, Scores | Composite], pool: Pool | None, design: Design
) -> _Pair:
    a, b = scores[row.label], scores[other.label]
    if design.seed_spread == "own" or row.control or other.control:  # what contenders share need not hold for controls
        return _Pair(row, other, contrast(a, b, seed_spread="own", pool=pool, estimand=design.estimand), None)
    own, pooled = own_and_pooled(a, b, pool=pool, estimand=design.estimand)
    if pooled.formula in {"pooled", "borrowed"}:
        return _Pair(row, other, own, pooled)
    return _Pair(row, other, own, None, pooled.note)


@dataclass(frozen=True)
class _Corrected:
    """Significance in a family of comparisons."""

    p: Sequence[float | None]
    """Of each by itself."""
    holm_p: Sequence[float | None]
    """Holm's, of the contenders whose interval claims something of methods; None for all others."""
    tests: int
    """How many those are."""


def _corrected(found: Sequence[tuple[BoardRow, Contrast]]) -> _Corrected:
    alone = p_of([one for _, one in found])
    counted = {
        place: p
        for place, ((row, one), p) in enumerate(zip(found, alone, strict=True))
        if not row.reference and one.about_methods and p is not None
    }
    corrected: list[float | None] = [None] * len(found)
    for place, p in zip(counted, holm(list(counted.values())), strict=True):
        corrected[place] = p
    return _Corrected(alone, corrected, len(counted))


def _again(rows: Sequence[BoardRow], scores: Mapping[str, Scores | Composite]) -> list[AgainPair]:
    pairs: list[AgainPair] = []
    for row in rows:
        if row.again is not None and row.again in scores and row.label in scores:
            found = contrast(scores[row.label], scores[row.again])
            low, high = found.ci95 or (None, None)
            if found.difference is not None:
                pairs.append(AgainPair(row.label, row.again, row.prompts, found.difference, low, high))
    return pairs


def _floor(row: BoardRow, again: Sequence[AgainPair]) -> float | None:
    """The largest difference of an A/A pair, of those that had as many prompts if there are such."""
    alike = [pair for pair in again if pair.prompts == row.prompts] or again
    return max((pair.difference for pair in alike), key=abs, default=None)


def _comparison(
    heading: Heading,
    pair: _Pair,
    place: int,
    corrected: tuple[_Corrected, _Corrected],
    again: Sequence[AgainPair],
) -> Comparison:
    """The pair at `place`; `corrected`: of the intervals that decide, and of own ones printed beside them."""
    decided, beside = corrected
    found, better = pair.decides, heading.higher_is_better
    own = _interval(pair.own, beside if pair.pooled else decided, place, better)
    pooled = _interval(pair.pooled, decided, place, better) if pair.pooled is not None else None
    made = Comparison(
        row=pair.row.label,
        baseline=pair.baseline.label,
        contender=not pair.row.reference,
        difference=found.difference,
        own=own,
        pooled=pooled,
        estimand=found.estimand,
        n=found.n,
        seeds=found.seeds_a,
        baseline_seeds=found.seeds_b,
        shifts=dict(found.shifts),
        tipping_seed_sd=found.tipping_seed_sd,
        aa_difference=_floor(pair.row, again),
        sentence="",
        note="; ".join(note for note in (found.note, _unlike(pair.row, pair.baseline)) if note),
    )
    told = sentence(made, heading.name, heading.unit, heading.higher_is_better, decided.tests)
    return dataclasses.replace(made, sentence=told)


def _interval(found: Contrast, corrected: _Corrected, place: int, higher_is_better: bool | None) -> Interval:
    """`corrected`: of the whole family, of which this is the one at `place`."""
    low, high = found.ci95 or (None, None)
    p, holm_p = corrected.p[place], corrected.holm_p[place]
    return Interval(
        method=found.formula,
        low=low,
        high=high,
        stderr=_finite(found.stderr),
        p=p,
        holm_p=holm_p,
        mde=_finite(mde(found, tests=1 if holm_p is None else corrected.tests)),
        seed_sd=found.seed_sd,
        item_se=_finite(found.item_se),
        df=_finite(found.df),
        verdict=_verdict(found, p if holm_p is None else holm_p, higher_is_better),
        covers=found.line,
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _verdict(found: Contrast, p: float | None, higher_is_better: bool | None) -> Verdict:
    told = found.verdict(p)
    if told == "not told apart":
        return "tied"
    if told == "undetermined" or higher_is_better is None:
        return told
    return "better" if (told == "higher") == higher_is_better else "worse"


def _unlike(row: BoardRow, baseline: BoardRow) -> str:
    """What else than the method differs between the two; empty where nothing does."""
    told: list[str] = []
    if row.group and baseline.group and row.group != baseline.group:
        told.append(f"trained on other examples than {baseline.label} (groups {row.group} and {baseline.group})")
    if row.prompts and baseline.prompts and row.prompts != baseline.prompts:
        told.append(f"trained on {row.prompts:,} prompts, {baseline.label} on {baseline.prompts:,}")
    return "; ".join(told)


def _warning(ratio: float | None, pairs: Sequence[_Pair]) -> str:
    refused = next((pair.refused for pair in pairs if pair.refused), "")
    if refused and all(pair.pooled is None for pair in pairs):
        return refused
    if ratio is not None and ratio >= LARGE_RATIO:
        return (
            f"the largest seed sd is {ratio:.1f} times the median: pooled intervals of that row are too narrow; "
            "look at its own"
        )
    return ""
