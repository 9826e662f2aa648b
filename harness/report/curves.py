"""What every training logged, as curves of a few dozen points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.board.evidence import TRAIN
from harness.records import Record, RunManifest
from harness.report.files import payload
from harness.report.report import LearningCurve
from harness.report.training_log import LOG, steps_of
from harness.store import Store

MOST_POINTS = 60
LEAST_POINTS = 12
ALL_POINTS = 12_000
"""Points of all curves together, as far as every curve may keep `LEAST_POINTS`."""
MOST_QUANTITIES = 40
"""The first of a log; the page of a method that logs more shows these."""

_COUNTS = ("_tokens", "micro_batches")
"""What ends the names of counts, which tell how much was done and nothing of how it went."""


def curves(
    manifest: RunManifest, records: Mapping[str, Record], stores: Sequence[Store], order: Sequence[str]
) -> tuple[LearningCurve, ...]:
    """A curve of every training whose log can be read; rows as in `order`, seeds ascending."""
    rows = {row.label: row for row in manifest.rows}
    trained = [
        (label, cell.seed, cell.digest)
        for label in order
        for cell in sorted(rows[label].cells, key=lambda c: -1 if c.seed is None else c.seed)
        if cell.what == TRAIN and cell.seed is not None and cell.digest is not None and cell.digest in records
    ]
    points = max(LEAST_POINTS, min(MOST_POINTS, ALL_POINTS // max(1, len(trained))))
    found: list[LearningCurve] = []
    for label, seed, digest in trained:
        known = [step for step in steps_of(payload(stores, digest, LOG)) if step is not None]
        if curve := _curve(label, seed, known, points):
            found.append(curve)
    return tuple(found)


def _curve(row: str, seed: int, known: Sequence[Mapping[str, Any]], points: int) -> LearningCurve | None:
    names = [name for name in dict.fromkeys(chain.from_iterable(known)) if _is_quantity(name)]
    columns = {name: _numbers([line.get(name) for line in known]) for name in names}
    shown = [name for name, values in columns.items() if np.isfinite(values).any()][:MOST_QUANTITIES]
    if not shown:
        return None
    ends = _ends(len(known), points)
    return LearningCurve(
        row=row,
        seed=seed,
        steps=tuple(known[end - 1]["step"] for end in ends),
        quantities={name: _means(columns[name], [0, *ends[:-1]]) for name in shown},
    )


def _is_quantity(name: str) -> bool:
    return name != "step" and not name.endswith(_COUNTS)


def _numbers(values: Sequence[Any]) -> NDArray[np.float64]:
    """What is no number becomes NaN."""
    if set(map(type, values)) <= {float, NoneType}:
        return np.array(values, dtype=float)
    return np.array([_number(value) for value in values])


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _ends(n: int, points: int) -> list[int]:
    """Where stretches end, of nearly equal length: at most `points` of them over `n` steps."""
    count = min(n, points)
    return [n * (k + 1) // count for k in range(count)]


def _means(values: NDArray[np.float64], starts: Sequence[int]) -> tuple[float | None, ...]:
    """Of what is finite in each stretch; None where nothing is."""
    finite = np.isfinite(values)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        counts = np.add.reduceat(finite.astype(float), starts)
        means = np.add.reduceat(np.where(finite, values, 0.0), starts) / counts
    return tuple(value if math.isfinite(value) else None for value in means.tolist())
