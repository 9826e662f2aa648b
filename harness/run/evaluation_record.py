"""What an evaluator found, as what is written to disk."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.digest import plain
from harness.errors import HarnessError
from harness.evaluator import Evaluation
from harness.records import FigureRecord, Results


def results_of(found: Evaluation, counted: Mapping[str, int]) -> Results:
    """An evaluation as plain data; item ids that several figures share are stored once.

    Raises:
        HarnessError: a figure stands there twice, is not finite, or has not one value per item.
    """
    names = [(f.metric, f.subset) for f in found.figures]
    for f in found.figures:
        stated = () if f.standard_error is None else (f.standard_error,)
        numbers = [f.value, *stated, *(f.values or ())]
        if names.count((f.metric, f.subset)) > 1:
            raise HarnessError(f"the figure {f.metric} is given twice")
        if not f.items:
            raise HarnessError(f"the figure {f.metric} rests on no item")
        if not all(map(math.isfinite, numbers)):
            raise HarnessError(f"the figure {f.metric}, or one of its values, is not finite")
        if f.values is not None and len(f.values) != len(f.items):
            raise HarnessError(f"the figure {f.metric} has {len(f.values)} values for {len(f.items)} items")
        if f.clusters is not None and len(f.clusters) != len(f.items):
            raise HarnessError(f"the figure {f.metric} has {len(f.clusters)} groups for {len(f.items)} items")
    sets: dict[tuple[str, ...], str] = {}
    figures = [
        FigureRecord(
            metric=f.metric,
            value=f.value,
            unit=f.unit,
            higher_is_better=f.higher_is_better,
            items=sets.setdefault(f.items, f"items {len(sets)}"),
            values=list(f.values) if f.values is not None else None,
            pseudo=f.pseudo,
            best=f.best,
            about=f.about,
            standard_error=f.standard_error,
            clusters=sets.setdefault(f.clusters, f"items {len(sets)}") if f.clusters is not None else None,
            subset=f.subset,
        )
        for f in found.figures
    ]
    return Results(
        figures=figures, item_sets={name: list(items) for items, name in sets.items()}, counted=dict(counted)
    )


def plain_notes(found: Evaluation) -> dict[str, Any]:
    """What an evaluator wants kept, under a key of its own; nothing where there is nothing."""
    return {"evaluation": plain(dict(found.notes))} if found.notes else {}


def write_generations(found: Evaluation, path: Path) -> None:
    """One JSON object a line: item, prompt, response, finished."""
    with path.open("w", encoding="utf-8") as lines:
        for g in found.generations:
            row = {"item": g.item, "prompt": g.prompt, "response": g.response, "finished": g.finished}
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
