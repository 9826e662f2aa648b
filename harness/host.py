"""Entry points to a Registry: every plugin that is installed, and every fault in one, by name.

The entry points are walked here, because pluggy's own loader drops a second entry point of the same name in silence and
ignores a misspelt hook unless asked.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType, ModuleType
from typing import Any, Generic, TypeVar

import pluggy

from harness import hookspecs
from harness.column import Column
from harness.errors import PluginError, nearest
from harness.evaluator import Evaluator
from harness.method import Method
from harness.source import Source
from harness.source_digest import source_digest

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Origin:
    """Where a plugin comes from; kept in every record that depends on it."""

    plugin: str
    distribution: str
    version: str
    sources: str
    """Digest of the defining module and of what it imports from its own package."""


@dataclass(frozen=True)
class Shelf(Generic[Kind]):
    """What is installed of one kind: types by the name that suites write."""

    kind: str
    offers: Mapping[str, type[Kind]]
    origins: Mapping[str, Origin]

    def get(self, name: str) -> type[Kind]:
        """The type called `name`.

        Raises:
            PluginError: nothing of this kind has that name.
        """
        if name not in self.offers:
            raise PluginError(
                f"no {self.kind} is called {name!r}; {nearest(name, self.offers)}",
                fix=f"write an installed name, or install the distribution that offers {name!r}",
            )
        return self.offers[name]


@dataclass(frozen=True)
class Registry:
    """Everything that installed plugins offer."""

    methods: Shelf[Method]
    evaluators: Shelf[Evaluator]
    sources: Shelf[Source]
    columns: Shelf[Column]
    plugins: tuple[Origin, ...] = field(default=())


HOOKS: Mapping[str, tuple[str, type]] = {
    "harness_methods": ("method", Method),
    "harness_evaluators": ("evaluator", Evaluator),
    "harness_sources": ("source", Source),
    "harness_columns": ("column", Column),
}
ONLY = "HARNESS_PLUGINS"
"""Environment variable: names of the plugins to load, with commas between them; all where it is unset or empty."""

_HOOK_FIX = f"the hooks are {', '.join(HOOKS)}, each decorated with @harness.hookimpl"


def load(entries: Iterable[EntryPoint] | None = None) -> Registry:
    """Load every installed plugin.

    Args:
        entries: the entry points to load; by default those `installed()` gives.

    Raises:
        PluginError: two distributions use one plugin name or one method name, a hook is misspelt, a plugin does not
            import, or it offers something that is none of the kinds.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    plugins: dict[str, Origin] = {}
    found = installed() if entries is None else entries
    for entry in sorted(found, key=lambda e: (e.name, _distribution(e))):
        owner, version = _distribution(entry)
        if entry.name in plugins:
            raise PluginError(
                f"two installed distributions offer a plugin called {entry.name!r}: "
                f"{plugins[entry.name].distribution} and {owner}",
                fix="uninstall one of them, or ask its author to rename the entry point",
            )
        _register(manager, entry)
        plugins[entry.name] = Origin(entry.name, owner, version, source_digest(entry.module))
    methods, evaluators, sources, columns = (_shelf(manager, hook, plugins) for hook in HOOKS)
    return Registry(methods, evaluators, sources, columns, tuple(plugins.values()))


def installed() -> tuple[EntryPoint, ...]:
    """The entry points that installed distributions advertise; only those named in HARNESS_PLUGINS where it is set.

    Raises:
        PluginError: HARNESS_PLUGINS names a plugin that is not installed.
    """
    found = entry_points(group=hookspecs.PROJECT)
    wanted = {name.strip() for name in os.environ.get(ONLY, "").split(",")} - {""}
    if not wanted:
        return tuple(found)
    for name in sorted(wanted - found.names):
        raise PluginError(
            f"no installed plugin is called {name!r}; {nearest(name, found.names)}",
            fix="name installed plugins, with commas between them, or unset the variable",
            where=ONLY,
        )
    return tuple(entry for entry in found if entry.name in wanted)


