"""What is stated otherwise than before: settings, versions, suites."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from harness.baseline_records import RowBaseline
from harness.board.board import BoardRow

LONGEST = 80
"""Characters of a value in a sentence."""
LABELS = ("label", "policy", "column", "again", "evaluator", "method")
"""What an entry of a list of a suite is known by, first that it has."""


def settings_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """What one suite as run states otherwise than the one before, a sentence each; its description is none of it."""
    old, new = (_flat({k: v for k, v in one.items() if k != "description"}) for one in (before, after))
    return tuple(_told(old, new))


def row_changed(before: RowBaseline, after: BoardRow) -> tuple[str, ...]:
    """What of a row's method, version and settings is not what it was, a sentence each."""
    old, new = (
        _flat({"method": r.method, "version": r.version, "options": dict(r.options), "training": dict(r.training)})
        for r in (before, after)
    )
    return tuple(f"{before.label}: {told}" for told in _told(old, new))


def versions_changed(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Which versions are others, in one sentence; empty where none is."""
    told = [
        f"{name} {before.get(name, 'absent')} in the baseline, {after.get(name, 'absent')} now"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    return f"other versions: {'; '.join(told)}" if told else ""


def _told(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            yield f"{key}: {old.get(key, 'not stated')} in the baseline, {new.get(key, 'not stated')} now"


def _flat(value: Any, place: str = "") -> dict[str, str]:
    """Dotted name of a setting -> its value as text. Entries of a list that have labels go by them."""
    if isinstance(value, Mapping) and value:
        named = cast("Mapping[Any, Any]", value)
        parts = [(str(key), one) for key, one in named.items()]
    elif (labelled := _labelled(value)) is not None:
        parts = labelled
    else:
        return {place: _short(value)}
    found: dict[str, str] = {}
    for key, one in parts:
        found |= _flat(one, f"{place}.{key}" if place else key)
    return found


def _labelled(value: Any) -> list[tuple[str, Any]] | None:
    if not isinstance(value, list) or not value:
        return None
    entries = cast("list[Any]", value)
    if not all(isinstance(one, Mapping) for one in entries):
        return None
    names = [next((str(one[key]) for key in LABELS if one.get(key) is not None), "") for one in entries]
    return list(zip(names, entries, strict=True)) if all(names) and len(set(names)) == len(names) else None


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def listed(names: Sequence[str], most: int = 6) -> str:
    """`a, b, c and 4 more`."""
    more = len(names) - most
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:most])} and {more} more"
