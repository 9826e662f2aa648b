"""Steps side by side: each worker runs one, and is given the next as soon as it has ended."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from harness.errors import HarnessError
from harness.reporter import Progress, Reporter
from harness.run.crew import Crew
from harness.run.ending import Ended, Ending
from harness.run.plan import Plan
from harness.run.processes import Line, Processes
from harness.run.schedule import Schedule
from harness.run.steps import EvaluateStep, Step
from harness.store import Store


@dataclass
class Hand:
    """What one worker has in hand."""

    place: int
    step: Step
    progress: Progress
    started: float


@dataclass
class Worker:
    """A process that runs steps."""

    process: int
    connection: Connection
    held: str = ""
    """Digest of the policy that it ran a step on last."""
    hand: Hand | None = None
    dead: bool = False


def run_side_by_side(
    steps: Sequence[Step], plan: Plan, store: Store, reporter: Reporter, crew: Crew
) -> Generator[Ended]:
    """Run steps in worker processes.

    Args:
        steps: in an order that respects `needs`.
        plan: theirs.
        store: where records go.
        reporter: told of what begins, how far it is, and what evaluators say.
        crew: how many workers, and with how many threads each.

    Yields:
        Each step that has ended.

    Raises:
        HarnessError: no process can be started, or one could not write to the results folder.
    """
    schedule = Schedule(steps, crew.workers)
    workers: dict[int, Worker] = {}
    reporter.close()  # of a run before: bars are drawn by a thread, whose locks a fork would keep for ever
    try:
        with Processes(lambda line: _work(plan, store, crew, line), crew) as processes:
            reporter.begin(len(steps))
            while not schedule.finished:
                for number in range(crew.workers):
                    _occupy(number, workers, processes, schedule, reporter)
                if all(worker.hand is None for worker in workers.values()):
                    raise RuntimeError("steps wait for each other")
                speaking = wait([worker.connection for worker in workers.values()])
                for number, worker in [one for one in workers.items() if one[1].connection in speaking]:
                    ending = _heard(worker, reporter)
                    if worker.dead:
                        reason = processes.bury(worker.process)
                        del workers[number]
                        ending = Ending("failed", reason) if worker.hand else None
                        if worker.hand:
                            store.fail(worker.hand.step.digest, reason, "")
                    if ending is not None and worker.hand is not None:
                        yield _ended(worker.hand, ending, schedule, steps)
                        worker.hand = None
    finally:
        with contextlib.suppress(HarnessError):
            store.prepare()  # of what was in flight, if any, nothing is left


def _occupy(
    number: int, workers: dict[int, Worker], processes: Processes, schedule: Schedule, reporter: Reporter
) -> None:
    """Give an idle worker the next step, if one may begin; a worker is hired once there is one for it."""
    worker = workers.get(number)
    if worker is not None and worker.hand is not None:
        return
    place = schedule.take(worker.held if worker else "")
    if place is None:
        return
    if worker is None:
        worker = workers[number] = Worker(*processes.hire(number))
    step = schedule.steps[place]
    worker.hand, worker.held = Hand(place, step, reporter.step(step.title), time.monotonic()), _works_on(step)
    with contextlib.suppress(OSError):  # it has died: seen where it is listened to
        worker.connection.send(step.digest)


def _heard(worker: Worker, reporter: Reporter) -> Ending | None:
    """Take one message; how the step in hand ended, where that is it."""
    try:
        kind, what = worker.connection.recv()
    except (EOFError, OSError):
        worker.dead = True
        worker.connection.close()
        return None
    match kind:
        case "progress":
            if worker.hand:
                worker.hand.progress(*what)
        case "say":
            reporter.say(what)
        case "ended":
            return what
        case "stop":
            raise what
        case _:
            raise ValueError(f"a worker said {kind!r}")
    return None


def _ended(hand: Hand, ending: Ending, schedule: Schedule, steps: Sequence[Step]) -> Ended:
    if ending.state == "done":
        schedule.done(hand.place)
        lost: list[int] = []
    else:
        lost = schedule.lost(hand.place)
    return Ended(hand.step, ending, time.monotonic() - hand.started, [steps[place] for place in lost])


def _work(plan: Plan, store: Store, crew: Crew, line: Line) -> None:
    """Run the steps that are asked for, in a worker."""
    import torch

    from harness.run.execute import Executor

    executor = Executor(plan, store, line.say, crew)
    steps = {step.digest: step for step in plan.steps}
    while True:
        step = steps[line.task()]
        torch.set_num_threads(crew.threads_for(step.kind))
        try:
            line.send(("ended", executor.attempt(step, line.progress())))
        except HarnessError as error:  # how it ended could not even be noted: the disk is full
            line.send(("stop", error))


def _works_on(step: Step) -> str:
    """The digest of the policy that a worker has at hand once it has run a step; empty if of none."""
    if step.kind in {"train", "model"}:
        return step.digest
    return step.work.subject.digest if isinstance(step.work, EvaluateStep) else ""
