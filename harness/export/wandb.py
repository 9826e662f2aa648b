"""Runs for Weights & Biases: offline folders that `wandb sync` sends later, or at once where a key is configured."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.digest import digest
from harness.errors import HarnessError
from harness.export.exported import Exported, State
from harness.export.folder import exported_before, replaced, write_marker
from harness.export.library import library
from harness.export.names import PATHS, Alphabet, legal
from harness.export.runs import Described
from harness.export.told import Dictionary, Told, text_of
from harness.export.tracker_run import Scalar, TrackerRun
from harness.reporter import Progress

PROJECTS = Alphabet(re.compile(r"[^A-Za-z0-9_. -]"), 100)
RUNS = "wandb"
"""The folder that the library makes for runs."""
CONTENT = "harness_content"
"""In a run's configuration, set last: digest of what it was told."""
FORM = 1
"""Raised when the same results are told differently."""
LONGEST_TEXT = 4000
LONGEST_NAME = 120


def online() -> bool:
    """True where runs are to be sent: `WANDB_MODE` says so, or says nothing and `WANDB_API_KEY` has a key."""
    mode = os.environ.get("WANDB_MODE", "")
    return mode == "online" or (not mode and bool(os.environ.get("WANDB_API_KEY")))


def export(described: Described, folder: Path, project: str, uri: str, advance: Progress) -> Exported:
    """Tell Weights & Biases of a suite's results.

    Offline, a folder of its own is replaced as a whole; runs in which nothing changed keep their files. Online, a run
    is found by its id: its curves, which its training decides, are told once, the rest anew.

    Args:
        described: the results.
        folder: where offline runs go, and what the library writes while runs are sent.
        project: its name; what Weights & Biases refuses in one is replaced.
        uri: of a server of one's own; empty for the public one.
        advance: told of progress.

    Raises:
        HarnessError: the library is not installed, or refuses.
        StoreError: the folder cannot be written, or holds what no export made.
    """
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # nothing is said to anybody but the tracker
    wandb = library("wandb", "wandb")
    send = online()
    project = legal({project: project}, PROJECTS)[project]
    settings = dict.fromkeys(name for one in described.settings for name in one)
    session = _Session(wandb, project, described.board.suite, uri, send)
    names = Dictionary(PATHS, tuple(described.metrics), tuple(settings))
    before = {} if send else exported_before(folder).get("runs", {})
    where = f"the project {project!r}" if send else str(folder)
    done = Exported("wandb", where, where if send else f"wandb sync {shlex.quote(str(folder / RUNS))}/offline-run-*")
    contents: dict[str, str] = {}
    with _scratch() if send else replaced(folder) as partial:
        try:
            for number, run in enumerate(described, 1):
                content = digest([FORM, project, run.content, sorted(run.tags.items())])
                state: State = "written" if run.key not in before else "updated"
                if before.get(run.key) == content and _kept(folder, partial, run.key):
                    state = "unchanged"
                else:
                    told_before = session.write(partial, run, names.told(run), content)
                    state = told_before or state
                done.add(run, run.key, state)
                contents[run.key] = content
                advance(number, len(described))
        finally:
            wandb.teardown()  # ends the process that the library keeps
        _tidy(partial / RUNS)
        write_marker(partial, {"tracker": "wandb", "suite": described.manifest.suite, "runs": contents})
    return done


def _kept(old: Path, new: Path, key: str) -> bool:
    """Move a run's files over, with what `wandb sync` left beside them; False where they are gone."""
    found = sorted((old / RUNS).glob(f"offline-run-*-{key}"))
    for folder in found:
        shutil.copytree(folder, new / RUNS / folder.name, copy_function=os.link)
    return bool(found)


def _tidy(runs: Path) -> None:
    """Without links into the folder that was written in, and without logs, which hold nothing of the runs."""
    for path in runs.iterdir() if runs.is_dir() else ():
        if path.is_symlink():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path / "logs", ignore_errors=True)
            shutil.rmtree(path / "tmp", ignore_errors=True)


@contextmanager
def _scratch() -> Generator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@dataclass(frozen=True)
class _Session:
    """What all runs of an export have in common."""

    wandb: Any
    project: str
    suite: str
    uri: str
    send: bool

    def write(self, folder: Path, run: TrackerRun, told: Told, content: str) -> State | None:
        """Tell of one run; returns what became of it where the tracker knows."""
        try:
            made = self.wandb.init(
                project=self.project,
                id=run.key,
                name=text_of(run.name, LONGEST_NAME),
                group=text_of(self.suite, LONGEST_NAME),
                job_type=run.kind,
                dir=str(folder),
                resume="allow" if self.send else None,
                settings=self._settings(),
            )
        except (self.wandb.errors.Error, OSError) as error:
            first = str(error).strip().split("\n")[0]
            raise HarnessError(
                f"Weights & Biases refuses: {first}", where="--to wandb", fix="set WANDB_MODE=offline, and sync later"
            ) from error
        known = made.config.get(CONTENT)
        if known != content:
            self._tell(made, run, told)
            made.config.update({CONTENT: content}, allow_val_change=True)
        made.finish()
        if not self.send:
            return None
        return "written" if known is None else "unchanged" if known == content else "updated"

    def _settings(self) -> Any:
        """Nothing of this machine and this process: they did not make the results."""
        found = self.wandb.Settings(
            mode="online" if self.send else "offline",
            silent=True,
            console="off",
            disable_git=True,
            disable_code=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_disable_machine_info=True,
            x_save_requirements=False,
            host="",
        )
        if self.uri:
            found.base_url = self.uri
        return found

    def _tell(self, made: Any, run: TrackerRun, told: Told) -> None:
        shown = {name: _value(value) for name, value in {**told.settings, **told.surroundings}.items()}
        tags = {name: text_of(text, LONGEST_TEXT) for name, text in run.tags.items()}
        facts = {"tags": tags, "names": dict(told.renamed), "left_out": dict(run.left_out), "started": run.started}
        made.config.update({**shown, "harness": facts}, allow_val_change=True)
        by_step: dict[int, dict[str, float]] = {}
        for name, curve in told.curves.items():
            for step, value in zip(curve.steps, curve.values, strict=True):
                by_step.setdefault(step, {})[name] = value
        for step in sorted(by_step):
            if step >= made.step:  # what a run that was cut short has not been told yet
                made.log({**by_step[step], "_timestamp": run.started}, step=step)
        if run.table is not None:
            rows = [[text_of(v, LONGEST_TEXT) if isinstance(v, str) else v for v in row] for row in run.table.rows]
            names = [text_of(name, LONGEST_TEXT) for name in run.table.columns]
            made.log({"board": self.wandb.Table(columns=names, data=rows, allow_mixed_types=True)})
        made.summary.update(told.figures)
        for name, text in run.files.items():
            path = Path(made.dir) / name
            path.write_text(text, encoding="utf-8", errors="replace")
            made.save(str(path), base_path=made.dir, policy="now")


def _value(value: Scalar) -> Scalar:
    return text_of(value, LONGEST_TEXT) if isinstance(value, str) else value
