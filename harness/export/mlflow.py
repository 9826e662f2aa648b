"""Runs for MLflow: on a server, or in a SQLite file of one's own (its folders of files take no new runs any more)."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.export.exported import Exported, State
from harness.export.library import library
from harness.export.names import PATHS
from harness.export.runs import Described
from harness.export.told import Dictionary, Told, in_pieces, text_of
from harness.export.tracker_run import TrackerRun
from harness.reporter import Progress

URI = "MLFLOW_TRACKING_URI"
"""The variable that MLflow itself reads."""
PREFIX = "harness."
"""Of the tags that an export sets, and no one else's."""
KEY = f"{PREFIX}key"
CONTENT = f"{PREFIX}content"
"""Set last: a run without it was not told whole, and the next export throws it away."""
NOTE = "mlflow.note.content"
LONGEST_PARAMETER = 6000
LONGEST_TAG = 5000
METRICS_AT_ONCE = 800
OTHERS_AT_ONCE = 100
"""Parameters, and tags as well; MLflow takes 1,000 of all together."""
MILLISECONDS = 1000


@dataclass(frozen=True)
class Place:
    """Where runs go."""

    uri: str
    """As MLflow writes it."""
    artifacts: str | None
    """Where a new experiment keeps files; None for a server, which knows."""
    look: str
    """A command or an address that shows it."""
    folder: Path | None = None
    """Of a SQLite file of one's own."""


def place(folder: Path, uri: str) -> Place:
    """A server or a database by its address, else a SQLite file in a folder.

    A database does not say where files are kept: in that folder, by its whole path.
    """
    if uri.startswith(("http://", "https://", "databricks")):
        return Place(uri, None, uri)
    whole = folder.absolute()
    address = uri or f"sqlite:///{whole / 'mlflow.db'}"
    look = f"mlflow server --backend-store-uri {shlex.quote(address)}"
    return Place(address, (whole / "artifacts").as_uri(), look, folder=None if uri else whole)


