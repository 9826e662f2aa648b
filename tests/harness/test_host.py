"""Loading plugins: everything is there under its name, and every fault speaks and names its distribution."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest
from distributions import install, method_source

from harness import host
from harness.errors import PluginError
from harness.source_digest import source_digest

BARE = """
from dataclasses import dataclass
import harness

@harness.hookimpl
def harness_methods():
    return [{offer}]
"""


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """(distribution, source of its one module, plugin name) -> its entry points."""

    def one_module(name: str, source: str, plugin: str = "", version: str = "1.0"):
        module = name.replace("-", "_")
        return install(tmp_path, monkeypatch, name, {f"{module}.py": source}, {plugin or name: module}, version)

    return one_module


def test_hook_harness_methods_offers_a_strangers_method_with_its_origin(publish):
    registry = host.load(publish("stranger-hinge", method_source("hinge"), version="2.5"))
    hinge = registry.methods.get("hinge")
    assert hinge().margin == 1.0
    assert registry.methods.origins["hinge"] == host.Origin(
        "stranger-hinge", "stranger-hinge", "2.5", source_digest("stranger_hinge")
    )


def test_hook_harness_evaluators_offers_an_evaluator(publish):
    source = """
from dataclasses import dataclass
import harness

@dataclass(frozen=True)
class Length(harness.Evaluator):
    name = "length"
    source = "a test"

    def evaluate(self, subject):
        raise harness.Unavailable("nothing to measure")

@harness.hookimpl
def harness_evaluators():
    return [Length]
"""
    registry = host.load(publish("stranger-length", source))
    assert list(registry.evaluators.offers) == ["length"]
    assert not registry.methods.offers


def test_hook_harness_sources_offers_a_source(publish):
    source = """
from dataclasses import dataclass
import harness

@dataclass(frozen=True)
class Nothing(harness.Source):
    name = "nothing"

    def examples(self, split, seed, limit=None):
        return harness.ExampleSet(())

@harness.hookimpl
def harness_sources():
    yield Nothing
"""
    registry = host.load(publish("stranger-nothing", source))
    assert len(registry.sources.get("nothing")().examples("train", 0)) == 0


def test_hook_harness_columns_offers_a_column(publish):
    source = """
from dataclasses import dataclass
import numpy as np
import harness

@dataclass(frozen=True)
class Letters(harness.Column):
    name = "letters"
    source = "a test"

    def compute(self, examples, initial):
        return [np.array([len(r.text) for r in e.responses], dtype=np.float32) for e in examples]

@harness.hookimpl
def harness_columns():
    return (Letters,)
"""
    registry = host.load(publish("stranger-letters", source))
    assert registry.columns.origins["letters"].distribution == "stranger-letters"


def test_a_plugin_name_taken_twice_names_both_distributions(publish):
    entries = publish("first-one", method_source("one"), "same") + publish("second-one", method_source("two"), "same")
    with pytest.raises(PluginError, match=r"plugin called 'same': first-one and second-one"):
        host.load(entries)


def test_a_method_name_taken_twice_names_both_distributions(publish):
    entries = publish("first-two", method_source("hinge")) + publish("second-two", method_source("hinge"))
    with pytest.raises(PluginError, match=r"method called 'hinge': .*") as caught:
        host.load(entries)
    assert "first-two" in caught.value.problem
    assert "second-two" in caught.value.problem
    assert "uninstall" in caught.value.fix


def test_one_name_may_stand_for_two_kinds(publish):
    column = """
from dataclasses import dataclass
import harness

@dataclass(frozen=True)
class Same(harness.Column):
    name = "hinge"
    source = "a test"

    def compute(self, examples, initial):
        return []

@harness.hookimpl
def harness_columns():
    return [Same]
