"""A suite that builds on others: the files it extends, merged in order, with its own words last."""

from __future__ import annotations

from pathlib import Path

from harness.errors import HarnessError
from harness.suite.find import find_suite
from harness.suite.longhand import longhand
from harness.suite.node import Node
from harness.suite.problems import Problems
from harness.suite.yaml_lines import read_yaml, shown

_NAMES = ("source", "name")
"""Keys that say what a mapping is about. Options of one source mean nothing to another."""


def merged(path: Path, problems: Problems) -> Node:
    """The mapping that a suite file and all it extends amount to, without short forms and without `extends`.

    Mappings are merged key by key; anything else, lists included, is replaced. A mapping that names another source or
    model than the one below it replaces that whole.
    """
    return _merged(path.resolve(), (), {}, problems)


def _merged(path: Path, below: tuple[Path, ...], seen: dict[Path, Node], problems: Problems) -> Node:
    if path in seen:
        return seen[path]
    own = read_yaml(path, problems)
    if not own.keys:
        what = "is empty" if own.value is None or own.is_mapping else "is no mapping of keys to values"
        problems.add(own.place, f"the suite {what}", fix="write keys such as `data:`, `methods:` and `evaluators:`")
        problems.raise_any()
    chain = (*below, path)
    result: Node | None = None
    for reference in _references(own, problems):
        base_path = _find(reference, problems)
        if base_path in chain:
            circle = [*chain[chain.index(base_path) :], base_path]
            names = " -> ".join(shown(file) for file in circle)
            problems.add(reference.place, f"the suite extends itself: {names}")
            problems.raise_any()
        base = _merged(base_path, chain, seen, problems)
        result = base if result is None else merge(result, base)
    own = longhand(own.without("extends"))
    seen[path] = own if result is None else merge(result, own)
    return seen[path]


def _references(own: Node, problems: Problems) -> tuple[Node, ...]:
    given = own.child("extends")
    if given is None or given.value is None:
        return ()
    references = given.items if isinstance(given.value, tuple) else (given,)
    for node in references:
        if not isinstance(node.value, str):
            problems.add(node.place, "extends should be the name or path of a suite, or a list of them")
            problems.raise_any()
    return references


def _find(reference: Node, problems: Problems) -> Path:
    try:
        return find_suite(str(reference.value), folder=reference.place.folder).resolve()
    except HarnessError as error:
        problems.take(reference.place, error)
        problems.raise_any()
        raise


def merge(base: Node, over: Node) -> Node:
    """`base` with what `over` says on top."""
    if not (base.is_mapping and over.is_mapping) or _renamed(base, over):
        return over
    both = {**base.keys, **over.keys}
    for key in base.keys.keys() & over.keys.keys():
        both[key] = merge(base.keys[key], over.keys[key])
    return Node(both, over.place)


def _renamed(base: Node, over: Node) -> bool:
    """Whether both say what they are about, and differ."""
    return any(key in base.keys and key in over.keys and base.at(key).plain != over.at(key).plain for key in _NAMES)
