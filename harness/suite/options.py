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

from harness.column import Column
from harness.digest import Plain, plain
from harness.errors import HarnessError, PluginError
from harness.host import Registry
from harness.method import Method
from harness.suite.longhand import entry
from harness.suite.node import Node, Place, node_of
from harness.suite.option_types import Nesting, option_types
from harness.suite.positions import note
from harness.suite.problems import Problems
from harness.suite.references import model_ref, with_absolute_paths

Configured = TypeVar("Configured")


def configure(cls: type[Configured], options: Mapping[str, Any], *, registry: Registry, where: str = "") -> Configured:
    """An object of a plugin's dataclass with these options.

    Args:
        options: plain data. A whole number will do for a fraction, but text never for a number. An option that is a
            method or a column is its name, or `{method, options}`, `{column, options}`.
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
    nested = {key: entry(node, known.nested[key].key) for key, node in options.keys.items() if key in known.nested}
    options = options.having(**nested) if nested else options
    inner = {key: _nested(known.nested[key], node, registry, problems) for key, node in nested.items() if node.keys}
    options = _located(options, cls, problems)
    try:
        checked = known.adapter.validate_json(json.dumps(options.plain), strict=True)
    except ValidationError as error:
        note(error, options, known.checked, problems, owner=name)
        return None
    if None in inner.values():
        return None
    try:
        return cls(**{key: getattr(checked, key) for key in options.keys} | inner)
    except (ValueError, HarnessError) as error:
        text = error.problem if isinstance(error, HarnessError) else str(error)
        about = [key for key in options.keys if re.search(rf"\b{re.escape(key)}\b", text)]
        fix = error.fix if isinstance(error, HarnessError) else ""
        problems.add(options.at(*about[:1]).place, f"{name}: {text}", fix=fix)
        return None


def _located(options: Node, cls: type, problems: Problems) -> Node:
    """Options that name files or models, as places on this machine; a model that is no folder stays a Hub id."""
    options = with_absolute_paths(options, getattr(cls, "path_options", ()))
    for key in getattr(cls, "model_options", ()):
        node = options.keys.get(key)
        if node is not None and isinstance(node.value, str) and node.value:
            try:
                ref = model_ref(node)
                options = options.having(**{key: replace(node, value=str(ref.folder or ref.at))})
            except HarnessError as error:
                problems.take(node.place, error)
    return options


def _nested(nesting: Nesting, node: Node, registry: Registry, problems: Problems) -> Any | None:
    """None, and more `problems`, where there is nothing so called; what has not the form is noted by the caller."""
    named, options = node.child(nesting.key), node.child("options") or replace(node, value={})
    if named is None or not isinstance(named.value, str) or not options.is_mapping:
        return None
    try:
        kind = nesting.shelf(registry).get(named.value)
    except PluginError as error:
        problems.take(named.place, error)
        return None
    if not issubclass(kind, nesting.base):
        problems.add(named.place, f"the {nesting.key} {kind.name!r} is no {nesting.base.__name__}, which stands here")
        return None
    return configure_node(kind, options, registry, problems)


def described(configured: Any, *, defaults: bool, given: Node | None = None) -> dict[str, Plain]:
    """The options of a configured object as a suite would write them.

    Args:
        defaults: whether options at their default are given too.
        given: the options as they were written; paths and models are then told as they stand there.
    """
    written: dict[str, Plain] = {}
    places = {*getattr(configured, "path_options", ()), *getattr(configured, "model_options", ())}
    for field in dataclasses.fields(configured):
        value = getattr(configured, field.name)
        if not field.init or not (defaults or not _is_default(field, value)):
            continue
        node = given.child(field.name) if given is not None else None
        if isinstance(value, Method | Column):
            inner = node.child("options") if node is not None else None
            written[field.name] = named(value, defaults=defaults, given=inner)
        elif node is not None and field.name in places:
            written[field.name] = plain(node.plain)
        else:
            written[field.name] = plain(value)
    return written


def named(configured: Method | Column, *, defaults: bool, given: Node | None = None) -> dict[str, Plain]:
    """A method or a column as an option of another object: `{method, options}`, `{column, options}`."""
    key = "method" if isinstance(configured, Method) else "column"
    return {key: configured.name, "options": described(configured, defaults=defaults, given=given)}


def _is_default(field: dataclasses.Field[Any], value: Any) -> bool:
    if field.default is not dataclasses.MISSING:
        return value == field.default
    if field.default_factory is not dataclasses.MISSING:
        return value == field.default_factory()
    return False