def _distribution(entry: EntryPoint) -> tuple[str, str]:
    return (entry.dist.name, entry.dist.version) if entry.dist else ("unknown distribution", "0")


def _register(manager: pluggy.PluginManager, entry: EntryPoint) -> None:
    """Import a plugin and hand its hooks to the manager."""
    owner, _ = _distribution(entry)
    who = f"plugin {entry.name!r} of {owner}"
    try:
        module: Any = entry.load()
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"{who} ({entry.value}) does not import: {type(error).__name__}: {error}",
            fix=f"reinstall or uninstall {owner}",
        ) from error
    if not isinstance(module, ModuleType):
        raise PluginError(
            f"{who}: {entry.value} is no module", fix="let the entry point name a module, without a colon"
        )
    _forbid_undecorated(module, who)
    try:
        manager.register(module, name=entry.name)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        raise PluginError(f"{who}: {error}", fix=_HOOK_FIX) from error
    if not manager.get_hookcallers(module):
        raise PluginError(f"{who} ({entry.value}) implements no hook", fix=_HOOK_FIX)


def _forbid_undecorated(module: ModuleType, who: str) -> None:
    """A function named like a hook but not decorated as one would be ignored in silence."""
    for name, value in vars(module).items():
        if name in HOOKS and callable(value) and not hasattr(value, f"{hookspecs.PROJECT}_impl"):
            raise PluginError(f"{who}: {name} lacks @harness.hookimpl", fix=_HOOK_FIX)


def _shelf(manager: pluggy.PluginManager, hook: str, plugins: Mapping[str, Origin]) -> Shelf[Any]:
    kind, base = HOOKS[hook]
    offers: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        plugin = plugins[implementation.plugin_name]
        for offer in _offered(implementation.function, f"plugin {plugin.plugin!r} of {plugin.distribution}: {hook}()"):
            _check_offer(offer, base, f"plugin {plugin.plugin!r} of {plugin.distribution}")
            name = offer.name
            if name in offers:
                raise PluginError(
                    f"two plugins offer a {kind} called {name!r}: {plugin.plugin!r} of {plugin.distribution} "
                    f"and {origins[name].plugin!r} of {origins[name].distribution}",
                    fix=f"uninstall one of the two distributions, or leave a plugin out with {ONLY}",
                )
            offers[name] = offer
            origins[name] = dataclasses.replace(plugin, sources=source_digest(offer.__module__))
    return Shelf(kind, MappingProxyType(dict(sorted(offers.items()))), MappingProxyType(origins))


def _offered(hook: Callable[[], Iterable[Any]], who: str) -> list[Any]:
    try:
        return list(hook())
    except Exception as error:
        raise PluginError(f"{who} fails: {type(error).__name__}: {error}", fix="return a list of types") from error


def _check_offer(offer: Any, base: type, who: str) -> None:
    if not (isinstance(offer, type) and issubclass(offer, base)):
        raise PluginError(
            f"{who} offers {offer!r}, which is no {base.__name__} type",
            fix=f"return types that derive from harness.{base.__name__}",
        )
    unwritten = sorted(getattr(offer, "__abstractmethods__", ()))
    if unwritten:
        raise PluginError(f"{who}: {offer.__name__} does not define {', '.join(unwritten)}")
    if "__dataclass_fields__" not in vars(offer):
        raise PluginError(f"{who}: {offer.__name__} is no dataclass", fix="decorate it with @dataclass(frozen=True)")
    options = {option.name for option in dataclasses.fields(offer)}
    for attribute in ("name", "source"):
        stated = isinstance(getattr(offer, attribute, None), str) and attribute not in options
        if attribute in base.__annotations__ and not stated:
            raise PluginError(
                f"{who}: {offer.__name__} has no {attribute}",
                fix=f"write `{attribute}: ClassVar[str] = ...` in its body",
            )
