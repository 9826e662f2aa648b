"""Where a run ran, with what versions, and from which base models."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from harness.records import Record, RunManifest


def steps_of(manifest: RunManifest, records: Mapping[str, Record]) -> list[Record]:
    """The records of a run's steps, in one order."""
    named = {cell.digest for row in manifest.rows for cell in row.cells} | {step.digest for step in manifest.shared}
    return [records[digest] for digest in sorted(d for d in named if d is not None and d in records)]


def weights_of(manifest: RunManifest, records: Mapping[str, Record]) -> dict[str, str]:
    """Per base model that was made here, the digest of its weights; empty where its record does not state one."""
    found: dict[str, str] = {}
    for step in manifest.shared:
        record = records.get(step.digest)
        if record is not None and record.kind == "model":
            place = step.what if step.what not in found else f"{step.what} ({len(found) + 1})"
            stated = record.notes.get("weights")
            found[place] = stated if isinstance(stated, str) else ""
    return found


def host_of(ran: Iterable[Record]) -> dict[str, Any]:
    """The machine that most steps ran on; a step that asked for GPUs outweighs one that did not."""
    hosts = [record.provenance.host for record in ran]
    counted = Counter(json.dumps(host, sort_keys=True, default=str) for host in hosts)
    by_text = {json.dumps(host, sort_keys=True, default=str): host for host in hosts}
    best = max(sorted(counted), key=lambda text: (by_text[text].get("gpus") is not None, counted[text]), default=None)
    return {} if best is None else dict(by_text[best])


def versions_of(ran: Iterable[Record]) -> dict[str, str]:
    """Per package the version that most steps ran with."""
    counted: dict[str, Counter[str]] = {}
    for record in ran:
        for name, version in record.provenance.versions.items():
            counted.setdefault(name, Counter())[version] += 1
    return {name: max(sorted(found), key=lambda version: found[version]) for name, found in counted.items()}
