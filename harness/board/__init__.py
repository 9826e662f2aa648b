"""Records to a board: every row, metric, interval, comparison, cost and reason of a run. Pure; loads neither torch nor
plugins.
"""

from harness.board.board import Board, BoardRow, Gap, Heading, Measure, RowCost
from harness.board.comparison import AgainPair, Comparison, Family, Interval
from harness.board.make import make_board

__all__ = [
    "AgainPair", "Board", "BoardRow", "Comparison", "Family", "Gap", "Heading", "Interval", "Measure", "RowCost",
    "make_board",
]  # fmt: skip
