"""Whether the results of two suites may be compared: same model, tokens, budget, data, and evaluators set alike."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

ALIKE = ("model", "tokens", "budget", "data")
"""What a suite gives to all its rows alike. Its rows, seeds, settings and statistics do not make it another suite."""
LONGEST = 120
"""Characters of a value in a sentence."""

_ABSENT: Any = object()


def unlike(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    """Why results of one suite must not be compared with the other's; empty if they belong together.

    `data.noise: 0.1 here, 0.2 there`

    Args:
        one: a suite as run (`RunManifest.as_run`), "here".
        other: as `one`, "there". Evaluators that only one of them has are no reason.
    """
    found = [told for key in ALIKE for told in differences(key, one.get(key, _ABSENT), other.get(key, _ABSENT))]
    here, there = _evaluators(one), _evaluators(other)
    for label in [label for label in here if label in there]:
        path = f"evaluators.{shown(label)}"
        (kind, options), (other_kind, other_options) = here[label], there[label]
        found += differences(path, kind, other_kind) or differences(path, options, other_options)
    return tuple(found)


def _evaluators(suite: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Label -> the evaluator's name and its options."""
    listed = suite.get("evaluators")
    entries: list[Any] = listed if isinstance(listed, list) else []
    known = [entry for entry in entries if isinstance(entry, Mapping)]
    return {str(e.get("label", e.get("evaluator"))): (e.get("evaluator"), e.get("options", {})) for e in known}


def differences(path: str, here: Any, there: Any) -> list[str]:
    """A sentence for every plain value at `path` and below that is not the same: `path: 1 here, 2 there`."""
    if isinstance(here, Mapping) and isinstance(there, Mapping):
        return [told for key, a, b in _pairs(here, there) for told in differences(f"{path}.{shown(key)}", a, b)]
    if _same(here, there):
        return []
    return [f"{path}: {_value(here)} here, {_value(there)} there"]


def _pairs(here: Mapping[Any, Any], there: Mapping[Any, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys([*here, *there]):
        yield str(key), here.get(key, _ABSENT), there.get(key, _ABSENT)


def _same(here: Any, there: Any) -> bool:
    """1 and 1.0 are the same, 1 and true are not."""
    return here is there or (here == there and isinstance(here, bool) == isinstance(there, bool))


def _value(value: Any) -> str:
    if value is _ABSENT:
        return "not stated"
    text = shown(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def shown(text: str) -> str:
    """`text` fit for a sentence: what does not print (control characters, overrides of direction) is written out."""
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
