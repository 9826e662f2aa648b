"""The plugin surface: everything a third party may add, on one page.

A plugin is an importable module that a distribution advertises:

    [project.entry-points.harness]
    simpo = "harness_simpo"          # entry name = plugin name, unique per installation

and that implements any of the hooks below with `@harness.hookimpl`. Hooks return what they offer and receive nothing:
not the host, not the suite, not each other. They are called once per process and must not touch a device.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from harness.column import Column
    from harness.evaluator import Evaluator
    from harness.method import Method
    from harness.source import Source

PROJECT = "harness"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def harness_methods() -> Iterable[type[Method]]:  # pyright: ignore[reportReturnType]
    """Preference-alignment methods, as frozen dataclass types. `name` is what suites write."""


@hookspec
def harness_evaluators() -> Iterable[type[Evaluator]]:  # pyright: ignore[reportReturnType]
    """Evaluators, as frozen dataclass types. Heavy or optional packages are imported inside `evaluate`; `check`
    raises `harness.Unavailable` where they are missing.
    """


@hookspec
def harness_sources() -> Iterable[type[Source]]:  # pyright: ignore[reportReturnType]
    """Sources of examples, as frozen dataclass types."""


@hookspec
def harness_columns() -> Iterable[type[Column]]:  # pyright: ignore[reportReturnType]
    """Columns (numbers per response that a step computes once), as frozen dataclass types."""
