"""Texts from outside, numbers and lists as figures show them."""

from __future__ import annotations

from collections.abc import Sequence

from harness.render.numbers import fixed
from harness.render.text import LONGEST, one_line


def shown_as(text: str, most: int = LONGEST) -> str:
    """On one line; what cannot be printed is U+25A1, which the figures' font has, unlike U+FFFD."""
    return one_line(text, most).replace("\ufffd", "\u25a1")


def few(told: Sequence[str], most: int = 8) -> str:
    """The first of many, and how many more there are."""
    rest = len(told) - most
    return ", ".join(told[:most]) + (f" and {rest} more" if rest > 0 else "")


def listed(seeds: Sequence[int]) -> str:
    """`0, 1, 2`."""
    return ", ".join(map(str, seeds)) or "none"


def minus(value: float, places: int) -> str:
    """`0.036`, `−0.055`: with a minus sign as it is printed."""
    return fixed(value, places).replace("-", "−")


def signed(value: float, places: int) -> str:
    """`+0.036`, `−0.055`, `0.000`."""
    text = minus(value, places)
    return text if text.startswith("−") or float(text) == 0 else f"+{text}"
