from __future__ import annotations

import pytest

from harness.suite.yaml_scalars import scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        ("5e-7", 5e-7),
        (".5", 0.5),
        ("1.", 1.0),
        ("-2.5e+3", -2500.0),
        ("12", 12),
        ("+12", 12),
        ("-0", 0),
        ("012", 12),
        ("0o17", 15),
        ("0xff", 255),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_words_of_the_core_schema(text: str, value: object) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    ["yes", "no", "on", "off", "y", "N", "none", "tRue", "1_000", "1:30", "2026-01-01", "1e", "e5", ".", "0b1", "="],
)
def test_everything_else_is_text(text: str) -> None:
    assert scalar(text) == text


@pytest.mark.parametrize("text", [".inf", "-.Inf", ".NaN", "1e999", "-1e999", "9" * 5000])
def test_numbers_that_nothing_can_hold_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"finite|larger|too long"):
        scalar(text)
