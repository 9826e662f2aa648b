"""How a run tells people what it is doing. The command line brings its own; silence is the default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

Progress: TypeAlias = Callable[[int, int], None]
"""(done, total) of the step in hand."""
State: TypeAlias = Literal["done", "skipped", "failed"]


def ticking(progress: Progress | None, total: int) -> Callable[[int], None]:
    """What to call with how much more is done, where `progress` wants how much is done in all."""
    done = 0

    def tick(more: int) -> None:
        nonlocal done
        done += more
        if progress:
            progress(done, total)

    return tick


class Reporter:
    """Told of every step that runs. This one says nothing."""

    def begin(self, steps: int) -> None:
        """A run of so many steps begins; there is one for every trial where rows are tuned, and one for the suite."""

    def step(self, title: str) -> Progress:
        """A step begins; what is given back is called with its progress."""
        del title
        return lambda _done, _total: None

    def say(self, text: str) -> None:
        """Something a person wants to know before a step ends: what it is about to cost."""

    def ended(self, title: str, state: State, reason: str, seconds: float) -> None:
        """A step ended."""

    def left_out(self, steps: int) -> None:
        """So many of the steps that were to run need one that has just ended without being done; they never begin."""

    def close(self) -> None:
        """The run is over, however it ended; or another is about to begin."""
