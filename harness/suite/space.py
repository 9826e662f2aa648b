"""`tune`: what of a row is searched, from what its method declares and what the row says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from harness.digest import Plain, plain
from harness.errors import HarnessError, SuiteError
from harness.method import Method
from harness.search_space import LEARNING_RATE, Around, Bounded, Choices, Dimension, Range, Setting
from harness.suite.grid import named_in
from harness.suite.node import Node
from harness.suite.problems import Problems
from harness.suite.schema import ChoicesFile, RangeFile, TuneRow
from harness.suite.settings import setting, with_settings
from harness.training import Training

Space = Mapping[str, Bounded]
"""Setting -> where it is searched."""


@dataclass(frozen=True)
class Searched:
    """What is searched of one row."""

    space: Space
    fixed: tuple[str, ...] = ()
    """What its method declares and this row leaves as it is."""

    @property
    def written(self) -> dict[str, Plain]:
        """As a suite would write it."""
        bounds = {name: bounds_of(dimension) for name, dimension in self.space.items()}
        return {**bounds, **dict.fromkeys(self.fixed, False)}


def bounds_of(dimension: Bounded) -> dict[str, Plain]:
    """A dimension as a suite writes it."""
    if isinstance(dimension, Choices):
        return {"choices": plain(dimension.values)}
    return {"low": dimension.low, "high": dimension.high, "log": dimension.log}


def searched(
    tune: TuneRow, node: Node, method: Method, training: Training, grid: tuple[str, ...], problems: Problems
) -> Searched:
    """What is searched of a row. What does not fit is noted.

    Args:
        tune: what the row says; empty for nothing.
        node: of the row.
        grid: what a grid chose for this row, as `option=value`: rows of a grid compare that, so it is not searched.
    """
    if tune is False:
        return Searched({})
    declared: dict[str, Dimension | None] = dict(method.search_space())
    if LEARNING_RATE not in declared:
        raise SuiteError(
            f"the search space of {method.name!r} lacks {LEARNING_RATE}",
            fix="add harness.LEARNING_RATE_ALONE to what its search_space() returns",
        )
    where = node.at("tune")
    wanted = {name: d for name, d in declared.items() if name not in named_in(grid)}
    for name, asked in tune.items():
        place = where.at(name).place
        if asked is False and name == LEARNING_RATE:
            problems.add(place, f"tune: {LEARNING_RATE} is in every search space", fix="tune: false leaves a row alone")
            continue
        try:
            setting(method, training, name)
            wanted[name] = None if asked is False else _dimension(asked)
        except (ValueError, HarnessError) as error:
            problems.add(place, f"tune: {_text(error)}", fix=getattr(error, "fix", ""))
    space: dict[str, Bounded] = {}
    for name, dimension in wanted.items():
        try:
            if dimension is not None:
                space[name] = _bounded(name, dimension, method, training)
        except (ValueError, HarnessError) as error:
            fix = f"write `tune: {{{name}: {{low: ..., high: ..., log: true}}}}` in this row, or `{name}: false`"
            problems.add(where.at(name).place, f"tune: {name}: {_text(error)}", fix=fix)
    return Searched(space, tuple(name for name in declared if name not in space))


def _dimension(asked: RangeFile | ChoicesFile) -> Dimension:
    if isinstance(asked, ChoicesFile):
        return Choices(asked.choices, source="the suite")
    return Range(asked.low, asked.high, asked.log, source="the suite")


def _bounded(name: str, dimension: Dimension, method: Method, training: Training) -> Bounded:
    """The dimension for this row, whose own value and whose bounds must be possible.

    Raises:
        ValueError: they are not.
    """
    own: Setting = setting(method, training, name)
    bounded = dimension.of(own) if isinstance(dimension, Around) else dimension
    if not bounded.holds(own):
        span = f"{bounded.low:g} to {bounded.high:g}" if isinstance(bounded, Range) else str(list(bounded.values))
        raise ValueError(f"the row's own value {own!r} is not in {span}, and the first trial is the row as it is")
    for value in _extremes(bounded, own):
        with_settings(method, training, {name: value})
    return bounded


def _extremes(bounded: Bounded, own: Setting) -> Iterator[Setting]:
    if isinstance(bounded, Choices):
        yield from bounded.values
    elif is_whole(own):
        yield from (round(bounded.low), round(bounded.high))
    else:
        yield from (bounded.low, bounded.high)


def is_whole(own: Setting) -> bool:
    """Whether a setting of this value is searched in whole numbers."""
    return isinstance(own, int) and not isinstance(own, bool)


def _text(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(fault["msg"] for fault in error.errors())
    return error.problem if isinstance(error, HarnessError) else str(error)
