"""A suite with what its studies chose: for each tuned row the best of its budget, and beside it the row as it was."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from harness.errors import DataError
from harness.host import Registry
from harness.reporter import Reporter
from harness.run.inputs import Inputs, Limits, gather
from harness.store import Store
from harness.study_records import StudiesRecord
from harness.suite import EvaluatorEntry, Row, Suite
from harness.suite.schema import TuneFile
from harness.suite.tune import default_label, judge_of
from harness.tuning.circumstances import held, settings_of
from harness.tuning.record import FILE, read_record
from harness.tuning.side_by_side import play
from harness.tuning.studies import Studies
from harness.tuning.trials import Trials, failures

FIRST_TRAINING_SEED = 10_000


@dataclass(frozen=True)
class Tuned:
    """A suite as it is run once its rows are tuned."""

    suite: Suite
    record: StudiesRecord | None = None
    """Of the studies that chose the settings; None where there are none."""
    unfinished: Mapping[str, str] = field(default_factory=dict[str, str])
    """Per row label: why it cannot be run yet."""

    def rows(self, inputs: Inputs, limits: Limits) -> frozenset[str]:
        """Labels of the rows that count as tuned."""
        if self.record is None:
            return frozenset()
        if self.suite.tune is None:
            return held(self.suite, inputs, limits, self.record)
        chosen = {study.row for study in self.record.studies if study.finished and study.chosen is not None}
        return frozenset(r.label for r in self.suite.rows if r.default_of is None and (r.again or r.label) in chosen)


def training_seed(suite: Suite, tune: TuneFile) -> int:
    """The seed of the training in all trials: 10,000 + `tune.seed`, or the next that no row is run with."""
    taken = {*suite.seeds, *(seed for row in suite.rows for seed in row.seeds)}
    seed = FIRST_TRAINING_SEED + tune.seed
    while seed in taken:
        seed += 1
    return seed


def tuned(
    suite: Suite,
    registry: Registry,
    limits: Limits,
    store: Store,
    reporter: Reporter | None,
    only: Collection[str] = (),
    workers: int | None = 1,
) -> Tuned:
    """A suite with what its studies chose, which are run first where something of them is missing.

    The test split is not read.

    Args:
        limits: how many examples are read.
        reporter: told of every step; None to run nothing and look up what is known.
        only: labels of the rows to tune, with those that they start from or repeat; all by default.
        workers: processes to run steps in; 1: this one alone; None: as many as pay on this machine.
    """
    if suite.tune is None:
        return Tuned(suite, read_record(suite.tuned) if suite.tuned else None)
    metric = str(suite.tune.metric)
    judge = judge_of(metric, suite.evaluators)
    assert judge is not None
    seed = training_seed(suite, suite.tune)
    inputs = gather(_blind(suite, judge, seed), registry.columns, limits, "validation")
    if not inputs.ledgers["validation"].kept:
        raise DataError(
            "the validation split is empty, and the suite tunes on it", fix="keep some examples for it, or tune nothing"
        )
    file = store.root / folder_name(suite, limits) / FILE
    trials = Trials(
        suite=suite,
        metric=metric,
        judge=judge,
        seed=seed,
        registry=registry,
        inputs=inputs,
        limits=limits,
        store=store,
        reporter=reporter,
        starts=frozenset(row.initial.label for row in suite.rows if row.initial is not None),
        failed=failures(file),
    )
    studies = Studies(suite, suite.tune, trials, file, frozenset(_wanted(suite, only)))
    if reporter is not None and workers != 1:
        studies.trials = replace(trials, played=play(studies, reporter, workers))
    rows = tuple(_rows(studies))
    unfinished = {row.label: reason for row in rows if (reason := studies.unfinished(row))}
    if reporter is not None:
        studies.write()
        if not unfinished:
            studies.forget()
    return Tuned(replace(suite, rows=rows), studies.record(), unfinished)


def folder_name(suite: Suite, limits: Limits) -> str:
    """The folder of a suite's results; a trial with fewer examples has one of its own."""
    return suite.name + (".trial" if limits.trial is not None else "")


def _blind(suite: Suite, judge: EvaluatorEntry, seed: int) -> Suite:
    """What has to be known of the world for trials: rows that learn, at their one seed, and one evaluator."""
    rows = [replace(row, seeds=(seed,) if row.seeds else ()) for row in suite.rows if row.column is None]
    return replace(suite, rows=tuple(rows), evaluators=(judge,))


def _wanted(suite: Suite, only: Collection[str]) -> set[str]:
    """These rows, and what they start from or repeat; all where none are named."""
    by_label = {row.label: row for row in suite.rows}
    waiting: list[Row | None] = [row for row in suite.rows if not only or row.label in only]
    wanted: set[str] = set()
    while waiting:
        row = waiting.pop()
        if row is not None and row.label not in wanted:
            wanted.add(row.label)
            waiting += [row.initial, by_label.get(row.again or "")]
    return wanted


def _rows(studies: Studies) -> Iterator[Row]:
    """The rows of the board: what tuning makes of each, and the row as it was where that is not the same."""
    inputs = studies.trials.inputs
    for row in studies.suite.rows:
        made = studies.row(row)
        yield made
        is_tuned = row.space and row.again is None and row.label not in inputs.unmet and not studies.unfinished(made)
        if is_tuned and settings_of(made, inputs) != settings_of(row, inputs):
            label, unsized = default_label(row.label, row.unsized), default_label(row.unsized, row.unsized)
            yield replace(row, label=label, unsized=unsized, default_of=row.label)
