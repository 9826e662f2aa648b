"""The difference between two rows, with its interval and what that covers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np

from harness.errors import DataError
from harness.statistics.components import TwoWay, assemble
from harness.statistics.pairing import Paired, pair
from harness.statistics.parts import ItemPart, Parts, stacked
from harness.statistics.pool import Pool, pool_of
from harness.statistics.power import tipping_seed_sd
from harness.statistics.seed_spread import Formula, SeedPart, SeedSpread, seed_part
from harness.statistics.significance import p_values
from harness.statistics.tables import Composite, Scores

Estimand: TypeAlias = Literal["E1", "E2", "E3", "E4"]
"""What an interval covers: E1 new items like these and a fresh training run; E2 these items, a fresh training run;
E3 new items, these checkpoints; E4 these items, these checkpoints."""

Verdict: TypeAlias = Literal["higher", "lower", "not told apart", "undetermined"]


@dataclass(frozen=True)
class Contrast:
    """A minus B on one metric."""

    difference: float | None
    """mean(A) - mean(B), in the metric's unit, over seeds and the items both were judged on; None if there are none."""
    formula: Formula
    estimand: Estimand
    """What the interval covers, which may be less than was asked for: one seed covers no fresh training run."""
    line: str
    """What the interval covers in one line, with N, S and degrees of freedom."""
    parts: Parts | None
    """None where there is no interval."""
    n: int
    """Items (groups of items, where they come in groups) that both rows were judged on."""
    seeds_a: tuple[int, ...]
    seeds_b: tuple[int, ...]
    """Training seeds that the difference stands on; empty for a row without training."""
    seed_sd: float | None
    """Over seeds, the sd of one seed's A - B shift, as the formula has it; None where no seeds tell."""
    shifts: tuple[tuple[int, float], ...]
    """(seed, A - B) for every seed, where both rows have the same ones or only one was trained: points to show."""
    tipping_seed_sd: float | None
    """Where a row has one seed: the seed sd of a method above which the claim is gone. None otherwise."""
    trained: bool
    """Whether one of the two was trained here, so that a fresh run would differ."""
    undeclared: bool = False
    """True if the seed spread is borrowed from other rows without the suite having declared that rows share one, or
    from fewer of them than it takes to pool."""
    note: str = ""
    """What a reader must know: items left out, pooling that could not be had, why there is no interval."""

    def half(self, alpha: float = 0.05) -> float | None:
        """Half the width of the 1 - alpha interval; None where there is none."""
        return None if self.parts is None else float(self.parts.half(alpha))

    @property
    def ci95(self) -> tuple[float, float] | None:
        """Low and high end."""
        half = self.half()
        return None if half is None or self.difference is None else (self.difference - half, self.difference + half)

    @cached_property
    def p(self) -> float | None:
        """Two-sided, of no difference; of many comparisons, `p_of` finds it faster."""
        return p_of([self])[0]

    @property
    def stderr(self) -> float | None:
        """sqrt(Vs + max(Vi - Ve, 0)); no interval is a multiple of it."""
        return None if self.parts is None else float(self.parts.stderr)

    @property
    def item_se(self) -> float | None:
        """The standard error over items alone, the residual taken out where the seed part holds it."""
        return None if self.parts is None else math.sqrt(float(self.parts.item))

    @property
    def df(self) -> float | None:
        """Degrees of freedom of the seed part; None where there is none."""
        return float(self.parts.seed_df) if self.parts is not None and self.estimand in ("E1", "E2") else None

    @property
    def about_methods(self) -> bool:
        """True if the interval says something of the rows and not of these checkpoints alone.

        That is, it covers a fresh training run without an undeclared assumption, or neither row was trained here and it
        covers new items.
        """
        if self.parts is None or self.undeclared:
            return False
        return self.estimand in ("E1", "E2") or (self.estimand == "E3" and not self.trained)

    def verdict(self, p_adjusted: float | None = None, alpha: float = 0.05) -> Verdict:
        """Whether A's figure is higher or lower than B's; `undetermined` where nothing covers a fresh training run.

        Args:
            p_adjusted: Holm's, where this is one of several comparisons; None for its own.
            alpha: the level.
        """
        p = self.p if p_adjusted is None else p_adjusted
        if p is None or self.difference is None or not self.about_methods:
            return "undetermined"
        if p > alpha or self.difference == 0:
            return "not told apart"
        return "higher" if self.difference > 0 else "lower"


