"""Parameters of a run as flat names and scalars."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from harness.export.tracker_run import Scalar
from harness.records import Provenance, RowManifest, RunManifest


def settings_of(manifest: RunManifest, row: RowManifest, seed: int | None) -> dict[str, Scalar]:
    """What was chosen for a row: nested options are named with dots, lists are JSON, nothing is `null`."""
    chosen: dict[str, Any] = {"row": row.label, "method": row.method, "model": manifest.model, "data": manifest.data}
    if seed is not None:
        chosen["seed"] = seed
    chosen |= {"option": row.options, "training": row.training}
    if row.training:
        chosen |= {"budget": manifest.as_run.get("budget") or {}, "prompts": row.prompts}
    return dict(_flat("", {name: value for name, value in chosen.items() if value != {}}))


def shared_settings(manifest: RunManifest) -> dict[str, Scalar]:
    """What was chosen for all rows together."""
    as_run = manifest.as_run
    chosen: dict[str, Any] = {"suite": manifest.suite, "model": manifest.model, "data": manifest.data}
    chosen |= {name: as_run[name] for name in ("seeds", "budget", "tokens", "statistics") if as_run.get(name)}
    return dict(_flat("", chosen))


def surroundings_of(provenance: Provenance) -> dict[str, Scalar]:
    """Where and with what a step ran."""
    return dict(_flat("", {"version": provenance.versions, "host": provenance.host, "engine": provenance.engine}))


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            part = json.dumps(name, ensure_ascii=False) if "." in name else name
            yield from _flat(f"{prefix}.{part}" if prefix else part, inner)
    elif isinstance(value, bool | int | str):
        yield prefix, value
    elif isinstance(value, float):
        yield prefix, value if value - value == 0 else str(value)
    elif prefix:
        yield prefix, json.dumps(value, ensure_ascii=False, default=str)
