"""Whether the rows of a board ran on the same kind of machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.records import Record, RunManifest


def machine_notes(manifest: RunManifest, records: Mapping[str, Record]) -> tuple[str, ...]:
    """One sentence where rows ran on different hardware; none where all ran on the same, or that is not known."""
    of_rows: dict[str, dict[str, None]] = {}
    for row in manifest.rows:
        hosts = [records[cell.digest].provenance.host for cell in row.cells if cell.digest and cell.digest in records]
        names = dict.fromkeys(name for host in hosts if (name := _named(host)))
        if names:
            of_rows[row.label] = names
    if len({frozenset(names) for names in of_rows.values()}) < 2:
        return ()
    rows: dict[str, list[str]] = {}
    for label, names in of_rows.items():
        for name in names:
            rows.setdefault(name, []).append(label)
    told = "; ".join(f"{name}: {', '.join(labels)}" for name, labels in rows.items())
    return (
        "Different hardware: a difference between rows may in part be one of their machines, and their costs do not "
        f"compare. {told}.",
    )


def _named(host: Mapping[str, Any]) -> str:
    """`AMD EPYC`, `AMD EPYC with NVIDIA H200`; how many there are is left out, as a process may see only some.

    Empty where it is not known: a step that loaded no torch asked for no GPU.
    """
    gpus: object = host.get("gpus")
    if not isinstance(gpus, list) or not host.get("processor"):
        return ""
    names: list[object] = gpus
    return " with ".join([str(host["processor"]), *dict.fromkeys(map(str, names))])
