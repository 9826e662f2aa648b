"""A real browser without a network, and pages in it. Where there is none, these tests are skipped, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import chromium
import hostile
import pytest
import reports
from watched import watched

from harness.page.files import write_page


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Closed after the last test of this folder: as long as Playwright runs, no other event loop can."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = chromium.find()
    if path is None:
        pytest.skip(f"there is no browser: {chromium.cannot_install() or 'run tests/support/chromium.py'}")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=str(path), args=list(chromium.ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="package")
def board_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an ordinary run, with something in every part of it."""
    folder = tmp_path_factory.mktemp("board")
    return write_page(reports.small(folder), folder)


@pytest.fixture(scope="package")
def hostile_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run in which every name and answer is hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    return write_page(reports.hostile_report(folder, hostile.WORST, metrics=8), folder)


@pytest.fixture
def opened(browser: Any, board_file: Path) -> Iterator[Any]:
    """The ordinary page."""
    with watched(browser, board_file) as page:
        yield page


@pytest.fixture
def open_page(browser: Any, board_file: Path) -> Callable[..., Any]:
    """Opens a page, the ordinary one if no other is named, with options of the context: viewport, color_scheme."""
    return lambda file=board_file, **options: watched(browser, file, **options)
