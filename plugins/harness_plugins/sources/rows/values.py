"""Single values of a row, each checked once: text, numbers, labels, votes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from harness_plugins.sources.rows.columns import Columns
from harness_plugins.sources.rows.row import Unusable

_TRUE = frozenset({"true", "1", "1.0", "yes", "desirable"})
_FALSE = frozenset({"false", "0", "0.0", "no", "undesirable"})


def text(value: Any, what: str) -> str:
    """`value`, if it is text that can be written as UTF-8."""
    if value is None:
        raise Unusable(f"{what} is missing")
    if not isinstance(value, str):
        raise Unusable(f"{what} is not text", type(value).__name__)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Unusable(f"{what} is not valid Unicode", f"character {error.start + 1}") from error
    return value


def name(value: Any, what: str) -> str | None:
    """A short text or a whole number as a name; None where it is missing, NaN or blank."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return None if value is None else text(value, what).strip() or None


def number(value: Any, what: str) -> float | None:
    """A finite number; None where it is missing, which NaN and blank text also mean."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Unusable(f"{what} is not a number", type(value).__name__)
    try:
        found = float(value)
    except ValueError as error:
        raise Unusable(f"{what} is not a number") from error
    except OverflowError as error:
        raise Unusable(f"{what} is not finite") from error
    if math.isinf(found):
        raise Unusable(f"{what} is not finite")
    return None if math.isnan(found) else found


def truth(value: Any, what: str) -> bool:
    """True or false, also as 1 or 0 and as text."""
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Unusable(f"{what} is missing")
    if isinstance(value, float) and math.isnan(value):
        raise Unusable(f"{what} is missing")
    if isinstance(value, bool | int | float) and value in {0, 1}:
        return bool(value)
    if isinstance(value, str) and value.strip().lower() in _TRUE | _FALSE:
        return value.strip().lower() in _TRUE
    raise Unusable(f"{what} is neither true nor false")


def listed(value: Any) -> list[Any] | None:
    """`value` if it is a list, also as JSON text (a cell of a CSV file); None otherwise."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, list) else None


def share(values: Mapping[str, Any], columns: Columns) -> float | None:
    """Share of raters that preferred the chosen response, ties half; None where unknown.

    A stated share goes before votes, which are [for chosen, for rejected] or [for chosen, for rejected, ties].
    """
    stated = number(columns.find("share", values), "share of votes")
    if stated is not None:
        if not 0 <= stated <= 1:
            raise Unusable("share of votes is not within 0 and 1")
        return stated
    cast = columns.find("votes", values)
    if cast is None or cast == "":
        return None
    votes = [number(vote, "number of votes") for vote in listed(cast) or []]
    counts = [vote for vote in votes if vote is not None and vote >= 0]
    if len(votes) not in {2, 3} or len(counts) != len(votes):
        raise Unusable("votes are not two or three counts")
    ties = counts[2] if len(counts) == 3 else 0.0
    return (counts[0] + ties / 2) / sum(counts) if sum(counts) else None
