"""What a row cost, from the records of its steps."""

from __future__ import annotations

import operator
import statistics
from collections.abc import Sequence
from functools import reduce

from harness.board.board import RowCost
from harness.records import Cost

FIELDS = tuple(Cost.model_fields)
COUNTS = tuple(name for name, field in Cost.model_fields.items() if field.annotation is int)


def row_cost(train: Sequence[Cost], evaluate: Sequence[Sequence[Cost]]) -> RowCost:
    """The cost of a row.

    Args:
        train: per seed that was trained.
        evaluate: per seed that was evaluated (one entry for a row without seeds): its evaluators' costs.
    """
    judged = [of_seed for costs in evaluate if (of_seed := total(costs)) is not None]
    return RowCost(total(train), total(judged), _median(train), _median(judged))


def total(costs: Sequence[Cost]) -> Cost | None:
    """All together, as `Cost.plus` adds them one after another."""
    if len(costs) < 2:
        return costs[0] if costs else None
    values = {name: [getattr(cost, name) for cost in costs] for name in FIELDS}
    most = max(values.pop("peak_bytes"))
    return Cost(**{name: reduce(operator.add, of_all) for name, of_all in values.items()}, peak_bytes=most)


def _median(costs: Sequence[Cost]) -> Cost | None:
    """Field by field; counts are rounded."""
    if len(costs) < 2:
        return costs[0] if costs else None
    medians = {name: statistics.median([getattr(cost, name) for cost in costs]) for name in FIELDS}
    return Cost(**medians | {name: round(medians[name]) for name in COUNTS})
