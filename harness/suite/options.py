"""Plain data to a configured plugin object, and back."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from harness.digest import Plain, plain
from harness.errors import HarnessError, PluginError
from harness.host import Registry
from harness.method import Method
from harness.suite.longhand import entry
from harness.suite.node import Node, Place, node_of
from harness.suite.option_types import option_types
from harness.suite.positions import note
from harness.suite.problems import Problems

Configured = TypeVar("Configured")


def configure(cls: type[Configured], options: Mapping[str, Any], *, registry: Registry, where: str = "") -> Configured:
    """An object of a plugin's dataclass with these options.

    Args:
        options: plain data. A whole number will do for a fraction, but text never for a number. An option that is a
            method is its name, or `{method, options}`.
        where: what names the options, for errors.

    Raises:
        SuiteError: an option is unknown, of a wrong type or out of range; all such faults at once.
    """
    problems = Problems()
    configured = configure_node(cls, node_of(options, Place(where, None, Path.cwd())), registry, problems)
    problems.raise_any()
    assert configured is not None
    return configured


def configure_node(cls: type[Configured], options: Node, registry: Registry, problems: Problems) -> Configured | None:
    """As `configure`, from values that know their lines; None, and more `problems`, where they will not do."""
    known = option_types(cls)
    name = str(getattr(cls, "name", cls.__name__))
    nested = {key: entry(node, "method") for key, node in options.keys.items() if key in known.methods}
    options = options.having(**nested) if nested else options
    methods = {key: _nested(known.methods[key], node, registry, problems) for key, node in nested.items() if node.keys}
    try:
        checked = known.adapter.validate_json(json.dumps(options.plain), strict=True)
    except ValidationError as error:
        note(error, options, known.checked, problems, owner=name)
        return None
    if None in methods.values():
        return None
    try:
        return cls(**{key: getattr(checked, key) for key in options.keys} | methods)
    except (ValueError, HarnessError) as error:
        text = error.problem if isinstance(error, HarnessError) else str(error)
        about = [key for key in options.keys if re.search(rf"\b{re.escape(key)}\b", text)]
        fix = error.fix if isinstance(error, HarnessError) else ""
        problems.add(options.at(*about[:1]).place, f"{name}: {text}", fix=fix)
        return None


def _nested(base: type[Method], node: Node, registry: Registry, problems: Problems) -> Method | None:
    """None, and more `problems`, where there is no such method; what has not the form of one is noted by the caller."""
    named, options = node.child("method"), node.child("options") or replace(node, value={})
    if named is None or not isinstance(named.value, str) or not options.is_mapping:
        return None
    try:
        kind = registry.methods.get(named.value)
    except PluginError as error:
        problems.take(named.place, error)
        return None
    if not issubclass(kind, base):
        problems.add(named.place, f"the method {kind.name!r} is no {base.__name__}, which stands here")
        return None
    return configure_node(kind, options, registry, problems)


def described(configured: Any, *, defaults: bool) -> dict[str, Plain]:
    """The options of a configured object as a suite would write them.

    Args:
        defaults: whether options at their default are given too.
    """
    written: dict[str, Plain] = {}
    for field in dataclasses.fields(configured):
        value = getattr(configured, field.name)
        if field.init and (defaults or not _is_default(field, value)):
            nested = isinstance(value, Method)
            written[field.name] = named_method(value, defaults=defaults) if nested else plain(value)
    return written


def named_method(method: Method, *, defaults: bool) -> dict[str, Plain]:
    """A method as an option of another: `{method, options}`."""
    return {"method": method.name, "options": described(method, defaults=defaults)}


def _is_default(field: dataclasses.Field[Any], value: Any) -> bool:
    if field.default is not dataclasses.MISSING:
        return value == field.default
    if field.default_factory is not dataclasses.MISSING:
        return value == field.default_factory()
    return False
