"""`metrics.jsonl` of a training: what it logged of every step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LOG = "metrics.jsonl"


def steps_of(path: Path | None) -> list[dict[str, Any] | None]:
    """The steps of a log, as its lines have them; None for a line that holds none, such as one that was cut off.

    Empty where the log is gone or cannot be read.
    """
    from pydantic_core import from_json

    try:
        content = path.read_bytes() if path else b""
    except OSError:
        return []
    lines = [line for line in content.split(b"\n") if line.strip()]
    try:  # all at once takes half the time
        found: list[Any] = from_json(b"[" + b",".join(lines) + b"]", cache_strings="keys")
    except ValueError:
        found = []
    if len(found) != len(lines):
        found = [_read(line) for line in lines]
    return [one if isinstance(one, dict) and is_step(one.get("step")) else None for one in found]


def is_step(value: Any) -> bool:
    """Whether a line of a log says of which step it is: a whole number that every reader can hold."""
    return type(value) is int and 0 <= value < 2**63


def _read(line: bytes) -> Any:
    from pydantic_core import from_json

    try:
        return from_json(line, cache_strings="keys")
    except ValueError:
        return None
