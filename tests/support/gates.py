"""Pairs of runs for tests of the gate: what one run was, held against what another found."""

from __future__ import annotations

import copy

import boards
import numpy as np

from harness.gate.baseline import baseline_of
from harness.gate.check import check
from harness.gate.margins import Margins, Settings

EXACT = Settings(margins=Margins(fraction=0.0, share=0.0))
"""Without a margin."""


def table(seeds=5, items=60, centre=0.6, sd=0.02, noise=0.2, draw=0):
    """(S, N) scores of a row whose training seeds scatter by `sd`."""
    random = np.random.default_rng(draw)
    return centre + random.normal(0, sd, (seeds, 1)) + random.normal(0, noise, (seeds, items))


def outcome(before, after, settings=EXACT, *, change=None, **arguments):
    """The gate's word on two runs of one metric.

    Args:
        before: as for `boards.one_metric`.
        after: likewise.
        settings: of the gate.
        change: of the manifest of the later run.
        arguments: of `boards.one_metric`, for both.
    """
    baseline = baseline_of(*boards.one_metric(before, **arguments))
    manifest, records = boards.one_metric(after, **arguments)
    return check(baseline, manifest.model_copy(update=change or {}), records, settings)


def only(found):
    """The one figure of an outcome."""
    (figure,) = found.figures
    return figure


def core(**changes):
    """The miniature core run, its records its own, with fields of the manifest changed."""
    manifest, records = boards.core(**{k: changes.pop(k) for k in ("seeds", "items", "without") if k in changes})
    return copy.deepcopy(manifest).model_copy(update=changes), records


def pooled(run):
    """The same run of a suite that declares one seed spread for all rows."""
    manifest, records = run
    statistics = {"baseline": None, "seed_spread": "pooled", "score": {}}
    return manifest.model_copy(update={"as_run": {**manifest.as_run, "statistics": statistics}}), records
