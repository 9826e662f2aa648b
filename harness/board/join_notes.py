"""What a reader of a joined board must know: where machines made different things of the same steps."""

from __future__ import annotations

from collections.abc import Sequence

from harness.board.evidence import seeds_text
from harness.board.run_results import Place, RunResults
from harness.records import Record

WEIGHTS = "weights"
"""Where the record of a base model made by a source has the digest of its weights, among its notes."""


def join_notes(runs: Sequence[RunResults]) -> tuple[str, ...]:
    """A sentence each, with what it is about before a colon."""
    return (*_bases(runs), *_twice(runs), *_statistics(runs), *_studies(runs))


def _bases(runs: Sequence[RunResults]) -> list[str]:
    """Base models that several machines made from one recipe: rows of different ones differ by that."""
    found: list[str] = []
    for digest in dict.fromkeys(step.digest for run in runs for step in run.manifest.shared):
        made = [(run, run.records[digest]) for run in runs if digest in run.records]
        if len(made) < 2 or made[0][1].kind != "model" or all(record == made[0][1] for _, record in made):
            continue
        rows = _rows_by_weights(made, digest, runs)
        told = "; ".join(f"weights {weights[:12] or 'not recorded'}: {', '.join(of)}" for weights, of in rows.items())
        if len(rows.keys() - {""}) > 1:
            found.append(
                "Different base models: machines made the base model by one recipe, and not bit for bit alike. A "
                f"difference between rows may be one between their bases. {told}."
            )
        elif "" in rows:
            found.append(
                "Base models not known: several machines made the base model, and a record does not tell its weights. "
                f"A difference between rows may be one between their bases. {told}."
            )
    return found


def _rows_by_weights(
    made: Sequence[tuple[RunResults, Record]], digest: str, runs: Sequence[RunResults]
) -> dict[str, list[str]]:
    """Digest of the weights, empty where it is not recorded -> labels of the rows that have a cell from there."""
    taken = _taken(runs)
    found: dict[str, dict[str, None]] = {}
    for run, record in made:
        needing = {label for step in run.manifest.shared if step.digest == digest for label in step.rows}
        weights = record.notes.get(WEIGHTS)
        labels = dict.fromkeys(row for (row, _, _), of in taken.items() if of is run and row in needing)
        found.setdefault(weights if isinstance(weights, str) else "", {}).update(labels)
    return {weights: list(labels) for weights, labels in found.items() if labels}


def _taken(runs: Sequence[RunResults]) -> dict[Place, RunResults]:
    """Which run every cell of the board is from: the first that has it done."""
    found: dict[Place, RunResults] = {}
    for run in runs:
        for place, _, _ in run.done():
            found.setdefault(place, run)
    return found


def _twice(runs: Sequence[RunResults]) -> list[str]:
    """Rows that several machines ran with different figures."""
    first: dict[Place, Record] = {}
    seeds: dict[str, set[int | None]] = {}
    for run in runs:
        for place, _, record in run.done():
            known = first.setdefault(place, record)
            if known.results is not None and record.results is not None and known.results != record.results:
                seeds.setdefault(place[0], set()).add(place[2])
    if not seeds:
        return []
    told = "; ".join(f"{row} {seeds_text(list(of))}".strip() for row, of in seeds.items())
    return [
        "Run twice: some rows were run on several machines, which did not find the same figures to the last digit. "
        f"The board has those of the folder that was named first. {told}."
    ]


def _statistics(runs: Sequence[RunResults]) -> list[str]:
    if all(run.manifest.statistics == runs[0].manifest.statistics for run in runs):
        return []
    return ["Compared as the first states: the suites do not state the same baseline, seed spread or score."]


def _studies(runs: Sequence[RunResults]) -> list[str]:
    studies: list[object] = []
    for run in runs:
        if run.manifest.studies is not None and run.manifest.studies not in studies:
            studies.append(run.manifest.studies)
    if len(studies) < 2:
        return []
    return ["Tuned apart: settings were chosen by different studies; the first folder's are shown."]
