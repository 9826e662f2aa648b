"""A weighted score over metrics."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.errors import DataError
from harness.statistics.parts import Array
from harness.statistics.tables import Composite, Scores, groups_of


def combined(metrics: Mapping[str, Scores], weights: Mapping[str, float]) -> Composite:
    """A row's score: the weighted sum of its metrics, sum_k w_k y_k (weights as given: not normalised).

    Metrics on the same items are put together per item, so that their correlation counts; sets that share neither an
    item nor a group of items are independent. Where sets overlap without being the same, an item enters each metric it
    belongs to by theta_k + (N / N_k)(y_kj - theta_k), N items in the union: the linearised form, whose mean is theta_k.

    Args:
        metrics: what the row has, by metric.
        weights: by metric; negative for one of which lower is better.

    Raises:
        DataError: no metric is weighted, the row lacks one of them, they were not judged with the same seeds, or an
            item stands in two groups.
    """
    if not weights:
        raise DataError("a score needs a weight for one metric at least")
    missing = [name for name in weights if name not in metrics]
    if missing:
        raise DataError(f"no score: the row has no {', '.join(missing)}")
    chosen = {name: metrics[name] for name in weights}
    seeds = next(iter(chosen.values())).seeds
    if any(scores.seeds != seeds for scores in chosen.values()):
        listed = "; ".join(f"{name}: {scores.seeds}" for name, scores in chosen.items())
        raise DataError(f"no score: the metrics were not judged with the same seeds ({listed})")
    sets = _connected(chosen)
    return Composite(seeds, tuple(_together([(weights[name], chosen[name]) for name in names]) for names in sets))


def _connected(metrics: Mapping[str, Scores]) -> list[list[str]]:
    """Names of metrics that share items or groups of items, directly or through others, in the order given."""
    found: list[tuple[list[str], set[str]]] = []
    for name, scores in metrics.items():
        items = {*scores.items, *(scores.clusters or ())}
        touching = [one for one in found if not one[1].isdisjoint(items)]
        names = [n for one in touching for n in one[0]] + [name]
        found = [one for one in found if one not in touching]
        found.append((names, items.union(*(one[1] for one in touching))))
    return [names for names, _ in found]


def _together(weighted: list[tuple[float, Scores]]) -> Scores:
    """Metrics that share items or groups as one table over the union of their items."""
    first = weighted[0][1]
    items = tuple(dict.fromkeys(item for _, scores in weighted for item in scores.items))
    place = {item: j for j, item in enumerate(items)}
    table: Array = np.zeros((len(first.values), len(items)))
    for weight, scores in weighted:
        centre = scores.values.mean(1, keepdims=True)
        own = [place[item] for item in scores.items]
        table += weight * centre
        table[:, own] += weight * (len(items) / len(scores.items)) * (scores.values - centre)
    said = [zip(s.items, s.clusters, strict=True) for _, s in weighted if s.clusters is not None]
    clusters = groups_of(said, items) if said else None
    left_out = frozenset[str]().union(*(scores.left_out for _, scores in weighted))
    return Scores(first.seeds, items, table, clusters, any(s.pseudo for _, s in weighted), left_out)
