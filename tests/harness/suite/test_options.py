from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pytest

import harness
from harness.errors import PluginError, SuiteError
from harness.host import Registry
from harness.suite import configure
from harness.suite.options import described, named

if TYPE_CHECKING:
    from collections import OrderedDict

Kinds = dict[str, Any]


@dataclass(frozen=True)
class Many:
    """Every type an option may have."""

    name: ClassVar[str] = "many"
    note: ClassVar[OrderedDict[str, str] | None] = None  # known to type checkers alone

    rate: float = 1.0
    count: int = 1
    on: bool = False
    word: str = ""
    form: Literal["a", "b"] = "a"
    words: tuple[str, ...] = ()
    numbers: list[float] = field(default_factory=list[float])
    table: Mapping[str, int] = field(default_factory=dict[str, int])
    maybe: float | None = None
    path: Path = Path()
    copy: int = 0
    json: int = 0
    hidden: int = field(default=0, init=False)


def refusal(cls: type[Any], options: dict[str, Any], registry: Registry, where: str = "here") -> str:
    with pytest.raises(SuiteError) as caught:
        configure(cls, options, registry=registry, where=where)
    return str(caught.value)


def test_options_left_out_have_their_defaults(registry: Registry) -> None:
    assert configure(Many, {}, registry=registry) == Many()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"rate": 2}, Many(rate=2.0)),
        ({"count": 3, "copy": 1, "json": 2}, Many(count=3, copy=1, json=2)),
        ({"on": True, "word": "x", "form": "b"}, Many(on=True, word="x", form="b")),
        ({"words": ["x", "y"], "numbers": [1, 2.5]}, Many(words=("x", "y"), numbers=[1.0, 2.5])),
        ({"table": {"a": 1}, "maybe": None}, Many(table={"a": 1})),
        ({"maybe": 1, "path": "a/b"}, Many(maybe=1.0, path=Path("a/b"))),
    ],
)
def test_plain_data_of_the_right_type_is_taken(registry: Registry, options: dict[str, Any], expected: Many) -> None:
    made = configure(Many, options, registry=registry)
    assert made == expected
    assert all(type(getattr(made, key)) is type(getattr(expected, key)) for key in options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"rate": "1"}, 'rate of many should be a number, not "1"'),
        ({"rate": True}, "rate of many should be a number, not true"),
        ({"count": "1"}, 'count of many should be a whole number, not "1"'),
        ({"count": 1.5}, "count of many should be a whole number, not 1.5"),
        ({"count": False}, "count of many should be a whole number, not false"),
        ({"on": 1}, "on of many should be true or false, not 1"),
        ({"on": "yes"}, 'on of many should be true or false, not "yes"'),
        ({"word": 1}, "word of many should be text, not 1"),
        ({"word": None}, "word of many should be text, not null"),
        ({"form": "c"}, "form of many should be 'a' or 'b', not \"c\""),
        ({"words": "x"}, 'words of many should be a list, not "x"'),
        ({"words": ["x", 2]}, "words.1 of many should be text, not 2"),
        ({"table": []}, "table of many should be a mapping, not []"),
        ({"table": {"a": "1"}}, 'table.a of many should be a whole number, not "1"'),
        ({"cuont": 1}, "unknown option 'cuont' of many; did you mean 'count'? known: copy, count, form, json"),
        ({"hidden": 1}, "unknown option 'hidden' of many;"),
        ({"name": "x"}, "unknown option 'name' of many;"),
        ({"word": ["long"] * 50}, "word of many should be text, not [" + '"long", ' * 7),
    ],
)  # fmt: skip
def test_everything_else_is_refused(registry: Registry, options: dict[str, Any], told: str) -> None:
    assert refusal(Many, options, registry).startswith(f"here: {told}")


def test_all_faults_are_told_at_once(registry: Registry, kinds: Kinds) -> None:
    told = refusal(kinds["Shuffled"], {"shaer": 1, "base": {"method": "pull", "options": {"steps": "x"}}}, registry)
    assert "unknown option 'shaer' of shuffled; did you mean 'share'?" in told
    assert 'steps of pull should be a whole number, not "x"' in told


