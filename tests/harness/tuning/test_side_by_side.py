"""Studies that several processes play: the same as one process plays."""

import os
import signal

import psutil
import pytest
import toy

import harness.tuning.side_by_side as played
from harness.errors import HarnessError, SuiteError
from harness.reporter import Reporter
from harness.run.crew import ALONE, Crew
from harness.run.inputs import Limits
from harness.store import Store
from harness.suite import read_suite
from harness.tuning import tuned

SUITE = """
data: {source: toy, count: 4}
training: {learning_rate: 1e-3}
tokens: {min_prompt: 4}
methods:
  - policy: base
  - sft
  - {method: dpo, init: sft}
  - {method: random_labels, label: random}
evaluators: [preference]
seeds: [0]
budget: {batch: 4}
tune: {trials: 2, metric: preference/accuracy}
"""
WILD = "methods=[sft, {method: dpo, training: {learning_rate: 1e30, clip: null}}]"


class Recorder(Reporter):
    def __init__(self):
        self.steps, self.processes, self.begun_among = [], set(), []

    def begin(self, steps):
        self.begun_among.append(len(psutil.Process().children()))

    def ended(self, title, state, reason, seconds):
        self.steps.append((title, state))
        self.processes |= {child.pid for child in psutil.Process().children(recursive=True)}


@pytest.fixture
def crew(monkeypatch):
    """Of one thread each, and how many could be kept busy."""
    widths = []

    def given(plan, wanted, width):
        widths.append(width)
        return Crew(wanted, 1, 1)

    monkeypatch.setattr(played, "crew_for", given)
    return widths


def tune(folder, *sets, workers):
    folder.mkdir(exist_ok=True)
    suite = read_suite(str(toy.write_suite(folder, SUITE)), registry=toy.registry(), sets=sets)
    recorder = Recorder()
    store = Store(folder / "results")
    return tuned(suite, toy.registry(), Limits(None), store, recorder, workers=workers), recorder


def test_two_processes_come_to_the_studies_of_one(tmp_path, crew):
    one, alone = tune(tmp_path / "one", workers=1)
    two, beside = tune(tmp_path / "two", workers=2)
    assert two.record.studies == one.record.studies
    assert two.suite.rows == one.suite.rows
    assert sorted(beside.steps) == sorted(alone.steps)
    assert crew == [2]  # a row that starts from another is tuned by whoever tuned that
    assert beside.processes
    assert beside.begun_among[0] == 1  # bars are drawn by a thread, and only what is forked before it is safe
    assert not alone.processes
    assert not psutil.Process().children()


def test_what_is_known_is_not_played(tmp_path, crew):
    first, _ = tune(tmp_path, workers=2)
    again, recorder = tune(tmp_path, workers=2)
    assert again.record == first.record
    assert recorder.steps == []
    assert len(crew) == 1


def test_a_trial_that_fails_is_spent_and_not_tried_again(tmp_path, crew):
    found, recorder = tune(tmp_path, WILD, workers=2)
    (study,) = (study for study in found.record.studies if study.row == "dpo")
    assert study.trials[0].state == "failed"
    failed = [title for title, state in recorder.steps if state == "failed"]
    assert len([title for title in failed if title.startswith("tune dpo, trial 1")]) == 1


def test_an_error_of_the_suite_ends_the_run(tmp_path, crew):
    with pytest.raises(SuiteError, match="preference gives no preference/acuracy"):
        tune(tmp_path, "tune.metric=preference/acuracy", workers=2)
    assert not psutil.Process().children()


def test_a_process_that_dies_ends_the_run_with_the_reason(tmp_path, crew, monkeypatch):
    monkeypatch.setattr(Store, "commit", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(HarnessError, match=r"the studies could not go on: .* signal 9 \(SIGKILL\)"):
        tune(tmp_path, workers=2)


def test_where_processes_do_not_pay_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(played, "crew_for", lambda *_: ALONE)
    monkeypatch.setattr(os, "fork", None)
    assert tune(tmp_path, "methods=[sft]", workers=None)[0].record.studies


def test_the_base_is_read_once_for_all_trials(tmp_path, monkeypatch):
    from harness.engine import loading

    read, load = [], loading.load

    def noted(folder, *rest, **named):
        read.append(folder)
        return load(folder, *rest, **named)

    monkeypatch.setattr(loading, "load", noted)
    tune(tmp_path, "methods=[dpo]", "tune.trials=3", workers=1)
    assert len([folder for folder in read if folder == read[0]]) == 1
