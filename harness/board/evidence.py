"""A cell of the manifest with the record that fills it, or why none does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from harness.board.board import Gap
from harness.records import Cell, FigureRecord, Record

TRAIN = "train"
"""`Cell.what` of a training step; of an evaluation it is the evaluator's label."""


@dataclass(frozen=True)
class Evidence:
    """One step of one row at one seed, and what is left of it."""

    cell: Cell
    record: Record | None

    @property
    def gap(self) -> Gap | None:
        """Why there is nothing; None where there is. A record that is there outweighs a manifest that lacks it."""
        if self.record is not None:
            done = self.cell.what == TRAIN or self.record.results is not None
            return None if done else Gap("missing", "its record holds no results")
        if self.cell.state == "done":
            return Gap("missing", "its record is not in the results folder")
        return Gap(self.cell.state, self.cell.reason or "no reason was recorded")

    @cached_property
    def figures(self) -> Mapping[str, FigureRecord]:
        """By the name they have on the board."""
        if self.record is None or self.record.results is None:
            return {}
        label, evaluator = self.cell.what, str(self.record.identity.get("evaluator", self.cell.what))
        return {_board_name(f, label, evaluator): f for f in self.record.results.figures}

    def items(self, figure: FigureRecord) -> list[str]:
        """Ids of the items that a figure of this record stands on."""
        sets = self.record.results.item_sets if self.record and self.record.results else {}
        return sets.get(figure.items, [])

    def clusters(self, figure: FigureRecord) -> list[str] | None:
        """Per item, the group it came with; None where every item stands for itself."""
        if figure.clusters is None or self.record is None or self.record.results is None:
            return None
        return self.record.results.item_sets.get(figure.clusters)


def _board_name(figure: FigureRecord, label: str, evaluator: str) -> str:
    """Two evaluators of one kind differ in label, so the label takes the family's place where it is not the name."""
    metric = figure.metric
    named = metric if label == evaluator else f"{label}/{metric.removeprefix(f'{evaluator}/')}"
    return f"{named}[{figure.subset}]" if figure.subset else named


def seeds_text(seeds: Sequence[int | None]) -> str:
    """`seed 2`, `seeds 0-2, 5`; empty for rows without seeds."""
    known = sorted({seed for seed in seeds if seed is not None})
    if not known:
        return ""
    runs = [[s for _, s in group] for _, group in groupby(enumerate(known), key=lambda pair: pair[1] - pair[0])]
    text = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"seed {text}" if len(known) == 1 else f"seeds {text}"
