"""What an export did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.export.tracker_run import TrackerRun

State = Literal["written", "updated", "unchanged"]
"""written: it was not there; updated: it was, with something else in it."""


@dataclass(frozen=True)
class One:
    """What became of one run."""

    name: str
    kind: str
    key: str
    tracker_id: str
    """What the tracker calls it: a run id, or a folder."""
    state: State


@dataclass
class Exported:
    """Where everything lies now, run by run."""

    tracker: str
    target: str
    """A folder or an address."""
    look: str
    """A command that shows it."""
    runs: list[One] = field(default_factory=list[One])
    left_out: dict[str, int] = field(default_factory=dict[str, int])
    """What is not told, over all runs -> how many values."""

    def add(self, run: TrackerRun, tracker_id: str, state: State, left_out: Mapping[str, int] | None = None) -> None:
        """Note what became of a run, and what its tracker could not be told beyond what the run leaves out itself."""
        self.runs.append(One(run.name, run.kind, run.key, tracker_id, state))
        for name, count in [*run.left_out.items(), *(left_out or {}).items()]:
            self.left_out[name] = self.left_out.get(name, 0) + count
