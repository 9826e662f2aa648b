"""What a training logged, at every step."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

from harness.export.tracker_run import Curve
from harness.report.training_log import steps_of

NOT_FINITE = "{} (not finite)"
UNREADABLE = "lines of the training log that cannot be read"


def curves_of(path: Path | None) -> tuple[dict[str, Curve], Counter[str]]:
    """Every number of the log by name, and what is left out: values that are not finite, lines that cannot be read.

    A log that is gone has no curves; of a step that was logged twice the last line holds.
    """
    by_step: dict[int, dict[str, Any]] = {}
    left_out = Counter[str]()
    for line in steps_of(path):
        if line is None:
            left_out[UNREADABLE] += 1
        else:
            by_step[line["step"]] = line
    points: dict[str, list[tuple[int, float]]] = {}
    for step in sorted(by_step):
        for name, value in by_step[step].items():
            if name == "step" or isinstance(value, bool | str | list | dict):
                continue
            number = finite(value)
            if number is None:
                left_out[NOT_FINITE.format(name)] += 1
            else:
                points.setdefault(name, []).append((step, number))
    curves = {name: Curve(*zip(*found, strict=True)) for name, found in points.items()}
    return curves, left_out


def finite(value: Any) -> float | None:
    """A number as a float; None for what is none, or not finite. Logs have null for what was not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
