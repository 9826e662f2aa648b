"""Records to a board: every row, metric, interval, cost and reason of a run. Pure; loads neither torch nor plugins."""

from harness.board.board import Board, BoardRow, Gap, Heading, Measure, RowCost
from harness.board.make import make_board

__all__ = ["Board", "BoardRow", "Gap", "Heading", "Measure", "RowCost", "make_board"]
