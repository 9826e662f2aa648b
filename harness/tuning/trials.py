"""Trials of rows as ordinary steps: trained as rows are, judged on the validation split, known by their content."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.board.evidence import TRAIN, Evidence
from harness.errors import StoreError, SuiteError, nearest
from harness.host import Registry
from harness.records import Cell
from harness.reporter import Reporter
from harness.run.inputs import Inputs, Limits
from harness.run.plan import Plan, PlannedCell, make
from harness.run.run_plan import Held, run
from harness.store import POLICY, Store
from harness.suite import EvaluatorEntry, Row, Suite
from harness.suite.settings import with_settings
from harness.tuning.record import read_record
from harness.tuning.search import Outcome, Settings


def with_trial(row: Row, settings: Settings) -> Row:
    """A row with the settings of a trial."""
    assert row.method is not None
    method, training = with_settings(row.method, row.training, settings)
    return replace(row, method=method, training=training)


@dataclass(frozen=True)
class Trials:
    """Runs the trials of a suite's rows, or looks up what became of them."""

    suite: Suite
    metric: str
    judge: EvaluatorEntry
    """What gives the metric."""
    seed: int
    """Of the training in every trial."""
    registry: Registry
    inputs: Inputs
    """Read without the test split."""
    limits: Limits
    store: Store
    reporter: Reporter | None
    """None: nothing is run."""
    starts: frozenset[str] = frozenset()
    """Labels of rows that others start from; the policies of their trials are kept until all studies are finished."""
    played: Mapping[str, Outcome] = field(default_factory=dict[str, Outcome])
    """Trials without a value that other processes of this run have had, by the step that judges them."""
    held: Held = field(default_factory=Held)
    """What the last trial left loaded."""
    failed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Trials that failed in an earlier run of this study, by the step that judges them -> why. They stay spent."""

    def outcome(self, row: Row, settings: Settings, title: str) -> Outcome | None:
        """What becomes of a row with these settings; None where that is not known and nothing may be run."""
        try:
            plan = self._plan(with_trial(row, settings), title)
        except ValueError as error:  # two settings that each are possible, but not together
            return Outcome("failed", "", reason=str(error))
        judged = plan.cells[-1]
        if judged.step is None:
            return Outcome("skipped", "", reason=judged.reason)
        if self.store.done(judged.step):
            return self._judged(judged.step)
        if judged.step in self.played:
            return self.played[judged.step]
        if judged.step in self.failed:
            return Outcome("failed", judged.step, reason=self.failed[judged.step])
        if self.reporter is None:
            return None
        endings = run(plan, self.store, self.reporter, held=self.held)
        if row.label not in self.starts:
            self._forget(plan)
        if not self.store.done(judged.step):
            ending = endings[judged.step]
            return Outcome("skipped" if ending.state == "skipped" else "failed", judged.step, reason=ending.reason)
        return self._judged(judged.step)

    def base(self, row: Row) -> Plan:
        """The plan of the model that rows start from, where a step makes it, and of nothing else."""
        plan = self._plan(row, "")
        cell = PlannedCell("", "base model", None, plan.base.digest if plan.base.kind == "step" else None)
        return replace(plan, cells=(cell,), audit=None)

    def _plan(self, row: Row, title: str) -> Plan:
        alone = replace(self.suite, rows=(replace(row, seeds=(self.seed,)),), evaluators=(self.judge,), keep="all")
        plan = make(alone, self.registry, self.inputs, self.limits, "validation")
        own = {cell.step: cell.what for cell in plan.cells}
        steps = (replace(s, title=f"{title}: {own[s.digest]}") if s.digest in own else s for s in plan.steps)
        return replace(plan, steps=tuple(steps))

    def _judged(self, step: str) -> Outcome:
        """The value in the record of an evaluation.

        Raises:
            SuiteError: the evaluator gives no such figure, so that all other trials would be in vain.
        """
        cell = Cell(what=self.judge.label, seed=self.seed, digest=step, state="done")
        figures = Evidence(cell, self.store.record(step)).figures
        figure = figures.get(self.metric)
        if figure is None:
            problem = f"{self.judge.label} gives no {self.metric}; {nearest(self.metric, figures)}"
            raise SuiteError(problem, where="tune.metric", fix="write a metric as the board names it")
        if figure.higher_is_better is None:
            return Outcome("skipped", step, reason=f"{self.metric} is better neither higher nor lower")
        if not math.isfinite(figure.value):
            return Outcome("failed", step, reason=f"{self.metric} is {figure.value}")
        return Outcome("done", step, figure.value, figure.higher_is_better)

    def _forget(self, plan: Plan) -> None:
        """Drop the policy of a trial: it is judged, and nothing starts from it."""
        for cell in plan.cells:
            if cell.what == TRAIN and cell.step is not None and self.store.done(cell.step):
                self.store.drop_payload(cell.step, POLICY)

    def forget(self, row: Row, settings: Settings) -> None:
        """Drop the policy of a trial that was kept for rows that start from it."""
        self._forget(self._plan(with_trial(row, settings), ""))


def failures(file: Path) -> dict[str, str]:
    """The failed trials of the record of an earlier run, by the step that would have judged them -> why.

    Those of a study in which nothing has a value are left out: they are tried again. So are all where there is no
    record that can be read.
    """
    try:
        studies = read_record(file).studies
    except StoreError:
        return {}
    spent = [trial for study in studies if study.best is not None for trial in study.trials]
    return {trial.digest: trial.reason for trial in spent if trial.state == "failed" and trial.digest}