def contrast(
    a: Scores | Composite,
    b: Scores | Composite,
    *,
    seed_spread: SeedSpread = "own",
    pool: Pool | None = None,
    estimand: Estimand = "E1",
    sampled: bool = False,
) -> Contrast:
    """A minus B. Never raises: where the two cannot be compared there is no interval and the note says why.

    Args:
        a: any row.
        b: any other row, on the same metric.
        seed_spread: own: from the two rows' own seeds. pooled: from all rows of `pool`; where it has too few rows, own
            is used and the note says so.
        pool: of all trained rows on this metric (`pool_of`). With own it is used only where a row has a single seed.
        estimand: what is asked for. E1 falls back to E3 where no seed spread can be had or no row was trained.
        sampled: for E4, whether outputs were drawn at random. Greedy outputs make E4 a plain number.
    """
    return _contrast(_paired(a, b), a, b, seed_spread, pool, estimand, sampled)


def own_and_pooled(
    a: Scores | Composite, b: Scores | Composite, *, pool: Pool | None, estimand: Estimand = "E1"
) -> tuple[Contrast, Contrast]:
    """`contrast` with either seed spread; the two rows are brought together once."""
    both = _paired(a, b)
    own = _contrast(both, a, b, "own", pool, estimand, sampled=False)
    return own, _contrast(both, a, b, "pooled", pool, estimand, sampled=False)


def p_of(contrasts: Sequence[Contrast]) -> list[float | None]:
    """The p of each; None where there is no interval."""
    found: list[float | None] = [None] * len(contrasts)
    sizes: dict[int, list[int]] = {}
    for place, one in enumerate(contrasts):
        if one.parts is not None and one.difference is not None:
            sizes.setdefault(len(one.parts.items), []).append(place)
    for places in sizes.values():
        alike = [contrasts[place] for place in places]
        differences = np.array([one.difference for one in alike])
        together = stacked([one.parts for one in alike if one.parts is not None])
        for place, p in zip(places, p_values(differences, together).tolist(), strict=True):
            found[place] = p
    return found


def _paired(a: Scores | Composite, b: Scores | Composite) -> Paired | DataError:
    """The two together, or why they cannot be."""
    try:
        return pair(a, b)
    except DataError as error:
        return error


def _contrast(
    both: Paired | DataError,
    a: Scores | Composite,
    b: Scores | Composite,
    seed_spread: SeedSpread,
    pool: Pool | None,
    estimand: Estimand,
    sampled: bool,
) -> Contrast:
    """`both`: of `_paired`; what else is as for `contrast`."""
    if isinstance(both, DataError):
        line, trained = "no interval", bool(a.seeds or b.seeds)
        return Contrast(
            None, "none", estimand, line, None, 0, a.seeds, b.seeds, None, (), None, trained, note=both.problem
        )
    if min(table.shape[1] for table in both.a) < 2:
        bare = _bare(both, None, estimand)
        return replace(bare, note=_joined(both.note, "no interval: it stands on a single item"))
    if pool is None and 1 in (len(a.seeds), len(b.seeds)):
        pool = pool_of((a, b))
    seeds = seed_part(both, seed_spread, pool)
    bare = _bare(both, seeds, estimand)
    found = _with_interval(bare, both, seeds, estimand, sampled)
    declared = seed_spread == "pooled" and pool is not None and pool.enough
    return replace(found, undeclared=True) if found.formula == "borrowed" and not declared else found


