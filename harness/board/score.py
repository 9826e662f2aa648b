"""The score over metrics that a suite may state: a weighted mean, and nothing where one of its metrics is missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from harness.board.board import BoardRow, Gap, Heading, Measure
from harness.errors import DataError
from harness.statistics import Basis, Composite, Scores, combined, contrast

SCORE = "score"
"""How the board names the metric and the table it stands in."""


def score_heading(weights: Mapping[str, float], headings: Sequence[Heading]) -> tuple[Heading | None, str]:
    """The score as a metric of the board, or None and why it cannot be had.

    Args:
        weights: as the suite states them; empty where it states no score.
        headings: the board's other metrics.
    """
    known = {heading.name: heading for heading in headings}
    for name in weights:
        heading = known.get(name)
        if heading is not None and (heading.unit != "fraction" or not heading.higher_is_better):
            what = f"it is in {heading.unit or 'no unit'}" if heading.unit != "fraction" else "higher is not better"
            return None, f"no score: {name} is no fraction of which higher is better, but {what}"
    if not weights:
        return None, ""
    total = sum(weights.values())
    told = ", ".join(f"{name} {weight / total:.3g}" for name, weight in weights.items())
    about = f"Weighted mean of metrics, by weights that the suite states: {told}. A row that lacks one has no score."
    return Heading(SCORE, SCORE, "fraction", True, None, about), ""


def scored(
    row: BoardRow, weights: Mapping[str, float], tables: Mapping[str, Scores]
) -> tuple[BoardRow, Composite | None]:
    """The row with its score, or with the reason why it has none.

    Args:
        row: of the board.
        weights: as the suite states them.
        tables: the row's values, by metric.
    """
    total = sum(weights.values())
    lacking = [name for name in weights if name not in row.metrics]
    if lacking:
        gaps = [f"{name}: {row.skipped[name].reason if name in row.skipped else 'no row has it'}" for name in lacking]
        return _without(row, f"no score without {'; '.join(gaps)}"), None
    try:
        made = combined(tables, {name: weight / total for name, weight in weights.items()})
    except DataError as error:
        return _without(row, error.problem), None
    return dataclasses.replace(row, metrics={**row.metrics, SCORE: _measure(made)}), made


def _without(row: BoardRow, reason: str) -> BoardRow:
    return dataclasses.replace(row, skipped={**row.skipped, SCORE: Gap("skipped", reason)})


def _measure(made: Composite) -> Measure:
    """The score with its interval: that of its difference from a constant."""
    around = contrast(made, _nothing(made))
    by_seed = made.by_seed
    basis: Basis = "items" if not made.seeds else "one run" if len(made.seeds) == 1 else "items and seeds"
    return Measure(
        mean=float(by_seed.mean()),
        stderr=around.stderr,
        ci95=around.ci95,
        n=around.n,
        unit="fraction",
        higher_is_better=True,
        per_seed=dict(zip(made.seeds, by_seed.tolist(), strict=True)) if made.seeds else None,
        best=None,
        basis="none" if around.ci95 is None else basis,
        note=around.note,
    )


def _nothing(made: Composite) -> Composite:
    """A row without training that scores 0 on every item."""
    blocks = tuple(
        dataclasses.replace(block, seeds=(), values=np.zeros((1, len(block.items)))) for block in made.blocks
    )
    return Composite((), blocks)
