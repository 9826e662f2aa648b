from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from typing import Any

from harness.suite.field_docs import field_docs
from harness.training import Training


@dataclass
class Parent:
    """No field."""

    a: int = 0
    """First."""
    b: int = 0
    c: int = 0


@dataclass
class Child(Parent):
    c: int = 1
    """Third, of
    two lines."""
    d: int = 0

    def e(self) -> None:
        """No field either."""


def test_the_string_under_a_field_is_its_description() -> None:
    assert field_docs(Parent) == {"a": "First."}


def test_descriptions_are_inherited_and_wrapped_lines_joined() -> None:
    assert field_docs(Child) == {"a": "First.", "c": "Third, of two lines."}


def test_pydantic_models_have_them_too() -> None:
    assert field_docs(Training)["warmup"].startswith("Fraction of the steps")


def test_the_options_of_a_plugin_are_described(kinds: dict[str, Any]) -> None:
    assert field_docs(kinds["Pull"])["beta"] == "Strength, 1/nats, > 0."


def test_a_class_without_source_has_none() -> None:
    assert field_docs(make_dataclass("Made", [("a", int)])) == {}
