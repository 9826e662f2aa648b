"""What pydantic finds wrong, as problems at the lines that set the values."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.errors import nearest
from harness.suite.node import Node
from harness.suite.problems import Problems

_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_WANTED = {
    "string_type": "should be text",
    "int_type": "should be a whole number",
    "float_type": "should be a number",
    "bool_type": "should be true or false",
    "list_type": "should be a list",
    "tuple_type": "should be a list",
    "dict_type": "should be a mapping",
    "model_type": "should be a mapping",
    "dataclass_type": "should be a mapping",
    "string_too_short": "should hold at least {min_length} character",
}


def note(error: ValidationError, node: Node, kind: type, problems: Problems, *, owner: str = "") -> None:
    """Add to `problems` what `error` found in `node` when it was checked against `kind`.

    Args:
        kind: a pydantic model or a dataclass; it knows the keys for "did you mean".
        owner: whose options `node` holds; empty where they are keys of a suite.
    """
    for fault in error.errors(include_url=False):
        loc = fault["loc"]
        place = node.at(*loc).place
        last = str(loc[-1]) if loc else ""
        inside = f" of {owner}" if owner else ""
        if len(loc) > 1 and (outer := _dotted(node, loc[:-1])):
            inside = f" in {outer}{inside}"
        if fault["type"] in _UNKNOWN:
            what = "option" if owner and len(loc) == 1 else "key"
            problems.add(place, f"unknown {what} {last!r}{inside}; {nearest(last, known_keys(kind, loc[:-1]))}")
        elif fault["type"] == "missing":
            problems.add(place, f"{last!r} is missing{inside}")
        else:
            of = f" of {owner}" if owner else ""
            problems.add(place, f"{_dotted(node, loc)}{of} {_wanted(fault)}, not {_cut(fault['input'])}")


def known_keys(kind: type, loc: Iterable[int | str]) -> list[str]:
    """The keys that may stand at `loc` of what `kind` describes."""
    kinds = [kind]
    for part in loc:
        branch = [k for k in kinds if k.__name__ == part]
        if isinstance(part, str) and not branch:
            branch = [found for k in kinds for found in _structures(_entries(k).get(part))]
        kinds = branch or kinds
    return sorted({name for k in kinds for name in _entries(k)})


def _entries(kind: type) -> Mapping[str, Any]:
    """Key -> type, of a pydantic model or a dataclass."""
    if issubclass(kind, BaseModel):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    return get_type_hints(kind)


def _structures(annotation: Any) -> list[type]:
    """The models and dataclasses within an annotation."""
    if isinstance(annotation, type) and (issubclass(annotation, BaseModel) or dataclasses.is_dataclass(annotation)):
        return [annotation]
    return [found for part in get_args(annotation) for found in _structures(part)]


def _dotted(node: Node, loc: Iterable[int | str]) -> str:
    """The parts of `loc` that the suite has, as `--set` writes them; pydantic's names for branches are left out."""
    parts: list[str] = []
    for part in loc:
        child = node.child(part)
        if child is not None:
            parts.append(str(part))
            node = child
    return ".".join(parts)


def _wanted(fault: ErrorDetails) -> str:
    if fault["type"] in _WANTED:
        return _WANTED[fault["type"]].format(**fault.get("ctx", {}))
    return fault["msg"].removeprefix("Input ").removeprefix("Value error, ")


def _cut(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