def export(described: Described, where: Place, experiment: str, advance: Progress) -> Exported:
    """Tell MLflow of a suite's results. A run that is there with the same in it stays; one with something else in it is
    replaced, and keeps the tags and the note that people gave it.

    Raises:
        HarnessError: MLflow is not installed, or refuses.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nothing is said to anybody but the tracker
    client: Any = library("mlflow.tracking", "mlflow").MlflowClient
    refused = library("mlflow.exceptions", "mlflow").MlflowException
    broken = library("sqlalchemy.exc", "mlflow").SQLAlchemyError
    with _quiet():
        try:
            if where.folder is not None:
                where.folder.mkdir(parents=True, exist_ok=True)
            return _export(described, where, client(tracking_uri=where.uri), experiment, advance)
        except (refused, broken, OSError) as error:
            first = str(error).strip().split("\n")[0]
            fix = "see that --uri is right" if where.folder is None else "name another --out, or a server with --uri"
            raise HarnessError(f"MLflow refuses: {first}", where=where.uri, fix=fix) from error


def _export(described: Described, where: Place, client: Any, experiment: str, advance: Progress) -> Exported:
    done = Exported("mlflow", where.uri, where.look)
    number = _experiment(client, experiment, where)
    there = _runs_there(client, number)
    settings = dict.fromkeys(name for one in described.settings for name in one)
    names = Dictionary(PATHS, tuple(described.metrics), tuple(settings))
    for count, run in enumerate(described, 1):
        told = names.told(run)
        tags = _tags(run, told)
        same = [old for old in there.get(run.key, []) if old.data.tags.get(CONTENT) == run.content]
        state: State = "written"
        if same:
            kept = same[0].info.run_id
            state = "updated" if _retag(client, same[0], tags) else "unchanged"
        else:
            whole = [old for old in there.get(run.key, []) if CONTENT in old.data.tags]
            state = "updated" if whole else "written"
            kept = _write(client, number, run, told, {**_of_people(whole), **tags})
        for old in there.get(run.key, []):
            if old.info.run_id != kept:
                client.delete_run(old.info.run_id)
        done.add(run, kept, state)
        advance(count, len(described))
    return done


def _experiment(client: Any, name: str, where: Place) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        return client.create_experiment(name, artifact_location=where.artifacts)
    if found.lifecycle_stage != "active":
        raise HarnessError(
            f"the experiment {name!r} was deleted", where=where.uri, fix="restore it, or name another with --project"
        )
    return found.experiment_id


def _runs_there(client: Any, experiment: str) -> dict[str, list[Any]]:
    """What was exported before, by key."""
    found: dict[str, list[Any]] = {}
    token = None
    while True:
        page = client.search_runs([experiment], f"tags.`{KEY}` LIKE '%'", max_results=1000, page_token=token)
        for run in page:
            found.setdefault(run.data.tags[KEY], []).append(run)
        token = page.token
        if not token:
            return found


def _write(client: Any, experiment: str, run: TrackerRun, told: Told, tags: Mapping[str, str]) -> str:
    """A new run, which is finished when all of it is there."""
    entities = library("mlflow.entities", "mlflow")
    began = round(run.started * MILLISECONDS)
    first = {KEY: run.key}
    made = client.create_run(experiment, start_time=began, tags=first, run_name=text_of(run.name, 250)).info.run_id
    parameters = {**told.settings, **told.surroundings}
    params = [entities.Param(name, text_of(value, LONGEST_PARAMETER)) for name, value in parameters.items()]
    marks = [entities.RunTag(name, text) for name, text in tags.items()]
    last = max((curve.steps[-1] for curve in told.curves.values()), default=0)
    metrics = [entities.Metric(name, value, began, last) for name, value in told.figures.items()]
    for name, curve in told.curves.items():
        metrics += [entities.Metric(name, v, began, s) for s, v in zip(curve.steps, curve.values, strict=True)]
    while params or marks or metrics:
        client.log_batch(
            made, metrics=metrics[:METRICS_AT_ONCE], params=params[:OTHERS_AT_ONCE], tags=marks[:OTHERS_AT_ONCE]
        )
        metrics, params, marks = metrics[METRICS_AT_ONCE:], params[OTHERS_AT_ONCE:], marks[OTHERS_AT_ONCE:]
    for name, text in run.files.items():
        client.log_text(made, text, name)
    client.set_terminated(made, "FINISHED", end_time=began + round(run.seconds * MILLISECONDS))
    client.set_tag(made, CONTENT, run.content)
    return made


def _tags(run: TrackerRun, told: Told) -> dict[str, str]:
    found = {f"{PREFIX}{name}": text_of(text, LONGEST_TAG) for name, text in run.tags.items()}
    found |= {f"{PREFIX}run": run.kind}
    for number, piece in enumerate(in_pieces(told.renamed, LONGEST_TAG), 1):
        found[f"{PREFIX}names.{number}"] = piece
    for number, piece in enumerate(in_pieces({k: str(n) for k, n in run.left_out.items()}, LONGEST_TAG), 1):
        found[f"{PREFIX}left_out.{number}"] = piece
    return found


def _retag(client: Any, old: Any, tags: Mapping[str, str]) -> bool:
    """Give a run the tags it should have; True if it had others."""
    ours = {name: text for name, text in old.data.tags.items() if name.startswith(PREFIX)}
    wanted = {**tags, KEY: ours[KEY], CONTENT: ours[CONTENT]}
    for name in ours.keys() - wanted.keys():
        client.delete_tag(old.info.run_id, name)
    for name, text in wanted.items():
        if ours.get(name) != text:
            client.set_tag(old.info.run_id, name, text)
    return ours != wanted


def _of_people(runs: Sequence[Any]) -> dict[str, str]:
    """Tags and notes of runs that are replaced, but those of the harness and of MLflow itself."""
    return {
        name: text
        for run in runs
        for name, text in run.data.tags.items()
        if name == NOTE or not name.startswith((PREFIX, "mlflow."))
    }


@contextmanager
def _quiet() -> Generator[None]:
    """No lines about a database that is made. MLflow sets its own level when it is imported: call this after."""
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings(), contextlib.ExitStack() as stack:
        warnings.simplefilter("ignore")
        for logger, level in zip(loggers, levels, strict=True):
            stack.callback(logger.setLevel, level)
            logger.setLevel(logging.WARNING)
        yield
