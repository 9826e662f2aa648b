"""Which of many alike rows are beaten, and by which row: what all comparisons with Holm's correction say, of which few
are made.

M rows have M (M - 1) / 2 differences, and few of their p-values matter: those near the smallest one by which a row
loses. The variances of all differences follow from products of tables (|x - y|^2 = |x|^2 + |y|^2 - 2 xy), to within a
rounding that is bounded here. They tell on which side of a level a p-value lies, or that it is too near to say. What
matters, and what is too near, is worked out as `pairwise` does it one by one, so that the outcome is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.statistics.pairwise import Alike, against, degrees
from harness.statistics.parts import P_FLOOR, Array, t_quantiles
from harness.statistics.pool import Pool

LEVELS = 160
"""Levels of p between the smallest one and the one that is asked for."""
ROUNDING = 1e-13
"""Of sums of up to some thousand products, relative to the largest of them."""
AT_ONCE = 256
"""Rows whose products with all others are held at once."""


@dataclass(frozen=True)
class Beside:
    """A comparison of a row with one that is not of its kind, as it was found."""

    rival: str
    lost: bool
    p: float


class Many:
    """Rows at the same seeds and items, compared with each other."""

    def __init__(self, alike: Alike, *, higher_is_better: bool, pool: Pool | None, alpha: float) -> None:
        self.alike, self.pool, self.alpha = alike, pool, alpha
        self.sign = 1.0 if higher_is_better else -1.0
        apart = alike.tables - alike.tables.mean(0)  # differences stay the same, and products are small
        self.by_seed = apart.mean(-1)
        centred = apart - self.by_seed[..., None]
        self.by_item = centred.mean(1)
        self.left = (centred - self.by_item[:, None]).reshape(len(apart), -1)
        self.item_squares = np.einsum("mn,mn->m", self.by_item, self.by_item)
        self.left_squares = np.einsum("mn,mn->m", self.left, self.left)
        self.levels = np.geomspace(P_FLOOR, alpha, LEVELS)
        self.levels[[0, -1]] = P_FLOOR, alpha
        of_seeds, of_items = degrees(alike, pool)
        self.of_seeds, self.of_items = t_squares(of_seeds, self.levels), t_squares(of_items, self.levels)
        self._exact: dict[tuple[int, int], float] = {}

    def rows(self) -> Iterator[Row]:
        """Each against all others, in their order."""
        for first in range(0, len(self.left), AT_ONCE):
            block = slice(first, first + AT_ONCE)
            items, left = self.by_item[block] @ self.by_item.T, self.left[block] @ self.left.T
            for place, (of_items, of_left) in enumerate(zip(items, left, strict=True), start=first):
                yield self._row(place, of_items, of_left)

    def _row(self, place: int, items: Array, left: Array) -> Row:
        """Bounds of the variances of all differences from one row.

        Args:
            place: of the row.
            items: (M,) products of its means per item with those of all rows.
            left: (M,) products of its residuals with theirs.
        """
        _, s, n = self.alike.tables.shape
        difference = self.alike.difference(place, slice(None))
        both = self.item_squares[place] + self.item_squares
        variance, doubt = (both - 2 * items) / ((n - 1) * n), ROUNDING * both / ((n - 1) * n)
        both, per = self.left_squares[place] + self.left_squares, (s - 1) * (n - 1) * n * s
        held = 1.0 if self.pool is None else min(n / self.pool.items[0], 1.0)
        variance -= held * (both - 2 * left) / per
        doubt += ROUNDING * both / per
        if self.pool is None:
            shifts = self.by_seed[place] - self.by_seed
            sd = shifts.std(-1, ddof=1) / s**0.5
            slack = ROUNDING * float(self.alike.largest.max())
        else:
            sd, slack = np.full(len(both), (2 * self.pool.crossed / s) ** 0.5), 0.0
        square = np.where(difference == 0, -1.0, difference**2)
        square[place] = -1.0
        return Row(
            self, place, self.sign * difference < 0, square,
            (np.maximum(sd - slack, 0.0) ** 2, (sd + slack) ** 2),
            (np.maximum(variance - doubt, 0.0), np.maximum(variance + doubt, 0.0)),
        )  # fmt: skip

    def p(self, place: int, others: Sequence[int]) -> list[float]:
        """Of one row against others, as `pairwise` has it."""
        pairs = [(min(place, other), max(place, other)) for other in others]
        unknown = [other for other, pair in zip(others, pairs, strict=True) if pair not in self._exact]
        for first in range(0, len(unknown), AT_ONCE):
            some = unknown[first : first + AT_ONCE]
            found = against(self.alike, place, np.array(some), self.pool, self.alpha)  # A - B has the p of B - A
            for other, (_, p) in zip(some, found, strict=True):
                self._exact[min(place, other), max(place, other)] = p
        return [self._exact[pair] for pair in pairs]


def t_squares(df: float, levels: Array) -> Array:
    """t^2 at each two-sided level."""
    return np.array([float(t_quantiles(np.asarray(df), float(level))) ** 2 for level in levels])


@dataclass(frozen=True)
class Row:
    """One row against all M of its kind, roughly."""

    many: Many
    place: int
    lost: np.ndarray
    """(M,) whether the other's figure is better."""
    square: Array
    """(M,) of the difference; -1 where there is none, as from itself."""
    seed: tuple[Array, Array]
    """(M,) bounds of the variance of the difference over seeds."""
    item: tuple[Array, Array]
    """(M,) over items."""

    def _maybe(self, level: int, where: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Whether p may be at the level or below."""
        of_seeds, of_items = self.many.of_seeds[level], self.many.of_items[level]
        least = of_seeds * self.seed[0][where] + of_items * self.item[0][where]
        return least * (1 - 1e-9) <= self.square[where]

    def _surely(self, level: int) -> np.ndarray:
        """Whether p is at the level or below."""
        most = self.many.of_seeds[level] * self.seed[1] + self.many.of_items[level] * self.item[1]
        return most * (1 + 1e-9) <= self.square

    def beaten(self, beside: Sequence[Beside]) -> tuple[str, float] | None:
        """The row that beats this one most clearly, and Holm's p of that; None where none does.

        Args:
            beside: its comparisons with rows of other kinds.
        """
        least = min([one.p for one in beside if one.lost], default=1.0)
        least = min(least, self._least(np.flatnonzero(self.lost & self._maybe(LEVELS - 1))))
        return None if least > self.many.alpha else self._corrected(least, beside)

    def _least(self, losses: np.ndarray) -> float:
        """The smallest p of these, exactly; 1 where there is none up to alpha."""
        first, last = 0, LEVELS - 1
        while first < last:  # the lowest level at which one of them may be
            middle = (first + last) // 2
            if self._maybe(middle, losses).any():
                last = middle
            else:
                first = middle + 1
        for level in range(first, LEVELS) if len(losses) else ():
            near = losses[self._maybe(level, losses)]
            if level == 0 and self._surely(0)[near].any():
                return P_FLOOR
            found = min(self.many.p(self.place, near.tolist()))
            if found <= self.many.levels[level]:
                return found
        return 1.0

    def _corrected(self, least: float, beside: Sequence[Beside]) -> tuple[str, float] | None:
        """Holm's p of the loss of the smallest p, and of what has the same.

        Holm's p at rank k is the largest (m - j + 1) p(j) of all j <= k, m comparisons. Comparisons of a p below
        `least` (m - k + 1) / m can be no such maximum, and are only counted; no comparison of which
        (m - j + 1) p(j) is above Holm's p of that loss can share it.
        """
        levels, tests = self.many.levels, len(self.square) - 1 + len(beside)
        top = int(np.searchsorted(levels, least))
        ahead = int(self._maybe(top).sum()) + len(beside)
        low = int(np.searchsorted(levels, least * max(tests - ahead + 1, 1) / tests, side="right")) - 1
        below = self._surely(low) if low > 0 else np.zeros(len(self.square), dtype=bool)
        floor, counted, step = self._surely(0), int(below.sum()), 1
        while True:
            near = np.flatnonzero(self._maybe(top) & ~below)
            asked = near[~floor[near]].tolist()
            known = dict(zip(asked, self.many.p(self.place, asked), strict=True))
            p = [known.get(other, P_FLOOR) for other in near.tolist()]
            labels = [self.many.alike.labels[other] for other in near] + [one.rival for one in beside]
            lost = np.array([*self.lost[near], *(one.lost for one in beside)], dtype=bool)
            values = np.array([*p, *(one.p for one in beside)])
            order = np.argsort(values, kind="stable")
            order = order[values[order] <= levels[top]]
            corrected = np.maximum.accumulate(
                np.minimum((tests - counted - np.arange(len(order))) * values[order], 1.0)
            )
            smallest = float(corrected[lost[order]].min())
            if smallest > self.many.alpha:
                return None
            others = tests - counted - len(order)
            if not others or top == LEVELS - 1 or others * levels[top] > smallest:
                rivals = (labels[j] for j, found in zip(order, corrected, strict=True) if lost[j] and found == smallest)
                return min(rivals), smallest
            top = min(top + step, LEVELS - 1)
            step *= 2
