"""What a row scored on one metric: a value per training seed and item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from harness.errors import DataError
from harness.statistics.components import TwoWay, two_way
from harness.statistics.grouping import grouped
from harness.statistics.parts import Array


@dataclass(frozen=True)
class PerItem:
    """Values of one seed, per item."""

    items: Sequence[str]
    """(N,) ids. Values of the same id are averaged first: repeats of an item are no further items."""
    values: np.ndarray
    """(N,) in the figure's unit; finite. For a figure that is no mean over items: jackknife pseudo-values."""
    clusters: Sequence[str] | None = None
    """(N,) the group each item came with; None where every item stands for itself."""
    figure: float | None = None
    """The figure itself, where it is no mean over items and `values` are pseudo-values. They are then shifted so that
    their mean is the figure: differences are those of the figures, spreads over items those of the pseudo-values."""


@dataclass(frozen=True)
class Scores:
    """One row's values on one metric. Made by `scores_of`."""

    seeds: tuple[int, ...]
    """Training seeds, ascending; empty for a row that was not trained here (S counts as 1)."""
    items: tuple[str, ...]
    """(N,) ids of the items that every seed was judged on."""
    values: Array
    """(S, N)"""
    clusters: tuple[str, ...] | None = None
    """(N,) or None."""
    pseudo: bool = False
    """True if the figure is no mean over items: nothing can be said of it on fewer items."""
    left_out: frozenset[str] = frozenset()
    """Items that not every seed was judged on, left out."""

    @property
    def blocks(self) -> tuple[Scores, ...]:
        """Its sets of items: one."""
        return (self,)

    @cached_property
    def by_seed(self) -> Array:
        """(S,) means over items."""
        return self.values.mean(1)

    @cached_property
    def grouped(self) -> Array:
        """(S, C) values of groups of items; the values themselves where items stand for themselves."""
        return grouped(self.values, self.clusters)

    @cached_property
    def split(self) -> TwoWay:
        """Of the groups, of which there are two at least."""
        return two_way(self.grouped)

    @cached_property
    def group_means(self) -> Array:
        """(S,) means over groups: those over items, but for rounding."""
        return self.grouped.mean(1)

    @cached_property
    def over_seeds(self) -> Array:
        """(C,) means of groups over seeds."""
        return self.grouped.mean(0)

    @cached_property
    def largest(self) -> float:
        """Of the absolute values of groups."""
        return float(np.abs(self.grouped).max())

    @property
    def item_set(self) -> frozenset[str]:
        """Its items, whatever their order."""
        return _as_set(self.items)

    def on(self, items: tuple[str, ...]) -> Scores:
        """The same row on some of its items, in the order given."""
        if items == self.items:
            return self
        place = {item: j for j, item in enumerate(self.items)}
        where = [place[item] for item in items]
        clusters = None if self.clusters is None else tuple(self.clusters[j] for j in where)
        return Scores(self.seeds, items, self.values[:, where], clusters, self.pseudo, self.left_out)


@dataclass(frozen=True)
class Composite:
    """One row's weighted score over metrics: a sum over sets of items that share none. Made by `combined`."""

    seeds: tuple[int, ...]
    blocks: tuple[Scores, ...]
    """One per set of items, all with the seeds above; the score of a seed is the sum of their means."""

    @property
    def by_seed(self) -> Array:
        """(S,) scores."""
        return np.sum([block.by_seed for block in self.blocks], axis=0)


@lru_cache(maxsize=64)
def _as_set(items: tuple[str, ...]) -> frozenset[str]:
    return frozenset(items)


def distinct(run: PerItem) -> PerItem:
    """The run with repeats of an item averaged and pseudo-values brought to their figure.

    Raises:
        DataError: there is not one finite value per item, or an item stands in two groups.
    """
    place = {item: j for j, item in enumerate(dict.fromkeys(run.items))}
    values = np.asarray(run.values, dtype=np.float64)
    clusters = run.clusters
    if values.shape != (len(run.items),) or not np.isfinite(values).all():
        raise DataError(f"a run has not one finite value for each of its {len(run.items):,} items")
    if len(place) < len(run.items):
        where = np.array([place[item] for item in run.items])
        values = np.bincount(where, weights=values) / np.bincount(where)
        clusters = None if clusters is None else groups_of([zip(run.items, clusters, strict=True)], list(place))
    if run.figure is not None:
        values = values + (run.figure - values.mean())
    return PerItem(list(place), values, clusters, run.figure)


def groups_of(said: Iterable[Iterable[tuple[str, str]]], items: Sequence[str]) -> tuple[str, ...]:
    """(N,) the group of each of `items`, from (item, group) as one or more tables have it; an item of which none says
    anything is its own group.

    Raises:
        DataError: two tables, or two lines of one, put an item into different groups.
    """
    found: dict[str, str] = {}
    for table in said:
        for item, group in table:
            if found.setdefault(item, group) != group:
                raise DataError(
                    f"item {item!r} came in the group {found[item]!r} and in the group {group!r}",
                    fix="give an item the same group in every figure",
                )
    return tuple(found.get(item, item) for item in items)


def scores_of(runs: Mapping[int, PerItem] | PerItem) -> Scores:
    """One row's table.

    Args:
        runs: by training seed; a single `PerItem` for a row that was not trained here.

    Raises:
        DataError: there is no run, a run has not one finite value per item, seeds share no item, an item stands in two
            groups, or seeds of a figure that is no mean over items were judged on different items.
    """
    seeds = tuple(sorted(runs)) if isinstance(runs, Mapping) else ()
    tables = [distinct(runs[seed]) for seed in seeds] if isinstance(runs, Mapping) else [distinct(runs)]
    if not tables:
        raise DataError("there is no run to compare")
    everywhere = set(tables[0].items).intersection(*(table.items for table in tables[1:]))
    items = tuple(item for item in tables[0].items if item in everywhere)
    left_out = frozenset[str]().union(*(table.items for table in tables)) - everywhere
    pseudo = any(table.figure is not None for table in tables)
    if not items:
        raise DataError("its seeds were judged on items of which none is common to all")
    if pseudo and left_out:
        raise DataError("its seeds were judged on different items, and the figure is no mean over items")
    rows: list[Array] = []
    for table in tables:
        place = {item: j for j, item in enumerate(table.items)}
        rows.append(table.values[[place[item] for item in items]])
    said = [zip(t.items, t.clusters, strict=True) for t in tables if t.clusters is not None]
    return Scores(seeds, items, np.stack(rows), groups_of(said, items) if said else None, pseudo, left_out)
