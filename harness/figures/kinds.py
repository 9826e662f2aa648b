"""Which metrics of a board are trade-offs: told by what evaluators call them and by their units, never by rows."""

from __future__ import annotations

from collections.abc import Sequence

from harness.board import Board, Heading
from harness.render.metric_tables import on_all_items

MOST_TASKS = 12
"""Of more capability tasks than this, only the primary metric is shown against each."""

Pair = tuple[Heading, Heading]


def pairs(board: Board) -> list[Pair]:
    """(What is gained, what it may cost): the primary metric and win rates against drift, length and capabilities; in
    the world, reward against mass on legitimate answers.
    """
    metrics = on_all_items(board)
    primary = [h for h in metrics if h.name == board.primary_metric]
    wins = [h for h in metrics if h.unit == "fraction" and _own(h).endswith("win_rate") and h.higher_is_better]
    gains = [*primary, *(h for h in wins if h not in primary)]
    drift = [h for h in metrics if _own(h) == "kl" and h.unit == "nats"]
    lengths = [h for h in metrics if _own(h) == "length" and h.unit == "tokens"]
    tasks = [h for h in metrics if "/" in _own(h) and h.higher_is_better is not None]
    found = [(gain, cost) for cost in drift for gain in gains]
    found += [(gain, length) for gain in gains for length in _lengths_of(gain, lengths)]
    found += [(gain, task) for task in tasks for gain in (gains if len(tasks) <= MOST_TASKS else primary)]
    found += [(gain, mass) for gain in metrics for mass in metrics if _world(gain, mass)]
    return [pair for pair in dict.fromkeys(found) if pair[0] is not pair[1]]


def _own(heading: Heading) -> str:
    """The metric's name without its evaluator's: `win_rate`; `TASK/acc` of evaluators that run several tasks."""
    return heading.name.removeprefix(f"{heading.evaluator}/")


def _lengths_of(gain: Heading, lengths: Sequence[Heading]) -> Sequence[Heading]:
    """The length of the same answers; all there are for a metric without a length of its own."""
    return [h for h in lengths if h.evaluator == gain.evaluator] or lengths


def _world(gain: Heading, mass: Heading) -> bool:
    """True for the exact figures of a source that knows the truth."""
    return gain.evaluator == mass.evaluator and _own(gain) == "reward" and _own(mass) == "legitimate"
