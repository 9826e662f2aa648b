"""The options of a plugin's dataclass: names, types and defaults, ready to be checked by pydantic."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter

from harness.column import Column
from harness.errors import PluginError
from harness.host import Registry, Shelf
from harness.method import Method


class NestedMethod(BaseModel):
    """An option that is another method."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str
    options: dict[str, Any] = {}


class NestedColumn(BaseModel):
    """An option that is a column."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str
    options: dict[str, Any] = {}


@dataclass(frozen=True)
class Nesting:
    """An option that is configured as a plugin object of its own: `{key: NAME, options: {...}}`, or the name alone."""

    key: Literal["method", "column"]
    base: type
    """What the object must derive from."""

    @property
    def form(self) -> type[BaseModel]:
        """What a suite writes, without its inner options."""
        return NestedMethod if self.key == "method" else NestedColumn

    def shelf(self, registry: Registry) -> Shelf[Any]:
        """Where its kinds are found by name."""
        return registry.methods if self.key == "method" else registry.columns


@dataclass(frozen=True)
class OptionTypes:
    """What a plugin's dataclass may be given."""

    kind: type
    types: Mapping[str, Any]
    """Option -> its type."""
    nested: Mapping[str, Nesting]
    """The options that are methods or columns themselves."""
    checked: type
    """A dataclass of the same fields, but without the plugin's own checks; `Nesting.form` stands for what is nested."""
    adapter: TypeAdapter[Any]
    """Checks plain data against `checked`."""

    def takes_list(self, name: str) -> bool:
        """Whether a list is one value of this option, so that no grid can be meant; so too for an unknown option."""
        return name not in self.types or _holds_list(self.types[name])


@cache
def option_types(kind: type) -> OptionTypes:
    """The options of a dataclass type.

    Raises:
        PluginError: a field has a type that no suite can write.
    """
    hints = _field_types(kind)
    inner: dict[str, Nesting] = {}
    fields: list[tuple[str, Any, Any]] = []
    for field in dataclasses.fields(kind):
        if field.name not in hints:
            continue
        hint, default = hints[field.name], field.default
        factory: Any = field.default_factory
        if nesting := _nesting(hint):
            if not issubclass(kind, Method):
                raise PluginError(
                    f"the option {field.name!r} of {kind.__name__} is a {nesting.key}",
                    fix="only a method may have such",
                )
            inner[field.name] = nesting
            hint = nesting.form | None if type(None) in get_args(hint) else nesting.form
            default = dataclasses.MISSING if _required(field) else None
            factory = dataclasses.MISSING
        copied = dataclasses.field() if _required(field) else _with_default(default, factory)
        fields.append((field.name, hint, copied))
    namespace = {"__pydantic_config__": ConfigDict(extra="forbid")}
    checked = dataclasses.make_dataclass(f"{kind.__name__}Options", fields, kw_only=True, namespace=namespace)
    try:
        return OptionTypes(kind, hints, inner, checked, TypeAdapter(checked))
    except PydanticUserError as error:
        raise PluginError(f"options of {kind.__name__} cannot be checked: {error.message}", fix=_FIX) from error


_FIX = "options are plain JSON types, another harness.Method or a harness.Column"


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _with_default(default: Any, factory: Any) -> Any:
    if factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=factory)
    return dataclasses.field(default=default)


def _field_types(kind: type) -> dict[str, Any]:
    """Option -> type. Class variables are not looked at: their types may be known to type checkers alone."""
    wanted = {field.name for field in dataclasses.fields(kind) if field.init}
    hints: dict[str, Any] = {}
    for owner in reversed(kind.__mro__):
        own = {k: v for k, v in inspect.get_annotations(owner).items() if k in wanted}
        module = sys.modules.get(owner.__module__)
        try:
            bare: Any = types.SimpleNamespace(__annotations__=own)
            hints |= get_type_hints(bare, vars(module) if module else {}, vars(owner), include_extras=True)
        except (NameError, TypeError, SyntaxError) as error:
            raise PluginError(
                f"options of {owner.__name__} have types that cannot be looked up: {error}",
                fix="import the types of options when the module is imported, not under TYPE_CHECKING",
            ) from error
    return hints


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _members(hint: Any) -> tuple[Any, ...]:
    """The branches of a union; else the type itself."""
    bare = _bare(hint)
    branches = get_args(bare) if get_origin(bare) in (Union, types.UnionType) else (bare,)
    return tuple(_bare(branch) for branch in branches)


def _nesting(hint: Any) -> Nesting | None:
    for member in _members(hint):
        if isinstance(member, type) and issubclass(member, Method):
            return Nesting("method", member)
        if isinstance(member, type) and issubclass(member, Column):
            return Nesting("column", member)
    return None


def _holds_list(hint: Any) -> bool:
    for member in _members(hint):
        origin: Any = get_origin(member) or member
        if origin is Any or (
            isinstance(origin, type) and issubclass(origin, Sequence | Set) and not issubclass(origin, str | bytes)
        ):
            return True
    return False
