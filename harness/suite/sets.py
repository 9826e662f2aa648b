"""`--set dotted.key=value`: single values of a suite, given on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import SuiteError, nearest
from harness.suite.longhand import default_label, longhand
from harness.suite.node import Node, Place
from harness.suite.problems import Problems
from harness.suite.yaml_lines import MOST_LEVELS, parse


def apply(root: Node, sets: Sequence[str], problems: Problems) -> Node:
    """`root` with every assignment made, in order; paths in their values are relative to the working folder.

    A part of the key is a key of a mapping, or in a list an index or a label. Mappings that are not there yet come
    into being.
    """
    for text in sets:
        place = Place(f"--set {text}", None, Path.cwd())
        try:
            key, value = _split(text)
            root = longhand(_assigned(root, key, _read(value, place), place))
        except SuiteError as error:
            problems.take(place, error)
    return root


def _split(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise SuiteError("is not of the form key=value", fix="write for example --set budget.prompts=256")
    if key.count(".") >= MOST_LEVELS:
        raise SuiteError(f"names more than {MOST_LEVELS} levels")
    if key.split(".")[0] == "extends":
        raise SuiteError("what a suite extends cannot be set", fix="write a suite file that says so")
    return key, value


def _read(value: str, place: Place) -> Node:
    problems = Problems()
    node = parse(value, lambda _: place, problems)
    problems.raise_any()
    return node


def _assigned(node: Node, key: str, value: Node, place: Place) -> Node:
    if not key:
        return value
    if isinstance(node.value, tuple):
        index, rest = _item(node.items, key)
        items = list(node.items)
        items[index] = _assigned(items[index], rest, value, place)
        return replace(node, value=tuple(items))
    if node.value is not None and not node.is_mapping:
        raise SuiteError(f"{node.plain!r} stands where {key!r} is looked up; it has no keys")
    head, _, rest = key.partition(".")
    if not head:
        raise SuiteError("a part of the dotted key is empty")
    old = node.child(head) or Node({}, place)
    new = _assigned(old, rest, value, place)
    return Node({**node.keys, head: replace(new, place=place if not rest else new.place)}, node.place)


def _item(items: Sequence[Node], key: str) -> tuple[int, str]:
    """The index that `key` begins with, as a number or as a label, and the rest of the key."""
    labels = [default_label(item) or "" for item in items]
    fitting = [label for label in labels if label and (key == label or key.startswith(f"{label}."))]
    if fitting:
        label = max(fitting, key=len)
        if labels.count(label) > 1:
            raise SuiteError(f"{labels.count(label)} entries are called {label!r}", fix="use an index, counted from 0")
        return labels.index(label), key[len(label) + 1 :]
    head, _, rest = key.partition(".")
    if head.isdecimal() and int(head) < len(items):
        return int(head), rest
    known = nearest(head, [label for label in labels if label])
    raise SuiteError(f"no entry of the list is called {head!r}, or has that index; {known}")