def test_a_range_is_checked_by_the_plugin_itself(registry: Registry, kinds: Kinds) -> None:
    assert refusal(kinds["Pull"], {"beta": 0}, registry) == "here: pull: beta is 0.0; it must be positive"


@pytest.mark.parametrize("given", ["push", {"method": "push"}, {"method": "push", "options": {}}])
def test_an_option_may_be_a_method(registry: Registry, kinds: Kinds, given: Any) -> None:
    assert configure(kinds["Shuffled"], {"base": given}, registry=registry).base == kinds["Push"]()


def test_methods_nest(registry: Registry, kinds: Kinds) -> None:
    inner = {"method": "shuffled", "options": {"base": {"method": "push", "options": {"beta": 2}}}}
    made = configure(kinds["Shuffled"], {"base": inner}, registry=registry)
    assert made.base == kinds["Shuffled"](base=kinds["Push"](beta=2.0))


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ("puhs", "no method is called 'puhs'; did you mean 'push'?"),
        ({"method": "pull", "options": {"beat": 1}}, "unknown option 'beat' of pull; did you mean 'beta'?"),
        ({"metod": "pull"}, "unknown key 'metod' in base of shuffled; did you mean 'method'?"),
        ({"method": "pull", "options": 3}, "base.options of shuffled should be a mapping, not 3"),
        (3, "base of shuffled should be a mapping, not 3"),
        (None, "base of shuffled should be a mapping, not null"),
    ],
)
def test_a_nested_method_is_checked_as_strictly(registry: Registry, kinds: Kinds, base: Any, told: str) -> None:
    assert told in refusal(kinds["Shuffled"], {"base": base}, registry)


def test_a_nested_method_must_be_of_the_type_of_the_option(registry: Registry, kinds: Kinds) -> None:
    assert configure(kinds["OnlyPull"], {"base": None}, registry=registry).base is None
    assert configure(kinds["OnlyPull"], {"base": "pull"}, registry=registry).base == kinds["Pull"]()
    assert "the method 'push' is no Pull, which stands here" in refusal(kinds["OnlyPull"], {"base": "push"}, registry)


def test_what_a_plugin_says_in_its_own_error_is_kept(registry: Registry) -> None:
    @dataclass(frozen=True)
    class Unhappy:
        path: str = ""

        def __post_init__(self) -> None:
            raise harness.DataError("path is not set", fix="set path")

    assert refusal(Unhappy, {"path": ""}, registry) == "here: Unhappy: path is not set\n  fix: set path"


def test_an_option_of_a_type_that_no_suite_can_write_is_the_plugins_fault(registry: Registry) -> None:
    class Opaque: ...

    @dataclass(frozen=True)
    class Odd:
        thing: Opaque | None = None

    Odd.__annotations__["thing"] = Opaque | None
    with pytest.raises(PluginError, match="options of Odd cannot be checked"):
        configure(Odd, {}, registry=registry)


def test_only_a_method_may_have_methods_and_columns_among_its_options(registry: Registry, kinds: Kinds) -> None:
    @dataclass(frozen=True)
    class Odd:
        reward: harness.Column | None = None

    with pytest.raises(PluginError, match="the option 'reward' of Odd is a column"):
        configure(Odd, {}, registry=registry)


def test_an_option_whose_type_is_not_there_at_run_time_is_the_plugins_fault(registry: Registry) -> None:
    @dataclass(frozen=True)
    class Odd:
        table: OrderedDict[str, int] | None = None

    with pytest.raises(PluginError, match=r"options of Odd have types that cannot be looked up.*OrderedDict"):
        configure(Odd, {}, registry=registry)


def test_a_configured_object_is_described_as_a_suite_would_write_it(registry: Registry, kinds: Kinds) -> None:
    made = kinds["Shuffled"](base=kinds["Push"](beta=0.1), share=0.5)
    changed = {"base": {"method": "push", "options": {}}, "share": 0.5}
    assert described(made, defaults=False) == changed
    assert described(made, defaults=True) == {"base": {"method": "push", "options": {"beta": 0.1}}, "share": 0.5}
    assert described(kinds["Shuffled"](), defaults=False) == {}
    assert configure(kinds["Shuffled"], changed, registry=registry) == made
    assert named(made, defaults=False) == {"method": "shuffled", "options": changed}