"""
    registry = host.load(publish("kind-one", method_source("hinge")) + publish("kind-two", column))
    assert "hinge" in registry.methods.offers
    assert "hinge" in registry.columns.offers


def test_one_module_advertised_twice_is_an_error(publish, tmp_path, monkeypatch):
    first = publish("twice-one", method_source("hinge"))
    second = install(tmp_path, monkeypatch, "twice-two", {"unused.py": ""}, {"twice-two": "twice_one"})
    with pytest.raises(PluginError, match="plugin 'twice-two' of twice-two: Plugin"):
        host.load(first + second)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("import harness\n@harness.hookimpl\ndef harness_method(): return []", "harness_method"),
        ("def harness_methods(): return []", "harness_methods lacks @harness.hookimpl"),
        ("import harness\n@harness.hookimpl\ndef harness_methods(suite): return []", "suite"),
        ("def methods(): return []", "implements no hook"),
        ("import a_module_that_nobody_has", "does not import: ModuleNotFoundError.*a_module_that_nobody_has"),
        ("def (", "does not import: SyntaxError"),
        ("raise SystemExit(3)", "does not import: SystemExit: 3"),
        (BARE.format(offer="1 / 0"), r"harness_methods\(\) fails: ZeroDivisionError"),
        (BARE.format(offer="]").replace("[]]", "None"), r"harness_methods\(\) fails: TypeError"),
        (BARE.format(offer="'dpo'"), "offers 'dpo', which is no Method type"),
        (BARE.format(offer="int"), "offers .*int.*, which is no Method type"),
        (BARE.format(offer="harness.Evaluator"), "Evaluator.*, which is no Method type"),
        (BARE.format(offer="harness.Method"), "Method does not define needs, score, terms"),
        (method_source("hinge").replace("@dataclass(frozen=True)", ""), "Hinge is no dataclass"),
        (method_source("hinge").replace("(frozen=True)", ""), "does not import: TypeError: .*frozen"),
        (method_source("hinge").replace(" = 'hinge'", ""), "Hinge has no name"),
        (method_source("hinge").replace("name: ClassVar[str]", "name: str"), "Hinge has no name"),
        (method_source("hinge").replace(' = "a test"', ""), "Hinge has no source"),
    ],
)
def test_a_fault_names_its_plugin_and_its_distribution(publish, source, problem):
    with pytest.raises(PluginError, match=problem) as caught:
        host.load(publish("faulty-one", source, "fault"))
    assert "plugin 'fault' of faulty-one" in caught.value.problem


def test_an_entry_point_must_name_a_module(tmp_path, monkeypatch):
    entries = install(
        tmp_path, monkeypatch, "colon", {"colon_plugin.py": method_source("hinge")}, {"colon": "colon_plugin:Hinge"}
    )
    with pytest.raises(PluginError, match="plugin 'colon' of colon: colon_plugin:Hinge is no module"):
        host.load(entries)


def test_an_unknown_name_is_answered_with_the_nearest_known_one(publish):
    registry = host.load(publish("near-hinge", method_source("hinge")))
    with pytest.raises(PluginError, match=r"no method is called 'hinje'; did you mean 'hinge'\?"):
        registry.methods.get("hinje")
    with pytest.raises(PluginError, match="no source is called 'world'; known: none"):
        registry.sources.get("world")


def test_installed_distributions_are_discovered_and_can_be_narrowed(publish, monkeypatch):
    publish("found-hinge", method_source("hinge"))
    publish("found-broken", "import a_module_that_nobody_has")
    assert {"found-hinge", "found-broken"} <= {entry.name for entry in host.installed()}
    monkeypatch.setenv(host.ONLY, "found-hinge, ")
    assert list(host.load().methods.offers) == ["hinge"]


def test_narrowing_to_an_unknown_plugin_is_an_error(publish, monkeypatch):
    publish("known-hinge", method_source("hinge"))
    monkeypatch.setenv(host.ONLY, "known-hing")
    with pytest.raises(PluginError, match=r"HARNESS_PLUGINS: .*did you mean 'known-hinge'"):
        host.load()


def test_our_own_plugins_come_in_by_the_same_door():
    advertised = {e.name for e in entry_points(group="harness") if e.dist and e.dist.name == "alignment-harness"}
    ours = {origin.plugin: origin for origin in host.load().plugins if origin.distribution == "alignment-harness"}
    assert ours.keys() == advertised
    assert {"dpo", "sft", "world", "files", "preference", "truth", "reference"} <= ours.keys()
    assert all(len(origin.sources) == 32 for origin in ours.values())
