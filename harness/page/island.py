"""Data inside a page: JSON in an element that no browser runs."""

from __future__ import annotations

import json
import math
from typing import Any

_ESCAPES = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})
"""What could end the element or begin another."""


def island(value: Any) -> str:
    """JSON of plain data that may stand inside `<script type="application/json">` as it is."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_ESCAPES)


def short(value: float | None) -> float | None:
    """With five significant digits: more than a screen shows. None for what is not finite."""
    if value is None or not math.isfinite(value):
        return None
    rounded = float(f"{value:.5g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
