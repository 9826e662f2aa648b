"""The short forms a suite may use, written out: `dpo` for `{method: dpo}`, `gpt2` for `{name: gpt2}`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.suite.node import Node

_LISTS = {"methods": "method", "evaluators": "evaluator"}


def entry(node: Node, key: str) -> Node:
    """A bare string as a mapping that has it under `key`; anything else as it is."""
    return Node({key: node}, node.place) if isinstance(node.value, str) else node


def longhand(root: Node) -> Node:
    """A whole suite without short forms."""
    written: dict[str, Node] = {}
    for section, key in _LISTS.items():
        node = root.child(section)
        if node is not None and node.items:
            written[section] = replace(node, value=tuple(entry(item, key) for item in node.items))
    if model := root.child("model"):
        written["model"] = entry(model, "name")
    return root.having(**written)


def default_label(node: Node) -> str | None:
    """The label of a row or an evaluator: the one given, else the name of what it is; None where it has neither."""
    for key in ("label", "method", "evaluator", "column", "policy", "again"):
        named = node.child(key)
        if named is not None and isinstance(named.value, str):
            return {"policy": folder_name, "again": again_name}.get(key, str)(named.value)
    return None


def again_name(label: str) -> str:
    """What a row is called that repeats another."""
    return f"{label} again"


def folder_name(path: str) -> str:
    """The last part of a path or of an id on the Hub; where that says nothing (`.`), the whole."""
    return Path(path).name or path
