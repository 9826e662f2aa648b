"""The sentences on a board: what is to be known before it is read, how to read it, and what each number note says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from harness.board import Board
from harness.render.audit_tables import audit_banners
from harness.render.numbers import arrow
from harness.render.text import one_line

NOTE = 1000
"""Characters of a note on how the figures came about: it lists rows."""


@dataclass(frozen=True)
class Footnotes:
    """Reasons for gaps, and notes on single numbers, numbered in the order in which the board has them."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, board: Board) -> Footnotes:
        """All notes of a board, each once."""
        found: list[str] = []
        skipped = [name for row in board.rows for name in row.skipped]
        for name in dict.fromkeys([*(h.name for h in board.metrics), *skipped]):
            for row in board.rows:
                if name in row.skipped:
                    found.append(one_line(row.skipped[name].reason))
                elif name in row.metrics:
                    found.append(one_line(row.metrics[name].note))
        return cls(tuple(text for text in dict.fromkeys(found) if text))

    def mark(self, text: str) -> str:
        """` (3)`: the number of a note; empty for an empty one."""
        return f" ({self._numbers[one_line(text)]})" if text else ""

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {text: number for number, text in enumerate(self.texts, start=1)}


def banners(board: Board) -> list[str]:
    """What must not be overlooked."""
    found: list[str] = []
    if board.trial:
        found.append("Trial: --limit cut the examples short. These figures are no results.")
    if board.untuned:
        every = not any(row.tuned for row in board.rows)
        rows = "every row" if every else ", ".join(one_line(label) for label in board.untuned)
        found.append(
            f"Untuned: {rows} ran with the settings shown, not with settings tuned under equal budgets. "
            "A row that is behind may only be badly set."
        )
    found += audit_banners(board.audit, board.unaudited)
    found += [f"Not to be had: {one_line(problem)}." for problem in board.problems]
    found += [one_line(note, NOTE) for note in board.notes]
    if board.groups:
        told = "; ".join(f"{letter}: {one_line(given)}" for letter, given in board.groups.items())
        found.append(f"Different examples: rows of different groups are not ranked together. {told}.")
    contenders = [row for row in board.rows if not row.reference]
    if any(m.basis == "one run" for row in contenders for m in row.metrics.values()):
        found.append(
            "One run: where a trained row has a single seed, its interval is over items alone and says nothing about "
            "the method."
        )
    return found


def order_sentence(board: Board) -> str:
    """What the order of the rows means."""
    primary = next((h for h in board.metrics if h.name == board.primary_metric), None)
    if primary is None:
        return "No row has a figure by which rows could be ordered: they stand in the suite's order."
    better = "higher" if primary.higher_is_better else "lower"
    return (
        f"Rows are ordered by {one_line(primary.name)} ({better} is better). Best and tied with best: no other row "
        "beats them, each pair compared item by item and seed by seed and corrected by Holm, so their order means "
        "nothing. Behind: another row does. Undetermined: no interval covers a fresh training run. The base, the "
        "oracle and rows that only rate responses are references; A/A rows, rows from before tuning and rows on random "
        "labels are controls; none of them competes."
        + (" Rows are ranked among those that had as many training prompts." if board.sizes else "")
    )


def interval_sentences(board: Board) -> str:
    """What the numbers and their intervals are."""
    return (
        f"A number is the mean over seeds ± half the width of its 95 % interval ({board.interval}): for new items like "
        "these and a fresh training run; for rows without seeds, for new items alone. No ±: no interval. These are "
        "intervals of single rows: that two of them meet, or do not, is no test. Differences have intervals of their "
        "own, in the tables against the baseline. None is clipped to the range of a metric. "
        f"{arrow(True)}: higher is better; {arrow(False)}: lower is better; no arrow: neither."
    )


def incomplete(board: Board) -> list[tuple[str, str]]:
    """(label, what is not there and why) of every row that is not done."""
    rows = [row for row in board.rows if row.status != "done"]
    return [(one_line(row.label), f"({row.status}): {one_line(row.reason)}") for row in rows]
