"""Reports for tests of figures: runs with known figures, with curves, studies and a history beside them."""

from __future__ import annotations

from dataclasses import replace

import boards
import numpy as np

from harness.baseline_records import Acceptance, AcceptedFigure, HistoryRecord
from harness.board import make_board
from harness.board.tuning import Study, Tuning, best_so_far
from harness.report.report import LearningCurve, Report
from harness.study_records import Design

DESIGN = Design(
    trials=4, metric="truth/win_rate_behaviour", split="validation", seed=0, training_seed=10_000, sampler="TPE",
    library="optuna",
)  # fmt: skip


def of(board, curves=(), history=None):
    return Report(
        board=board, as_run="", reproduce="", curves=tuple(curves), samples=(), verdict_metrics=(), surroundings=(),
        history=history,
    )  # fmt: skip


def core(**changes):
    """Of a run that looks like that of the core suite, with all that figures draw."""
    board = make_board(*boards.core(**{"items": 40, **changes}))
    board = replace(board, tuning=tuning(board))
    return of(board, curves(board), history(board, 3))


def curves(board, points=5):
    draw = np.random.default_rng(1)
    steps = tuple(range(10, 10 * points + 1, 10))
    for row in board.rows:
        for seed in row.seeds_used:
            quantities = {"loss": draw.normal(size=points), "gradient_norm": draw.normal(size=points) ** 2}
            if row.label != "sft":
                quantities["margin"] = draw.normal(size=points)
            if row.label == "rpo":
                quantities["own"] = draw.normal(size=points)
            told = {name: tuple(map(float, values)) for name, values in quantities.items()}
            if row.label == "dpo":
                told["loss"] = (None, *told["loss"][1:])
            yield LearningCurve(row.label, seed, steps, told)


def tuning(board):
    draw = np.random.default_rng(2)
    studies = []
    for row in board.rows:
        if row.seeds:
            values = (*map(float, draw.uniform(size=3)), None)
            best = max(range(3), key=values.__getitem__)
            studies.append(
                Study(
                    row=row.label, planned=4, values=values, best_so_far=best_so_far(values, higher_is_better=True),
                    settings=tuple({"beta": float(b)} for b in draw.uniform(size=4)), reasons={3: "failed: no memory"},
                    best=best, edges={},
                )
            )  # fmt: skip
    return Tuning("core", DESIGN, tuple(studies))


def history(board, acceptances):
    return HistoryRecord(suite=board.suite, acceptances=[_acceptance(board, day) for day in range(acceptances)])


def _acceptance(board, day):
    figures = [
        AcceptedFigure(
            row=row.label, metric=name, unit=one.unit, higher_is_better=one.higher_is_better, mean=one.mean + day / 100,
            ci95=one.ci95, per_seed=dict(one.per_seed) if one.per_seed else None,
        )
        for row in board.rows
        for name, one in row.metrics.items()
    ]  # fmt: skip
    return Acceptance(
        accepted=f"2026-01-{day + 1:02d}T00:00:00+00:00", message="", commit=f"{day:x}" * 40, version="0.1.0",
        suite_digest="0" * 32, board_digest="0" * 32, figures=figures, changes=[],
    )  # fmt: skip


def wide(rows=200, seeds=2):
    """Of a run of one metric and many rows, of which the first is the baseline."""
    draw = np.random.default_rng(3)
    tables = {f"row {i}": draw.normal(0.5, 0.1, (seeds, 12)) for i in range(rows)}
    run, records = boards.one_metric(tables)
    return of(make_board(run, records))
