"""Tasks by name: lm-eval's own and those in local folders."""

from __future__ import annotations

import contextlib
import difflib
import functools
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datasets.exceptions import DatasetNotFoundError
from huggingface_hub.errors import HfHubHTTPError
from lm_eval.api.group import Group
from lm_eval.api.task import Task
from lm_eval.tasks import TaskManager

import harness

OUT_OF_REACH = (ConnectionError, TimeoutError, HfHubHTTPError, DatasetNotFoundError)
"""What `datasets` raises where the Hub does not answer, may not be asked, or refuses."""


@dataclass(frozen=True)
class Tasks:
    """What is to be run."""

    tasks: dict[str, Task] = field(default_factory=dict[str, Task])
    groups: dict[str, Group] = field(default_factory=dict[str, Group])


def load_tasks(names: Sequence[str], folders: Sequence[str], data: str = "") -> Tasks:
    """Tasks, groups and tags by name, with their data.

    lm-eval's own thousands of definitions, which take seconds to index, are read only where a name asks for them.

    Args:
        names: of tasks, groups or tags; `*` matches any text.
        folders: with YAML files; what they define hides what lm-eval has under the same name.
        data: folder that relative data files count from; where empty, that of the YAML file.

    Raises:
        Unavailable: the data of a task, or a package it needs, cannot be had.
        HarnessError: there is no such task, it stands there twice, or it cannot be read.
    """
    local = TaskManager(include_path=list(folders), include_defaults=False)
    manager = local if all(_within(local, name) for name in names) else _with_defaults(tuple(folders))
    found = Tasks()
    for name in dict.fromkeys(match for pattern in names for match in _matches(manager, pattern)):
        loaded = _load(manager, name, data if name in local.task_index else None)
        if twice := sorted(found.tasks.keys() & loaded.tasks.keys()):
            raise harness.HarnessError(
                f"the lm-eval task {twice[0]!r} stands in `tasks` twice, once within {name!r}", fix="name it once"
            )
        found.tasks.update(loaded.tasks)
        found.groups.update(loaded.groups)
    return found


@functools.cache
def _with_defaults(folders: tuple[str, ...]) -> TaskManager:
    return TaskManager(include_path=list(folders))


def _within(manager: TaskManager, name: str) -> bool:
    """Whether a manager knows a name, and for a group all its members."""
    entry = manager.task_index.get(name)
    if entry is None:
        return False
    members: Any = (entry.cfg or {}).get("task")
    return not isinstance(members, list) or all(_within(manager, _name(member)) for member in members)


def _name(member: Any) -> str:
    """How a group names a member: its name, or a mapping with it."""
    return str(member.get("group") or member.get("task")) if isinstance(member, Mapping) else str(member)


def _matches(manager: TaskManager, name: str) -> list[str]:
    matches = manager.match_tasks([name])
    if not matches:
        close = difflib.get_close_matches(name, manager.all_tasks, n=3)
        fix = f"did you mean {' or '.join(map(repr, close))}?" if close else "`lm-eval ls tasks` lists them"
        raise harness.HarnessError(f"lm-eval knows no task {name!r}", fix=fix)
    return matches


def _load(manager: TaskManager, name: str, data: str | None) -> Tasks:
    """One task, group or tag. `data`: see `load_tasks`; None where it is lm-eval's own."""
    entry = manager.task_index[name]
    own = entry.yaml_path.parent if entry.yaml_path else None
    try:
        with _inside(None if data is None else (data or own)):
            loaded = manager.load([name])
    except OUT_OF_REACH as error:
        raise harness.Unavailable(
            f"the data of the lm-eval task {name!r} cannot be had: {_line(error)}",
            fix="fetch them once with a connection, or define the task on local data (docs/evaluators.md)",
        ) from error
    except ModuleNotFoundError as error:
        raise harness.Unavailable(
            f"the lm-eval task {name!r} needs the package {error.name!r}, which is not installed",
            fix=f"pip install it; lm-eval's extras name what its tasks need: {_line(error)}",
        ) from error
    except Exception as error:
        fix = "correct the YAML file or its data" if data is not None else "ask lm-eval's own command for details"
        problem = f"the lm-eval task {name!r} cannot be loaded: {type(error).__name__}: {_line(error)}"
        raise harness.HarnessError(problem, fix=fix) from error
    return Tasks(dict(loaded["tasks"]), dict(loaded.get("groups", {})))


@contextlib.contextmanager
def _inside(folder: str | Path | None) -> Generator[None]:
    """`datasets` takes relative data files from the working folder."""
    with contextlib.chdir(folder) if folder else contextlib.nullcontext():
        yield


def _line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
