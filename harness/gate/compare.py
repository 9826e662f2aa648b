"""One metric of one row in two runs: how much worse it got, and how far off that may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.baseline_records import FigureBaseline
from harness.board.board import Measure
from harness.board.evidence import seeds_text
from harness.errors import DataError
from harness.gate.two_runs import SeedSquares, own_square, parts_of, pooled_squares
from harness.statistics import LEAST_ROWS, Composite, ItemPart, Parts, Scores
from harness.statistics.pairing import ROUNDING, Paired, pair
from harness.statistics.parts import Array


@dataclass(frozen=True)
class Twice:
    """What both runs have of one metric of one row."""

    row: str
    before: FigureBaseline
    after: Measure
    values_before: Scores | Composite | None
    values_after: Scores | Composite | None
    contender: bool
    prompts: int | None
    """Training examples per epoch: rows of other numbers have other seed spreads."""

    @property
    def metric(self) -> str:
        """Its name."""
        return self.before.metric

    @cached_property
    def together(self) -> Paired | str:
        """The values of both on the items that both have, or why they cannot be paired."""
        if self.values_before is None or self.values_after is None:
            return "it has no values per item"
        try:
            both = pair(self.values_before, self.values_after)
        except DataError as error:
            return error.problem
        return both if min(table.shape[1] for table in both.a) > 1 else "it stands on a single item"

    @property
    def trained(self) -> bool:
        """Whether a fresh training run would differ."""
        return bool(self.before.per_seed or self.after.per_seed)

    @cached_property
    def seeds(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Those that figures are of, in either run; empty without training."""
        if isinstance(self.together, Paired):
            return self.together.seeds_a, self.together.seeds_b
        return tuple(sorted(self.before.per_seed or ())), tuple(sorted(self.after.per_seed or ()))

    @cached_property
    def means(self) -> tuple[Array, Array]:
        """(S_A,) and (S_B,): per seed, on the items that both have where they can be paired."""
        if isinstance(self.together, Paired):
            return self.together.means_a, self.together.means_b
        told = (self.before.per_seed, self.before.mean), (self.after.per_seed, self.after.mean)
        a, b = (np.array([by[s] for s in sorted(by)] if by else [mean], dtype=np.float64) for by, mean in told)
        return a, b

    @cached_property
    def identical(self) -> bool:
        """Whether nothing at all is another value, at no seed and on no item."""
        if self.seeds[0] != self.seeds[1]:
            return False
        if isinstance(self.together, Paired):
            tables = zip(self.together.a, self.together.b, strict=True)
            return not self.together.note and all(np.array_equal(one, other) for one, other in tables)
        return bool(np.array_equal(*self.means)) and self.before.mean == self.after.mean

    @cached_property
    def drop(self) -> float:
        """How much worse, in the metric's unit; of a metric without direction, baseline minus run."""
        a, b = self.means
        largest = self.together.largest if isinstance(self.together, Paired) else float(np.abs([*a, *b]).max())
        drop = float(a.mean() - b.mean())
        return 0.0 if abs(drop) <= ROUNDING * largest else -drop if self.before.higher_is_better is False else drop


@dataclass(frozen=True)
class Compared:
    """A drop with what it may be off."""

    of: Twice
    parts: Parts | None
    """None where nothing tells how far it may be off."""
    how: str
    note: str


@dataclass(frozen=True)
class RowPool:
    """The seed spread that contenders have in common on one metric."""

    seeds: SeedSquares
    rows: int
    items: tuple[int, ...]
    """Per set of items, of the rows that it is of."""

    @property
    def degrees(self) -> tuple[float, ...]:
        """Degrees of freedom: of luck that rows share at a seed, of the rest."""
        return tuple(float(df) for _, df in self.seeds.parts)


def pools_of(found: Sequence[Twice]) -> dict[tuple[str, int | None], RowPool]:
    """By metric and number of training prompts, the seed spread of the contenders of both runs.

    Of those with two seeds or more in either run the ones that have the same seeds and as many items as most of them
    have; where these are fewer than `LEAST_ROWS`, there is none.
    """
    groups: dict[tuple[str, int | None], list[Twice]] = {}
    with np.errstate(over="ignore", invalid="ignore"):  # `compared` looks at what comes of it
        for one in found:
            if one.contender and isinstance(one.together, Paired) and min(map(len, one.seeds)) > 1:
                groups.setdefault((one.metric, one.prompts), []).append(one)
        return {key: pool for key, rows in groups.items() if (pool := _pool(rows)) is not None}


