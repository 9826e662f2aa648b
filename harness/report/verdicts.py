"""What evaluators found at single items: what stands beside an answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from harness.board import Board
from harness.board.evidence import TRAIN, Evidence
from harness.records import FigureRecord
from harness.render.metric_tables import headline, on_all_items


def metrics_beside(board: Board, asking: Collection[str]) -> frozenset[str]:
    """Metrics of evaluators that ask for no answers, and stand beside the answers that others asked for.

    They are those of the main table, and all of the evaluator that gives the primary one.

    Args:
        board: whose metrics.
        asking: labels of the evaluators that kept answers.
    """
    primary = next((h.evaluator for h in board.metrics if h.name == board.primary_metric), None)
    wanted = [*headline(board), *(h for h in on_all_items(board) if h.evaluator == primary)]
    return frozenset(h.name for h in wanted if h.evaluator not in asking)


def verdicts(
    label: str, cells: Sequence[Evidence], seed: int | None, items: Collection[str], beside: frozenset[str]
) -> dict[str, dict[str, float]]:
    """Item -> metric -> value, of one row at one seed.

    No pseudo-values, which are no values of items, and nothing on parts of the items. A figure whose items are prompts
    counts for every item of its prompt: `X` for `X/0`.

    Args:
        label: of the evaluator that asked for the answers; all its figures count.
        cells: of the row.
        seed: whose cells count.
        items: those that are shown.
        beside: metrics of other evaluators that count.
    """
    found: dict[str, dict[str, float]] = {item: {} for item in items}
    for one in cells:
        if one.cell.seed != seed or one.cell.what == TRAIN:
            continue
        places: dict[str, dict[str, int]] = {}
        for name, figure in one.figures.items():
            if one.cell.what != label and name not in beside:
                continue
            for item, value in _values(one, figure, items, places):
                found[item][name] = value
    return found


def _values(
    one: Evidence, figure: FigureRecord, items: Collection[str], places: dict[str, dict[str, int]]
) -> Iterator[tuple[str, float]]:
    if figure.subset or figure.pseudo or figure.values is None:
        return
    if figure.items not in places:
        places[figure.items] = _places(one.items(figure), items)
    for item, place in places[figure.items].items():
        if place < len(figure.values):
            yield item, figure.values[place]


def _places(ids: Sequence[str], items: Collection[str]) -> dict[str, int]:
    """Where each item stands among the ids, or else its prompt."""
    wanted = {name for item in items for name in (item, _prompt(item))}
    at = {name: place for place, name in enumerate(ids) if name in wanted}
    found = {item: at.get(item, at.get(_prompt(item))) for item in items}
    return {item: place for item, place in found.items() if place is not None}


def _prompt(item: str) -> str:
    return item.rpartition("/")[0]
