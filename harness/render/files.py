"""The files of a board: `leaderboard.json`, `.md` and `.csv`, each whole or not there."""

from __future__ import annotations

from pathlib import Path

from harness.board import Board
from harness.long_lived import long_lived
from harness.render.board_json import json_text
from harness.render.markdown import markdown
from harness.render.table_csv import csv_text
from harness.store import write_atomically


@long_lived()
def write_board(board: Board, folder: Path) -> None:
    """Write the three files.

    Raises:
        StoreError: the folder cannot be written.
    """
    texts = {"json": json_text(board), "md": markdown(board), "csv": csv_text(board)}
    for form, text in texts.items():
        write_atomically(folder / f"leaderboard.{form}", text)
