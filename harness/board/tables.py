"""A row's values per seed and item, from its evaluations: what intervals and comparisons are computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from harness.board.evidence import Evidence
from harness.errors import DataError
from harness.records import FigureRecord
from harness.statistics import Composite, PerItem, Scores, Spread, crossed, items_alone, scores_of, spread

Tables: TypeAlias = Mapping[str, Mapping[str, Scores | Composite]]
"""Metric -> label of a row -> its values."""


@dataclass(frozen=True)
class Found:
    """The figure of one evaluation."""

    seed: int | None
    figure: FigureRecord
    items: tuple[str, ...]
    clusters: tuple[str, ...] | None


@dataclass(frozen=True)
class Table:
    """A row's values on one metric."""

    scores: Scores | None
    spread: Spread
    note: str
    """Why there is no interval; empty where there is one."""


@dataclass
class Names:
    """Sets of ids, each kept once: equal ones are one object, so that nothing is spent on telling them equal."""

    _kept: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict[tuple[str, ...], tuple[str, ...]])
    _of_lists: dict[int, tuple[Sequence[str], tuple[str, ...]]] = field(
        default_factory=dict[int, tuple[Sequence[str], tuple[str, ...]]]
    )
    """id() of a list seen before -> (the list, so that its id stays taken; what is kept for it)."""
    _distinct: dict[int, bool] = field(default_factory=dict[int, bool])
    """id() of what is kept -> whether no id stands in it twice."""

    def found(self, one: Evidence, figure: FigureRecord) -> Found:
        """A figure of an evaluation with the ids of its items and of their groups."""
        clusters = one.clusters(figure)
        return Found(
            one.cell.seed, figure, self.kept(one.items(figure)), None if clusters is None else self.kept(clusters)
        )

    def kept(self, ids: Sequence[str]) -> tuple[str, ...]:
        """The one object for these ids."""
        seen = self._of_lists.get(id(ids))
        if seen is None:
            as_tuple = tuple(ids)
            seen = self._of_lists[id(ids)] = (ids, self._kept.setdefault(as_tuple, as_tuple))
        return seen[1]

    def distinct(self, kept: tuple[str, ...]) -> bool:
        """Whether no id stands twice in something that is kept."""
        if id(kept) not in self._distinct:
            self._distinct[id(kept)] = len(set(kept)) == len(kept)
        return self._distinct[id(kept)]


def table(found: Sequence[Found], names: Names) -> Table:
    """A row's table on one metric.

    Args:
        found: one per seed, at least one; a single one for a row without training.
        names: what made their items.
    """
    nothing = Spread(None, None, "none", min(len(one.items) for one in found))
    if any(one.figure.values is None for one in found):
        return Table(None, nothing, "no interval: the figure has no value per item")
    values = [np.asarray(one.figure.values, dtype=np.float64) for one in found]
    for one, of_seed in zip(found, values, strict=True):
        if len(of_seed) != len(one.items) or not len(of_seed) or not np.isfinite(of_seed).all():
            return Table(None, nothing, "no interval: the record has not one finite value per item")
        if one.clusters is not None and len(one.clusters) != len(one.items):
            return Table(None, nothing, "no interval: the record has not one group per item")
    first = found[0]
    alike = all(one.items is first.items and one.clusters is first.clusters for one in found)
    try:
        made = _balanced(found, values) if alike and names.distinct(first.items) else _ragged(found, values)
    except DataError as error:
        return Table(None, nothing, f"no interval: {error.problem}")
    alone = made.spread.half is None
    return Table(made.scores, made.spread, "no interval: the figure stands on a single item") if alone else made


def _balanced(found: Sequence[Found], values: Sequence[np.ndarray]) -> Table:
    """Where all seeds were judged on the same items, none of them twice."""
    order = sorted(range(len(found)), key=lambda place: found[place].seed or 0)
    rows = [values[place] for place in order]
    pseudo = any(one.figure.pseudo for one in found)
    if pseudo:  # the mean of pseudo-values is not the figure
        rows = [row + (found[place].figure.value - row.mean()) for place, row in zip(order, rows, strict=True)]
    seeds = tuple(seed for place in order if (seed := found[place].seed) is not None)
    scores = Scores(seeds, found[0].items, np.stack(rows), found[0].clusters, pseudo)
    n = scores.grouped.shape[1]
    if n < 2:
        return Table(scores, Spread(None, None, "none", n), "")
    if len(rows) > 1:
        return Table(scores, Spread(*crossed(scores.split), "items and seeds", n), "")
    return Table(scores, Spread(*items_alone(scores.grouped[0]), "one run" if seeds else "items", n), "")


def _ragged(found: Sequence[Found], values: Sequence[np.ndarray]) -> Table:
    """Where seeds were judged on different items, or on one item several times."""
    runs = [
        PerItem(one.items, v, one.clusters, one.figure.value if one.figure.pseudo else None)
        for one, v in zip(found, values, strict=True)
    ]
    by_seed = {one.seed: run for one, run in zip(found, runs, strict=True) if one.seed is not None}
    around = spread(runs, trained=bool(by_seed))
    try:
        return Table(scores_of(by_seed or runs[0]), around, "")
    except DataError:  # seeds share no item: each tells its own spread, but no pair can be made
        return Table(None, around, "")
