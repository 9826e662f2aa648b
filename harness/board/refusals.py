"""Why two runs cannot be joined into one board."""

from __future__ import annotations

from collections.abc import Iterator

from harness.board.belongs import differences, shown, unlike
from harness.board.evidence import seeds_text
from harness.board.run_results import RunResults
from harness.records import RowManifest, RunManifest

OF_THE_ROW = frozenset({"kind", "subject", "scored_by", "columns", "reference"})
"""What an evaluation's identity has that differs from row to row; the rest is of the run."""
OF_A_ROW = ("method", "kind", "prompts", "again", "control", "default_of", "distribution", "version")


def refusals(one: RunResults, other: RunResults) -> list[str]:
    """Every reason, a sentence each, with "here" for the first run and "there" for the other; else empty."""
    here, there = one.manifest, other.manifest
    if here.suite != there.suite:
        return differences("suite", here.suite, there.suite)
    found = list(unlike(here.as_run, there.as_run))
    if not found:  # as people are told: the model with its commit
        found += differences("model", here.model, there.model) + differences("data", here.data, there.data)
    found += [told for row in here.rows for of in there.rows if of.label == row.label for told in _rows(row, of)]
    found += _ledgers(here, there)
    found += _evaluated(one, other)
    return found or _cells(one, other)


def _rows(here: RowManifest, there: RowManifest) -> Iterator[str]:
    path = f"row {shown(here.label)}"
    for name in OF_A_ROW:
        yield from differences(f"{path}: {name}", getattr(here, name), getattr(there, name))
    yield from differences(f"{path}: options", here.options, there.options)
    yield from differences(f"{path}: training", here.training, there.training)


def _ledgers(here: RunManifest, there: RunManifest) -> Iterator[str]:
    """Broken rows by name are left out: they tell where a file lies."""
    for split in [split for split in here.ledgers if split in there.ledgers]:
        a, b = (run.ledgers[split].model_dump(exclude={"named"}) for run in (here, there))
        yield from differences(f"examples of {shown(split)}", a, b)


def _evaluated(one: RunResults, other: RunResults) -> Iterator[str]:
    """Data, base model, code and libraries that rows were judged with."""
    there = other.evaluations()
    for label, record in one.evaluations().items():
        if label in there:
            a, b = (
                {key: value for key, value in found.identity.items() if key not in OF_THE_ROW}
                for found in (record, there[label])
            )
            yield from differences(f"evaluations by {shown(label)}", a, b)


def _cells(one: RunResults, other: RunResults) -> list[str]:
    """The same cell done by steps that are not the same, though nothing above says why: what tells the first apart."""
    there = {place: (cell.digest, record.identity) for place, cell, record in other.done()}
    seeds: dict[tuple[str, str], list[int | None]] = {}
    why: dict[tuple[str, str], list[str]] = {}
    for (row, what, seed), cell, record in one.done():
        digest, identity = there.get((row, what, seed), (cell.digest, record.identity))
        if digest != cell.digest:
            seeds.setdefault((row, what), []).append(seed)
            why.setdefault((row, what), differences("identity", record.identity, identity))
    return [
        " ".join(f"row {shown(row)}: {shown(what)} {seeds_text(of)}".split())
        + " is of another step here than there"
        + "".join(f"; {told}" for told in why[row, what])
        for (row, what), of in seeds.items()
    ]
