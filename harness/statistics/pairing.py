"""Two rows on the items that both were judged on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np

from harness.errors import DataError
from harness.statistics.components import TwoWay, two_way
from harness.statistics.grouping import grouped
from harness.statistics.parts import Array
from harness.statistics.tables import Composite, Scores, groups_of


@dataclass(frozen=True)
class Paired:
    """The tables of two rows, column for column the same items (or groups of items), per set of items."""

    seeds_a: tuple[int, ...]
    seeds_b: tuple[int, ...]
    a: tuple[Array, ...]
    """Per set of items (S_A, N)."""
    b: tuple[Array, ...]
    """(S_B, N)"""
    clustered: bool
    note: str

    @cached_property
    def n(self) -> int:
        """Items, or groups of them, of all sets."""
        return sum(table.shape[1] for table in self.a)

    @cached_property
    def means_a(self) -> Array:
        """(S_A,) means per seed."""
        return _summed(self.a)

    @cached_property
    def means_b(self) -> Array:
        """(S_B,) means per seed."""
        return _summed(self.b)

    @cached_property
    def largest(self) -> float:
        """Of the absolute values of both."""
        return max(float(np.abs(table).max()) for table in (*self.a, *self.b))

    @property
    def shared_seeds(self) -> bool:
        """True if a seed of one row has its fellow in the other, or one of them was not trained here."""
        return self.seeds_a == self.seeds_b or not (self.seeds_a and self.seeds_b)

    @cached_property
    def by_seed(self) -> tuple[TwoWay, ...]:
        """Per set of items, A - B seed by seed; a row without training is the same for every seed.

        Only with shared seeds.
        """
        return tuple(two_way(a - b) for a, b in zip(self.a, self.b, strict=True))

    @cached_property
    def over_seeds(self) -> tuple[TwoWay, ...]:
        """Per set of items, A - B, of means over the seeds of each."""
        return tuple(two_way((a.mean(0) - b.mean(0))[None]) for a, b in zip(self.a, self.b, strict=True))

    @property
    def spent(self) -> float:
        """1/S_A + 1/S_B over the rows that were trained: what a seed variance common to both is multiplied by."""
        return sum(1 / len(seeds) for seeds in (self.seeds_a, self.seeds_b) if seeds)


def _summed(tables: tuple[Array, ...]) -> Array:
    """(S,) sums over sets of items of the means per seed."""
    return reduce(np.add, [table.mean(1) for table in tables])


def pair(a: Scores | Composite, b: Scores | Composite) -> Paired:
    """Bring two rows together.

    Raises:
        DataError: the rows cannot be compared: no item in common, an item in two groups, different items for a figure
            that is no mean over items or for a score over metrics.
    """
    if len(a.blocks) != len(b.blocks):
        raise DataError("the two scores are made of different sets of items")
    whole = isinstance(a, Composite) or isinstance(b, Composite)
    sets = [_shared(one, other, whole) for one, other in zip(a.blocks, b.blocks, strict=True)]
    tables_a, tables_b, clustered, left_out = zip(*sets, strict=True)
    total = sum(len(gone) for gone in left_out)
    note = f"{total} items that not every run of both was judged on are left out" if total else ""
    return Paired(a.seeds, b.seeds, tables_a, tables_b, any(clustered), note)


def _shared(a: Scores, b: Scores, whole: bool) -> tuple[Array, Array, bool, frozenset[str]]:
    """(S_A, N) and (S_B, N) on shared items or their groups; whether there are groups; items left out."""
    left_out = a.left_out | b.left_out
    if a.items != b.items:
        theirs = set(b.items)
        items = tuple(item for item in a.items if item in theirs)
        left_out |= theirs.symmetric_difference(a.items)
        if not items:
            raise DataError("the two rows were judged on different items: none is common to both")
        if len(items) < max(len(a.items), len(b.items)) and (whole or a.pseudo or b.pseudo):
            what = "a score over metrics" if whole else "a figure that is no mean over items"
            raise DataError(
                f"the two rows were judged on different items, and {what} cannot be had on those they share"
            )
        a, b = a.on(items), b.on(items)
    clusters = a.clusters
    if a.clusters != b.clusters:
        said = [zip(s.items, s.clusters, strict=True) for s in (a, b) if s.clusters is not None]
        clusters = groups_of(said, a.items)
    return grouped(a.values, clusters), grouped(b.values, clusters), clusters is not None, left_out
