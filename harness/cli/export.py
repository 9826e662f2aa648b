"""`harness export`: results to TensorBoard, MLflow or Weights & Biases, from what is on disk."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.json_output import print_json
from harness.cli.options import AsJson
from harness.errors import SuiteError

if TYPE_CHECKING:
    from rich.console import Console

    from harness.export import Described, Exported
    from harness.report.read import Read
    from harness.reporter import Progress

SHOWN_AFTER = 2.0
"""Seconds; what is done before needs no bar."""
MOST_SHOWN = 10
"""Lines about what was left out."""


class Tracker(StrEnum):
    """Where results may go."""

    tensorboard = "tensorboard"
    mlflow = "mlflow"
    wandb = "wandb"


def export(
    results: Annotated[
        list[Path], typer.Argument(help="A suite's results folder, such as results/core; several are joined.")
    ],
    to: Annotated[Tracker, typer.Option("--to", help="The tracker.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for what is kept locally; RESULTS/<tracker> by default.")
    ] = None,
    uri: Annotated[
        str, typer.Option("--uri", help="Of MLflow: the tracking URI; of Weights & Biases: a server of one's own.")
    ] = "",
    project: Annotated[
        str, typer.Option("--project", help="MLflow's experiment or W&B's project; the suite's name by default.")
    ] = "",
    only: Annotated[list[str], typer.Option("--only", help="Label of a row, without the board; may be repeated.")] = [],  # noqa: B006  # typer's way of saying "none"
    as_json: AsJson = False,
) -> None:
    """Send trainings and the board to a tracker. Doing it again doubles nothing."""
    from rich.console import Console

    from harness.export import describe
    from harness.report.read import read_results

    if out is None and len(results) > 1 and not uri:
        raise SuiteError("results of several folders have no place of their own", fix="add --out DIR")
    if to is Tracker.tensorboard and (uri or project):
        raise SuiteError("--uri and --project are not for TensorBoard, which reads a folder", fix="write --out DIR")
    console = Console(stderr=True)
    with console.status("reading records"):
        read = read_results(results)
    described = describe(read.manifest, read.records, read.board, read.stores, only=only, files=_files(read, to, only))
    with bar(console, f"to {to.value}") as advance:
        done = _export(described, to, out or results[0] / to.value, uri, project or read.manifest.suite, advance)
    if as_json:
        plain = {**dataclasses.asdict(done), "without": list(described.without)}
        print_json(plain)
    else:
        _show(done, described.without)


def _files(read: Read, to: Tracker, only: list[str]) -> dict[str, str]:
    """The board's, as far as the tracker has a place for them."""
    from harness.export.board_files import FORMS, board_files

    if only:
        return {}
    return board_files(read, ("md",) if to is Tracker.tensorboard else FORMS)


def _export(described: Described, to: Tracker, folder: Path, uri: str, project: str, advance: Progress) -> Exported:
    if to is Tracker.tensorboard:
        from harness.export import tensorboard

        return tensorboard.export(described, folder, advance)
    if to is Tracker.mlflow:
        from harness.export import mlflow

        return mlflow.export(described, mlflow.place(folder, uri or os.environ.get(mlflow.URI, "")), project, advance)
    from harness.export import wandb

    return wandb.export(described, folder, project, uri, advance)


@contextmanager
def bar(console: Console, title: str) -> Generator[Progress]:
    """Progress on standard error, of what takes longer than `SHOWN_AFTER`."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    began = time.monotonic()
    with_bar = Bar(*columns, console=console, transient=True)
    task = with_bar.add_task(title, total=None)

    def advance(done: int, total: int) -> None:
        with_bar.update(task, completed=done, total=total)
        if not with_bar.live.is_started and time.monotonic() - began > SHOWN_AFTER:
            with_bar.start()

    try:
        yield advance
    finally:
        with_bar.stop()


def _show(done: Exported, without: tuple[str, ...]) -> None:
    from collections import Counter

    from harness.cli.show import out
    from harness.render.text import one_line

    states = Counter(run.state for run in done.runs)
    lines = [f"{done.tracker}: {', '.join(f'{n} {state}' for state, n in states.items()) or 'nothing'}; {done.target}"]
    left_out = [f"{count} x {name}" for name, count in done.left_out.items()]
    for title, found in (("left out", left_out), ("nothing to export", list(without))):
        lines += [f"{title}: {one}" for one in found[:MOST_SHOWN]]
        lines += [f"{title}: {len(found) - MOST_SHOWN} more, see --json"] if len(found) > MOST_SHOWN else []
    lines.append(f"look: {done.look}")
    console = out()
    for line in lines:
        console.print(one_line(line, 1000), markup=False, highlight=False, soft_wrap=True)
