"""How a run is had again: one command."""

from __future__ import annotations

import shlex

from harness.records import RunManifest

TRIAL = ".trial"
"""Ends the name of what a trial wrote."""


def reproduce(manifest: RunManifest) -> str:
    """`harness run core.yaml`, for the suite as it was run (`harness.report.as_run`) in a file of that name.

    Seeds and `--set` are in the suite by then. Of a trial, `--limit` is the largest number of examples that a split was
    read for: a split that has fewer was not cut.
    """
    name = manifest.suite.removesuffix(TRIAL) if manifest.trial else manifest.suite
    command = ["harness", "run", f"{name}.yaml"]
    if manifest.trial and manifest.ledgers:
        command += ["--limit", str(max(1, *(ledger.read for ledger in manifest.ledgers.values())))]
    return shlex.join(command)
