"""Rows' tables of scores, for tests of intervals."""

from __future__ import annotations

import numpy as np

from harness.statistics import PerItem, Scores, scores_of


def trained(table, seeds=None, items=None, clusters=None) -> Scores:
    """A row from (S, N) values."""
    table = np.asarray(table, dtype=float)
    names = items or [f"i{j}" for j in range(table.shape[1])]
    numbers = range(len(table)) if seeds is None else seeds
    return scores_of({seed: PerItem(names, row, clusters) for seed, row in zip(numbers, table, strict=True)})


def untrained(values, items=None, clusters=None) -> Scores:
    """A row without training from (N,) values."""
    values = np.asarray(values, dtype=float)
    return scores_of(PerItem(items or [f"i{j}" for j in range(len(values))], values, clusters))


def drawn(rows: int, seeds: int, items: int, *, seed_sd: float = 0.1, random: int = 0) -> list[Scores]:
    """Rows of equal merit, judged on the same items."""
    draw = np.random.default_rng(random)
    item = draw.normal(0, 1, items)
    tables = (
        item + draw.normal(0, 0.3, items) + draw.normal(0, seed_sd, (seeds, 1)) + draw.normal(0, 0.5, (seeds, items))
        for _ in range(rows)
    )
    return [trained(table) for table in tables]
