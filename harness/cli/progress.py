"""Progress of a run on a terminal, and as plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from harness.reporter import Progress, Reporter, State

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

MARKS: dict[State, str] = {"done": "[green]done[/]", "skipped": "[yellow]skipped[/]", "failed": "[red]failed[/]"}

EVERY = 30.0
"""Seconds between two lines about one step, where there is no terminal."""


def reporter_for(console: Console) -> Reporter:
    """Bars with an estimate of the time left on a terminal; plain lines elsewhere."""
    return BarReporter(console) if console.is_terminal else LineReporter()


class LineReporter(Reporter):
    """One line per finished step on standard error, and now and then one of a step that takes long."""

    def __init__(self) -> None:
        self._steps = self._ended = 0

    def begin(self, steps: int) -> None:
        """See `Reporter`."""
        self._steps, self._ended = steps, 0

    def step(self, title: str) -> Progress:
        """See `Reporter`."""
        started = shown = time.monotonic()

        def advance(done: int, total: int) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown >= EVERY:
                shown = now
                self.say(f"[{self._ended + 1}/{self._steps}] {title}: {done:,} of {total:,} ({now - started:.0f} s)")

        return advance

    def say(self, text: str) -> None:
        """See `Reporter`."""
        from harness.render.visible import visible

        sys.stderr.write(f"{visible(text)}\n")
        sys.stderr.flush()

    def ended(self, title: str, state: State, reason: str, seconds: float) -> None:
        """See `Reporter`."""
        self._ended += 1
        why = f": {reason}" if reason else ""
        self.say(f"[{self._ended}/{self._steps}] {state} {title} ({seconds:.1f} s){why}")

    def left_out(self, steps: int) -> None:
        """See `Reporter`."""
        self._ended += steps


class BarReporter(Reporter):
    """One bar for the run and one for each step in hand."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
        from rich.progress import TimeRemainingColumn as TimeLeft

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._console = console
        self._progress = Progress(*columns, TextColumn("left"), TimeLeft(), console=console, transient=True)
        self._whole: TaskID | None = None
        self._in_hand: dict[str, list[TaskID]] = {}
        self._ended = 0
        self._steps = 0

    def begin(self, steps: int) -> None:
        """See `Reporter`."""
        self._steps, self._ended = steps, 0
        if self._whole is not None:
            self._progress.remove_task(self._whole)
            self._whole = None
        if steps:
            self._progress.start()
            self._whole = self._progress.add_task("steps", total=steps)

    def step(self, title: str) -> Progress:
        """See `Reporter`."""
        step = self._progress.add_task(_shown(title), total=None)
        self._in_hand.setdefault(title, []).append(step)
        shown = 0.0

        def advance(done: int, total: int) -> None:
            nonlocal shown
            now = time.monotonic()
            if done == total or now - shown > 0.1:
                shown = now
                self._progress.update(step, completed=done, total=total)

        return advance

    def say(self, text: str) -> None:
        """See `Reporter`."""
        self._console.print(_shown(text), highlight=False)

    def ended(self, title: str, state: State, reason: str, seconds: float) -> None:
        """See `Reporter`."""
        del seconds
        if bars := self._in_hand.pop(title, []):
            self._progress.remove_task(bars.pop(0))
            self._in_hand |= {title: bars} if bars else {}  # another of this name is still in hand
        if state != "done":
            self._console.print(f"{MARKS[state]} {_shown(title)}: {_shown(reason)}")
        self._passed(1)

    def left_out(self, steps: int) -> None:
        """See `Reporter`."""
        self._passed(steps)

    def _passed(self, steps: int) -> None:
        self._ended += steps
        if self._whole is not None:
            self._progress.update(self._whole, completed=self._ended)
        if self._ended == self._steps:
            self._progress.stop()

    def close(self) -> None:
        """See `Reporter`."""
        self._progress.stop()


def _shown(text: str) -> str:
    """Text from outside, with no markup of the console's and nothing that steers a terminal."""
    from rich.markup import escape

    from harness.render.visible import visible

    return escape(visible(text))
