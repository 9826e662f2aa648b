"""Studies side by side: a worker plays the studies of whole rows, trial after trial; the run then looks them all up."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from typing import Any

from harness.errors import HarnessError
from harness.reporter import Progress, Reporter, State
from harness.run.crew import Crew, crew_for
from harness.run.processes import Line, Processes
from harness.run.run_plan import run
from harness.study_records import StudyRecord
from harness.suite import Row
from harness.tuning.search import Outcome
from harness.tuning.studies import Studies

BASE = -1
"""The task that comes before all studies: the model that rows start from."""


def play(studies: Studies, reporter: Reporter, workers: int | None) -> dict[str, Outcome]:
    """Run the trials that are missing, in worker processes, where that pays.

    Rows that start from one another are one worker's, in order.

    Args:
        studies: what is to be known. The record on disk is kept up to date meanwhile.
        reporter: told of every step.
        workers: processes; None: as many as pay.

    Returns:
        The trials without a value, by the step that judges them; the others are found in the results folder.

    Raises:
        HarnessError: a process cannot be started or has died, or one met an error that ends the run.
    """
    groups = _groups(studies)
    if not groups:
        return {}
    crew = crew_for(studies.trials.base(groups[0][0]), workers, len(groups))
    if crew.workers == 1:
        return {}
    reporter.close()  # bars are drawn by a thread, whose locks a fork would keep for ever
    with Processes(lambda line: _work(studies, groups, crew, line), crew) as processes:
        reporter.begin(sum(len(group) for group in groups) * studies.tune.trials * 2)
        table = _Table(processes, studies, reporter)
        table.play([BASE], 1)
        table.play(list(range(len(groups))), crew.workers)
    trials = [trial for record in studies.records.values() for trial in record.trials]
    return {t.digest: Outcome(t.state, t.digest, reason=t.reason) for t in trials if t.value is None and t.digest}


def _groups(studies: Studies) -> list[list[Row]]:
    """Rows of which trials are missing, those that hang together together."""
    known = replace(studies, trials=replace(studies.trials, reporter=None), records={}, _made={}, _judged={})
    found: dict[str, list[Row]] = {}
    for row in studies.suite.rows:
        known.row(row)
        if row.space and row.again is None and row.label in studies.only and known.unfinished(row):
            first = row
            while first.initial is not None:
                first = first.initial
            found.setdefault(first.label if first.space else row.label, []).append(row)
    return list(found.values())


class _Table:
    """The run's side of the workers."""

    def __init__(self, processes: Processes, studies: Studies, reporter: Reporter) -> None:
        self._processes, self._studies, self._reporter = processes, studies, reporter
        self._workers: list[_Player] = []

    def play(self, tasks: list[int], workers: int) -> None:
        """Until all tasks are over."""
        while len(self._workers) < min(workers, len(tasks)):
            self._workers.append(_Player(*self._processes.hire(len(self._workers))))
        tasks.reverse()
        for player in self._workers:
            player.give(tasks)
        while busy := [player for player in self._workers if player.busy]:
            speaking = wait([player.connection for player in busy])
            for player in (player for player in busy if player.connection in speaking):
                self._hear(player, tasks)

    def _hear(self, player: _Player, tasks: list[int]) -> None:
        try:
            kind, what = player.connection.recv()
        except (EOFError, OSError):
            raise HarnessError(
                f"the studies could not go on: {self._processes.bury(player.process)}",
                fix="trials that are done are kept",
            ) from None
        match kind:
            case "step":
                player.progress = self._reporter.step(what)
            case "progress":
                if player.progress:
                    player.progress(*what)
            case "ended":
                self._reporter.ended(*what)
            case "left out":
                self._reporter.left_out(what)
            case "say":
                self._reporter.say(what)
            case "study":
                self._studies.keep(what)
            case "stop":
                raise what
            case _:
                player.give(tasks)


@dataclass
class _Player:
    process: int
    connection: Connection
    busy: bool = False
    progress: Progress | None = None

    def give(self, tasks: list[int]) -> None:
        self.busy = bool(tasks)
        if tasks:
            with contextlib.suppress(OSError):  # it has died: seen where it is listened to
                self.connection.send(tasks.pop())


@dataclass
class _Told(Studies):
    """Studies in a worker: what they come to is told to the run, which alone writes."""

    line: Any = None

    def keep(self, record: StudyRecord) -> None:
        """See `Studies`."""
        self.records[record.row] = record
        self.line.send(("study", record))


class _Relay(Reporter):
    """Passes on what a worker's runs tell."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.say = line.say

    def step(self, title: str) -> Progress:
        """See `Reporter`."""
        self._line.send(("step", title))
        return self._line.progress()

    def ended(self, title: str, state: State, reason: str, seconds: float) -> None:
        """See `Reporter`."""
        self._line.send(("ended", (title, state, reason, seconds)))

    def left_out(self, steps: int) -> None:
        """See `Reporter`."""
        self._line.send(("left out", steps))


def _work(studies: Studies, groups: Sequence[Sequence[Row]], crew: Crew, line: Line) -> None:
    """Play the studies that are asked for, in a worker."""
    import torch

    trials = replace(studies.trials, reporter=(reporter := _Relay(line)))
    mine = _Told(studies.suite, studies.tune, trials, studies.file, studies.only, line=line)
    while True:
        task = line.task()
        try:
            if task == BASE:
                torch.set_num_threads(crew.whole)
                run(trials.base(groups[0][0]), trials.store, reporter)
                torch.set_num_threads(crew.threads)
            else:
                for row in groups[task]:
                    mine.row(row)
            line.send(("over", task))
        except HarnessError as error:
            line.send(("stop", error))
