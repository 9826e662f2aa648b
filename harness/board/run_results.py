"""One results folder of several that are joined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.board.evidence import TRAIN
from harness.records import Cell, Record, RunManifest

Place = tuple[str, str, int | None]
"""A cell: the row's label, what it is ("train" or the evaluator's label), the seed."""


@dataclass(frozen=True)
class RunResults:
    """A run as it lies in one results folder."""

    name: str
    """The folder, as it was named by whoever joins it."""
    manifest: RunManifest
    records: Mapping[str, Record]
    """By digest, those of the manifest's steps that are done."""

    def done(self) -> Iterator[tuple[Place, Cell, Record]]:
        """Every cell that has a record."""
        for row in self.manifest.rows:
            for cell in row.cells:
                if cell.digest is not None and cell.digest in self.records:
                    yield (row.label, cell.what, cell.seed), cell, self.records[cell.digest]

    def evaluations(self) -> dict[str, Record]:
        """Per evaluator's label, the record of one evaluation: all of a run were made alike."""
        found: dict[str, Record] = {}
        for _, cell, record in self.done():
            if cell.what != TRAIN:
                found.setdefault(cell.what, record)
        return found
