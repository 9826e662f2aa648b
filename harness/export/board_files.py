"""The files of a board as texts, made from the same records as everything else that is exported."""

from __future__ import annotations

from collections.abc import Collection

from harness.render.files import FORMS as BOARD_FORMS
from harness.report.read import Read

FORMS = ("html", *BOARD_FORMS)


def board_files(read: Read, forms: Collection[str]) -> dict[str, str]:
    """Name -> text of those forms that are asked for.

    Raises:
        StoreError: the history of what was accepted cannot be read.
    """
    found: dict[str, str] = {}
    if "html" in forms:
        from harness.page import page_html

        found["leaderboard.html"] = page_html(read.report())
    for form in forms:
        if form in BOARD_FORMS:
            found[f"leaderboard.{form}"] = BOARD_FORMS[form](read.board)
    return found
