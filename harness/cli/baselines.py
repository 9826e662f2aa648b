"""Where the baseline of a suite lies, its history, and the records of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import StoreError
from harness.store import Store, root_of

if TYPE_CHECKING:
    from harness.records import Record, RunManifest

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


def records_of(results: Path, manifest: RunManifest) -> dict[str, Record]:
    """The records of a run, those of its cells and those that cells share, by digest."""
    from rich.console import Console

    digests = [cell.digest for row in manifest.rows for cell in row.cells if cell.digest is not None]
    digests += [step.digest for step in manifest.shared]
    with Console(stderr=True).status("reading records"):
        return Store(root_of(results)).records(digests)
