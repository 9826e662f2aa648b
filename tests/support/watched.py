"""A page in a browser that notes whatever goes wrong in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 20_000
"""Milliseconds: of a busy machine."""
OURS = ("data:", "blob:")
"""Addresses of what the page holds itself."""


@contextmanager
def watched(browser: Any, file: Path, **options: Any) -> Iterator[Any]:
    """The page, opened from disk in a context of its own. Whatever goes wrong in it fails the test at the end."""
    context = browser.new_context(**{"offline": True, "reduced_motion": "reduce", **options})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    wrong: list[str] = []
    sent: list[Any] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: wrong.append(f"not caught: {error}"))
    page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    context.on("page", lambda other: wrong.append(f"another page: {other.url}"))
    page.on("request", lambda one: None if one.url.startswith(OURS) else sent.append(one))
    page.wrong, page.sent = wrong, sent
    try:
        page.goto(file.as_uri())
        assert [one.url for one in sent] == [file.as_uri()]
        sent.clear()
        yield page
        page.wait_for_timeout(50)
        problems = [*(f"request: {one.url}" for one in sent if one.failure != "csp"), *wrong]
        assert not problems, problems
    finally:
        context.close()
