"""The delete-group jackknife: how far a fit may be off, fit and all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.digest import digest

GROUPS = 30
"""About the root of AlpacaEval's 805 instructions: groups as large as that serve statistics that are not smooth, such
as a fit whose penalty is chosen by cross-validation."""


@dataclass(frozen=True)
class Jackknifed:
    """A statistic with what is known of its error."""

    value: float
    """On all items."""
    values: tuple[float, ...]
    """Per item, the pseudo-value of its group."""
    clusters: tuple[str, ...]
    """Per item, its group."""
    standard_error: float | None
    """None where all items are in one group."""


def group_of(name: str) -> str:
    """The group of an item, by a digest of its name: the same in every row and run."""
    return f"group {int(digest(name), 16) % GROUPS:02}"


def grouped_jackknife(
    statistic: Callable[[Sequence[np.ndarray]], np.ndarray],
    items: Sequence[Sequence[str]],
    tell: Callable[[int, int], None] | None = None,
) -> list[Jackknifed]:
    """A statistic of each of some rows, which are left without one group of items after another, in all rows at once.

    With h = items / items of the group, the pseudo-value of a group is h theta - (h - 1) theta without it, and

        theta_J = mean over items of their group's pseudo-value
        variance = mean over groups of (pseudo-value - theta_J)^2 / (h - 1)

    Source: Busing, Meijer and van der Leeden (1999), "Delete-m Jackknife for unequal m", equations 4 to 6.

    Args:
        statistic: per row (items,) whether an item is kept -> (rows,).
        items: per row, (items,) names.
        tell: told of (refits done, refits in all).
    """
    groups = [np.array([group_of(name) for name in row]) for row in items]
    names = sorted({str(name) for row in groups for name in row})
    whole = statistic([np.ones(len(row), bool) for row in groups])
    left: dict[str, np.ndarray] = {}
    for done, name in enumerate(names):
        if tell:
            tell(done, len(names))
        if all((row != name).any() for row in groups):
            left[name] = statistic([row != name for row in groups])
    if tell:
        tell(len(names), len(names))
    return [
        _one(float(whole[place]), row, {name: float(found[place]) for name, found in left.items()})
        for place, row in enumerate(groups)
    ]


def _one(whole: float, groups: np.ndarray, left: dict[str, float]) -> Jackknifed:
    """Of one row, from the statistic without each group."""
    clusters = tuple(str(name) for name in groups)
    names, counts = np.unique(groups, return_counts=True)
    if len(names) < 2 or any(str(name) not in left for name in names):
        return Jackknifed(whole, (whole,) * len(groups), clusters, None)
    ratio = len(groups) / counts
    pseudo = ratio * whole - (ratio - 1) * np.array([left[str(name)] for name in names])
    centre = float((pseudo * counts).sum() / len(groups))
    variance = float(((pseudo - centre) ** 2 / (ratio - 1)).mean())
    by_name = dict(zip(map(str, names), pseudo.tolist(), strict=True))
    return Jackknifed(whole, tuple(by_name[name] for name in clusters), clusters, float(np.sqrt(variance)))
