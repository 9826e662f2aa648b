"""The studies of a suite's rows. A row that starts from another is tuned after it, from the best of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.digest import digest
from harness.search_space import Setting
from harness.store import write_atomically
from harness.study_records import Design, StudiesRecord, StudyRecord, TrialRecord
from harness.suite import Row, Suite
from harness.suite.schema import TuneFile
from harness.suite.settings import setting
from harness.suite.space import bounds_of
from harness.tuning.circumstances import budget_of, circumstances, settings_of
from harness.tuning.search import SAMPLER, Outcome, Settings, Trial, best, library, search
from harness.tuning.trials import Trials, with_trial


@dataclass
class Studies:
    """The tuning of a suite, as far as it is known."""

    suite: Suite
    tune: TuneFile
    trials: Trials
    file: Path
    """Where the record is kept, after every trial that is run."""
    only: frozenset[str]
    """Labels of the rows whose trials may be run; those of others are only looked up."""
    records: dict[str, StudyRecord] = field(default_factory=dict[str, StudyRecord])
    """By row."""
    _made: dict[str, Row] = field(default_factory=dict[str, Row])
    _judged: dict[str, tuple[Row, list[Trial]]] = field(default_factory=dict[str, tuple[Row, list[Trial]]])

    def row(self, row: Row) -> Row:
        """What tuning makes of a row: the best of its budget, started from the best of what it starts from."""
        if row.label not in self._made:
            made = replace(row, initial=self.row(row.initial)) if row.initial is not None else row
            if row.again is not None:
                first = self.row(next(other for other in self.suite.rows if other.label == row.again))
                made = replace(made, method=first.method, training=first.training)
            elif row.space and row.label not in self.trials.inputs.unmet and not self.unfinished(made.initial):
                made = self._tuned(made)
            self._made[row.label] = made
        return self._made[row.label]

    def unfinished(self, row: Row | None) -> str:
        """Why it is not known what tuning makes of a row; empty where it is known, or nothing is tuned."""
        if row is None:
            return ""
        label = row.again or row.label
        tuned = any(other.label == label and other.space for other in self.suite.rows)
        if tuned and label not in self.trials.inputs.unmet:
            study = self.records.get(label)
            if study is None or not study.finished:
                done = len(study.trials) if study else 0
                return f"{label!r} is not tuned yet: {done} of {self.tune.trials} trials are done"
        return self.unfinished(row.initial)

    def _tuned(self, row: Row) -> Row:
        assert row.method is not None
        own: dict[str, Setting] = {name: setting(row.method, row.training, name) for name in row.space}
        known = settings_of(row, self.trials.inputs).model_dump()
        seed = int(digest([self.tune.seed, known, self._space(row), budget_of(row, self.trials.limits)])[:8], 16)
        trials = self.trials if row.label in self.only else replace(self.trials, reporter=None)

        def run(number: int, settings: Settings) -> Outcome | None:
            return trials.outcome(row, settings, f"tune {row.label}, trial {number + 1} of {self.tune.trials}")

        done: list[Trial] = []
        self._judged[row.label] = row, done
        self.records[row.label] = self._study(row, done)
        for trial in search(row.space, own, trials=self.tune.trials, seed=seed, run=run):
            done.append(trial)
            self.records[row.label] = self._study(row, done)
            if trials.reporter is not None:
                self.keep(self.records[row.label])
        found = best(done)
        return row if found is None or self.unfinished(row) else with_trial(row, found.settings)

    def _space(self, row: Row) -> dict[str, dict[str, object]]:
        return {name: {**bounds_of(d), "source": d.source} for name, d in row.space.items()}

    def _study(self, row: Row, done: Sequence[Trial]) -> StudyRecord:
        inputs, found = self.trials.inputs, best(done)
        return StudyRecord(
            row=row.label,
            space=self._space(row),
            budget=budget_of(row, self.trials.limits),
            higher_is_better=found.outcome.higher_is_better if found else None,
            trials=[_record(trial) for trial in done],
            planned=self.tune.trials,
            best=found.number if found else None,
            own=settings_of(row, inputs),
            chosen=settings_of(with_trial(row, found.settings), inputs) if found else None,
        )

    def record(self) -> StudiesRecord:
        """All that is known."""
        design = Design(
            trials=self.tune.trials,
            metric=self.trials.metric,
            split=self.tune.split,
            seed=self.tune.seed,
            training_seed=self.trials.seed,
            sampler=SAMPLER,
            library=library(),
        )
        return StudiesRecord(
            suite=self.suite.name,
            suite_digest=digest(self.suite.as_run),
            limit=self.trials.limits.trial,
            design=design,
            circumstances=circumstances(self.suite, self.trials.inputs),
            studies=[self.records[row.label] for row in self.suite.rows if row.label in self.records],
        )

    def keep(self, record: StudyRecord) -> None:
        """What a study has come to, after each trial that was run."""
        self.records[record.row] = record
        self.write()

    def write(self) -> None:
        """Put all that is known on disk."""
        write_atomically(self.file, self.record().model_dump_json(indent=1) + "\n")

    def forget(self) -> None:
        """Drop the policies that were kept for rows that start from them."""
        for label in self.trials.starts & self._judged.keys():
            row, done = self._judged[label]
            for trial in done:
                self.trials.forget(row, trial.settings)


def _record(trial: Trial) -> TrialRecord:
    outcome = trial.outcome
    return TrialRecord(
        number=trial.number,
        settings=dict(trial.settings),
        state=outcome.state,
        value=outcome.value,
        reason=outcome.reason,
        digest=outcome.digest,
    )
