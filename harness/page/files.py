"""The page as a file."""

from __future__ import annotations

from pathlib import Path

from harness.page.page import page_html
from harness.report import Report
from harness.store import write_atomically

NAME = "leaderboard.html"


def write_page(report: Report, folder: Path) -> Path:
    """Write `leaderboard.html`, whole or not at all.

    Raises:
        StoreError: the folder cannot be written.
    """
    path = folder / NAME
    write_atomically(path, page_html(report))
    return path