def _pool(rows: Sequence[Twice]) -> RowPool | None:
    kinds = [(one.seeds, _items(one)) for one in rows]
    commonest = Counter(kinds).most_common(1)[0][0]
    alike = [one for one, kind in zip(rows, kinds, strict=True) if kind == commonest]
    if len(alike) < LEAST_ROWS:
        return None
    squares = pooled_squares(np.stack([one.means[0] for one in alike]), np.stack([one.means[1] for one in alike]))
    return RowPool(squares, len(alike), commonest[1])


def _items(one: Twice) -> tuple[int, ...]:
    return tuple(table.shape[1] for table in one.together.a) if isinstance(one.together, Paired) else ()


def compared(one: Twice, pools: Mapping[tuple[str, int | None], RowPool]) -> Compared:
    """The two runs of a row on one metric.

    Args:
        one: what both have.
        pools: of `pools_of`, where rows are taken to have one seed spread; empty where each has its own.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        found = _compared(one, pools)
        if found.parts is None or (abs(one.drop) < LARGEST and float(found.parts.half()) < LARGEST):
            return found
    return Compared(one, None, found.how, _joined(TOO_LARGE, found.note))


def _compared(one: Twice, pools: Mapping[tuple[str, int | None], RowPool]) -> Compared:
    pool = pools.get((one.metric, one.prompts)) if one.contender else None
    both = one.together
    if not isinstance(both, Paired):
        return _on_intervals(one, both)
    items = f"N={both.n:,} {'groups of items' if both.clustered else 'items'}, paired"
    if not one.trained:
        return Compared(one, parts_of(both.a, both.b, None), f"{items}; nothing is trained", both.note)
    own = own_square(*one.means)
    if pool is not None and len(pool.items) == len(both.a):
        parts = parts_of(both.a, both.b, pool.seeds, pool.items)
        return Compared(
            one, parts, f"{items}; {_seeds(one, *pool.degrees)}, of {pool.rows} rows of both runs", both.note
        )
    if own is None:
        return Compared(one, None, f"{items}; one seed each", _joined(both.note, ONE_SEED))
    parts = parts_of(both.a, both.b, own)
    return Compared(one, parts, f"{items}; {_seeds(one, float(parts.seed_df))}, of the row's two runs", both.note)


ONE_SEED = "one training seed in either run: nothing tells how far a fresh run may fall"
TOO_LARGE = "its values are too large to reckon with"
LARGEST = 1e100
"""Of a drop and of half its interval: squares and products of larger ones might overflow."""
NOTHING_TELLS = "neither values per item nor training seeds tell how far it may be off"


def _on_intervals(one: Twice, why: str) -> Compared:
    """From the figures per seed and the standard errors of the two rows, where values per item cannot be paired.

    Each row's part over items is what its standard error holds beyond its seeds, and both count in full: a wide
    interval. A figure without standard error stands on seeds alone, which hold all there is under the gate's null, as
    both runs were judged on the same items.
    """
    note = f"not paired item by item: {why}"
    if not one.trained:
        if one.before.stderr is None or one.after.stderr is None:
            return Compared(one, None, "figures alone", _joined(note, NOTHING_TELLS))
        parts = Parts(np.asarray(0.0), np.asarray(1.0), _item_parts(one))
        return Compared(one, parts, "intervals of either run; nothing is trained", note)
    own = own_square(*one.means)
    if own is None:
        return Compared(one, None, "figures alone", _joined(note, ONE_SEED))
    spent = sum(1 / len(means) for means in one.means)
    ((square, df),) = own.parts
    parts = Parts(square * spent, df, _item_parts(one))
    if one.before.stderr is None or one.after.stderr is None:
        return Compared(
            one, parts, f"figures per seed; {_seeds(one, float(parts.seed_df))}, of the row's two runs", note
        )
    return Compared(
        one, parts, f"intervals of either run; {_seeds(one, float(parts.seed_df))}, of the row's two runs", note
    )


def _item_parts(one: Twice) -> tuple[ItemPart, ...]:
    """Each run's variance over items: its squared standard error without what its seeds explain."""
    made: list[ItemPart] = []
    told = (one.before.stderr, one.before.n), (one.after.stderr, one.after.n)
    for (stderr, n), means in zip(told, one.means, strict=True):
        if stderr is not None and n > 1:
            over_seeds = float(means.var(ddof=1)) / len(means) if len(means) > 1 else 0.0
            made.append(ItemPart(np.asarray(max(stderr * stderr - over_seeds, 0.0)), np.asarray(n - 1.0)))
    return tuple(made)


def _seeds(one: Twice, *degrees: float) -> str:
    a, b = one.seeds
    named = seeds_text(a) if a == b else f"{seeds_text(a)} against {seeds_text(b)}"
    return f"{named}; seed spread with df={' and '.join(f'{df:g}' for df in degrees)}"


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
