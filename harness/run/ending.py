"""How a step ended."""

from __future__ import annotations

from dataclasses import dataclass

from harness.reporter import State


@dataclass(frozen=True)
class Ending:
    """What became of a step in this run."""

    state: State
    reason: str = ""
