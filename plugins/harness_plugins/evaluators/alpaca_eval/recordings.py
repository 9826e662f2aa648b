"""Verdicts that somebody recorded: annotation files as AlpacaEval publishes them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import harness
from harness_plugins.evaluators.alpaca_eval.rows import read_rows

SCALE = "a preference is a number from 1 (the reference) to 2 (the answer), 0 or 1.5 for a draw, or null"


@dataclass(frozen=True)
class RecordedVerdict:
    """One verdict. Texts are None where the file has none."""

    instruction: str | None
    reference: str | None
    answer: str | None
    preference: float | None
    """1 where the reference is preferred, 2 where the answer is, and anything between; None where it is missing."""


@dataclass(frozen=True)
class Recording:
    """The verdicts of one judge on one model."""

    path: str
    model: str | None
    reference: str | None
    """Whose outputs the model's were compared with."""
    judge: str | None
    rows: tuple[RecordedVerdict, ...]

    @property
    def readable(self) -> list[float]:
        """The preferences that are there, at least one."""
        return [row.preference for row in self.rows if row.preference is not None]

    @property
    def repeated(self) -> int:
        """Rows about two texts that another row is about already."""
        named = [(row.instruction, row.reference, row.answer) for row in self.rows if row.instruction is not None]
        return len(named) - len(set(named))


def read_recording(path: str) -> Recording:
    """The verdicts of an annotation file: rows of `preference`, and `instruction`, `output_1`, `output_2`,
    `generator_1`, `generator_2` and `annotator` where it has them. `output_1` is the reference.

    Raises:
        DataError: the file cannot be read, holds a preference of another scale, no preference at all, or the
            annotations of several models, references or judges.
    """
    rows = read_rows(path, ())
    recorded = tuple(_recorded(row, f"{path}:{number}") for number, row in enumerate(rows, 1))
    if all(row.preference is None for row in recorded):
        raise harness.DataError(f"{path} holds no preference: all {len(recorded)} are missing")
    return Recording(
        path,
        _sole(rows, "generator_2", path),
        _sole(rows, "generator_1", path),
        _sole(rows, "annotator", path),
        recorded,
    )


def _recorded(row: Mapping[str, Any], where: str) -> RecordedVerdict:
    if "preference" not in row:
        raise harness.DataError("a row has no 'preference'", where=where, fix="give an annotation file of AlpacaEval's")
    for key in ("instruction", "output_1", "output_2"):
        if not isinstance(row.get(key, ""), str):
            raise harness.DataError(f"{key!r} is {row[key]!r:.60}, which is no text", where=where)
    return RecordedVerdict(row.get("instruction"), row.get("output_1"), row.get("output_2"), _preference(row, where))


def _preference(row: Mapping[str, Any], where: str) -> float | None:
    value = row["preference"]
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not (value == 0 or 1 <= value <= 2):
        raise harness.DataError(f"the preference {value!r:.60} is of another scale", where=where, fix=SCALE)
    return float(value) or 1.5


def _sole(rows: Sequence[Mapping[str, Any]], key: str, path: str) -> str | None:
    found = sorted({str(row[key]) for row in rows if row.get(key) is not None})
    if len(found) > 1:
        listed = ", ".join(found[:5])
        raise harness.DataError(
            f"{path} holds the annotations of {len(found)} different {key!r}: {listed}", fix="give one file for each"
        )
    return found[0] if found else None
