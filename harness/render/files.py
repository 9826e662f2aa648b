"""The files of a board: `leaderboard.json`, `.md` and `.csv`, each whole or not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.board import Board
from harness.long_lived import long_lived
from harness.render.board_json import json_text
from harness.render.markdown import markdown
from harness.render.table_csv import csv_text
from harness.store import write_atomically

FORMS: Mapping[str, Callable[[Board], str]] = {"json": json_text, "md": markdown, "csv": csv_text}


@long_lived()
def write_board(board: Board, folder: Path, forms: Sequence[str] = tuple(FORMS)) -> tuple[Path, ...]:
    """Write the three files, or those of `FORMS` that are asked for; returns where they lie.

    Raises:
        StoreError: the folder cannot be written.
    """
    texts = {folder / f"leaderboard.{form}": FORMS[form](board) for form in forms}
    for path, text in texts.items():
        write_atomically(path, text)
    return tuple(texts)
