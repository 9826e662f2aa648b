"""Plans, runs and boards as people see them on a terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from harness.store import Store

if TYPE_CHECKING:
    from harness.board import Board
    from harness.run.plan import Plan
    from harness.run.suite_run import Finished
    from harness.suite import Suite

KINDS = ("audit", "model", "fit", "column", "train", "evaluate")


def _counts(plan: Plan, store: Store) -> dict[str, tuple[int, int]]:
    """Per kind of step: how many there are, and how many are done."""
    total = Counter(step.kind for step in plan.steps)
    done = Counter(step.kind for step in plan.steps if store.done(step.digest))
    return {kind: (total[kind], done[kind]) for kind in KINDS if total[kind]}


def show_plan(console: Console, plan: Plan, store: Store) -> None:
    """One line: how much there is to do."""
    counts = _counts(plan, store)
    parts = [f"{total} {kind}" + (f" ({done} done)" if done else "") for kind, (total, done) in counts.items()]
    console.print(
        f"[bold]{plan.suite.name}[/]: {len(plan.suite.rows)} rows; steps: {', '.join(parts)}", highlight=False
    )


def show_tuning(console: Console, suite: Suite) -> None:
    """One line: that rows are tuned first, and how."""
    rows = sum(1 for row in suite.rows if row.space and row.again is None)
    assert suite.tune is not None
    how = f"trials of each: {suite.tune.trials}, by {suite.tune.metric} on the {suite.tune.split} split"
    console.print(f"[bold]{suite.name}[/]: rows to tune first: {rows}; {how}", highlight=False)


def plan_table(plan: Plan, store: Store) -> Table:
    """Every step with its state."""
    table = Table(title=f"Plan of {plan.suite.name}", title_justify="left")
    for column in ("step", "kind", "state", "digest"):
        table.add_column(column)
    for step in plan.steps:
        done = store.done(step.digest)
        table.add_row(step.title, step.kind, "[green]done[/]" if done else "to run", step.digest[:12])
    for label, reason in plan.inputs.unmet.items():
        table.add_row(label, "row", "[yellow]skipped[/]", reason)
    return table


def plain_plan(plan: Plan, store: Store) -> dict[str, Any]:
    """The plan for programs."""
    steps = [
        {
            "title": step.title,
            "kind": step.kind,
            "digest": step.digest,
            "needs": list(step.needs),
            "done": store.done(step.digest),
            "identity": dict(step.identity),
        }
        for step in plan.steps
    ]
    return {"suite": plan.suite.name, "steps": steps, "skipped": dict(plan.inputs.unmet)}


PLAIN_WIDTH = 120
"""Columns of output that goes to no terminal."""


def out() -> Console:
    """Standard output."""
    console = Console()
    return console if console.is_terminal else Console(width=PLAIN_WIDTH)


def show_board(board: Board) -> None:
    """The board on standard output."""
    from harness.render.terminal import print_board

    print_board(board, out())


def show_run(finished: Finished) -> None:
    """The board of a run, and where its files are."""
    show_board(finished.board)
    forms = "json,md,csv" if finished.no_page else "html,md,csv,json"
    out().print(f"\nwritten: {finished.folder}/leaderboard.{{{forms}}}", highlight=False, soft_wrap=True)
