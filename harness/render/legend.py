"""The sentences on a board: what is to be known before it is read, how to read it, and what each number note says."""

from __future__ import annotations

from dataclasses import dataclass

from harness.board import Board
from harness.render.numbers import arrow
from harness.render.text import one_line


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
        return f" ({self.texts.index(one_line(text)) + 1})" if text else ""


def banners(board: Board) -> list[str]:
    """What must not be overlooked."""
    found: list[str] = []
    if board.trial:
        found.append("Trial: --limit cut the examples short. These figures are no results.")
    if not board.tuned:
        found.append(
            "Untuned: every row ran with the settings shown, not with settings tuned under equal budgets. "
            "A row that is behind may only be badly set."
        )
    contenders = [row for row in board.rows if not row.reference]
    if any(m.basis == "one run" for row in contenders for m in row.metrics.values()):
        found.append(
            "One run: where a trained row has a single seed, its interval is over items alone and says nothing about "
            "the method; its standing is undetermined."
        )
    return found


def order_sentence(board: Board) -> str:
    """What the order of the rows means."""
    primary = next((h for h in board.metrics if h.name == board.primary_metric), None)
    if primary is None:
        return "No row has a figure by which rows could be ordered: they stand in the suite's order."
    better = "higher" if primary.higher_is_better else "lower"
    return (
        f"Rows are ordered by {one_line(primary.name)} ({better} is better). Tied with best: the row's interval meets "
        "that of the best row, so their order means nothing. The base, the oracle and rows that only rate responses "
        "are references, not contenders."
        + (" Rows are compared with those that had as many training prompts." if board.sizes else "")
    )


def interval_sentences(board: Board) -> str:
    """What the numbers and their intervals are."""
    return (
        f"A number is the mean over seeds ± half the width of its 95 % interval ({board.interval}): for new items like "
        "these and a fresh training run; for rows without seeds, for new items alone. No ±: no interval. Intervals are "
        "those of single rows, not of differences between rows: that they meet, or do not, is no test. They are not "
        "clipped to the range of a metric. "
        f"{arrow(True)}: higher is better; {arrow(False)}: lower is better; no arrow: neither."
    )


def incomplete(board: Board) -> list[tuple[str, str]]:
    """(label, what is not there and why) of every row that is not done."""
    rows = [row for row in board.rows if row.status != "done"]
    return [(one_line(row.label), f"({row.status}): {one_line(row.reason)}") for row in rows]
