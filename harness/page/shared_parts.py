"""Plain data whose like parts are kept once: specifications of figures differ in a few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Any

MARK = "$"
"""Key of an object that stands for a part: `{"$": 7}` is the seventh part, counted from 0."""

_PLAIN = frozenset({str, int, float, type(None)})
"""What needs no further look: long columns of numbers are taken at once."""


def with_shared_parts(value: Any) -> tuple[Any, list[Any]]:
    """The same with a number in place of every object and list that occurs twice, and those parts.

    A part may hold numbers of parts before it. The page's script puts them together again.
    """
    kinds: dict[Hashable, int] = {}
    tree = _tree(value, kinds, times := Counter[int]())
    parts: list[Any] = []
    return _replaced(tree, times, {}, parts), parts


def _tree(value: Any, kinds: dict[Hashable, int], times: Counter[int]) -> Any:
    """The value with each object and list as (its kind, what is in it): those that are alike are of one kind."""
    if isinstance(value, Mapping):
        named: Mapping[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        inside: Any = {name: _tree(one, kinds, times) for name, one in named.items()}
        content: Hashable = ("object", *((name, _content(one)) for name, one in inside.items()))
    elif isinstance(value, list | tuple) and _PLAIN.issuperset(map(type, value)):  # pyright: ignore[reportUnknownArgumentType]
        inside = value
        content = ("list", *value)
    elif isinstance(value, list | tuple):
        inside = [_tree(one, kinds, times) for one in value]  # pyright: ignore[reportUnknownVariableType]
        content = ("list", *map(_content, inside))
    else:
        return value
    kind = kinds.setdefault(content, len(kinds))
    times[kind] += 1
    return kind, inside


def _content(tree: Any) -> Hashable:
    """What tells it from others: 1 and True are equal, and are not alike."""
    if isinstance(tree, tuple):
        return ("part", tree[0])  # pyright: ignore[reportUnknownVariableType]
    return (tree,) if isinstance(tree, bool) else tree


def _replaced(tree: Any, times: Mapping[int, int], known: dict[int, int], parts: list[Any]) -> Any:
    if not isinstance(tree, tuple):
        return tree
    kind, inside = tree  # pyright: ignore[reportUnknownVariableType]
    if kind in known:
        return {MARK: known[kind]}
    if isinstance(inside, dict):
        made: Any = {name: _replaced(one, times, known, parts) for name, one in inside.items()}  # pyright: ignore[reportUnknownVariableType]
    else:
        made = [_replaced(one, times, known, parts) if isinstance(one, tuple) else one for one in inside]  # pyright: ignore[reportUnknownVariableType]
    if times[kind] < 2 or not made:
        return made
    known[kind] = len(parts)
    parts.append(made)
    return {MARK: known[kind]}
