"""The board itself as a run: its figures with their intervals, its table and its files."""

from __future__ import annotations

from collections.abc import Mapping

from harness.board import Board, BoardRow, Heading
from harness.digest import digest
from harness.export.curves import NOT_FINITE, finite
from harness.export.settings import shared_settings
from harness.export.tracker_run import Scalar, Table, TrackerRun
from harness.records import RunManifest


def board_run(
    manifest: RunManifest, board: Board, files: Mapping[str, str], started: float, seconds: float
) -> TrackerRun:
    """A board is one run for as long as its suite says the same: rows that are added change it."""
    figures: dict[str, float] = {}
    left_out: dict[str, int] = {}
    headings = [heading for heading in board.metrics if not heading.subset]
    for heading in headings:
        for row in board.rows:
            for name, value in _figure(heading, row).items():
                if finite(value) is None:
                    left_out[NOT_FINITE.format(name)] = 1
                else:
                    figures[name] = value
    tags = {
        "suite": board.suite,
        "suite_digest": board.suite_digest,
        "description": board.description,
        "primary_metric": board.primary_metric or "",
        "interval": board.interval,
        "tuned": "true" if board.tuned else "",
        "trial": "true" if board.trial else "",
        "problems": "; ".join(board.problems),
    }
    return TrackerRun(
        kind="board",
        key=digest(["board", board.suite, board.suite_digest, board.trial]),
        name=f"board of {board.suite}",
        row="",
        seed=None,
        started=started,
        seconds=seconds,
        settings=shared_settings(manifest),
        surroundings={},
        curves={},
        figures=figures,
        cost={},
        tags={name: text for name, text in tags.items() if text},
        left_out=left_out,
        table=_table(headings, board),
        files=files,
    )


def _figure(heading: Heading, row: BoardRow) -> dict[str, float]:
    measure = row.metrics.get(heading.name)
    if measure is None:
        return {}
    name = f"{heading.name}/{row.label}"
    found = {name: measure.mean}
    if measure.ci95 is not None:
        found |= {f"{name}/low": measure.ci95[0], f"{name}/high": measure.ci95[1]}
    return found


def _table(headings: list[Heading], board: Board) -> Table:
    """Rows in the order of the board; of each metric the mean over seeds and its interval."""
    columns = ["row", "method", "distribution", "standing", "status", "reason", "seeds"]
    for heading in headings:
        columns += [heading.name, f"{heading.name} low", f"{heading.name} high"]
    return Table(tuple(columns), tuple(_line(headings, row) for row in board.rows))


def _line(headings: list[Heading], row: BoardRow) -> tuple[Scalar | None, ...]:
    line: list[Scalar | None] = [row.label, row.method, f"{row.distribution} {row.version}", row.standing, row.status]
    line += [row.reason, ", ".join(map(str, row.seeds_used))]
    for heading in headings:
        measure = row.metrics.get(heading.name)
        low, high = (measure.ci95 if measure else None) or (None, None)
        line += [finite(value) for value in (measure.mean if measure else None, low, high)]
    return tuple(line)
