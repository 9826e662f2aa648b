"""A path or a name, to a suite that can be run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.host import Registry
from harness.long_lived import long_lived
from harness.suite.extends import merged
from harness.suite.find import find_suite
from harness.suite.node import Node, Place, node_of
from harness.suite.problems import Problems
from harness.suite.resolve import resolve
from harness.suite.sets import apply
from harness.suite.suite import Suite


@long_lived()
def read_suite(
    reference: str,
    *,
    registry: Registry,
    sets: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    only: Sequence[str] = (),
) -> Suite:
    """The suite of this path or shipped name.

    Args:
        registry: the installed plugins; every option is checked against them.
        sets: `dotted.key=value`, made after everything that the suite extends is merged.
        seeds: instead of those of the suite and of its rows.
        only: labels of the rows to keep; all where empty.

    Raises:
        SuiteError: one error with everything that is wrong, each with `file:line` or the `--set` that caused it. A file
            that is not even YAML is reported alone.
    """
    path = find_suite(reference)
    problems = Problems()
    root = apply(merged(path, problems), sets, problems)
    if seeds is not None:
        root = _with_seeds(root, seeds)
    return resolve(root, path.stem, registry, problems, only)


def _with_seeds(root: Node, seeds: Sequence[int]) -> Node:
    place = Place(f"--seeds {','.join(map(str, seeds))}", None, Path.cwd())
    root = root.having(seeds=node_of(list(seeds), place))
    methods = root.child("methods")
    if methods is None or not methods.items:
        return root
    kept = tuple(row.without("seeds") if row.keys else row for row in methods.items)
    return root.having(methods=replace(methods, value=kept))
