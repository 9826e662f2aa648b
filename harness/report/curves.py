"""What every training logged, as curves of a few dozen points."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.board.evidence import TRAIN
from harness.records import Record, RunManifest
from harness.report.files import payload
from harness.report.report import LearningCurve
from harness.store import Store

LOG = "metrics.jsonl"
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
        lines = _lines(payload(stores, digest, LOG))
        if curve := _curve(label, seed, lines, points):
            found.append(curve)
    return tuple(found)


def _lines(path: Path | None) -> list[dict[str, Any]]:
    """The steps of a log; without the lines that cannot be read, such as one that was cut off."""
    from pydantic_core import from_json

    try:
        content = path.read_bytes() if path else b""
    except OSError:
        return []
    lines = [line for line in content.split(b"\n") if line.strip()]
    try:
        read: list[Any] = from_json(b"[" + b",".join(lines) + b"]", cache_strings="keys")
    except ValueError:
        read = []
        for line in lines:
            with contextlib.suppress(ValueError):
                read.append(from_json(line, cache_strings="keys"))
    return [one for one in read if isinstance(one, dict)]


def _curve(row: str, seed: int, lines: Sequence[Mapping[str, Any]], points: int) -> LearningCurve | None:
    known = [line for line in lines if is_step(line.get("step"))]
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


def is_step(value: Any) -> bool:
    """Whether a line of a log says of which step it is: a whole number that every reader can hold."""
    return type(value) is int and 0 <= value < 2**63


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
