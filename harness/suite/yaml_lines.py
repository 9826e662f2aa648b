"""YAML text to nodes that know their line.

Read from the parser's events, so that a hostile file costs no more than a plain one: nothing is constructed but
scalars, sequences and mappings, depth is limited, and what aliases stand for is counted before it is expanded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from harness.errors import SuiteError
from harness.suite.node import Node, Place, Scalar
from harness.suite.problems import Problems
from harness.suite.yaml_scalars import scalar

MOST_BYTES = 1_000_000
MOST_LEVELS = 32
MOST_VALUES = 50_000
"""Values in a file, each alias counted as often as it is used."""


def read_yaml(path: Path, problems: Problems) -> Node:
    """The content of a file.

    Args:
        problems: gains the duplicate keys; of two equal keys the first counts.

    Raises:
        SuiteError: the file cannot be read, or is not YAML of the kind that suites are written in.
    """
    source = shown(path)

    def at(line: int) -> Place:
        return Place(source, line, path.parent)

    try:
        with path.open("rb") as handle:
            content = handle.read(MOST_BYTES + 1)
    except OSError as error:
        raise SuiteError(f"cannot be read: {error.strerror}", where=source) from error
    if len(content) > MOST_BYTES:
        raise SuiteError(f"is larger than {MOST_BYTES:,} bytes, which no suite is", where=source)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"byte {error.start} (0x{content[error.start]:02x}) is not UTF-8"
        raise SuiteError(problem, fix="save the file as UTF-8", where=at(line).where) from error
    return parse(text, at, problems)


def shown(path: Path) -> str:
    """A path as people see it in errors: relative to the working folder where it lies below that."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute)


def parse(text: str, at: Callable[[int], Place], problems: Problems) -> Node:
    """YAML text as nodes; empty text is a node of null.

    Args:
        at: line, counted from 1, to place.
        problems: gains what is wrong.

    Raises:
        SuiteError: with all of `problems`, where the text has no single reading.
    """
    builder = _Builder(at, problems)
    try:
        node = builder.document(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problems.add(at(line), f"not YAML: {error.problem or error.context}", fix=_syntax_fix(str(error.problem)))
        node = None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problems.add(at(line), f"the character U+{ord(text[error.position]):04X} may not stand in a suite")
        node = None
    except (ValueError, OverflowError):  # a \U escape beyond Unicode: the one fault the scanner leaves to `chr`
        problems.add(at(builder.line), "an escape in quotes here or below names no character")
        node = None
    if node is None or builder.refused:
        problems.raise_any()
    assert node is not None
    return node


def _syntax_fix(problem: str) -> str:
    if "\\t" in problem:
        return "indent with spaces, not tabs"
    if "mapping values are not allowed here" in problem:
        return "put text that holds `: ` in quotes, or check the indentation"
    return ""


class _Builder:
    """Turns parser events into nodes."""

    def __init__(self, at: Callable[[int], Place], problems: Problems) -> None:
        self.at, self.problems = at, problems
        self.refused = False
        """True once something was met that has no reading."""
        self.line = 1
        """Where the last event began."""
        self._anchors: dict[str, tuple[Node, int]] = {}
        """Name -> node, and how many values it stands for."""
        self._values = 0

    def document(self, events: Iterator[Any]) -> Node:
        """The one document of a stream."""
        root = Node(None, self.at(1))
        documents = 0
        for event in events:
            self.line = event.start_mark.line + 1
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(self.line, "a second document starts here; a suite is one")
                    break
                root = self._node(next(events), events, 0)
        return root

    def _refuse(self, line: int, problem: str, *, fix: str = "") -> Node:
        self.refused = True
        self.problems.add(self.at(line), problem, fix=fix)
        return Node(None, self.at(line))

    def _count(self, line: int, values: int) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            self._refuse(line, f"holds more than {MOST_VALUES:,} values once its aliases are expanded")
            self.problems.raise_any()

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        line = self.line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), line)
        if depth > MOST_LEVELS:
            self._refuse(line, f"is nested deeper than {MOST_LEVELS} levels")
            self.problems.raise_any()
        before = self._values
        self._count(line, 1)
        if isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(events, line, depth)
        elif isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(events, line, depth)
        else:
            node = Node(self._scalar(event, line), self.at(line))
        if event.tag is not None:
            self._refuse(line, f"the tag {event.tag!r} is not read", fix="leave tags out; put text in quotes")
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, self._values - before)
        return node

    def _alias(self, anchor: str, line: int) -> Node:
        if anchor not in self._anchors:
            return self._refuse(line, f"the alias *{anchor} names no anchor that ends above it")
        node, values = self._anchors[anchor]
        self._count(line, values)
        return node

    def _sequence(self, events: Iterator[Any], line: int, depth: int) -> Node:
        items: list[Node] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            start = event.start_mark.line + 1
            items.append(replace(self._node(event, events, depth + 1), place=self.at(start)))
        return Node(tuple(items), self.at(line))

    def _mapping(self, events: Iterator[Any], line: int, depth: int) -> Node:
        entries: dict[str, Node] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            start = event.start_mark.line + 1
            key = self._key(event, events, depth)
            value = replace(self._node(next(events), events, depth + 1), place=self.at(start))
            if key in entries:
                first = entries[key].place.where
                self.problems.add(self.at(start), f"the key {key!r} stands here a second time, after {first}")
            else:
                entries[key] = value
        return Node(entries, self.at(line))

    def _key(self, event: Any, events: Iterator[Any], depth: int) -> str:
        """A key is its text, whatever that would mean as a value: `on` and `1` are words here."""
        line = event.start_mark.line + 1
        self._node(event, events, depth + 1)
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(line, "a key must be a plain word")
            return ""
        if event.value == "<<":
            self._refuse(line, "merge keys (<<) are not part of YAML 1.2", fix="use `extends`, or repeat the entries")
        return event.value

    def _scalar(self, event: Any, line: int) -> Scalar:
        if not event.implicit[0]:
            return self._encodable(event.value, line)
        try:
            return scalar(event.value)
        except ValueError as error:
            self._refuse(line, str(error))
            return None

    def _encodable(self, text: str, line: int) -> str:
        if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
            self._refuse(line, "half of a surrogate pair is not a character")
        if "\0" in text:
            self._refuse(line, "the character U+0000 may not stand in a suite")
        return text
