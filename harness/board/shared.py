"""What rows share: steps that fill no cell, what they cost and what they report of themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from harness.board.board import Shared
from harness.board.costs import total
from harness.records import Cost, Record, SharedStep


def shared(steps: Sequence[SharedStep], records: Mapping[str, Record]) -> tuple[Shared, ...]:
    """Steps of one name together, in the order in which they first appear."""
    named: dict[str, list[SharedStep]] = {}
    for step in steps:
        named.setdefault(step.what, []).append(step)
    return tuple(_together(what, group, records) for what, group in named.items())


def _together(what: str, steps: Sequence[SharedStep], records: Mapping[str, Record]) -> Shared:
    done = [records[step.digest] for step in steps if step.digest in records]
    cost = total([Cost(), *(record.cost for record in done)])
    rows = dict.fromkeys(label for step in steps for label in step.rows)
    return Shared(what, tuple(rows), len(steps), cost or Cost(), _facts(done))


def _facts(records: Sequence[Record]) -> dict[str, float]:
    """The numbers that every fit reports, each as a mean over the fits."""
    reported: list[Mapping[str, object]] = [record.notes.get("fit", {}) for record in records]
    found: dict[str, float] = {}
    for name in reported[0] if reported else ():
        values = [fit.get(name) for fit in reported]
        numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
        if len(numbers) == len(values) and all(map(math.isfinite, numbers)):
            found[name] = float(np.mean(numbers))
    return found
