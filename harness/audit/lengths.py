"""How long chosen and rejected responses are, and what a scorer gets that knows nothing but length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.audit_record import Lengths
from harness.statistics import PerItem, spread


@dataclass(frozen=True, slots=True)
class PairLengths:
    """Of one pair, in tokens; `prompt` is alike for pairs of one prompt."""

    prompt: str
    chosen: int
    rejected: int


def lengths(pairs: Sequence[PairLengths]) -> Lengths | None:
    """See `harness.audit_record.Lengths`; None where there are no pairs."""
    if not pairs:
        return None
    chosen = np.array([pair.chosen for pair in pairs], dtype=np.float64)
    rejected = np.array([pair.rejected for pair in pairs], dtype=np.float64)
    right = (chosen > rejected) + (chosen == rejected) / 2
    return Lengths(
        chosen=float(chosen.mean()),
        rejected=float(rejected.mean()),
        longer=float((chosen > rejected).mean()),
        equal=float((chosen == rejected).mean()),
        accuracy=float(right.mean()),
        ci95=_interval(right, [p.prompt for p in pairs]),
    )


def _interval(values: np.ndarray, prompts: Sequence[str]) -> tuple[float, float] | None:
    """95 % interval of the mean of (n,) values, those of one prompt as one group; clipped to 0 to 1."""
    ids = [str(place) for place in range(len(values))]
    half = spread([PerItem(ids, values, prompts)], trained=False).half
    mean = float(values.mean())
    return None if half is None else (max(0.0, mean - half), min(1.0, mean + half))
