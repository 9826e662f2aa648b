"""Entry points to a Registry: every plugin that is installed, and every fault in one, by name.

The entry points are walked here, because pluggy's own loader drops a second entry point of the same name in silence and
ignores a misspelt hook unless asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType, ModuleType
from typing import Any, Generic, TypeAlias, TypeVar

import pluggy

from harness import hookspecs
from harness.column import Column
from harness.errors import PluginError, nearest
from harness.evaluator import Evaluator
from harness.method import Method
from harness.source import Source
from harness.source_digest import source_digest

Kind = TypeVar("Kind")
Offer: TypeAlias = type[Method] | type[Evaluator] | type[Source] | type[Column]


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


HOOKS = {
    "harness_methods": ("method", Method),
    "harness_evaluators": ("evaluator", Evaluator),
    "harness_sources": ("source", Source),
    "harness_columns": ("column", Column),
}


def _distribution(entry: EntryPoint) -> tuple[str, str]:
    return (entry.dist.name, entry.dist.version) if entry.dist else ("unknown distribution", "0")


def _import(entry: EntryPoint) -> ModuleType:
    owner, _ = _distribution(entry)
    try:
        module: Any = entry.load()
    except Exception as error:
        raise PluginError(
            f"plugin {entry.name!r} of {owner} ({entry.value}) does not import: {type(error).__name__}: {error}",
            fix=f"reinstall or uninstall {owner}",
        ) from error
    return module


def _offered(manager: pluggy.PluginManager, hook: str, base: type) -> Iterable[tuple[str, Offer]]:
    """(plugin name, type) for every type that some plugin offers under `hook`."""
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        plugin: str = implementation.plugin_name
        try:
            kinds: list[Any] = list(implementation.function())
        except Exception as error:
            raise PluginError(f"plugin {plugin!r}: {hook}() fails: {type(error).__name__}: {error}") from error
        for kind in kinds:
            if not (isinstance(kind, type) and issubclass(kind, base)):
                raise PluginError(
                    f"plugin {plugin!r}: {hook}() offers {kind!r}, which is no {base.__name__} type",
                    fix=f"return types that derive from harness.{base.__name__}",
                )
            if getattr(kind, "__abstractmethods__", None):
                unwritten = ", ".join(sorted(kind.__abstractmethods__))
                raise PluginError(f"plugin {plugin!r}: {kind.__name__} does not define {unwritten}")
            if not isinstance(getattr(kind, "name", None), str) or "__dataclass_fields__" not in kind.__dict__:
                raise PluginError(
                    f"plugin {plugin!r}: {kind.__name__} lacks a name or is no dataclass of its own",
                    fix="decorate it with @dataclass(frozen=True) and give it `name: ClassVar[str]`",
                )
            yield plugin, kind


def _shelf(manager: pluggy.PluginManager, hook: str, plugins: Mapping[str, Origin]) -> Shelf[Any]:
    kind, base = HOOKS[hook]
    offers: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for plugin, offer in _offered(manager, hook, base):
        name = offer.name
        if name in offers:
            raise PluginError(
                f"two plugins offer a {kind} called {name!r}: {plugins[plugin].plugin!r} of "
                f"{plugins[plugin].distribution} and {origins[name].plugin!r} of {origins[name].distribution}",
                fix="uninstall one of the two distributions",
            )
        offers[name] = offer
        origins[name] = Origin(
            plugin=plugin,
            distribution=plugins[plugin].distribution,
            version=plugins[plugin].version,
            sources=source_digest(offer.__module__),
        )
    return Shelf(kind, MappingProxyType(dict(sorted(offers.items()))), MappingProxyType(origins))


def load(entries: Iterable[EntryPoint] | None = None) -> Registry:
    """Load every installed plugin.

    Args:
        entries: the entry points to load; those of the group `harness` by default.

    Raises:
        PluginError: two distributions use one plugin name or one method name, a hook is misspelt, a plugin does not
            import, or it offers something that is none of the kinds.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    plugins: dict[str, Origin] = {}
    found = entry_points(group=hookspecs.PROJECT) if entries is None else entries
    for entry in sorted(found, key=lambda e: (e.name, _distribution(e))):
        owner, version = _distribution(entry)
        if entry.name in plugins:
            raise PluginError(
                f"two installed distributions offer a plugin called {entry.name!r}: "
                f"{plugins[entry.name].distribution} and {owner}",
                fix="uninstall one of them, or ask its author to rename the entry point",
            )
        module = _import(entry)
        _forbid_misspelt(module, entry.name, owner)
        try:
            manager.register(module, name=entry.name)
            manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            raise PluginError(f"plugin {entry.name!r} of {owner}: {error}", fix=_HOOK_FIX) from error
        if not manager.get_hookcallers(module):
            raise PluginError(f"plugin {entry.name!r} of {owner} ({entry.value}) implements no hook", fix=_HOOK_FIX)
        plugins[entry.name] = Origin(entry.name, owner, version, source_digest(entry.module))
    methods, evaluators, sources, columns = (_shelf(manager, hook, plugins) for hook in HOOKS)
    return Registry(methods, evaluators, sources, columns, tuple(plugins.values()))


_HOOK_FIX = f"the hooks are {', '.join(HOOKS)}, each decorated with @harness.hookimpl"


def _forbid_misspelt(module: ModuleType, plugin: str, owner: str) -> None:
    """A function named like a hook but not decorated as one would be ignored in silence."""
    for name, value in vars(module).items():
        if name in HOOKS and callable(value) and not hasattr(value, f"{hookspecs.PROJECT}_impl"):
            raise PluginError(f"plugin {plugin!r} of {owner}: {name} lacks @harness.hookimpl", fix=_HOOK_FIX)
