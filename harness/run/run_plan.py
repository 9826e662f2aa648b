"""What is missing of a plan, run in order. Where nothing is, nothing that runs steps is loaded, and so no torch."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.reporter import Reporter
from harness.run.ending import Ending
from harness.run.plan import Plan
from harness.run.steps import Step
from harness.store import POLICY, Store


def run(plan: Plan, store: Store, reporter: Reporter, *, only: frozenset[str] = frozenset()) -> dict[str, Ending]:
    """Run what is missing, in order; one failure stops nothing but what needs it.

    Args:
        plan: what there is to run.
        store: what is done, and where records go.
        reporter: told of every step.
        only: labels of rows to run; all by default.

    Returns:
        Per step that is not done: how it ended. Steps that are done are not in it.
    """
    store.prepare()
    todo = missing(plan, store, only)
    reporter.begin(len(todo))
    endings = _run(todo, plan, store, reporter) if todo else {}
    _tidy(plan, store, endings)
    return endings


def missing(plan: Plan, store: Store, only: frozenset[str] = frozenset()) -> list[Step]:
    """Steps to run: those not done that the board needs, with what they need in turn."""
    wanted: set[str] = set()
    steps = {s.digest: s for s in plan.steps}

    def want(digest: str) -> None:
        if digest in wanted or _usable(steps[digest], store):
            return
        wanted.add(digest)
        for need in steps[digest].needs:
            want(need)

    if plan.audit is not None:
        want(plan.audit)
    for cell in plan.cells:
        if cell.step is not None and not store.done(cell.step) and (not only or cell.row in only):
            want(cell.step)
    return [s for s in plan.steps if s.digest in wanted]


def _usable(step: Step, store: Store) -> bool:
    """Done, with the payload that other steps need."""
    kept = step.kind not in {"train", "model"} or (store.folder(step.digest) / POLICY).is_dir()
    return store.done(step.digest) and kept


def _run(todo: Sequence[Step], plan: Plan, store: Store, reporter: Reporter) -> dict[str, Ending]:
    from harness.run.execute import Executor

    executor = Executor(plan, store, reporter.say)
    endings: dict[str, Ending] = {}
    for step in todo:
        if step.digest in endings:
            continue
        started = time.monotonic()
        ending = executor.attempt(step, reporter.step(step.title))
        reporter.ended(step.title, ending.state, ending.reason, time.monotonic() - started)
        if ending.state != "done":
            lost = [other for other in _users(step, todo) if other.digest not in endings]
            endings |= dict.fromkeys((step.digest, *(other.digest for other in lost)), ending)
            reporter.left_out(len(lost))
            if told := _consequences(ending, len(lost), store.failure(step.digest)):
                reporter.say(told)
    return endings


def _users(step: Step, steps: Sequence[Step]) -> list[Step]:
    """The steps that need one, or what needs it."""
    without: set[str] = {step.digest}
    found: list[Step] = []
    for other in steps:
        if not without.isdisjoint(other.needs):
            without.add(other.digest)
            found.append(other)
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
    for step in plan.steps:
        users = [s for s in plan.steps if step.digest in s.needs]
        if step.kind == "train" and all(store.done(u.digest) for u in users) and step.digest not in endings:
            store.drop_payload(step.digest, POLICY)
