"""A board as files and on a terminal. All forms take their numbers from `harness.render.numbers`."""

from harness.render.board_json import read_board, stable_view
from harness.render.files import write_board

__all__ = ["read_board", "stable_view", "write_board"]
