"""The records of a run, for commands that need no board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.store import Store, digests_of, root_of

if TYPE_CHECKING:
    from harness.records import Record, RunManifest


def records_of(results: Path, manifest: RunManifest) -> dict[str, Record]:
    """By digest, those of its cells and those that cells share; says so on a terminal while it reads."""
    from rich.console import Console

    with Console(stderr=True).status("reading records"):
        return Store(root_of(results)).records(digests_of(manifest))
