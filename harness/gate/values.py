"""A baseline's values per seed and item, as boards compare them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.baseline_records import BaselineRecord, FigureBaseline, RowBaseline
from harness.board.score import SCORE
from harness.errors import DataError, StoreError
from harness.gate.packing import BACK, unpack_items, unpack_values
from harness.statistics import Composite, Scores, combined


def values_of(record: BaselineRecord) -> dict[str, dict[str, Scores | Composite]]:
    """Label of a row -> metric -> its values, of every figure that has them.

    Raises:
        StoreError: packed values are damaged, or do not fit what is said of them.
    """
    sets = {key: unpack_items(packed) for key, packed in record.item_sets.items()}
    distinct = {key: len(set(ids)) == len(ids) for key, ids in sets.items()}
    weights = score_weights(record.as_run)
    return {row.label: _row(row, sets, distinct, weights) for row in record.rows}


def score_weights(as_run: Mapping[str, Any]) -> dict[str, float]:
    """The weights of the score over metrics that a suite states, summing to 1; empty where it states none.

    Raises:
        StoreError: a weight is no number.
    """
    statistics: Any = as_run.get("statistics")
    stated: Any = statistics.get("score") if isinstance(statistics, Mapping) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    try:
        weights = {str(k): float(v) for k, v in stated.items()} if isinstance(stated, Mapping) else {}  # pyright: ignore
    except (TypeError, ValueError) as error:
        raise StoreError("a weight of the score over metrics is no number", fix=BACK) from error
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()} if total else {}


def _row(
    row: RowBaseline,
    sets: Mapping[str, tuple[str, ...]],
    distinct: Mapping[str, bool],
    weights: Mapping[str, float],
) -> dict[str, Scores | Composite]:
    found: dict[str, Scores] = {}
    for figure in row.figures:
        if figure.values is not None:
            try:
                found[figure.metric] = _scores(figure, sets, distinct)
            except StoreError as error:
                raise StoreError(f"{row.label}, {figure.metric}: {error.problem}", fix=error.fix) from error
    made: dict[str, Scores | Composite] = dict(found)
    if weights and any(figure.metric == SCORE and figure.values is None for figure in row.figures):
        try:
            made[SCORE] = combined(found, weights)
        except DataError:
            return made  # it is then compared by its figures per seed
    return made


def _scores(figure: FigureBaseline, sets: Mapping[str, tuple[str, ...]], distinct: Mapping[str, bool]) -> Scores:
    for key in (figure.items, figure.clusters):
        if key is not None and key not in sets:
            raise StoreError(f"there are no items called {key!r}", fix=BACK)
    if figure.items is None or figure.values is None or not sets[figure.items] or not distinct[figure.items]:
        raise StoreError("its values have no items, or one item twice", fix=BACK)
    items, seeds = sets[figure.items], tuple(sorted(figure.per_seed or ()))
    clusters = None if figure.clusters is None else sets[figure.clusters]
    if clusters is not None and len(clusters) != len(items):
        raise StoreError(f"{len(clusters):,} groups for {len(items):,} items", fix=BACK)
    values = unpack_values(figure.values, figure.dtype, max(len(seeds), 1), len(items))
    return Scores(seeds, items, values, clusters, figure.pseudo)
