"""A results folder that looks like that of a finished run, made without training: for tests of reports and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boards
import hostile_run
import numpy as np
from results_folder import write_run

from harness.audit_record import NOTE
from harness.baseline_records import HistoryRecord
from harness.records import (
    Cell,
    Cost,
    Provenance,
    Published,
    Record,
    RowManifest,
    RunManifest,
    SharedStep,
    StatisticsRecord,
)

ITEMS = 24
SEEDS = 3
STEPS = 30
TOPICS = ("bees", "bridges", "chess", "clocks", "glass", "maps", "music", "rain", "tides", "trains")
PROVENANCE = Provenance(
    started="2026-01-01T00:00:00+00:00",
    host={"processor": "Example CPU", "cores": 2, "memory_bytes": 8 * 10**9, "system": "Linux", "gpus": []},
    versions={"python": "3.11.7", "alignment-harness": "0.1.0", "numpy": "2.4.6", "torch": "2.13.0"},
    plugins={"dpo": {"distribution": "alignment-harness", "version": "0.1.0", "sources": "0" * 32}},
    engine={"device": "cpu", "threads": 1, "attention": "compiled", "dtype": "fp32"},
)


def run() -> tuple[RunManifest, dict[str, Record]]:
    """Seven rows and an A/A row, three evaluators; a seed failed, and a row comes from a third party."""
    manifest, records = boards.core(seeds=SEEDS, items=ITEMS, without=[("ddro", 2)])
    foreign = {"own": False, "distribution": "harness-margin", "version": "2.1"}
    rows = [row.model_copy(update=foreign if row.label == "rpo" else {}) for row in manifest.rows]
    dpo = next(row for row in rows if row.label == "dpo")
    again = [_repeated(cell, records) for cell in dpo.cells]
    rows.append(dpo.model_copy(update={"label": "dpo again", "again": "dpo", "cells": again}))
    audit = Cell(what="audit", seed=None, digest=hostile_run.digest_of("audit"), state="done")
    base = SharedStep(what="base model", digest=hostile_run.digest_of("base"), rows=[row.label for row in rows])
    found = hostile_run.audit_of(["train", "test"]).model_dump(mode="json")
    records[str(audit.digest)] = _step("audit", str(audit.digest), {NOTE: found})
    records[base.digest] = _step("model", base.digest, {})
    changed = {
        "rows": rows,
        "as_run": {"description": "A miniature world.", "seeds": list(range(SEEDS)), "methods": _methods(rows)},
        "audit": audit,
        "shared": [base],
        "published": [Published(row="dpo", metric="truth/win_rate_base", per_seed={"0": 0.6}, source="a paper")],
        "statistics": StatisticsRecord(baseline="dpo"),
        "studies": hostile_run.studies_of(["beta"], [row.label for row in rows if row.training]),
    }
    known = {digest: record.model_copy(update={"provenance": PROVENANCE}) for digest, record in records.items()}
    return manifest.model_copy(update=changed), known


def write(root: Path) -> Path:
    """The run as a results folder. Returns the suite's folder."""
    manifest, records = run()
    return write_run(root, manifest, records, answers=_answers, curve=_curve)


def history(manifest: RunManifest) -> HistoryRecord:
    """Of three acceptances, each a little better than the one before."""
    rows = [row.label for row in manifest.rows]
    metrics = [f"{family}/{metric}" for family, found in boards.FAMILIES.items() for metric, *_ in found]
    return hostile_run.history_of(rows, metrics, ["first", "a better sampler", "tuned"], manifest.suite)


def _methods(rows: Sequence[RowManifest]) -> list[dict[str, Any]]:
    return [{"method": row.method, "label": row.label, "options": row.options} for row in rows]


def _step(kind: Any, digest: str, notes: dict[str, Any]) -> Record:
    return Record(
        kind=kind, digest=digest, identity={}, payload=[], cost=Cost(seconds=9.0), provenance=PROVENANCE, notes=notes
    )


def _repeated(cell: Cell, records: dict[str, Record]) -> Cell:
    """A cell of a row trained again, with slightly other figures."""
    assert cell.digest is not None
    assert cell.seed is not None
    digest = f"{cell.digest} again"
    found = records[cell.digest].model_copy(update={"digest": digest})
    if found.results is not None:
        draw = np.random.default_rng(100 + cell.seed)
        figures = [f.model_copy(update=_moved(np.asarray(f.values), draw)) for f in found.results.figures]
        found = found.model_copy(update={"results": found.results.model_copy(update={"figures": figures})})
    records[digest] = found
    return cell.model_copy(update={"seed": cell.seed + 100, "digest": digest})


def _moved(values: np.ndarray, draw: np.random.Generator) -> dict[str, Any]:
    moved = np.clip(values + draw.normal(0, 0.05 * values.std(), values.shape), values.min(), values.max())
    return {"values": moved.tolist(), "value": float(moved.mean())}


def _answers(record: Record) -> list[Mapping[str, Any]]:
    if record.identity.get("evaluator") != "drift":
        return []
    draw = np.random.default_rng(len(record.digest))
    return [
        {
            "item": f"item {number}",
            "prompt": f"please explain {TOPICS[number % len(TOPICS)]} to a student, question {number}",
            "response": " ".join(draw.choice(TOPICS, size=12)) + f" said {record.digest}",
            "finished": number % 5 > 0,
        }
        for number in range(ITEMS)
    ]


def _curve(record: Record) -> list[Mapping[str, Any]]:
    draw = np.random.default_rng(len(record.digest))
    return [
        {
            "step": step,
            "loss": 0.69 * 0.97**step + float(draw.normal(0, 0.01)),
            "gradient_norm": 1 / step,
            "learning_rate": 0.0001,
            "margin": step / STEPS,
        }
        for step in range(1, STEPS + 1)
    ]
