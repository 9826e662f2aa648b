"""What is missing of a plan, run. Where nothing is, nothing that runs steps is loaded, and so no torch."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.reporter import Reporter
from harness.run.crew import crew_for
from harness.run.ending import Ended, Ending
from harness.run.plan import Plan
from harness.run.side_by_side import run_side_by_side
from harness.run.steps import Step
from harness.store import POLICY, Store

if TYPE_CHECKING:
    from harness.run.execute import Executor


@dataclass
class Held:
    """What a run in this process leaves loaded for the next."""

    executor: Executor | None = None


def run(
    plan: Plan,
    store: Store,
    reporter: Reporter,
    *,
    only: frozenset[str] = frozenset(),
    workers: int | None = 1,
    held: Held | None = None,
) -> dict[str, Ending]:
    """Run what is missing; one failure stops nothing but what needs it.

    Args:
        plan: what there is to run.
        store: what is done, and where records go.
        reporter: told of every step.
        only: labels of rows to run; all by default.
        workers: processes to run steps in; 1: in this one, in order; None: as many as pay on this machine.

        held: what an earlier run in this process has loaded, and where this one leaves what it has.

    Returns:
        Per step that is not done: how it ended. Steps that are done are not in it.

    Raises:
        HarnessError: several processes are wanted where they cannot be had.
    """
    store.prepare()
    todo = missing(plan, store, only)
    endings = _run(todo, plan, store, reporter, workers, held or Held())
    _tidy(plan, store, endings)
    return endings


def missing(plan: Plan, store: Store, only: frozenset[str] = frozenset()) -> list[Step]:
    """Steps to run: those not done that the board needs, with what they need in turn."""
    wanted: set[str] = set()
    steps = {s.digest: s for s in plan.steps}
    done = store.finished(steps)

    def want(digest: str) -> None:
        if digest in wanted or (digest in done and _usable(steps[digest], store)):
            return
        wanted.add(digest)
        for need in steps[digest].needs:
            want(need)

    if plan.audit is not None:
        want(plan.audit)
    for cell in plan.cells:
        if cell.step is not None and cell.step not in done and (not only or cell.row in only):
            want(cell.step)
    return [s for s in plan.steps if s.digest in wanted]


def _usable(step: Step, store: Store) -> bool:
    """With the payload that other steps need, being done."""
    return step.kind not in {"train", "model"} or (store.folder(step.digest) / POLICY).is_dir()


def _run(
    todo: Sequence[Step], plan: Plan, store: Store, reporter: Reporter, workers: int | None, held: Held
) -> dict[str, Ending]:
    if not todo:
        reporter.begin(0)
        return {}
    crew = crew_for(plan, workers)
    if crew.workers == 1:
        running = _in_order(todo, plan, store, reporter, held)
    else:
        running = run_side_by_side(todo, plan, store, reporter, crew)
    endings: dict[str, Ending] = {}
    with closing(running):
        for ended in running:
            step, ending, lost = ended.step, ended.ending, ended.lost
            reporter.ended(step.title, ending.state, ending.reason, ended.seconds)
            if ending.state != "done":
                endings |= dict.fromkeys((step.digest, *(other.digest for other in lost)), ending)
                reporter.left_out(len(lost))
                if told := _consequences(ending, len(lost), store.failure(step.digest)):
                    reporter.say(told)
    return endings


def _in_order(todo: Sequence[Step], plan: Plan, store: Store, reporter: Reporter, held: Held) -> Generator[Ended]:
    """Each step as it has ended, all in this process."""
    from harness.run.execute import Executor

    reporter.begin(len(todo))
    executor = held.executor = Executor(plan, store, reporter.say, before=held.executor)
    users = users_of(todo)
    over: set[str] = set()
    for step in todo:
        if step.digest in over:
            continue
        over.add(step.digest)
        started = time.monotonic()
        ending = executor.attempt(step, reporter.step(step.title))
        lost = [] if ending.state == "done" else _lost(step, users, over)
        yield Ended(step, ending, time.monotonic() - started, lost)


def users_of(steps: Iterable[Step]) -> dict[str, list[Step]]:
    """Per digest of a step, the steps that need it themselves."""
    users: dict[str, list[Step]] = {}
    for step in steps:
        for need in step.needs:
            users.setdefault(need, []).append(step)
    return users


def _lost(step: Step, users: Mapping[str, Sequence[Step]], over: set[str]) -> list[Step]:
    """The steps that need one, or what needs it, and are not over yet; they are then."""
    found: list[Step] = []
    waiting = [step]
    while waiting:
        for other in users.get(waiting.pop().digest, ()):
            if other.digest not in over:
                over.add(other.digest)
                found.append(other)
                waiting.append(other)
    return found


def _consequences(ending: Ending, lost: int, failure: Path) -> str:
    """What follows from a step that is not done, and where its traceback is."""
    one = lost == 1
    told = [f"{lost} {'step that needs' if one else 'steps that need'} it: {ending.state} too"] if lost else []
    told += [f"traceback: {failure}"] if ending.state == "failed" else []
    return "; ".join(told)


def _tidy(plan: Plan, store: Store, endings: Mapping[str, Ending]) -> None:
    """Where the suite keeps no policies, drop those whose evaluations are all there."""
    if plan.suite.keep != "none":
        return
    users = users_of(plan.steps)
    for step in plan.steps:
        judged = all(store.done(user.digest) for user in users.get(step.digest, ()))
        if step.kind == "train" and judged and step.digest not in endings:
            store.drop_payload(step.digest, POLICY)
