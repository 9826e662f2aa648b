"""A value of a suite with the place that set it, so that every later error can name file and line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

Scalar: TypeAlias = None | bool | int | float | str


@dataclass(frozen=True)
class Place:
    """Where a value was written."""

    source: str
    """A file as shown to people, or the text of a `--set`."""
    line: int | None
    """Counted from 1; None where the source is no file."""
    folder: Path
    """What relative paths written here are relative to."""

    @property
    def where(self) -> str:
        """`file:line`, or the `--set` text."""
        return self.source if self.line is None else f"{self.source}:{self.line}"


@dataclass(frozen=True)
class Node:
    """A scalar, a sequence or a mapping; its parts are nodes with places of their own."""

    value: Scalar | tuple[Node, ...] | Mapping[str, Node]
    place: Place
    """In a mapping the line of the key, in a sequence that of the item."""

    @property
    def is_mapping(self) -> bool:
        """Whether this is a mapping, be it empty."""
        return isinstance(self.value, Mapping)

    @property
    def keys(self) -> Mapping[str, Node]:
        """The entries of a mapping; none for anything else."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """The items of a sequence; none for anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    def child(self, part: int | str) -> Node | None:
        """The entry of that key or the item of that index, if there is one."""
        if isinstance(part, str):
            return self.keys.get(part)
        return self.items[part] if 0 <= part < len(self.items) else None

    def at(self, *parts: int | str) -> Node:
        """The deepest node on this way down; parts that are not there are passed over."""
        node = self
        for part in parts:
            node = node.child(part) or node
        return node

    def having(self, **entries: Node) -> Node:
        """This mapping with entries added or replaced."""
        return replace(self, value={**self.keys, **entries})

    def without(self, *keys: str) -> Node:
        """This mapping without these keys."""
        return replace(self, value={k: v for k, v in self.keys.items() if k not in keys})

    @property
    def plain(self) -> Any:
        """The value as dicts, lists and scalars."""
        if isinstance(self.value, Mapping):
            return {key: node.plain for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain for node in self.value]
        return self.value


def node_of(value: Any, place: Place) -> Node:
    """Plain data as nodes that all stand at one place."""
    if isinstance(value, Mapping):
        entries: Mapping[Any, Any] = value
        return Node({str(key): node_of(item, place) for key, item in entries.items()}, place)
    if isinstance(value, Sequence) and not isinstance(value, str):
        sequence: Sequence[Any] = value
        return Node(tuple(node_of(item, place) for item in sequence), place)
    return Node(value, place)
