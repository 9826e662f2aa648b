"""Where the baseline of a suite lies, and its history."""

from __future__ import annotations

from pathlib import Path

from harness.errors import StoreError
from harness.store import root_of

FOLDER = "baselines"
"""Beside the results of suites."""


def baseline_file(results: Path, suite: str) -> Path:
    """`results/baselines/core.json` of the suite's results folder `results/core`.

    Raises:
        StoreError: the suite's name is no name of a file, so that this would lie elsewhere.
    """
    if Path(suite).name != suite or not suite.isprintable() or not suite.strip("."):
        raise StoreError(f"{suite!r} is no name of a suite", where=str(results / "run.json"), fix="name a --baseline")
    return root_of(results) / FOLDER / f"{suite}.json"


def history_file(baseline: Path) -> Path:
    """`core.history.json` beside `core.json`."""
    return baseline.with_name(f"{baseline.name.removesuffix('.json')}.history.json")
