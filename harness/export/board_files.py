"""The files of a board as texts, made from the same records as everything else that is exported."""

from __future__ import annotations

from collections.abc import Collection

from harness.report.read import Read

FORMS = ("html", "md", "csv", "json")


def board_files(read: Read, forms: Collection[str]) -> dict[str, str]:
    """Name -> text of those forms that are asked for.

    Raises:
        StoreError: the history of what was accepted cannot be read.
    """
    found: dict[str, str] = {}
    if "html" in forms:
        from harness.page import page_html

        found["leaderboard.html"] = page_html(read.report())
    if "md" in forms:
        from harness.render.markdown import markdown

        found["leaderboard.md"] = markdown(read.board)
    if "csv" in forms:
        from harness.render.table_csv import csv_text

        found["leaderboard.csv"] = csv_text(read.board)
    if "json" in forms:
        from harness.render.board_json import json_text

        found["leaderboard.json"] = json_text(read.board)
    return found
