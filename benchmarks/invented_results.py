"""Results folders without training: every step of a plan gets a record and the files it is said to have made."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.evaluator import Evaluation
    from harness.run.plan import Plan
    from harness.run.steps import Step
    from harness.store import Store


@dataclass(frozen=True)
class Invented:
    """What a step is said to have found, beside what every step has."""

    evaluation: Evaluation | None = None
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """Name -> content of its payload files."""


def invent(plan: Plan, store: Store, found: Callable[[Step], Invented]) -> int:
    """Give every step of a plan a record; returns the bytes of all records.

    Args:
        plan: of a suite.
        store: where the records go.
        found: says of a step what it is to hold.
    """
    from harness.records import Cost, Provenance, Record
    from harness.run.evaluation_record import results_of
    from harness.store import POLICY, RECORD

    os.fsync = lambda _: None  # nothing here has to outlive the machine
    store.prepare()
    where = Provenance(started="2026-01-01T00:00:00+00:00", host={"processor": "none"}, versions={}, plugins={})
    ledger: dict[str, Any] = {"read": 3072, "kept": 3072, "dropped": {}, "counted": {}, "named": []}
    total = 0
    for step in plan.steps:
        one = found(step)
        record = Record(
            kind=step.kind,
            digest=step.digest,
            identity=dict(step.identity),
            payload=list(one.files),
            cost=Cost(seconds=1.0, cpu_seconds=1.5, peak_bytes=10**9, response_tokens=10**5),
            provenance=where,
            results=None if one.evaluation is None else results_of(one.evaluation, {}),
            notes={"ledger": ledger} if step.kind == "train" else {},
        )
        with store.working_folder(step.digest) as place:
            if step.kind in {"train", "model"}:
                (place / POLICY).mkdir()
            write_files(place, one.files)
            store.commit(record, place)
        total += (store.folder(step.digest) / RECORD).stat().st_size
    return total


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write what a step leaves beside its record."""
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