def _bare(both: Paired, seeds: SeedPart | None, estimand: Estimand) -> Contrast:
    """The difference without an interval."""
    return Contrast(
        difference=both.difference,
        formula="none",
        estimand=estimand,
        line="no interval",
        parts=None,
        n=both.n,
        seeds_a=both.seeds_a,
        seeds_b=both.seeds_b,
        seed_sd=None if seeds is None else seeds.sd,
        shifts=both.shifts,
        tipping_seed_sd=None,
        trained=bool(both.seeds_a or both.seeds_b),
        note=_joined(both.note, "" if seeds is None else seeds.note),
    )


def _with_interval(bare: Contrast, both: Paired, seeds: SeedPart | None, estimand: Estimand, sampled: bool) -> Contrast:
    items = both.over_seeds
    single = any(len(s) == 1 for s in (both.seeds_a, both.seeds_b))
    if single and bare.difference is not None:
        over_items = float(sum(split.item for split in items))
        bare = replace(bare, tipping_seed_sd=tipping_seed_sd(bare.difference, over_items, both.spent))
    n = _count(both)
    if estimand == "E4" or (estimand == "E2" and seeds is None):
        return _these_items(replace(bare, estimand="E4"), seeds, sampled, both, n)
    if seeds is not None and estimand == "E2":
        parts = assemble(np.asarray(seeds.variance), np.asarray(seeds.df), [])
        line = f"over training seeds ({_degrees(both, seeds)}), for these {n} only"
        return replace(bare, formula=seeds.formula, parts=parts, line=line)
    if seeds is not None and estimand == "E1":
        parts = assemble(np.asarray(seeds.variance), np.asarray(seeds.df), items, seeds.residuals)
        line = f"over items ({n}) and training seeds ({_degrees(both, seeds)})"
        return replace(bare, formula=seeds.formula, parts=parts, line=line)
    return _new_items(replace(bare, estimand="E3"), items, single, n)


def _new_items(bare: Contrast, items: Sequence[TwoWay], single: bool, n: str) -> Contrast:
    """E3: theta +- t[N-1] sqrt(Vi)."""
    parts = assemble(np.asarray(0.0), np.asarray(1.0), items, [np.asarray(0.0)] * len(items))
    what = "these checkpoints only" if bare.trained else "neither row was trained here"
    if bare.trained and single:
        what = "one run of a row, these checkpoints only: it says nothing about the method"
    return replace(bare, formula="items alone", parts=parts, line=f"over items ({n}); {what}")


def _these_items(bare: Contrast, seeds: SeedPart | None, sampled: bool, both: Paired, n: str) -> Contrast:
    """E4: z sqrt(Ve) where outputs were drawn at random; a plain number where they were greedy.

    Ve is what neither seed nor item explains: it holds what training does to single items at a seed, so it is wide.
    """
    line = f"for these {n} and these checkpoints only"
    repeated = all(len(s) != 1 for s in (both.seeds_a, both.seeds_b))
    if not sampled or seeds is None or not repeated:
        why = "a plain number" if not sampled else "no interval: with one run per row nothing tells how outputs vary"
        return replace(bare, line=f"{line}: {why}")
    draws = tuple(ItemPart(np.asarray(rest), np.asarray(math.inf)) for rest in seeds.residuals)
    return replace(
        bare,
        formula="draws alone",
        parts=Parts(np.asarray(0.0), np.asarray(1.0), draws),
        line=f"over random draws of outputs, {line}",
    )


def _count(both: Paired) -> str:
    counts = " + ".join(f"{table.shape[1]:,}" for table in both.a)
    return f"N={counts} groups of items" if both.clustered else f"N={counts}"


def _degrees(both: Paired, seeds: SeedPart) -> str:
    counts = [len(s) for s in (both.seeds_a, both.seeds_b) if s]
    told = f"{counts[0]}" if len(set(counts)) == 1 else " and ".join(map(str, counts))
    how = {
        "own": "" if len(counts) == 2 else ", of the one row that was trained",
        "unshared seeds": ", not shared by the two",
        "pooled": ", seed spread pooled over contenders",
        "borrowed": ", seed spread borrowed from other rows",
    }.get(seeds.formula, "")
    return f"S={told}, df={seeds.df:.3g}{how}"


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
