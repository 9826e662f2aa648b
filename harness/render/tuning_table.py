"""How the settings of rows were chosen: the best score against the number of trials, and what has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.board.tuning import Study, Tuning
from harness.render.numbers import settings
from harness.render.table import Column, Line, Table
from harness.render.text import NONE, one_line

BARS = "▁▂▃▄▅▆▇█"
PLACES = 4


def tuning_table(tuning: Tuning | None) -> Table | None:
    """A line for every study; None where nothing was tuned."""
    if tuning is None:
        return None
    marks = milestones(max((study.planned for study in tuning.studies), default=0))
    columns = (
        Column("row"),
        *(Column("as it was" if count == 1 else f"best of {count}", right=True) for count in marks),
        Column("best so far"),
        Column("chosen"),
        Column("settings"),
    )
    lines = tuple(_line(study, marks) for study in tuning.studies)
    return Table(f"Tuning by {one_line(tuning.design.metric)}", columns, lines, tuple(_notes(tuning)))


def milestones(trials: int) -> list[int]:
    """1, 2, 4, ... and all trials."""
    powers = [2**power for power in range(trials.bit_length()) if 2**power < trials]
    return [*powers, trials] if trials else []


def _line(study: Study, marks: Sequence[int]) -> Line:
    known = study.best_so_far
    cells = [_number(known[count - 1]) if count <= len(known) else NONE for count in marks]
    chosen = NONE
    if study.best is not None:
        chosen = "as it was" if study.best == 0 else f"trial {study.best + 1} of {study.planned}"
    if len(known) < study.planned:
        chosen = f"{len(known)} of {study.planned} done"
    found = one_line(settings(study.chosen.items())) or NONE
    return Line((one_line(study.row), *cells, sparkline(known) or NONE, chosen, found))


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.{PLACES}f}"


def sparkline(values: Sequence[float | None]) -> str:
    """A bar per value, from the least to the most of them; a space where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    heights = [None if value is None else (value - low) / span if span else 0.0 for value in values]
    return "".join(" " if height is None else BARS[round((len(BARS) - 1) * height)] for height in heights)


def _notes(tuning: Tuning) -> Iterator[str]:
    design = tuning.design
    yield (
        f"Every row had {design.trials} trials of the same design, in the run of {one_line(tuning.suite)}: the first "
        f"with its own settings, the others proposed by {one_line(design.library)} ({one_line(design.sampler)}; seed "
        f"{design.seed}); each trained with seed {design.training_seed}, which no row is run with, and judged on the "
        f"{one_line(design.split)} split. The best of several single runs is partly luck: it is not what the row "
        "scores on the test split. Bars: the best so far after each trial, each row on a scale of its own."
    )
    for study in tuning.studies:
        for name, edge in study.edges.items():
            side = "lower" if edge == "low" else "upper"
            yield (
                f"{one_line(study.row)}: {one_line(name)} is at the edge of its range, near the {side} bound; better "
                "values may lie beyond it."
            )
        for number, reason in study.reasons.items():
            yield f"{one_line(study.row)}: trial {number + 1} has no value ({one_line(reason)})."
