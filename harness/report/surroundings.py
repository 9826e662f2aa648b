"""Where and with what the steps of a run ran: those that ran alike together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.records import Provenance, Record, RunManifest
from harness.report.report import Surroundings


@dataclass
class _Alike:
    """Steps that nothing tells apart that two of them state."""

    host: Mapping[str, Any]
    versions: Mapping[str, str]
    engine: dict[str, Any] = field(default_factory=dict[str, Any])
    plugins: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    steps: int = 0
    rows: dict[str, None] = field(default_factory=dict[str, None])

    def takes(self, one: Provenance) -> bool:
        """A step states the plugins and the parts of the engine that it used; what both state must be the same."""
        same = self.host == one.host and self.versions == one.versions
        return same and _agree(self.engine, one.engine) and _agree(self.plugins, one.plugins)

    def add(self, one: Provenance) -> None:
        self.engine.update(one.engine)
        self.plugins.update(one.plugins)


def surroundings(
    manifest: RunManifest, records: Mapping[str, Record], order: Sequence[str]
) -> tuple[Surroundings, ...]:
    """Host, engine, versions and plugins of all steps that are done, most steps first.

    Args:
        manifest: of the run.
        records: by digest.
        order: labels of the rows as the board has them.
    """
    groups: list[_Alike] = []
    known: dict[str, _Alike] = {}
    for digest, rows in _users(manifest).items():
        if digest not in records:
            continue
        found = records[digest].provenance
        key = json.dumps([found.host, found.versions, found.engine, found.plugins], sort_keys=True)
        group = known.get(key)
        if group is None:
            group = next((g for g in groups if g.takes(found)), None)
            if group is None:
                groups.append(group := _Alike(found.host, found.versions))
            group.add(found)
            known[key] = group
        group.steps += 1
        group.rows.update(rows)
    return tuple(_told(g, order) for g in sorted(groups, key=lambda g: -g.steps))


def ran(records: Mapping[str, Record]) -> tuple[str, str] | None:
    """When the first and the last of the steps began; None where there is none."""
    started = [record.provenance.started for record in records.values()]
    return (min(started), max(started)) if started else None


def _users(manifest: RunManifest) -> dict[str, dict[str, None]]:
    """Digest of every step -> labels of the rows that need it."""
    users: dict[str, dict[str, None]] = {}
    for row in manifest.rows:
        for cell in row.cells:
            if cell.digest is not None:
                users.setdefault(cell.digest, {})[row.label] = None
    for step in manifest.shared:
        users.setdefault(step.digest, {}).update(dict.fromkeys(step.rows))
    if manifest.audit and manifest.audit.digest:
        users.setdefault(manifest.audit.digest, {})
    return users


def _told(group: _Alike, order: Sequence[str]) -> Surroundings:
    rows = tuple(label for label in order if label in group.rows)
    plugins = {name: group.plugins[name] for name in sorted(group.plugins)}
    return Surroundings(dict(group.host), group.engine, dict(group.versions), plugins, group.steps, rows)


def _agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one[key] == other[key] for key in one.keys() & other.keys())
