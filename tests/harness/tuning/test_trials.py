"""Trials that are trained and judged: on the validation split alone, and never twice."""

import dataclasses
import json
import os
import signal
from dataclasses import dataclass
from typing import ClassVar

import pytest
import toy
from forked import forked

import harness
from harness.errors import SuiteError
from harness.reporter import Reporter
from harness.run.inputs import Limits
from harness.run.suite_run import run_suite
from harness.store import Store
from harness.suite import read_suite
from harness.tuning import tuned

SUITE = """
data: {source: guarded, count: 4}
training: {learning_rate: 1e-3}
tokens: {min_prompt: 4}
methods: [{policy: base}, dpo]
evaluators: [preference, nosy, drift]
seeds: [0]
budget: {batch: 4}
tune: {trials: 3, metric: nosy/share}
"""


def forbidden(split):
    if split == "test" and Guarded.shut:
        raise AssertionError("the test split was read")


@dataclass(frozen=True)
class Guarded(toy.Toy):
    """A source whose test split cannot be read while it is shut."""

    name: ClassVar[str] = "guarded"
    shut: ClassVar[bool] = False

    def examples(self, split, seed, limit=None):
        forbidden(split)
        return super().examples(split, seed, limit)

    def oracle(self):
        def prompts(split):
            forbidden(split)
            return ()

        return harness.Oracle(prompts, None)

    def references(self, split):
        forbidden(split)
        return {}

    def tasks(self, folder):
        forbidden("test")
        return ()


@dataclass(frozen=True)
class Nosy(harness.Evaluator):
    """Looks at all there is of its split."""

    name: ClassVar[str] = "nosy"
    source: ClassVar[str] = "test"
    fails: ClassVar[list[bool]] = []
    """Whether the next calls fail."""

    def evaluate(self, subject):
        if self.fails and self.fails.pop(0):
            raise ZeroDivisionError("on purpose")
        subject.oracle.prompts(subject.split)
        subject.references()
        examples = subject.examples()
        assert all(example.id.startswith(subject.split) for example in examples)
        values = tuple(float(s.score[0] > s.score[1]) for s in subject.score(examples.examples))
        items = tuple(example.id for example in examples)
        share = sum(values) / len(values)
        return harness.Evaluation((harness.Figure("nosy/share", share, "fraction", True, items, values),))


def registry():
    found = toy.registry()
    return dataclasses.replace(
        found, sources=toy.offering(found.sources, Guarded), evaluators=toy.offering(found.evaluators, Nosy)
    )


class Recorder(Reporter):
    def __init__(self, stop=None):
        self.titles = []
        self.stop = stop

    def ended(self, title, state, reason, seconds):
        self.titles.append(title)
        if self.stop is not None and len(self.titles) == self.stop:
            os.kill(os.getpid(), signal.SIGKILL)


def read(folder, *sets):
    return read_suite(str(toy.write_suite(folder, SUITE)), registry=registry(), sets=sets)


def study(folder, *sets, stop=None):
    recorder = Recorder(stop)
    return tuned(read(folder, *sets), registry(), Limits(None), Store(folder / "results"), recorder), recorder


@pytest.fixture(autouse=True)
def shut(monkeypatch):
    monkeypatch.setattr(Guarded, "shut", True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study whose test split could not be read."""
    folder = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Guarded, "shut", True)
        return folder, *study(folder)


def records(folder):
    return [json.loads(path.read_text()) for path in (folder / "results" / "steps").glob("*/record.json")]


def test_the_test_split_is_not_read_before_all_settings_are_chosen(tmp_path, monkeypatch):
    def opened(*args):
        found = tuned(*args)
        monkeypatch.setattr(Guarded, "shut", False)
        return found

    monkeypatch.setattr("harness.run.suite_run.tuned", opened)
    recorder, suite = Recorder(), read(tmp_path, "evaluators=[nosy]", "tune.trials=2")
    run = run_suite(suite, registry(), tmp_path / "results", recorder)
    assert run.exit_code == 0
    assert recorder.titles.index("tune dpo, trial 2 of 2: nosy") < recorder.titles.index("nosy of base")
    splits = [record["identity"].get("split") for record in records(tmp_path) if record["kind"] == "evaluate"]
    assert splits.count("validation") == 2
    assert set(splits) == {"validation", None}
    assert run.manifest.tuned
    assert run.board.untuned == ()
    assert run.board.tuning.studies[0].row == "dpo"


def test_the_guard_of_this_test_guards(tmp_path):
    with pytest.raises(AssertionError, match="the test split was read"):
        run_suite(read(tmp_path, "evaluators=[nosy]", "tune=null"), registry(), tmp_path / "results", Reporter())


def test_trials_are_judged_by_one_evaluator_and_their_policies_are_not_kept(finished):
    folder, found, recorder = finished
    assert [title for title in recorder.titles if "column" not in title] == [
        "base model",
        *(f"tune dpo, trial {i} of 3: {what}" for i in (1, 2, 3) for what in ("train", "nosy")),
    ]
    assert len(list((folder / "results" / "steps").glob("*/policy"))) == 1  # the base model
    assert [trial.state for trial in found.record.studies[0].trials] == ["done"] * 3


def test_a_finished_study_costs_nothing_and_a_longer_one_the_rest(finished):
    folder, first, _ = finished
    again, recorder = study(folder)
    assert recorder.titles == []
    assert again.record == first.record
    longer, recorder = study(folder, "tune.trials=4")
    assert [title for title in recorder.titles if "train" in title] == ["tune dpo, trial 4 of 4: train"]
    assert longer.record.studies[0].trials[:3] == first.record.studies[0].trials


def test_a_metric_that_is_not_there_is_told_with_those_that_are(finished):
    with pytest.raises(SuiteError, match="nosy gives no nosy/shares; did you mean 'nosy/share'"):
        study(finished[0], "tune={trials: 2, metric: nosy/shares}")


def test_a_trial_that_fails_is_spent_and_not_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(Nosy, "fails", [False, True])
    first, _ = study(tmp_path, "tune.trials=2")
    done, failed = first.record.studies[0].trials
    assert (done.state, failed.state, failed.value) == ("done", "failed", None)
    assert failed.reason == "ZeroDivisionError: on purpose"
    again, recorder = study(tmp_path, "tune.trials=2")
    assert recorder.titles == []
    assert again.record == first.record


def test_a_validation_split_that_is_empty_is_an_error(tmp_path, monkeypatch):
    whole = Guarded.examples

    def examples(self, split, seed, limit=None):
        return harness.ExampleSet(()) if split == "validation" else whole(self, split, seed, limit)

    monkeypatch.setattr(Guarded, "examples", examples)
    with pytest.raises(harness.DataError, match="validation split is empty"):
        study(tmp_path)


def test_a_study_that_is_killed_goes_on_where_it_was(finished, tmp_path):
    process = forked(lambda: study(tmp_path, stop=6))
    process.join(timeout=120)
    assert process.exitcode == -signal.SIGKILL
    before = {path: path.read_bytes() for path in (tmp_path / "results" / "steps").glob("*/record.json")}
    assert len(before) == 6
    resumed, recorder = study(tmp_path)
    _, whole, never = finished
    assert resumed.record == whole.record
    assert all(path.read_bytes() == text for path, text in before.items())
    assert len(recorder.titles) == len(never.titles) - 6
    assert "tune dpo, trial 1 of 3: train" not in recorder.titles
