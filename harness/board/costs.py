"""What a row cost, from the records of its steps."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from functools import reduce

from harness.board.board import RowCost
from harness.records import Cost


def row_cost(train: Sequence[Cost], evaluate: Sequence[Sequence[Cost]]) -> RowCost:
    """The cost of a row.

    Args:
        train: per seed that was trained.
        evaluate: per seed that was evaluated (one entry for a row without seeds): its evaluators' costs.
    """
    judged = [total for costs in evaluate if (total := _total(costs)) is not None]
    return RowCost(_total(train), _total(judged), _median(train), _median(judged))


def _total(costs: Sequence[Cost]) -> Cost | None:
    return reduce(Cost.plus, costs) if costs else None


def _median(costs: Sequence[Cost]) -> Cost | None:
    """Field by field; counts are rounded."""
    if not costs:
        return None
    medians = {name: statistics.median(getattr(cost, name) for cost in costs) for name in Cost.model_fields}
    counts = {name for name, field in Cost.model_fields.items() if field.annotation is int}
    return Cost.model_validate({name: round(m) if name in counts else m for name, m in medians.items()})
