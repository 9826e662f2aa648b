"""The gate as JSON. The keys are the field names of `harness.gate.outcome`."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

from harness.gate.outcome import Outcome

SCHEMA_VERSION = 1
"""Raised when a key changes its meaning or goes."""


def plain_outcome(outcome: Outcome) -> dict[str, Any]:
    """The outcome as plain data, with the exit code of `harness check`; what is no number is null."""
    fields = dataclasses.asdict(outcome)
    return {"schema_version": SCHEMA_VERSION, "exit_code": outcome.exit_code, **_finite(fields)}


def outcome_json(outcome: Outcome) -> str:
    """The outcome as JSON in ASCII: harmless on terminals and in logs that look for commands."""
    return json.dumps(plain_outcome(outcome), indent=1, allow_nan=False).replace("##[", "#\\u0023[") + "\n"


def _finite(value: Any) -> Any:
    """`value` with null for every number that JSON cannot hold."""
    if isinstance(value, dict):
        entries: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        return {key: _finite(one) for key, one in entries.items()}
    if isinstance(value, list | tuple):
        items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        return [_finite(one) for one in items]
    return None if isinstance(value, float) and not math.isfinite(value) else value
