"""Options given as lists of values: one row for every combination."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from harness.errors import HarnessError
from harness.host import Registry
from harness.suite.longhand import entry
from harness.suite.node import Node
from harness.suite.option_types import Nesting, option_types
from harness.training import Budget

MOST_ROWS = 1_000


@dataclass(frozen=True)
class Point:
    """One combination of a grid."""

    options: Node
    chosen: tuple[str, ...] = ()
    """What tells it from the others, as `option=value`; nothing where there is no list."""


def suffix(chosen: Sequence[str]) -> str:
    """What is added to the label of a row of a grid: `[beta=0.1]`, or nothing."""
    return f"[{','.join(chosen)}]" if chosen else ""


def named_in(chosen: Sequence[str]) -> frozenset[str]:
    """The options that a grid chose, of `option=value`."""
    return frozenset(one.split("=", 1)[0] for one in chosen)


def sized(budget: Budget) -> str:
    """What is added to the label of a row that is trained once with each of several budgets: `[prompts=250]`."""
    return suffix((f"prompts={budget.prompts}",))


@dataclass(frozen=True)
class _Choice:
    """One value that an option may take."""

    value: Node
    chosen: tuple[str, ...]


def expand(kind: type, options: Node, registry: Registry) -> list[Point]:
    """Every combination of the options that are given as lists, in the order written, the last one varying fastest.

    A list is one value where the option's type is a list. An option that is a method or a column may be a list of such,
    and its own options may be lists.

    Raises:
        HarnessError: more than `MOST_ROWS` combinations, or a list without values.
    """
    choices = {key: _choices(kind, key, node, registry) for key, node in options.keys.items()}
    if math.prod(len(each) for each in choices.values()) > MOST_ROWS:
        raise HarnessError(f"the lists of options make more than {MOST_ROWS:,} rows", fix="try fewer values")
    points: list[Point] = []
    for combination in product(*choices.values()):
        values = dict(zip(choices, (choice.value for choice in combination), strict=True))
        points.append(Point(replace(options, value=values), tuple(c for choice in combination for c in choice.chosen)))
    return points


def _choices(kind: type, key: str, node: Node, registry: Registry) -> list[_Choice]:
    types = option_types(kind)
    is_grid = isinstance(node.value, tuple) and not types.takes_list(key)
    if is_grid and not node.items:
        raise HarnessError(f"the option {key!r} is an empty list", fix="give at least one value")
    found: list[_Choice] = []
    for value in node.items if is_grid else (node,):
        if key in types.nested:
            found += _nested_choices(types.nested[key], key, value, registry, is_grid=is_grid)
        else:
            found.append(_Choice(value, (f"{key}={_short(value)}",) if is_grid else ()))
    return found


def _nested_choices(nesting: Nesting, key: str, node: Node, registry: Registry, *, is_grid: bool) -> Iterator[_Choice]:
    """The choices within an option that is a method or a column, whose own options may be lists."""
    node = entry(node, nesting.key)
    name = str(node.at(nesting.key).plain)
    told = (f"{key}={name}",) if is_grid else ()
    inner, offers = node.child("options"), nesting.shelf(registry).offers
    if name not in offers or inner is None or not inner.keys:
        yield _Choice(node, told)
        return
    for point in expand(offers[name], inner, registry):
        nested = tuple(f"{key}.{chosen}" for chosen in point.chosen)
        yield _Choice(node.having(options=point.options), told + nested)


def _short(node: Node) -> str:
    return node.value if isinstance(node.value, str) else json.dumps(node.plain, ensure_ascii=False)
