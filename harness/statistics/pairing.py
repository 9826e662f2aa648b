"""Two rows on the items that both were judged on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, reduce

import numpy as np

from harness.errors import DataError
from harness.statistics.components import TwoWay, two_way
from harness.statistics.parts import Array
from harness.statistics.tables import Composite, Scores, groups_of

ROUNDING = 1e-14
"""A difference below this times the largest value is the rounding of sums, and counts as 0."""


@dataclass(frozen=True)
class Paired:
    """The tables of two rows, column for column the same items (or groups of items), per set of items."""

    seeds_a: tuple[int, ...]
    seeds_b: tuple[int, ...]
    of_a: tuple[Scores, ...]
    """Per set of items."""
    of_b: tuple[Scores, ...]
    clustered: bool
    note: str

    @cached_property
    def a(self) -> tuple[Array, ...]:
        """Per set of items (S_A, N)."""
        return tuple(one.grouped for one in self.of_a)

    @cached_property
    def b(self) -> tuple[Array, ...]:
        """(S_B, N)."""
        return tuple(one.grouped for one in self.of_b)

    @cached_property
    def n(self) -> int:
        """Items, or groups of them, of all sets."""
        return sum(table.shape[1] for table in self.a)

    @cached_property
    def means_a(self) -> Array:
        """(S_A,) means per seed."""
        return _summed(self.of_a)

    @cached_property
    def means_b(self) -> Array:
        """(S_B,) means per seed."""
        return _summed(self.of_b)

    @cached_property
    def largest(self) -> float:
        """Of the absolute values of both."""
        return max(one.largest for one in (*self.of_a, *self.of_b))

    @cached_property
    def difference(self) -> float:
        """A - B, means over seeds and items; 0 where it is but rounding."""
        found = float(self.means_a.mean() - self.means_b.mean())
        return found if abs(found) > ROUNDING * self.largest else 0.0

    @cached_property
    def shifts(self) -> tuple[tuple[int, float], ...]:
        """(seed, A - B) for every seed, where both have the same ones or only one was trained; else none."""
        named = (self.seeds_a or self.seeds_b) if self.shared_seeds else ()
        shifts: list[float] = np.broadcast_to(self.means_a - self.means_b, len(named)).tolist() if named else []
        return tuple(zip(named, shifts, strict=True))

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
        sides = zip(self.of_a, self.of_b, strict=True)
        return tuple(two_way((a.over_seeds - b.over_seeds)[None]) for a, b in sides)

    @property
    def spent(self) -> float:
        """1/S_A + 1/S_B over the rows that were trained: what a seed variance common to both is multiplied by."""
        return sum(1 / len(seeds) for seeds in (self.seeds_a, self.seeds_b) if seeds)


def _summed(sides: tuple[Scores, ...]) -> Array:
    """(S,) sums over sets of items of the means per seed."""
    return reduce(np.add, [side.group_means for side in sides])


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
    of_a, of_b, left_out = zip(*sets, strict=True)
    total = sum(len(gone) for gone in left_out)
    note = f"{total} items that not every run of both was judged on are left out" if total else ""
    return Paired(a.seeds, b.seeds, of_a, of_b, any(one.clusters is not None for one in of_a), note)


def _shared(a: Scores, b: Scores, whole: bool) -> tuple[Scores, Scores, frozenset[str]]:
    """Both on the items that they share, in the same groups; items left out."""
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
    if a.clusters != b.clusters:
        said = [zip(s.items, s.clusters, strict=True) for s in (a, b) if s.clusters is not None]
        clusters = groups_of(said, a.items)
        a, b = replace(a, clusters=clusters), replace(b, clusters=clusters)
    return a, b, left_out
