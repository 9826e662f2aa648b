"""What `harness ls` and `harness doctor` show."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from harness.column import Column
from harness.method import Method
from harness.search_space import Around, Choices, Dimension

if TYPE_CHECKING:
    from harness.doctor import Check
    from harness.host import Origin, Registry

STATES = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "problem": "[red]problem[/]"}


def listing(kind: str, registry: Callable[[], Registry]) -> list[dict[str, Any]]:
    """What is installed of a kind, as plain rows."""
    if kind == "suites":
        return _suites()
    installed = registry()
    if kind == "plugins":
        return [dataclasses.asdict(origin) for origin in installed.plugins]
    shelf = getattr(installed, kind)
    return [_offer(name, offer, shelf.origins[name]) for name, offer in shelf.offers.items()]


def _suites() -> list[dict[str, Any]]:
    from harness.suite import list_suites

    return [{"name": name, "about": _description(path)} for name, path in list_suites().items()]


def _description(path: Any) -> str:
    import yaml

    found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return " ".join(str(found.get("description", "")).split())


def _offer(name: str, offer: type, origin: Origin) -> dict[str, Any]:
    options = {f.name: _default(f) for f in dataclasses.fields(offer)}
    about = (inspect.getdoc(offer) or "").split("\n\n")[0].replace("\n", " ")
    row = {"name": name, "about": about, "options": options, "distribution": origin.distribution}
    if issubclass(offer, Method):
        row["searched"] = {name: _dimension(where) for name, where in offer().search_space().items()}
    return {**row, "version": origin.version, "source": getattr(offer, "source", "")}


def _dimension(where: Dimension) -> str:
    """Where a setting is searched, in words."""
    if isinstance(where, Around):
        return f"a factor of {where.factor:g} (log)"
    if isinstance(where, Choices):
        return " or ".join(str(value) for value in where.values)
    return f"{where.low:g} to {where.high:g}" + (" (log)" if where.log else "")


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return repr(field.default)
    if field.default_factory is not dataclasses.MISSING:
        default: Any = field.default_factory()
        return default.name if isinstance(default, Method | Column) else repr(default)
    return "(must be given)"


def listing_table(kind: str, rows: Sequence[dict[str, Any]]) -> Table:
    """The same rows for people."""
    table = Table(title=f"Installed {kind}", title_justify="left")
    shown = [
        c
        for c in ("name", "plugin", "about", "options", "searched", "distribution", "version")
        if rows and c in rows[0]
    ]
    for column in shown:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(_text(row[column])) for column in shown))
    return table


def _text(value: Any) -> str:
    if isinstance(value, dict):
        options: dict[str, str] = value
        return ", ".join(f"{name}={default}" for name, default in options.items())
    return str(value)


def checks_table(checks: Sequence[Check]) -> Table:
    """The findings of `harness doctor`."""
    table = Table(title="harness doctor", title_justify="left")
    for column in ("check", "state", "found", "to do"):
        table.add_column(column, overflow="fold")
    for check in checks:
        table.add_row(check.name, STATES[check.state], escape(check.detail), escape(check.fix))
    return table
