"""What rows cost, against what they cost in the baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.baseline_records import RowBaseline
from harness.board.board import BoardRow
from harness.gate.outcome import CostChange
from harness.records import Cost

SHORT = 5.0
"""Seconds: what takes less is not said to have grown. Beside other work, two seconds may become five."""
SMALL = 64 * 2**20
"""Bytes, likewise."""


@dataclass(frozen=True)
class Held:
    """One cost that rows are held to."""

    what: str
    field: str
    """Of `Cost`."""
    least: float
    """Below this nothing has grown."""
    machine: bool
    """Whether it depends on the machine."""


TRAINING = (
    Held("training, CPU seconds per seed", "cpu_seconds", SHORT, True),
    Held("training, peak bytes", "peak_bytes", SMALL, True),
    Held("training, response tokens per seed", "response_tokens", 0, False),
    Held("training, sampled tokens per seed", "sampled_tokens", 0, False),
)
EVALUATION = (
    Held("evaluation, CPU seconds per seed", "cpu_seconds", SHORT, True),
    Held("evaluation, peak bytes", "peak_bytes", SMALL, True),
    Held("evaluation, sampled tokens per seed", "sampled_tokens", 0, False),
)


def cost_changes(before: RowBaseline, after: BoardRow, factor: float, elsewhere: str) -> Iterator[CostChange]:
    """Every cost that a row has in both runs.

    Args:
        before: the row in the baseline.
        after: the row in the run.
        factor: times the baseline's that a cost may be.
        elsewhere: of `other_host`; seconds and memory of another machine are held to nothing.
    """
    pairs: tuple[tuple[tuple[Held, ...], Cost | None, Cost | None], ...] = (
        (TRAINING, before.train, after.cost.train_per_seed),
        (EVALUATION, before.evaluate, after.cost.evaluate_per_seed),
    )
    for held, old, new in pairs:
        if old is None or new is None:
            continue
        for one in held:
            was, now = float(getattr(old, one.field)), float(getattr(new, one.field))
            if was == now == 0:
                continue
            note = elsewhere if one.machine else ""
            grown = not note and now > factor * was and now > one.least
            yield CostChange(before.label, one.what, was, now, factor, grown, note)


def other_host(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Why seconds and memory of the two runs cannot be compared; empty where they can."""
    for what in ("processor", "cores", "gpus"):
        old, new = before.get(what) or None, after.get(what) or None
        if old != new:
            named = {"processor": "processor", "cores": "number of cores", "gpus": "GPUs"}[what]
            return f"not held to the baseline: another {named} ({_told(old)} in the baseline, {_told(new)} now)"
    return ""


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return "none stated" if value is None else str(value)
